"""The tuned copy: the same answers, the user's layer left alone, the user's model untouched, refusals that say why."""

import gc
import weakref

import pytest
import timm
import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2, resnet18

import seewhy
from seewhy.engine.tuned import kept_memory, tuned_copy

from .nets import small
from .test_evidence import assert_untouched, state

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def trained(model: nn.Module) -> nn.Module:
    """Batch norms with statistics and scales of their own, as after training: folding has something to do."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.7, 1.5)
            nn.init.uniform_(module.weight, 0.7, 1.5)
            nn.init.uniform_(module.bias, -0.1, 0.1)
    return model.eval()


def test_by_hand() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1, eps=0)).eval()
    for value, given in ((model[0].weight, 3.0), (model[0].bias, 1.0), (model[1].weight, 10.0), (model[1].bias, 5.0)):
        nn.init.constant_(value, given)
    model[1].running_mean.fill_(2.0)
    model[1].running_var.fill_(4.0)
    fast = tuned_copy(model, torch.rand(1, 1, 2, 2))
    # (3x + 1 - 2) / 2 * 10 + 5 = 15x + 0
    assert fast.folded == 1
    assert float(fast.model[0].weight.squeeze()) == pytest.approx(15)
    assert float(fast.model[0].bias.squeeze()) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("build", "layer", "count"),
    [
        (lambda: resnet18(num_classes=5), "layer4", 15),
        (lambda: resnet18(num_classes=5), "layer4.0.conv2", 16),
        (lambda: resnet18(num_classes=5), None, 20),
        (lambda: mobilenet_v2(num_classes=5), "features.18", 51),
        (lambda: timm.create_model("tf_efficientnet_lite0", num_classes=5), "conv_head", 48),
    ],
)
def test_equal_maps_from_a_faster_copy(build: object, layer: str | None, count: int) -> None:
    model = trained(build())  # type: ignore[operator]
    fast = tuned_copy(model, IMAGES, layer)
    assert (fast.folded, fast.channels_last, fast.reason) == (count, True, "")
    assert fast.difference < 1e-4
    where = {"methods": ["gradcam", "layercam", "hirescam"], "targets": "all", "layer": layer or "layer4"}
    expected, found = (seewhy.explain(one, IMAGES, **where) for one in (model, fast.model))  # type: ignore[arg-type]
    for name in where["methods"]:
        scale = float(expected[name].abs().max())
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-4 * scale)


def test_the_layer_and_what_follows_stay_the_users() -> None:
    model = trained(resnet18(num_classes=5))
    fast = tuned_copy(model, IMAGES, "layer3").model
    for name in ("layer3", "layer4", "fc"):
        for (key, ours), theirs in zip(
            getattr(fast, name).state_dict().items(), getattr(model, name).state_dict().values(), strict=True
        ):
            assert torch.equal(ours, theirs), key
    assert isinstance(fast.layer2[0].bn1, nn.Identity)
    assert isinstance(fast.layer3[0].bn1, nn.BatchNorm2d)


def test_the_users_model_is_untouched() -> None:
    model = small().train()
    before = state(model)
    fast = tuned_copy(model, IMAGES, "mix").model
    assert_untouched(before, model)
    assert not fast.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in fast.modules())
    theirs = {weight.data_ptr() for weight in model.parameters()}
    assert not any(weight.data_ptr() in theirs for weight in fast.parameters())


def test_nothing_is_kept() -> None:
    model = small()
    copy = weakref.ref(tuned_copy(model, IMAGES, "mix").model)
    own = weakref.ref(model)
    del model
    gc.collect()
    assert copy() is None
    assert own() is None


class Twice(nn.Module):
    """The convolution's output is read beside the batch norm too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return (self.norm(x) * x).mean((2, 3))


class Shared(nn.Module):
    """One convolution, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.norm(self.conv(x))).mean((2, 3))


class Flat(nn.Module):
    """`view` cannot read channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4 * 62 * 62, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.conv(x)).view(len(x), -1))


def test_a_copy_that_would_be_wrong_is_thrown_away_and_says_so() -> None:
    model = trained(Twice())
    fast = tuned_copy(model, IMAGES)
    assert fast.model is model
    assert "differs by" in fast.reason


def test_a_shared_convolution_is_not_folded() -> None:
    assert tuned_copy(trained(Shared()), IMAGES).folded == 0


def test_a_model_that_needs_its_memory_format_keeps_it() -> None:
    model = trained(Flat())
    fast = tuned_copy(model, IMAGES)
    assert (fast.folded, fast.channels_last, fast.reason) == (1, False, "")
    torch.testing.assert_close(fast.model(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-5)


def test_a_model_that_cannot_be_copied_is_handed_back() -> None:
    model = small()
    model.lock = (part for part in ())  # generators cannot be copied
    fast = tuned_copy(model, IMAGES)
    assert fast.model is model
    assert "does not run" in fast.reason


def test_keeping_memory_changes_no_value() -> None:
    model = small()
    expected = model(IMAGES)
    with kept_memory():
        assert torch.equal(model(IMAGES), expected)
    assert torch.equal(model(IMAGES), expected)
