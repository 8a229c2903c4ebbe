"""axe-core over the pages: nothing that keeps people out, in the light theme and in the dark one, and no complaint."""

from pathlib import Path

import axe_playwright_python
import pytest

from seewhy.report import site
from tests.report.browsing import PHONE, everything, opened, written
from tests.report.samples import HOSTILE

ROOT = Path(__file__).parents[2]
BUILT = sorted((ROOT / "reports").glob("photos-lite0/[0-9]*.html"))  # what `make test` builds
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RUN = """async options => (await axe.run(document, options)).violations.map(
  found => [found.id, found.impact, ...found.nodes.map(node => node.target.join(' ') + ': ' + node.failureSummary)])"""


def violations(page, **options):
    """What axe-core finds, but for what it calls minor."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    return [found for found in page.evaluate(RUN, options) if found[1] != "minor"]


def check(browser, path, **context):
    """Both themes; the second for its colours only, the rest is the same."""
    page = opened(browser, path, bypass_csp=True, **context)  # for axe's own script: the policy lets no other in
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, runOnly=["color-contrast"]) == []
    assert page.troubles == []
    return page


def test_a_page_with_everything(browser, tmp_path):
    page = check(browser, written(tmp_path / "page.html", *everything()))
    page.emulate_media(color_scheme="light")
    page.locator(".card.wrong .zoom").first.click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert violations(page) == []


def test_a_phone(browser, tmp_path):
    check(browser, written(tmp_path / "page.html", *everything()), viewport=PHONE)


def test_an_index(browser, tmp_path):
    (tmp_path / "reports/trees").mkdir(parents=True)
    written(tmp_path / "reports/trees/02_grad_cam.html", *everything())
    studies = [{"name": name, "about": HOSTILE, "pages": [("02_grad_cam", "Where?")]} for name in ("trees", "none")]
    check(browser, site.write_site_index(tmp_path, studies))


@pytest.mark.parametrize("path", BUILT, ids=lambda path: path.stem)
def test_pages_that_were_built(browser, path):
    check(browser, path)


@pytest.mark.skipif(not BUILT, reason="no page was built here")
def test_the_index_that_was_built(browser):
    check(browser, ROOT / "reports/index.html")
