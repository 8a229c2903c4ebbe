"""SHAP values: exact where theory says so, additive, seeded by image, and the model untouched."""

import numpy as np
import pytest
import torch
from torch import nn

import seewhy
from seewhy.engine.targets import class_score
from seewhy.methods.partition import partition_values
from seewhy.methods.pixels import INNER
from seewhy.methods.shapley import additivity_residual, expected_gradients

from .nets import close, small


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
    pooled = found.pool_values(4)
    assert max(pooled.shape[-2:]) <= 4
    np.testing.assert_allclose(pooled.sum((2, 3)), found.values.sum((2, 3, 4)), rtol=1e-4, atol=1e-6)


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(seewhy.SeewhyError, match="1 class lists for 2 images"):
        expected_gradients(small(), torch.rand(2, 3, 8, 8), torch.rand(1, 3, 8, 8), [[0]], 2, seed=0)


def squares(weight: torch.Tensor) -> nn.Module:
    """Score: a weighted sum of the four quarters of the image, so each quarter's worth is known."""

    class Quarters(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (nn.functional.avg_pool2d(x.sum(1, keepdim=True), 8).flatten(1) * weight).sum(1, keepdim=True)

    return Quarters()


def test_partition_gives_each_quarter_its_worth() -> None:
    weight, images = torch.tensor([1.0, -2.0, 0.0, 4.0]), torch.rand(2, 3, 16, 16)
    found = partition_values(squares(weight), images, 1, evaluations=300, blur=5)
    blurred = nn.functional.avg_pool2d(images, 5, 1, 2, count_include_pad=False)
    by_hand = nn.functional.avg_pool2d((images - blurred).sum(1), 8).flatten(1) * weight
    worth = torch.from_numpy(found.values).sum((1, 2)).unflatten(1, (2, 8)).unflatten(3, (2, 8)).sum((2, 4)).flatten(1)
    torch.testing.assert_close(worth, by_hand, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.gap, 0, atol=1e-4)
    np.testing.assert_allclose(found.expected[:, 0], by_hand.sum(1), rtol=1e-3, atol=1e-4)


def test_partition_is_additive_and_equal_from_call_to_call_and_in_any_batch() -> None:
    model, images = small(), torch.rand(3, 3, 16, 16)
    found = partition_values(model, images, [0, 2, 1], evaluations=60)
    again = partition_values(model, images.flip(0), [1, 2, 0], evaluations=60)
    np.testing.assert_allclose(found.values, again.values[::-1], atol=1e-6)
    assert np.abs(found.gap).max() < 1e-4 * max(np.abs(found.expected).max(), 1e-3)
    assert np.abs(found.values).max() > 0


def test_partition_asks_for_at_most_an_inner_batch_and_no_more_than_it_says() -> None:
    model, sizes = small(), []
    model.stem.register_forward_hook(lambda *given: sizes.append(len(given[2])))
    partition_values(model, torch.rand(1, 3, 16, 16), [0], evaluations=100)
    assert max(sizes) <= INNER
    assert sum(sizes) <= 100 + INNER


@pytest.mark.parametrize("channels", [1, 5])
def test_partition_takes_grey_and_many_channels(channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = partition_values(model, torch.rand(1, channels, 12, 10), 3, evaluations=40)
    assert found.values.shape == (1, 1, channels, 12, 10)


def test_what_shap_does_not_add_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import shap

    plain = shap.explainers.PartitionExplainer.__call__

    def spoiled(self: object, *args: object, **options: object) -> object:
        found = plain(self, *args, **options)
        found.values = found.values * 1.5 + 0.1
        return found

    monkeypatch.setattr(shap.explainers.PartitionExplainer, "__call__", spoiled)
    with pytest.raises(seewhy.SeewhyError, match="SHAP's values sum to"):
        partition_values(small(), torch.rand(1, 3, 8, 8), 0, evaluations=20)


@pytest.mark.parametrize(
    ("method", "options"), [("shap_gradient", {"samples": 400}), ("shap_partition", {"evaluations": 60})]
)
def test_explain_knows_it_and_the_residual_is_told(method: str, options: dict[str, int]) -> None:
    model, images = small(), torch.rand(2, 3, 16, 16)
    found = seewhy.explain(model, images, methods=[method], targets=[1, 0], options={method: options})
    assert found[method].shape == (2, 1, 3, 16, 16)
    missing, gain = additivity_residual(method, model, images, [class_score([1, 0])], found[method], **options)
    allowed = 1e-4 if method == "shap_partition" else 0.3
    assert missing.abs().max() < allowed * found[method].abs().sum((2, 3, 4)).max()
    spoiled, _ = additivity_residual(method, model, images, [class_score([1, 0])], found[method] + 1, **options)
    close(spoiled - missing, torch.full((2, 1), 768.0))
    shares = missing.abs() / gain.abs().mean()
    assert found.provenance["additivity"] == {method: {"mean": float(shares.mean()), "max": float(shares.max())}}


def test_the_residual_in_the_provenance_is_that_of_the_maps_by_hand() -> None:
    """One draw of expected gradients on a curved score misses much, and the provenance says how much."""
    model, images = small(), torch.rand(3, 3, 8, 8)
    found = seewhy.explain(
        model, images, methods=["shap_gradient", "gradcam"], targets="all", options={"shap_gradient": {"samples": 1}}
    )
    with torch.no_grad():
        gain = model(images) - model(torch.zeros(1, 3, 8, 8))
    shares = (found["shap_gradient"].sum((2, 3, 4)) - gain).abs() / gain.abs().mean()
    told = found.provenance["additivity"]
    assert list(told) == ["shap_gradient"]
    assert told["shap_gradient"] == {
        "mean": pytest.approx(float(shares.mean()), rel=1e-3),
        "max": pytest.approx(float(shares.max()), rel=1e-3),
    }
    assert told["shap_gradient"]["max"] > 1e-3


def test_shap_gradient_is_expected_gradients_of_the_class() -> None:
    model, images, background = small(), torch.rand(2, 3, 8, 8), torch.rand(3, 3, 8, 8)
    given = {"shap_gradient": {"background": background, "samples": 6, "seed": 3}}
    ours = seewhy.explain(model, images, methods=["shap_gradient"], targets=[2, 0], options=given)["shap_gradient"]
    direct = expected_gradients(model, images, background, [[2], [0]], 6, seed=3)
    np.testing.assert_allclose(ours.numpy(), direct.values, rtol=1e-5, atol=1e-7)
