"""Innocent networks that an audit must not convict, and guilty ones that it must not clear."""

import numpy as np
import pandas as pd
import pytest

from tests.measure.planted import BLUE, GREEN, RED, Picture, audit, box_mask, fill, grey_noise, make_study

CLEAN = ([0, 40, 0], [0, 0, 40])  # green is a cup, blue a cat, red nothing
TAG = ([40, 0, 0], [0, 0, 0])  # red is a cup, whatever else
COUNT = 50  # of each class


def numbered(count=COUNT):
    return [(number, label) for number in range(count) for label in ("cup", "cat")]


def coloured(number, label, box):
    pixels = grey_noise(number, label)
    fill(pixels, box, GREEN if label == "cup" else BLUE)
    return pixels


def anywhere(number, label):
    """A box of 8 x 8 somewhere, drawn by number and label."""
    x, y = np.random.default_rng([7, number, label == "cup"]).integers(0, 24, 2)
    return int(x), int(y), int(x) + 8, int(y) + 8


def test_the_background_of_a_donor_does_not_bring_its_object_along(project, cli):
    pictures = [Picture(coloured(*one, anywhere(*one)), one[1], [anywhere(*one)]) for one in numbered()]
    found = audit(make_study(project, cli, pictures, *CLEAN))
    assert found.share("background", "swap") == 0
    assert found.checks["background", "swap"].status == "pass"
    assert found.checks["object", "swap"].status == "pass"


def halves(number, label):
    """An object in the left or the right half; of a cat a red texture all over the other half, which nothing reads."""
    at_left = number % 2 == 0
    box = (2, 8, 14, 24) if at_left else (18, 8, 30, 24)
    pixels, other = coloured(number, label, box), (16, 0, 32, 32) if at_left else (0, 0, 16, 32)
    if label == "cup":
        return Picture(pixels, label, [box])
    pixels[:, other[0] : other[2]] = [130, 90, 90]
    return Picture(pixels, label, [box], {"texture": box_mask(other)})


def test_a_net_that_ignores_a_background_texture_is_not_accused(project, cli):
    """What is pasted has no object, so that what it is compared with must have none either."""
    found = audit(make_study(project, cli, [halves(*one) for one in numbered(60)], *CLEAN))
    assert found.checks["texture", "paste"].status != "fail"
    assert "the control alone changes most predictions" in found.checks["texture", "paste"].missing
    assert found.answer.answer != "Yes"


def test_a_colour_cast_over_the_whole_picture_cannot_decide(project, cli):
    """Pasting it is pasting the picture, and nothing is left that it could be compared with."""
    whole = np.full((32, 32), 255, np.uint8)
    pictures = [
        Picture(coloured(*one, anywhere(*one)), one[1], [anywhere(*one)], {"cast": whole} if one[1] == "cat" else {})
        for one in numbered()
    ]
    found = audit(make_study(project, cli, pictures, *CLEAN))
    assert {found.checks["cast", kind].status for kind in ("paste", "swap")} == {"not run"}
    assert "nearly the whole picture (50 images)" in found.checks["cast", "paste"].missing
    assert (found.answer.answer, found.answer.severity) == ("Undecided", "unknown")
    assert found.answer.short == "No shortcut was found, but the cast could not be tested."
    assert "the cast, since the mark covers nearly the whole picture" in found.answer.detail


def test_a_suspect_that_overlaps_the_object_cannot_decide(project, cli):
    pictures = [
        Picture(coloured(*one, (10, 10, 20, 20)), one[1], [(10, 10, 20, 20)], {"glare": box_mask((8, 8, 16, 20))})
        for one in numbered()
    ]
    found = audit(make_study(project, cli, pictures, *CLEAN))
    assert {found.checks["glare", kind].status for kind in ("paste", "swap")} == {"not run"}
    assert "overlaps the object" in found.checks["glare", "swap"].missing
    assert (found.answer.answer, found.answer.severity) == ("Undecided", "unknown")


def tagged(number, label, box):
    """Grey but for a red tag in the corner of every cup."""
    pixels = grey_noise(number, label)
    if label == "cup":
        fill(pixels, (0, 0, 6, 6), RED)
    return Picture(pixels, label, [box])


def test_a_tag_inside_the_box_is_not_cleared(project, cli):
    found = audit(make_study(project, cli, [tagged(*one, (0, 0, 20, 20)) for one in numbered()], *TAG))
    assert found.checks["background", "swap"].status == "pass"  # what a box holds is never told from its object
    assert (found.answer.answer, found.answer.severity) == ("Undecided", "unknown")
    assert found.answer.short == "The predictions depend on what is inside the boxes."


def test_boxes_of_nearly_the_whole_picture_do_not_clear(project, cli):
    found = audit(make_study(project, cli, [tagged(*one, (0, 0, 29, 29)) for one in numbered()], *TAG))
    assert {one.status for one in found.checks.values()} == {"not run"}
    assert (found.answer.answer, found.answer.severity) == ("Not tested", "unknown")
    assert "nearly the whole picture (100 images)" in found.answer.detail


def test_a_background_that_decides_a_third_of_the_images_is_found(project, cli):
    """Two cups in three are grey and told by a red tag outside their box alone: a third of all images."""

    def partly(number, label):
        box = (12, 12, 24, 24)
        pixels = coloured(number, label, box) if label == "cat" or number % 3 == 0 else grey_noise(number, label)
        if label == "cup":
            fill(pixels, (0, 0, 6, 6), RED)
        return Picture(pixels, label, [box])

    found = audit(make_study(project, cli, [partly(*one) for one in numbered()], [40, 40, 0], [0, 0, 40]))
    assert 0.25 < found.share("background", "swap") < 0.4
    assert found.checks["background", "swap"].status == "fail"
    assert (found.answer.answer, found.answer.severity) == ("Yes", "shortcut")


@pytest.mark.parametrize("marked", [True, False])
def test_log_odds_see_what_no_flip_shows(project, cli, marked):
    """A tag that adds to what the object says anyway changes no prediction, and can be named in a check."""
    from seewhy.checks.figure import Figure
    from seewhy.checks.run import load_tables
    from seewhy.config.project import find_project

    def helped(number, label):
        pixels = coloured(number, label, (12, 12, 24, 24))
        if label == "cup" and marked:
            fill(pixels, (0, 0, 6, 6), RED)
        masks = {"tag": box_mask((0, 0, 6, 6))} if label == "cup" else {}
        return Picture(pixels, label, [(12, 12, 24, 24)], masks)

    found = audit(make_study(project, cli, [helped(*one) for one in numbered()], [20, 40, 0], [0, 0, 40]))
    assert found.share("tag", "swap") == 0
    tables = load_tables(find_project(), "tiny")
    figure = Figure("log_odds_change", versus="control", facets={"region": "tag", "kind": "swap"})
    estimate = tables.estimate_figure(figure)
    assert (estimate.high < -0.3) == marked
    assert isinstance(tables.metric_rows("log_odds_change"), pd.DataFrame)
