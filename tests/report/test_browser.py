import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seewhy.report import figures
from seewhy.report import show as report
from seewhy.report.html.render import page_html
from tests.report.browsing import PHONE, captions, everything, opened, pictures, recorded, segments, written
from tests.report.samples import SITE, executed

FOCUS = """() => { const one = document.activeElement.matches('input[type=radio]')
  ? document.activeElement.labels[0] : document.activeElement;
  const look = getComputedStyle(one);
  const width = parseFloat(look.outlineWidth);
  return [one.tagName + '.' + one.className, look.outlineStyle, width, one.tagName === 'BODY'] }"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return written(tmp_path_factory.mktemp("page") / "page.html", {"text/html": pictures()})


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    return written(tmp_path_factory.mktemp("full") / "page.html", *everything())


def ids(page):
    return page.eval_on_selector_all(".card:not([hidden]) .id", "found => found.map(one => one.textContent)")


def within(page, name):
    return page.get_by_role("group", name=name)


def test_filters_filter_and_sorting_sorts(browser, path):
    page = opened(browser, path)
    page.get_by_role("button", name="✗ wrong").click()
    assert ids(page) == ["b"]
    assert page.get_by_role("status").inner_text() == "1 of 4 shown"
    page.get_by_role("button", name="all", exact=True).click()
    within(page, "predicted class").get_by_role("button", name="dog").click()
    assert ids(page) == ["d"]
    within(page, "predicted class").get_by_role("button", name="any").click()
    within(page, "true class").get_by_role("button", name="dog").click()
    assert ids(page) == ["b"]
    within(page, "true class").get_by_role("button", name="any").click()
    page.get_by_label("Order").select_option("confident-first")
    assert ids(page) == ["b", "c", "d", "a"]
    page.get_by_label("Order").select_option("confident-last")
    assert ids(page) == ["a", "d", "c", "b"]
    assert page.troubles == []


def test_many_classes_are_a_list(browser, tmp_path):
    from seewhy.report.plots.gallery import gallery_html
    from tests.report.samples import card

    many = gallery_html([card(str(k), f"class {k}", None) for k in range(8)], ["Grad-CAM"], "eight")
    page = opened(browser, written(tmp_path / "page.html", {"text/html": many}))
    page.get_by_label("predicted class").select_option("class 3")
    assert ids(page) == ["3"]


def test_one_map_is_shown_a_method_or_a_baseline_and_the_button_says_so(browser, path):
    page = opened(browser, path)
    shown = (
        "found => found.filter(one => getComputedStyle(one).display !== 'none').map(one => one.getAttribute('class'))"
    )
    for group, name, k in (("Method", "LayerCAM", 1), ("Baselines", "centre", 2), ("Baselines", "edges", 3)):
        button = within(page, group).get_by_role("button", name=name)
        button.press("Space")
        assert set(page.eval_on_selector_all(".card g.m", shown)) == {f"m m{k}"}
        pressed = page.locator(".layers [aria-pressed=true]")
        assert pressed.all_inner_texts() == [name]
    assert page.troubles == []


def test_opacity_is_set_by_keys_and_photos_can_be_seen_alone(browser, path):
    page = opened(browser, path)
    seen = "found => [...new Set(found.map(one => getComputedStyle(one).opacity))]"
    assert page.eval_on_selector_all(".tint", seen) == ["0.6"]
    slider = page.get_by_label("opacity")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    assert page.eval_on_selector_all(".tint", seen) == ["0.7"]
    assert slider.get_attribute("aria-valuetext") == "70 %"
    assert page.locator(".card svg").first.is_visible()
    page.get_by_label("photo only").press("Space")
    assert not page.locator(".card svg").first.is_visible()
    assert page.troubles == []


def test_the_enlarged_view_obeys_keys_and_gives_the_focus_back(browser, path):
    page = opened(browser, path)
    page.get_by_label("opacity").fill("0.2")
    page.locator(".card .zoom").first.press("Enter")
    dialog = page.locator("dialog")
    assert "1 / 4" in dialog.inner_text()
    assert dialog.locator(".tint").first.evaluate("one => getComputedStyle(one).opacity") == "0.2"
    page.keyboard.press("ArrowRight")
    assert "true: dog · b" in dialog.get_by_role("status").inner_text()
    assert "strongest in the centre" in dialog.inner_text()
    page.keyboard.press("m")
    assert "LayerCAM: strongest in the upper left" in dialog.inner_text()
    page.keyboard.press("m")
    page.keyboard.press("m")
    assert "edges: strongest in the lower right" in dialog.inner_text()
    alone = dialog.get_by_role("button", name="Photo only")
    assert alone.get_attribute("aria-pressed") == "false"
    page.keyboard.press("r")
    assert not dialog.locator("svg").is_visible()
    assert alone.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.locator(".card[data-true=dog] .zoom:focus").wait_for()  # a dialog closes late
    assert page.troubles == []


def test_the_enlarged_view_steps_over_what_is_filtered_out(browser, path):
    page = opened(browser, path)
    page.get_by_role("button", name="✓ right").click()
    page.locator(".card:not([hidden]) .zoom").first.press("Enter")
    page.keyboard.press("ArrowRight")
    assert "c · Grad-CAM" in page.locator("dialog").inner_text()
    assert "2 / 2" in page.locator("dialog").inner_text()


def test_a_class_is_chosen_over_the_same_photos_and_has_its_rim(browser, tmp_path):
    page = opened(browser, written(tmp_path / "page.html", {"text/html": segments()}))
    within(page, "predicted class").get_by_role("button", name="shadow").click()
    assert ids(page) == ["a shadow", "b shadow"]
    rims = page.locator(".card:not([hidden]) .rim")
    assert rims.evaluate_all("found => found.map(one => getComputedStyle(one).stroke)") == ["rgb(86, 180, 233)"] * 2
    assert page.troubles == []


@pytest.mark.parametrize("scripts", [True, False])
def test_keys_step_from_word_to_word_without_a_script(browser, tmp_path, scripts):
    path = written(tmp_path / "page.html", {"text/html": captions()})
    page = opened(browser, path, java_script_enabled=scripts, viewport=PHONE)
    first = page.locator(".strip").first
    assert first.locator(".step:visible p").all_inner_texts() == ["a 0.90 · noun"]
    first.locator("label").nth(1).click()
    assert first.locator(".step:visible p").all_inner_texts() == ["tree 0.90 · noun"]
    page.keyboard.press("ArrowRight")
    assert first.locator(".step:visible p").all_inner_texts() == ["left 0.90 · noun"]
    second = page.locator(".strip").nth(1)
    told = second.locator(".step:visible p").all_inner_texts()
    assert told == ["two 0.40 · number · not in the reference · no evidence"]
    box = first.locator(".step:visible svg").first.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)  # the photo is square
    assert page.troubles == []


def test_buttons_step_from_word_to_word_and_say_where(browser, tmp_path):
    page = opened(browser, written(tmp_path / "page.html", {"text/html": captions()}))
    first = page.locator(".strip").first
    first.get_by_role("button", name="Next word").press("Enter")
    assert first.locator(".step:visible p").all_inner_texts() == ["tree 0.90 · noun"]
    assert first.get_by_role("status").inner_text() == "2 of 3: tree"
    first.get_by_role("button", name="Word before").click(click_count=2)
    assert first.get_by_role("status").inner_text() == "3 of 3: left"
    page.get_by_label("opacity").press("Home")
    tint = "found => [...new Set(found.map(one => getComputedStyle(one).opacity))]"
    assert page.eval_on_selector_all(".tint", tint) == ["0"]
    page.get_by_label("photo only").check()
    assert not first.locator(".step:visible .map").is_visible()
    assert page.troubles == []


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_complains_or_asks_for_more(browser, full, width, scheme):
    page = opened(browser, full, viewport={"width": width, "height": 844}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".zoom").first.click()
    assert page.evaluate("document.querySelector('dialog').getBoundingClientRect().right") <= width
    page.keyboard.press("Escape")
    assert page.troubles == []


def test_dark_is_dark(browser, path):
    page = opened(browser, path, color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"


def test_without_scripts_everything_is_there_to_be_read(browser, full):
    page = opened(browser, full, java_script_enabled=False)
    assert page.locator(".card").count() == 10
    assert page.locator(".card").last.is_visible()
    assert page.locator(".card .m0").first.is_visible()
    assert not page.locator(".card .m1").first.is_visible()
    assert page.locator(".tools").count() == 0
    assert page.troubles == []


def test_whatever_has_the_focus_shows_it(browser, full):
    page = opened(browser, full)
    seen = []
    while len(seen) < 120:
        page.keyboard.press("Tab")
        what, style, width, over = page.evaluate(FOCUS)
        if over:
            break
        seen.append(what)
        assert (style, width >= 2) == ("solid", True), what
    assert 40 < len(seen) < 120
    assert page.troubles == []


def test_what_is_wider_than_the_window_scrolls_in_its_box_and_says_so(browser, tmp_path):
    chart, grid = (output for output in everything() if {"image/svg+xml", "image/webp"} & {*output})
    with recorded() as shown:
        report.table(pd.DataFrame({"a": ["b"]}), "narrow")
    path = written(tmp_path / "page.html", chart, grid, *shown)
    for width, hints in ((390, ["none", '"scroll sideways →"', "none"]), (1280, ["none"] * 3)):
        page = opened(browser, path, viewport={"width": width, "height": 844})
        told = "found => found.map(one => getComputedStyle(one, '::before').content)"
        assert page.eval_on_selector_all("figure.plot,.table", told) == hints
        assert page.locator(".more").count() == (width == 390)  # its edge is shaded
        page.locator("figure.plot").nth(1).evaluate("one => one.scrollTo(9999, 0)")
        page.locator(".more").wait_for(state="detached")
        assert page.troubles == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_phone_shows_which_page_it_is_on_and_what_is_on_it(browser, tmp_path, scripts):
    site = SITE | {"pages": [(f"0{k}_page", f"A long question number {k}?") for k in range(1, 8)]}
    notebook = executed()
    notebook.cells[0].source += "\n\n## A part"
    path = tmp_path / "page.html"
    path.write_text(page_html(notebook, "06_page", site), encoding="utf-8")
    page = opened(browser, path, java_script_enabled=scripts, viewport=PHONE)
    page.wait_for_timeout(100)
    box = page.locator("[aria-current]").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    page.locator("summary", has_text="On this page").click()
    assert page.locator(".here a").is_visible()


def test_a_figure_opens_large_by_key_and_click_and_gives_the_focus_back(browser, full):
    page = opened(browser, full)
    figure = page.locator("figure.plot").nth(1)
    figure.press("Enter")
    shown = page.locator("dialog .sheet")
    assert shown.bounding_box()["width"] > figure.locator(".sheet").bounding_box()["width"]
    assert shown.get_by_role("img").get_attribute("aria-label") == "a grid"
    page.keyboard.press("Escape")
    page.locator("figure.plot:focus").wait_for()
    figure.click()
    page.get_by_role("button", name="Close").click()
    assert page.locator("dialog").count() == 0
    assert page.troubles == []


def test_in_the_dark_paper_is_dark_and_photos_are_as_they_were(browser, tmp_path):
    photos = [np.full((64, 64, 3), (250, 240, 200), np.uint8)]
    with recorded() as shown:
        report.figure(figures.input_sheet(photos, ["a"]), "a photo")
    page = opened(browser, written(tmp_path / "page.html", *shown), color_scheme="dark")
    taken = Image.open(io.BytesIO(page.locator(".sheet").screenshot())).convert("RGB")
    pixels = np.asarray(taken, int)
    assert pixels[2, 2].max() < 40
    photo = np.abs(pixels - (250, 240, 200)).max(-1) < 12
    assert 0.5 < photo.mean() < 1


def test_a_filter_that_nothing_passes_says_so_and_can_be_taken_back(browser, path):
    page = opened(browser, path)
    page.get_by_role("button", name="✗ wrong").click()
    within(page, "predicted class").get_by_role("button", name="dog").click()
    assert ids(page) == []
    page.get_by_role("button", name="Show all").click()
    assert ids(page) == ["a", "b", "c", "d"]
    assert not page.get_by_text("No sample fits").is_visible()
    assert page.get_by_role("button", name="all", exact=True).get_attribute("aria-pressed") == "true"


def test_tables_of_gates_and_of_controls_fit_the_screen(browser, tmp_path):
    names = ("finds the object", "better than controls", "deletion", "insertion", "ROAD", "knows its target",
             "average drop", "average increase")  # fmt: skip
    with recorded() as shown:
        for cell in ("unsure −0.003", "−0.003 (p < 0.01, random)"):
            report.table(pd.DataFrame({"": ["Grad-CAM++", "Score-CAM"], **dict.fromkeys(names, cell)}), "wide")
    page = opened(browser, written(tmp_path / "page.html", *shown), viewport={"width": 1280, "height": 900})
    widths = page.eval_on_selector_all(".table", "found => found.map(one => one.scrollWidth - one.clientWidth)")
    assert widths == [0, 0]


def test_paper_has_all_that_is_to_be_read_uncut_and_no_tools(browser, tmp_path):
    with recorded() as shown:
        report.table(pd.DataFrame({f"likeness to method {k}": [0.5] for k in range(9)}), "a wide table")
    path = written(tmp_path / "page.html", *everything(), *shown)
    page = opened(browser, path, viewport={"width": 718, "height": 1000})  # A4 less its margins
    page.emulate_media(media="print")
    assert page.locator(".card:visible").count() == 10
    for name in (".side", ".tools", ".walk", "details.code"):
        assert page.locator(f"{name}:visible").count() == 0, name
    cut = "found => found.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
    assert page.eval_on_selector_all("html,figure.plot,.table", cut) == []
    page.emulate_media(media="null")
    assert page.pdf(format="A4").count(b"/Type /Page\n") > 1
    assert page.troubles == []
