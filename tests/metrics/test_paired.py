import numpy as np
import pytest

from seewhy.config.params import Preprocessing
from seewhy.inputs.images import Fit
from seewhy.metrics.agreement import spearman
from seewhy.metrics.paired import Discordant, Pair, different_image_likeness, mcnemar, resample_maps
from seewhy.stats import mean

WHOLE = np.array([[0.0, 0, 1, 1]])


def test_mcnemar_by_hand():
    """Eight images that only one names right, one against seven: 2 * (1 + 8) / 2^8."""
    first = np.array([True] * 7 + [False] + [True] * 5 + [False] * 3)
    second = np.array([False] * 7 + [True] + [True] * 5 + [False] * 3)
    found = mcnemar(first, second)
    assert (found.fixed, found.broken) == (1, 7)
    assert found.p == pytest.approx(18 / 256)
    assert mcnemar(second, first) == Discordant(7, 1, found.p)
    assert mcnemar(first, first) == Discordant(0, 0, 1.0)
    assert np.isnan(mcnemar(first[:0], first[:0]).p)


def test_a_map_on_its_own_grid_stays_what_it_is():
    maps = np.random.default_rng(0).random((3, 5, 7))
    frames = np.repeat(WHOLE, 3, 0)
    np.testing.assert_array_equal(resample_maps(maps, frames, frames, (5, 7)), maps)


def test_cells_of_another_grid_are_means_by_area():
    maps = np.array([[[0.0, 3, 6]]])
    np.testing.assert_allclose(resample_maps(maps, WHOLE, WHOLE, (1, 2)), [[[1.0, 5.0]]])  # (0 + 3/2) / 1.5
    np.testing.assert_allclose(resample_maps(maps, WHOLE, WHOLE, (1, 1)), [[[3.0]]])
    np.testing.assert_allclose(resample_maps(maps, WHOLE, WHOLE, (2, 6))[0, 1], [0, 0, 3, 3, 6, 6])


def test_a_map_of_a_part_is_held_against_that_part():
    """The first model saw the middle half, where the second's two middle columns lie."""
    middle = np.array([[0.25, 0.0, 0.75, 1.0]])
    pair = Pair((np.array([[[1.0, 2]]]), np.array([[[9.0, 1, 2, 9]]])), (middle, WHOLE))
    np.testing.assert_array_equal(pair.shared_box, middle)
    first, second = pair.common_maps()
    np.testing.assert_allclose(first, second)
    np.testing.assert_allclose(pair.shown_maps()[1], [[[0.5, 0.5, 1, 1]]])


def test_what_was_padded_is_shared_by_nobody():
    wide = np.array([[0.0, -0.5, 1, 1.5]])
    pair = Pair((np.ones((1, 4, 4)), np.ones((1, 2, 2))), (wide, WHOLE))
    np.testing.assert_array_equal(pair.shared_box, WHOLE)
    assert pair.common_shape == (2, 2)


@pytest.mark.parametrize(
    ("resize", "seen"),
    [("squash", (0, 0, 1, 1)), ("crop", (0.25, 0, 0.75, 1)), ("pad", (0, -0.5, 1, 1.5))],
)
def test_which_part_of_a_wide_image_the_input_shows(resize, seen):
    assert Fit.of_image((80, 40), Preprocessing(size=20, resize=resize)).shown_part == seen


def test_the_control_is_the_mean_over_other_images_of_the_group_both_ways():
    rng = np.random.default_rng(1)
    first, second = rng.random((6, 3, 3)), rng.random((6, 3, 3))
    groups = ["a", "b", "a", "c", "a", "d"]
    found = different_image_likeness(first, second, groups)
    for image in (0, 2, 4):
        others = [k for k in (0, 2, 4) if k != image]
        both = [spearman(first[[image]], second[[k]])[0] for k in others]
        both += [spearman(first[[k]], second[[image]])[0] for k in others]
        assert found[image] == pytest.approx(np.mean(both))
    alone = [spearman(first[[1]], second[[k]])[0] for k in (3, 5)] + [
        spearman(first[[k]], second[[1]])[0] for k in (3, 5)
    ]
    assert found[1] == pytest.approx(np.mean(alone))  # b, c and d have one image each and are one group


def test_maps_without_evidence_are_left_out_of_image_and_control():
    rng = np.random.default_rng(2)
    maps = rng.random((4, 3, 3))
    empty = maps.copy()
    empty[0] = 0
    frames = np.repeat(WHOLE, 4, 0)
    found = Pair((maps, empty), (frames, frames)).rank_likeness(["a"] * 4)
    assert found.isna().all(axis=1).tolist() == [True, False, False, False]
    np.testing.assert_allclose(found["same"][1:], 1)
    np.testing.assert_allclose(found["other"][1:], different_image_likeness(maps[1:], maps[1:], ["a"] * 3))
    assert np.isnan(Pair((maps, empty), (frames, frames)).shown_maps()[1][0]).all()
    assert different_image_likeness(maps[:1], maps[:1], ["a"]).shape == (1,)
    assert np.isnan(different_image_likeness(maps[:1], maps[:1], ["a"])).all()


def test_two_models_that_look_at_the_same_fixed_place_do_not_agree_on_images():
    """Both always look at the middle: alike on the same image, and just as alike on different ones."""
    y, x = np.mgrid[:5, :5]
    middle = np.exp(-((x - 2) ** 2 + (y - 2) ** 2) / 3)[None]
    rng = np.random.default_rng(3)
    first, second = (middle + 0.05 * rng.random((40, 5, 5)) for _ in range(2))
    frames = np.repeat(WHOLE, 40, 0)
    found = Pair((first, second), (frames, frames)).rank_likeness(["a"] * 40)
    over = mean((found["same"] - found["other"]).to_numpy(), 0)
    assert found["same"].mean() > 0.7
    assert over.low < 0 < over.high
