import numpy as np
import pytest

from seewhy.metrics.interventions import DARKER, KINDS, change_region, move_elsewhere

PHOTO, DONOR = np.full((8, 8, 3), 200, np.uint8), np.full((8, 8, 3), 50, np.uint8)
MASK = np.zeros((8, 8), bool)
MASK[:2, :3] = True


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [("swap", 50, 200), ("paste", 200, 50), ("darken", int(200 * DARKER), 200), ("blur", 200, 200)],
)
def test_what_an_intervention_leaves_inside_and_outside(kind, inside, outside):
    found = change_region(kind, PHOTO, MASK, DONOR)
    assert found.dtype == np.uint8
    assert (found[MASK] == inside).all()
    assert (found[~MASK] == outside).all()
    assert kind in KINDS


def test_a_blur_takes_the_details_inside_alone():
    checks = np.zeros((16, 16, 3), np.uint8)
    checks[::2, ::2] = checks[1::2, 1::2] = 255
    mask = np.zeros((16, 16), bool)
    mask[4:12, 4:12] = True
    found = change_region("blur", checks, mask, checks)
    assert np.ptp(found[mask]) < 60
    np.testing.assert_array_equal(found[~mask], checks[~mask])


def test_the_same_area_elsewhere_is_the_shape_moved_where_that_fits():
    found = move_elsewhere(MASK, MASK)
    assert found.sum() == MASK.sum()
    assert not (found & MASK).any()
    rows, columns = np.nonzero(found)
    assert (np.ptp(rows), np.ptp(columns)) == (1, 2)


def test_what_cannot_be_moved_whole_takes_the_nearest_free_pixels():
    avoid = np.ones((8, 8), bool)
    avoid[3:, 5:] = False  # 15 free pixels, three wide
    mask = np.zeros((8, 8), bool)
    mask[0, :6] = True  # six in a row
    found = move_elsewhere(mask, avoid)
    assert found.sum() == 6
    assert not (found & avoid).any()


def test_there_may_be_no_elsewhere():
    assert move_elsewhere(~MASK, ~MASK) is None  # six pixels are free, 58 are asked for
    assert move_elsewhere(np.zeros_like(MASK), MASK) is None
