import re

import numpy as np

from seewhy.report import figures
from seewhy.report.plots.word_strip import Strip, Word, strips_html
from tests.report.samples import HOSTILE, blob, photo


def strip(*texts, name="a.png", reference="a tree", **more):
    right = [text in reference.split() for text in texts] if reference else [None] * len(texts)
    words = [Word(text, blob(k / 9), 0.9, "noun", one) for k, (text, one) in enumerate(zip(texts, right, strict=True))]
    return Strip(name, more.get("photo", photo()), words, reference)


def test_a_figure_has_a_panel_for_the_photo_and_for_every_word():
    fig = figures.word_strip(strip(*["two", "large", "trees", "at", "the", "top", "left", "casting", "shadows"]))
    assert len(fig.axes) == 10 + 1  # and a colour bar
    told = [text.get_text() for text in fig.texts]
    assert "two large trees at the top left casting shadows" in told
    assert "reference: a tree" in told
    assert "✗ two" in told


def test_the_photo_is_stored_once_and_every_word_has_a_button():
    html = strips_html([strip("a", "tree", "left"), strip("a", name="b.png")], "strips")
    assert html.count("data:image/webp") == 2
    assert len(re.findall('<input type="radio"', html)) == 4
    assert html.count(" checked>") == 2
    assert len(set(re.findall(r'name="(strip-\w+)"', html))) == 2
    assert html.count("not in the reference") == 1


def test_a_map_without_evidence_says_so():
    html = strips_html([Strip("a", photo(), [Word("the", np.full((7, 7), np.nan), 0.5, "function")])], "strips")
    assert "no evidence" in html
    assert "<path" not in html


def test_text_of_the_data_is_escaped():
    html = strips_html([Strip(HOSTILE, photo(), [Word(HOSTILE, blob(), 0.5, "noun")], HOSTILE)], HOSTILE)
    assert "<script>" not in html
