"""Known answers: one cell, a constant map, nothing; evidence on the object, beside it, spread over everything."""

import numpy as np
import pytest

from seewhy.metrics.baselines import centre_map
from seewhy.metrics.diagnosis import WORDS, Rule, diagnose_maps, evidence_spread
from seewhy.metrics.localisation import energy_inside

RULE = Rule(background=0.5, diffuse=0.25, narrow=0.1, on_object=0.5)
OBJECT = np.zeros((10, 10), bool)
OBJECT[2:6, 2:7] = True  # a fifth of the picture
NAN = np.nan


def cell(*places):
    found = np.zeros((10, 10))
    for y, x in places:
        found[y, x] = 1
    return found


def word(one, boxed=True):
    maps, masks = one[None], np.where(boxed, OBJECT, False)[None]
    return diagnose_maps(maps, energy_inside(maps, masks), masks.mean((1, 2)), RULE)["word"][0]


def test_spread_of_one_cell_a_constant_map_and_four_equal_cells():
    maps = np.stack([cell((0, 0)), np.ones((10, 10)), cell((0, 0), (9, 9), (3, 1), (5, 5))])
    assert evidence_spread(maps) == pytest.approx([0.005, 0.5, 0.02])


def test_spread_by_hand():
    # 6 + 3 + 2 + 1 = 12, half is 6: the first cell of four; 4 + 3 + 2 + 1 = 10, half is 5: one cell and a third
    maps = np.array([[[6.0, 3], [2, 1]], [[4, 3], [2, 1]]])
    assert evidence_spread(maps) == pytest.approx([1 / 4, (1 + 1 / 3) / 4])


@pytest.mark.parametrize("nothing", [0.0, -1.0, NAN])
def test_a_map_without_evidence_has_no_spread_and_no_word_but_that(nothing):
    maps = np.full((1, 10, 10), nothing)
    assert np.isnan(evidence_spread(maps)).all()
    assert word(maps[0]) == word(maps[0], boxed=False) == "no evidence"


def test_spread_is_the_same_for_any_multiple_order_and_for_evidence_against():
    maps = np.random.default_rng(0).random((5, 6, 7))
    shuffled = np.random.default_rng(1).permuted(maps.reshape(5, -1), axis=1).reshape(5, 7, 6)
    assert evidence_spread(7 * maps) == pytest.approx(evidence_spread(maps))
    assert evidence_spread(shuffled) == pytest.approx(evidence_spread(maps))
    assert evidence_spread(np.where(maps > 0.5, maps, -9)) == pytest.approx(
        evidence_spread(np.where(maps > 0.5, maps, 0))
    )


def test_no_map_is_no_figure():
    assert evidence_spread(np.empty((0, 1, 1))).shape == (0,)
    assert diagnose_maps(np.empty((0, 1, 1)), np.empty(0), np.empty(0), RULE).empty


@pytest.mark.parametrize(
    ("one", "boxed", "wanted"),
    [
        (OBJECT * 1.0, True, "on the object"),  # half of it takes .1 of the picture, half of the object
        (~OBJECT * 1.0, True, "on the background"),
        (np.ones((10, 10)), True, "no evidence"),  # everything alike: it points nowhere
        (np.ones((10, 10)) + OBJECT * 0.1, True, "diffuse"),
        (np.ones((10, 10)) + OBJECT * 0.1, False, "diffuse"),
        (cell((3, 3)), True, "too narrow"),  # .005 of the picture: a fortieth of the object
        (cell((3, 3)), False, "too narrow"),
        (cell((0, 0)), True, "on the background"),
        (OBJECT * 1.0, False, "focused"),
        (cell((3, 3), (3, 4), (0, 0), (0, 1), (0, 2), (0, 3)), True, "partly on the object"),  # a third, of a fifth
        (cell((3, 3), (3, 4), (3, 5), (3, 6), (0, 0), (0, 1)), True, "on the object"),  # two thirds, .03 wide
    ],
)
def test_words_by_hand(one, boxed, wanted):
    assert word(one, boxed) == wanted
    assert wanted in WORDS


def test_evidence_everywhere_but_on_the_object_is_background_however_wide():
    assert evidence_spread(~OBJECT[None] * 1.0)[0] > RULE.diffuse
    assert word(~OBJECT * 1.0) == "on the background"


def test_controls_get_the_words_they_deserve():
    noise = np.random.default_rng(0).random((400, 7, 7))
    unknown = np.full(400, NAN)
    assert (diagnose_maps(noise, unknown, np.zeros(400), RULE)["word"] == "diffuse").mean() > 0.95
    assert diagnose_maps(centre_map(7, 7)[None], unknown[:1], np.zeros(1), RULE)["word"][0] == "focused"
