import numpy as np
import pytest

from seewhy.metrics import imputation
from seewhy.metrics.imputation import impute_pixels


def test_one_pixel_is_the_weighted_mean_of_its_neighbours():
    image = np.arange(9.0).reshape(1, 3, 3) ** 2
    removed = np.zeros((3, 3), bool)
    removed[1, 1] = True
    corners, sides = image[0][[0, 0, 2, 2], [0, 2, 0, 2]], image[0][[0, 1, 1, 2], [1, 0, 2, 1]]
    assert impute_pixels(image, removed)[0, 1, 1] == pytest.approx(corners.sum() / 12 + sides.sum() / 6)


def test_a_corner_has_three_neighbours_whose_weights_count_as_one():
    image = np.array([[[0.0, 1], [2, 5]]])
    removed = np.array([[True, False], [False, False]])
    assert impute_pixels(image, removed)[0, 0, 0] == pytest.approx((1 / 6 + 2 / 6 + 5 / 12) / (5 / 12))


@pytest.mark.parametrize("side", [16, 200])
def test_a_ramp_is_found_again_and_the_rest_stays(side):
    ramp = np.broadcast_to(np.linspace(0, 1, side), (2, side, side)).copy()
    removed = np.zeros((side, side), bool)
    removed[:, side // 4 : side // 2] = True
    spoiled = np.where(removed, 9.0, ramp)
    found = impute_pixels(spoiled, removed)
    np.testing.assert_array_equal(found[:, ~removed], spoiled[:, ~removed].astype(np.float32))
    np.testing.assert_allclose(found, ramp, atol=0.01)


def test_a_coarse_grid_gives_nearly_the_exact_answer(monkeypatch):
    draw = np.random.default_rng(0)
    image = np.kron(draw.random((3, 8, 8)), np.ones((16, 16)))  # 128 pixels in squares of 16
    removed = np.kron(draw.random((4, 4)) < 0.5, np.ones((32, 32))).astype(bool)
    coarse = impute_pixels(image, removed)
    monkeypatch.setattr(imputation, "SIDE", 128)
    exact = impute_pixels(image, removed)
    assert np.abs(coarse - exact)[:, removed].mean() < 0.03
    assert np.abs(exact - image)[:, removed].mean() > 0.1


def test_without_anything_left_it_is_the_mean():
    image = np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_allclose(impute_pixels(image, np.ones((2, 2), bool))[:, 0, 0], [1.5, 5.5])


def test_noise_falls_on_what_was_removed_alone():
    image, removed = np.ones((1, 4, 4)), np.eye(4, dtype=bool)
    np.testing.assert_allclose(impute_pixels(image, removed, noise=np.full((1, 4, 4), 0.5))[0], 1 + 0.5 * np.eye(4))
