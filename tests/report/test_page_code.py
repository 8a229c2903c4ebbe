"""A page is its notebook: its code, set-up included, pasted in order from the project's root, runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.commands import ROOT, STEMS, traces

RUNNER = Path(__file__).with_name("forked_scripts.py")
BUILT = sorted((ROOT / "reports").glob("photos-lite0/[0-9]*.html"))  # what `make test` builds


def blocks(path):
    """The code of a page in its order."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return [block.text.strip() for block in page.select(".highlight pre")]


def run_blocks(pages, root, scratch):
    """The blocks of each page as one program in a process of its own: exit code and what it said, by the page's stem;
    and whether data/ and reports/ are what they were."""
    before = traces(root)
    for page in pages:
        (scratch / f"{page.stem}.py").write_text("\n".join(blocks(page)))
    command = [sys.executable, str(RUNNER), *(str(scratch / f"{page.stem}.py") for page in pages)]
    env = os.environ | {"SEEWHY_PROGRESS": "off"}
    ended = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    said = {page.stem: (scratch / f"{page.stem}.py.err").read_text()[-2000:] for page in pages}
    codes = dict(zip(said, map(int, ended.stdout.split()), strict=True))
    return {stem: (code, said[stem] if code else "") for stem, code in codes.items()}, traces(root) == before


@pytest.fixture(scope="module")
def outcomes(built_once, tmp_path_factory):
    pages = [built_once / f"reports/tiny/{stem}.html" for stem in STEMS]
    return run_blocks(pages, built_once, tmp_path_factory.mktemp("blocks"))


@pytest.mark.parametrize("stem", STEMS)
def test_a_page_shows_the_whole_code_of_its_notebook(built_once, stem):
    shown = blocks(built_once / f"reports/tiny/{stem}.html")
    cells = json.loads((built_once / f"notebooks/{stem}.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]).strip() for cell in cells if cell["cell_type"] == "code"]
    injected = [block for block in shown if 'study = "tiny"' in block]
    assert len(injected) == 1
    assert [block for block in shown if block not in injected] == code


@pytest.mark.parametrize("stem", STEMS)
def test_the_blocks_of_a_page_run_from_the_root(outcomes, stem):
    assert outcomes[0][stem] == (0, "")


def test_the_blocks_leave_no_trace(outcomes):
    assert outcomes[1]


@pytest.mark.skipif(not BUILT, reason="photos-lite0 was not built here")
def test_the_blocks_of_the_demonstrations_pages_run_and_leave_no_trace(tmp_path):
    codes, untouched = run_blocks(BUILT, ROOT, tmp_path)
    assert codes == {path.stem: (0, "") for path in BUILT}
    assert untouched
