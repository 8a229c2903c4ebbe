"""A page is its notebook: its code, set-up included, pasted in order from the project's root, runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from seewhy.config import artifacts
from seewhy.pipeline import notebooks
from tests.commands import STEMS, traces

ROOT = Path(__file__).parents[2]
BUILT = sorted((ROOT / "reports").glob("photos-lite0/[0-9]*.html"))  # what `make test` builds


def blocks(path):
    """The code of a page in its order."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    return [block.text for block in page.select(".highlight pre")]


def run_blocks(code, root):
    """The blocks as one program; its exit code, and where it fails the end of what it says."""
    env = os.environ | {"SEEWHY_PROGRESS": "off"}
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, env=env, check=False)
    return done.returncode, done.stderr[-2000:] if done.returncode else ""


@pytest.mark.usefixtures("study")
def test_the_blocks_of_a_page_run_for_its_study(cli):
    root = Path.cwd()
    stripped = artifacts.stripped(root, "tiny", "01_model")
    stripped.parent.mkdir(parents=True)
    stripped.write_text(notebooks.strip(root / "notebooks/01_model.ipynb"))
    assert cli("run", "01_model", "tiny") == (0, "")
    found = blocks(root / "reports/tiny/01_model.html")
    cells = [cell for cell in notebooks._load(stripped)["cells"] if cell["cell_type"] == "code"]
    injected = [block for block in found if 'study = "tiny"' in block]
    assert [block.strip() for block in found if block not in injected] == ["".join(cell["source"]) for cell in cells]
    assert run_blocks("\n".join(found), root) == (0, "")


@pytest.mark.parametrize("stem", STEMS)
def test_the_blocks_of_each_page_run_and_leave_no_trace(built_once, stem):
    before = traces(built_once)
    code = blocks(built_once / f"reports/tiny/{stem}.html")
    assert len(code) > 2
    assert run_blocks("\n".join(code), built_once) == (0, "")
    assert traces(built_once) == before


@pytest.mark.skipif(not BUILT, reason="no page was built here")
@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_the_blocks_of_pages_that_were_built_run(path):
    assert run_blocks("\n".join(blocks(path)), ROOT) == (0, "")
