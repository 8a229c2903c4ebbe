import numpy as np
import pytest
import torch

from seewhy.metrics.stability import CHANGES, TITLES, shift_back

PHOTO = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_small_and_equal_twice(name):
    found = CHANGES[name](PHOTO, 0)
    assert found.shape == PHOTO.shape
    assert found.dtype == np.uint8
    assert not np.array_equal(found, PHOTO)
    np.testing.assert_array_equal(found, CHANGES[name](PHOTO, 0))
    assert name in TITLES


def test_the_shift_is_one_pixel_to_the_right():
    found = CHANGES["shift"](PHOTO, 0)
    np.testing.assert_array_equal(found[:, 1:], PHOTO[:, :-1])
    np.testing.assert_array_equal(found[:, 0], PHOTO[:, 0])


def test_noise_has_the_stated_spread_and_its_seed():
    grey = np.full((64, 64, 3), 128, np.uint8)
    found = CHANGES["noise"](grey, 0).astype(float)
    assert found.std() == pytest.approx(5, rel=0.1)
    assert abs(found.mean() - 128) < 0.5
    assert not np.array_equal(found, CHANGES["noise"](grey, 1))


def test_shifted_answers_are_brought_back_to_where_they_were():
    answers = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    shifted = torch.from_numpy(np.stack([CHANGES["shift"](one, 0) for one in answers.permute(0, 2, 3, 1).numpy()]))
    assert torch.equal(shift_back(shifted.permute(0, 3, 1, 2))[..., :-1], answers[..., :-1])
