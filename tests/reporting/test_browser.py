import base64
import shutil

import pandas as pd
import pytest

from seewhy.reporting import figures
from seewhy.reporting import page as report
from seewhy.reporting.gallery import gallery
from seewhy.reporting.render import render
from tests.reporting.samples import SITE, blob, card, executed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: the pages are not tested in a browser")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        started = tool.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A page with a gallery of four: two cats right, a dog taken for a cat, one unlabelled."""
    maps = {"Grad-CAM": blob(), "LayerCAM": blob(0.0, 0.0)}
    facts = [("a", "cat", "cat", 0.5), ("b", "cat", "dog", 0.9), ("c", "cat", "cat", 0.7), ("d", "dog", None, 0.6)]
    cards = [card(name, said, true, sure, maps=maps) for name, said, true, sure in facts]
    page = tmp_path_factory.mktemp("page") / "page.html"
    page.write_text(
        render(executed({"text/html": gallery(cards, list(maps), "four")}), "02_grad_cam", SITE), encoding="utf-8"
    )
    return page


def opened(browser, path, **context):
    page = browser.new_context(**context).new_page()
    page.troubles = []
    page.on("console", lambda message: page.troubles.append(message.text))
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    page.on(
        "request",
        lambda asked: page.troubles.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None,
    )
    page.goto(path.as_uri())
    return page


def ids(page):
    return page.eval_on_selector_all(".card:not([hidden]) .id", "found => found.map(one => one.textContent)")


def test_filters_filter_and_sorting_sorts(browser, path):
    page = opened(browser, path)
    page.get_by_role("button", name="✗ wrong").click()
    assert ids(page) == ["b"]
    assert page.locator("output").inner_text() == "1 of 4 shown"
    page.get_by_role("button", name="all", exact=True).click()
    page.get_by_label("predicted class").select_option("dog")
    assert ids(page) == ["d"]
    page.get_by_label("predicted class").select_option("")
    page.get_by_label("true class").select_option("dog")
    assert ids(page) == ["b"]
    page.get_by_label("true class").select_option("")
    page.get_by_label("Order").select_option("-1")
    assert ids(page) == ["b", "c", "d", "a"]
    page.get_by_role("button", name="LayerCAM").click()
    assert page.locator(".card .m1").first.is_visible()
    assert not page.locator(".card .m0").first.is_visible()
    assert page.troubles == []


def test_the_enlarged_view_obeys_keys_and_gives_the_focus_back(browser, path):
    page = opened(browser, path)
    page.locator(".card .zoom").first.press("Enter")
    dialog = page.locator("dialog")
    assert "1 / 4" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    assert "true: dog · b" in dialog.inner_text()
    assert "strongest in the centre" in dialog.inner_text()
    page.keyboard.press("m")
    assert "LayerCAM: strongest in the upper left" in dialog.inner_text()
    page.keyboard.press("r")
    assert not dialog.locator("svg").is_visible()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.wait_for_function("document.activeElement.closest('.card')?.dataset.true === 'dog'")  # a dialog closes late
    assert page.troubles == []


def test_what_is_wider_than_the_window_scrolls_in_its_box_and_says_so(browser, tmp_path):
    fig, shown = figures.dots(["a"], [1.0], [0.5], [1.5], [9]), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "_display", lambda data, metadata=None: shown.append(data | {"metadata": metadata or {}}))
        report.figure(fig, "a dot")
        report.table(pd.DataFrame({"a": ["b"]}), "narrow")
    shown[0]["image/png"] = base64.b64encode(shown[0]["image/png"]).decode()
    path = tmp_path / "page.html"
    path.write_text(render(executed(*shown), "02_grad_cam", SITE), encoding="utf-8")
    for width, hints in ((390, ['"scroll sideways →"', "none"]), (1280, ["none", "none"])):
        page = opened(browser, path, viewport={"width": width, "height": 844})
        told = "found => found.map(one => getComputedStyle(one, '::before').content)"
        assert page.eval_on_selector_all("figure.plot,.table", told) == hints
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.troubles == []


@pytest.mark.parametrize(
    "look", [{"viewport": {"width": 390, "height": 844}}, {"color_scheme": "dark"}, {"java_script_enabled": False}]
)
def test_phone_dark_and_without_scripts_hold(browser, path, look):
    page = opened(browser, path, **look)
    assert page.locator(".card").count() == 4
    assert page.locator(".card").last.is_visible()
    if "viewport" in look:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if "color_scheme" in look:
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert page.troubles == []
