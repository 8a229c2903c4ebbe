"""Names that people have, or that mean harm, through the index and a page: escaped, shown, and laid out on a phone."""

import json

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from seewhy.report import show as report
from seewhy.report import site
from seewhy.report.html.render import page_html
from seewhy.stats import Estimate
from tests.checks.rows import make_row
from tests.report.samples import HOSTILE, card, executed

UNBROKEN = "x" * 300 + "</textarea></style></script><img src=x onerror=alert(1)>"  # no place to break the line
RTL = "\u202eمرحبا بالعالم 🐈‍⬛ 'single' `code` $x_{2}$ {{ 7 * 7 }} {% raw %} <b>bold</b> &amp; %s"
NAMES = [HOSTILE, UNBROKEN, RTL]
STUDIES = ["x" * 80, "A-_" * 26]  # as long as params.yaml allows
BEYOND = """[...document.querySelectorAll("main *")]
    .filter(one => !one.closest(".table, figure.plot, pre, svg")  // what is wide has a box of its own to scroll in
        && one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.className || one.tagName)"""
PAGES = [("01_model", "Is this it?"), ("02_grad_cam", HOSTILE[:200]), ("07_audit", "How far?")]


def rows():
    """Checks with each name as a claim: of interventions, which fail, and of a method."""
    low = Estimate(0.3, 0.2, 0.4, 60)
    causal = [make_row(f"reliance.{name}_swap", name, low, 0.5, True, name, name) for name in NAMES]
    return causal + [make_row(f"cam.{name}", f"{name}: {name}", low, 0.5, False) for name in NAMES]


@pytest.fixture(scope="module")
def notebook():
    """An executed notebook that shows each name in all that a page may hold."""
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_display_output", lambda data, **_: outputs.append(data))
        report.finding(f"It takes {' and '.join(NAMES)}")
        report.checks(rows())
        for name in NAMES:
            report.text(name)
            report.note(name)
            report.provenance({name: {name: name}})
        report.table(pd.DataFrame({name: [name] for name in NAMES}), HOSTILE)
        report.gallery([card(name, name, name[::-1], 0.4, word=name) for name in NAMES], ["Grad-CAM"], HOSTILE)
    made = executed(*outputs)
    made.cells[1].metadata["tags"] = ["finding"]
    titles = [f"## {name.replace('<', '&lt;').replace('`', '')}" for name in NAMES]
    made.cells += [nbformat.v4.new_markdown_cell(title) for title in titles]
    return made


@pytest.fixture(scope="module")
def paths(notebook, tmp_path_factory):
    """The index over two such studies and a comparison, and the page."""
    root = tmp_path_factory.mktemp("hostile")
    for study in [*STUDIES, "pair"]:
        folder = root / "reports" / study
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / "07_audit.ipynb")
        nbformat.write(notebook, folder / "02_grad_cam.ipynb")
        nbformat.write(notebook, folder / "08_comparison.ipynb")
        for stem in ("02_grad_cam", "07_audit", "08_comparison"):
            (folder / f"{stem}.html").write_text("page")
        (folder / "verdict.json").write_text(json.dumps(rows()))
        (folder / "checks.json").write_text(
            json.dumps([row | {"expected": "fail", "subject": "own"} for row in rows()[:3]])
        )
    studies = [{"name": name, "about": UNBROKEN, "pages": PAGES} for name in STUDIES]
    index = site.write_site_index(root, studies, [{"name": "pair", "studies": STUDIES}])
    page = index.parent / "page.html"
    around = {"study": STUDIES[0], "pages": PAGES, "studies": STUDIES}
    page.write_text(page_html(notebook, "07_audit", around), encoding="utf-8")
    return {"index": index, "page": page}


@pytest.mark.parametrize("which", ["index", "page"])
def test_names_are_text_and_make_no_element(paths, which):
    found = BeautifulSoup(paths[which].read_text(encoding="utf-8"), "html.parser")
    told = found.body.get_text()
    for name in (HOSTILE, UNBROKEN):
        assert name in told
    assert "{{ 7 * 7 }}" in told
    assert [script for script in found.find_all("script") if "alert" in script.text] == []
    assert not found.find_all(lambda tag: any(name.startswith("on") for name in tag.attrs))
    assert not found.find_all(["textarea", "iframe"])
    assert all(image["src"].startswith("data:") for image in found.find_all("img"))


@pytest.mark.parametrize("which", ["index", "page"])
@pytest.mark.parametrize("width", [390, 1280])
def test_names_are_laid_out_without_overflow(browser, paths, which, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    troubles = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.goto(paths[which].as_uri())
    assert page.evaluate(BEYOND) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert troubles == []
    page.close()
