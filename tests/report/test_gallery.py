import numpy as np
import pytest
from bs4 import BeautifulSoup

from seewhy.errors import SeewhyError
from seewhy.report.plots.gallery import gallery_html, peak_place
from tests.report.samples import HOSTILE, blob, card, photo


def soup(cards, methods=("Grad-CAM",)):
    return BeautifulSoup(gallery_html(cards, list(methods), "samples"), "html.parser")


def test_cards_say_right_wrong_and_unlabelled_in_words_marks_and_alt():
    page = soup([card(), card(true="dog"), card(true=None)])
    found = page.select(".card")
    assert [one["data-mark"] for one in found] == ["right", "wrong", "unlabelled"]
    assert [one.select_one(".mark").text for one in found] == ["✓", "✗", "?"]
    assert found[1].select_one(".true").text == "true: dog"
    assert found[2].select_one(".true").text == "no label"
    alts = [one.img["alt"] for one in found]
    assert alts[0].startswith("a.png: predicted cat at 0.90, right. Map for cat. Grad-CAM: strongest in the centre")
    assert "wrong, true dog" in alts[1]
    assert "no label" in alts[2]


def test_a_small_confidence_is_not_written_as_none():
    found = soup([card(confidence=0.003)])
    assert found.select_one(".said b").text == "0.003"
    assert "predicted cat at 0.003" in str(found.select_one(".card"))


def test_a_fact_stands_instead_of_the_true_class_and_is_no_filter():
    right, wrong = soup([card(fact="IoU 0.83"), card(true="", fact="IoU 0.30")]).select(".card")
    assert (right["data-mark"], wrong["data-mark"]) == ("right", "wrong")
    assert (right.select_one(".true").text, wrong.select_one(".true").text) == ("IoU 0.83", "IoU 0.30")
    assert right["data-true"] == wrong["data-true"] == ""
    assert "at 0.90, right, IoU 0.83." in right.img["alt"]
    assert "at 0.90, wrong, IoU 0.30." in wrong.img["alt"]


def test_a_word_for_the_map_stands_in_the_caption_and_in_alt():
    told, silent = soup([card(word="too narrow"), card()]).select(".card")
    assert told.select_one("figcaption .word").text == "too narrow"
    assert "Map for cat. The map is: too narrow. Grad-CAM:" in told.img["alt"]
    assert silent.select_one(".word") is None
    assert "The map is" not in silent.img["alt"]


def test_the_class_that_a_map_is_for_is_named():
    own, other = soup([card()]), soup([card(target="dog")])
    assert "maps for the predicted class" in own.select_one(".legend").text
    assert "predicted class" not in other.select_one(".legend").text
    assert other.select_one("figcaption .word").text == "map for: dog"
    assert "Map for dog." in other.select_one(".card img")["alt"]


def test_a_map_without_evidence_says_so():
    page = soup(
        [card(maps={"Grad-CAM": np.full((7, 7), np.nan, np.float32)}), card(maps={"Grad-CAM": np.ones((7, 7))})]
    )
    assert [badge.text for badge in page.select(".none")] == ["no evidence"] * 2
    assert not page.find_all("image")
    assert "no evidence" in page.img.find_next("img")["alt"]


def test_boxes_and_raw_maximum_are_there():
    page = soup([card(boxes=[(0.25, 0.5, 0.75, 1.0)], peak={"Grad-CAM": 0.0123})])
    box = page.select_one("rect.box")
    assert (box["x"], box["y"], box["width"], box["height"]) == ("100", "200", "200", "200")
    assert "raw maximum 0.0123" in page.select_one("g.m0")["data-note"]


def test_hostile_names_are_shown_and_never_markup():
    page = soup([card(HOSTILE, HOSTILE, HOSTILE + "!", maps={HOSTILE: blob()})], [HOSTILE])
    assert not page.find_all(["script", "b"], string=lambda text: text and "alert" in text)
    assert page.select_one(".name").text == HOSTILE
    assert page.select_one(".card")["data-predicted"] == HOSTILE
    assert page.select_one(".card")["data-true"] == HOSTILE + "!"
    assert HOSTILE in page.img.find_next("img")["alt"]


def test_controls_stand_beside_methods_and_what_is_the_same_on_all_cards_is_stored_once():
    some = [card(str(k), controls={"centre": blob(), "edges": blob(k / 3, 0)}) for k in range(3)]
    page = soup(some)
    section = page.section
    assert (section["data-methods"], section["data-controls"]) == ('["Grad-CAM", "centre", "edges"]', "2")
    assert len(page.select(".kept image")) == 1
    assert len(page.select(".card .m1 image")) == 0
    assert len(page.select(".card .m2 image")) == 3
    ids = {one["id"] for one in page.select("image[id], path[id]")}
    assert {one["href"] for one in page.find_all("use")} == {f"#{name}" for name in ids}
    assert page.select(".m2")[0]["data-note"].startswith("edges: strongest in the upper left")


def test_the_rim_of_a_region_has_its_colour_and_a_key():
    region = np.zeros((64, 64), bool)
    region[16:48, 16:48] = True
    page = soup([card(region=region, ink="#e69f00"), card(region=~region & region, ink="#e69f00"), card()])
    rims = page.select(".rim")
    assert [one["stroke"] for one in rims] == ["#e69f00"]
    start = page.find(id=rims[0]["href"][1:])["d"][1:].split("l")[0].split()
    assert all(95 <= int(number) <= 305 for number in start)
    assert page.select_one(".k-rim")
    assert not soup([card()]).select_one(".k-rim")


def test_too_many_cards_and_missing_maps_are_refused():
    with pytest.raises(SeewhyError, match="at most 60 cards, not 61"):
        gallery_html([card()] * 61, [], "samples")
    with pytest.raises(SeewhyError, match=r"unknown map 'Grad-CAMM' in card a.png; did you mean 'Grad-CAM'"):
        gallery_html([card()], ["Grad-CAMM"], "samples")


def test_sixty_cards_with_three_methods_fit_the_budget():
    rng = np.random.default_rng(0)
    noisy = [np.clip(photo(i, 224) + rng.normal(0, 8, (224, 224, 3)), 0, 255).astype(np.uint8) for i in range(60)]
    names = ["Grad-CAM", "HiResCAM", "LayerCAM"]
    cards = [card(photo=image, maps={name: blob(*rng.uniform(0, 1, 2), side=14) for name in names}) for image in noisy]
    assert len(gallery_html(cards, names, "samples")) < 1_500_000


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "in the upper left"), (0.5, 1, "in the middle right"), (0.5, 0.5, "in the centre")],
)
def test_where_a_map_lies_in_words(row, column, words):
    assert peak_place(blob(row, column)) == words
