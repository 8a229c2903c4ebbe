"""SHAP values: exact where theory says so, additive, seeded by image, and the model untouched."""

import numpy as np
import pytest
import torch
from torch import nn

import seewhy
from seewhy.methods.shapley import expected_gradients

from .nets import small


def linear(weight: torch.Tensor) -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(weight.shape[1], weight.shape[0], bias=False))
    with torch.no_grad():
        model[1].weight.copy_(weight)
    return model


def test_a_linear_model_against_one_background_is_exact() -> None:
    weight, image, background = torch.randn(3, 12), torch.rand(1, 3, 2, 2), torch.rand(1, 3, 2, 2)
    found = expected_gradients(linear(weight), image, background, [[2, 0]], samples=4, seed=0)
    by_hand = weight[[2, 0]].reshape(2, 3, 2, 2) * (image - background)
    np.testing.assert_allclose(found.values[0], by_hand.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.gap, 0, atol=1e-5)


def test_the_gap_shrinks_with_samples() -> None:
    torch.manual_seed(0)
    model, images, background = small(), torch.rand(1, 3, 16, 16), torch.rand(8, 3, 16, 16)
    few, many = (expected_gradients(model, images, background, [[0]], n, seed=0) for n in (2, 800))
    assert abs(many.gap[0, 0]) < abs(few.gap[0, 0])
    assert many.relative_gap[0, 0] < 0.2


def test_order_and_batch_make_no_difference() -> None:
    model, images, background = small(), torch.rand(3, 3, 8, 8), torch.rand(4, 3, 8, 8)
    together = expected_gradients(model, images, background, [[0], [1], [2]], 8, seed=3)
    turned = expected_gradients(model, images.flip(0), background, [[2], [1], [0]], 8, seed=3)
    np.testing.assert_array_equal(together.values, turned.values[::-1])


def test_the_model_and_numpys_generator_are_left_alone() -> None:
    model = small().train()
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    expected_gradients(model, torch.rand(1, 3, 8, 8), torch.rand(2, 3, 8, 8), [[0]], 2, seed=0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert all(module.training for module in model.modules())
    assert all((weight.grad == 1).all() for weight in model.parameters())
    assert not any(module._forward_hooks or module._backward_hooks for module in model.modules())


def test_pooling_keeps_sums() -> None:
    found = expected_gradients(small(), torch.rand(1, 3, 10, 14), torch.rand(2, 3, 10, 14), [[0]], 2, seed=0)
    pooled = found.pooled(4)
    assert max(pooled.shape[-2:]) <= 4
    np.testing.assert_allclose(pooled.sum((2, 3)), found.values.sum((2, 3, 4)), rtol=1e-4, atol=1e-6)


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(seewhy.SeewhyError, match="1 class lists for 2 images"):
        expected_gradients(small(), torch.rand(2, 3, 8, 8), torch.rand(1, 3, 8, 8), [[0]], 2, seed=0)
