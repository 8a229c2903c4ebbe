"""What is chosen on a page stands in its address: a link shows what its sender saw, also from a file."""

import pytest

from seewhy.report import figures
from seewhy.report import show as report
from tests.report.browsing import captions, opened, pictures, recorded, written
from tests.report.samples import photo


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    with recorded() as shown:
        for seed in (0, 1):
            report.figure(figures.input_sheet([photo(seed)], ["a"]), f"photo {seed}")
    outputs = ({"text/html": pictures()}, {"text/html": pictures()}, {"text/html": captions()}, *shown)
    return written(tmp_path_factory.mktemp("page") / "page.html", *outputs)


def sent(browser, page):
    """What somebody sees who opens the link."""
    other = browser.new_context().new_page()
    other.troubles = page.troubles
    other.on("pageerror", lambda error: page.troubles.append(str(error)))
    other.goto(page.url)
    return other


def gallery(page, k=0):
    return page.locator(".gallery").nth(k)


def ids(one):
    return one.locator(".card:not([hidden]) .id").all_inner_texts()


def test_a_link_has_filters_order_map_and_opacity(browser, path):
    page = opened(browser, path)
    one = gallery(page)
    one.get_by_role("button", name="✓ right").click()
    one.get_by_label("Order").select_option("confident-first")
    one.get_by_role("group", name="Method").get_by_role("button", name="LayerCAM").click()
    one.get_by_label("opacity").press("ArrowRight")
    one.get_by_label("photo only").check()
    other = gallery(sent(browser, page))
    assert ids(other) == ["c", "a"]
    assert other.get_attribute("data-m") == "1"
    assert other.locator("[aria-pressed=true]").all_inner_texts() == ["✓ right", "any", "any", "LayerCAM"]
    assert other.get_by_label("opacity").input_value() == "0.65"
    assert other.get_by_label("photo only").is_checked()
    assert ids(gallery(other.page, 1)) == ["a", "b", "c", "d"], "the other gallery is as it was"
    assert page.troubles == []


def test_a_link_has_the_opened_image_and_its_map_and_is_plain_when_it_is_closed(browser, path):
    page = opened(browser, path)
    gallery(page, 1).locator(".card .zoom").nth(1).click()
    page.keyboard.press("m")
    assert page.url.endswith("#2.map=LayerCAM&2.image=b")
    other = sent(browser, page)
    dialog = other.locator("dialog")
    assert "true: dog · b · LayerCAM" in dialog.inner_text().replace("\n", " ")
    other.keyboard.press("Escape")
    other.wait_for_function("!location.hash.includes('image')")
    page.keyboard.press("Escape")
    page.wait_for_function("location.hash.length < 2")
    assert page.troubles == []


def test_a_link_has_the_opened_figure_and_the_chosen_words(browser, path):
    page = opened(browser, path)
    strip = page.locator(".strip").first
    strip.locator("label").nth(1).click()
    page.locator("figure.plot").nth(1).press("Enter")
    assert "figure=2" in page.url
    other = sent(browser, page)
    assert other.locator("dialog [role=img]").get_attribute("aria-label") == "photo 1"
    other.keyboard.press("Escape")
    other.wait_for_function("!location.hash.includes('figure')")
    assert other.locator(".strip").first.locator(".step:visible p").all_inner_texts() == ["tree 0.90 · noun"]
    assert page.troubles == []


def test_a_link_that_is_pasted_into_the_open_page_is_followed_and_headings_keep_working(browser, path):
    page = opened(browser, path)
    page.evaluate("location.hash = 'mark=wrong'")
    page.wait_for_function("document.querySelectorAll('.gallery .card[hidden]').length === 3")
    page.evaluate("location.hash = 'predicted=dog'")
    page.wait_for_function("document.querySelector('.card:not([hidden])').dataset.predicted === 'dog'")
    page.evaluate("location.hash = 'main'")
    page.wait_for_function("document.querySelectorAll('.gallery .card[hidden]').length === 0")
    page.evaluate("location.hash = 'mark=nothing&image=none&order=odd&unknown=1'")
    page.wait_for_timeout(50)
    assert page.troubles == []


def test_a_figure_is_saved_as_svg_and_as_png_of_twice_its_size(browser, tmp_path):
    import io

    from PIL import Image

    with recorded() as shown:
        report.figure(figures.interval_chart(["a"], [1.0], [0.5], [1.5], [9]), "a dot")
        report.figure(figures.input_sheet([photo()], ["a"]), "a photo")
    page = opened(browser, written(tmp_path / "page.html", *shown))
    assert page.get_by_role("button", name="Save as SVG").count() == 1
    with page.expect_download() as svg:
        page.get_by_role("button", name="Save as SVG").click()
    assert svg.value.suggested_filename == "photos-02_grad_cam-figure-1.svg"
    assert svg.value.path().read_text().startswith("<svg")
    for k in range(2):
        with page.expect_download() as png:
            page.get_by_role("button", name="Save as PNG").nth(k).click()
        assert png.value.suggested_filename == f"photos-02_grad_cam-figure-{k + 1}.png"
        width = int(float(page.locator(".sheet > *").nth(k).get_attribute("width")))
        assert Image.open(io.BytesIO(png.value.path().read_bytes())).width == 2 * width
    assert page.troubles == []


def test_terms_and_code_are_reached_by_key(browser, tmp_path):
    with recorded() as shown:
        report.text("Its lift is 2.")
    path = written(tmp_path / "page.html", *shown)
    page = opened(browser, path)
    term = page.locator("a.term").first
    tip = "one => getComputedStyle(one, '::after').content"
    assert term.evaluate(tip) == "none"
    term.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert "Share of the attribution on the object" in term.evaluate(tip)
    page.keyboard.press("Enter")
    page.locator("#term-lift").wait_for()
    page.get_by_role("button", name="Show code").click()
    assert page.locator(".highlight:visible").count() == 1
    page.get_by_role("button", name="Hide code").click()
    assert page.locator(".highlight:visible").count() == 0
    bare = opened(browser, path, java_script_enabled=False)
    bare.locator("a.term").first.click()
    assert bare.locator("#term-lift dd").is_visible()
    assert page.troubles == []
