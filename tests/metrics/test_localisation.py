"""Known answers: evidence on the object, beside it, everywhere, nowhere."""

import numpy as np
import pytest

from seewhy.metrics import localisation

MASK = np.zeros((1, 8, 8), bool)
MASK[:, 2:4, 2:6] = True  # 8 of 64 cells


def test_all_evidence_inside_is_one_over_area() -> None:
    assert localisation.lift(MASK.astype(float), MASK) == pytest.approx([8.0])
    assert localisation.energy_inside(MASK.astype(float), MASK) == pytest.approx([1.0])


def test_a_constant_map_is_chance() -> None:
    assert localisation.lift(np.ones((1, 8, 8)), MASK) == pytest.approx([1.0])


def test_negative_evidence_does_not_count() -> None:
    maps = np.where(MASK, 1.0, -5.0)
    assert localisation.energy_inside(maps, MASK) == pytest.approx([1.0])


@pytest.mark.parametrize("maps", [np.zeros((1, 8, 8)), -np.ones((1, 8, 8)), np.full((1, 8, 8), np.nan)])
def test_a_map_without_evidence_is_neither_hit_nor_miss(maps: np.ndarray) -> None:
    assert np.isnan(localisation.lift(maps, MASK)).all()


def test_an_empty_mask_is_neither_hit_nor_miss() -> None:
    assert np.isnan(localisation.lift(np.ones((1, 8, 8)), np.zeros((1, 8, 8), bool))).all()


def test_controls_stand_beside_the_methods_and_know_nothing() -> None:
    masks = np.random.default_rng(0).random((400, 16, 16)) < 0.3  # no object: every control must read chance
    found = localisation.method_lifts({"map": masks.astype(float)}, masks, grid=(4, 4), seed=0)
    assert list(found) == ["map", "random", "centre"]
    assert found["centre"].mean() == pytest.approx(1, abs=0.02)
    assert found["random"].mean() == pytest.approx(1, abs=0.02)
    assert found["map"].mean() > 3


def test_box_masks_count_pixel_centres() -> None:
    mask = localisation.box_masks([np.array([[1.0, 0.0, 3.4, 2.0]]), np.empty((0, 4))], 4, 5)
    assert mask[0].sum() == 4  # columns 1 and 2 (centre 2.5 < 3.4), rows 0 and 1
    assert not mask[1].any()


def test_an_object_that_fills_the_image_is_neither_a_hit_nor_a_miss() -> None:
    full = np.ones((1, 4, 4), bool)
    assert np.isnan(localisation.energy_inside(np.ones((1, 4, 4)), full)).all()
    assert np.isnan(localisation.lift(np.ones((1, 4, 4)), full)).all()


def test_pointing_counts_neither_empty_masks_nor_empty_maps():
    peak = np.zeros((4, 4))
    peak[1, 1] = 1
    inside = np.zeros((4, 4), bool)
    inside[:2, :2] = True
    two = peak.copy()
    two[3, 3] = 1
    maps = np.stack([peak, peak, peak, np.zeros((4, 4)), two])
    masks = np.stack([inside, ~inside, np.zeros_like(inside), inside, inside])
    np.testing.assert_array_equal(localisation.pointing_game(maps, masks), [1, 0, np.nan, np.nan, 0.5])
