"""Silent errors of leading libraries, by their number in the field notes: each is shown, ours does not make it.

1 maps of zeros where targets are missing; 2 guided backprop without effect; 3 a model left edited; 5 a swallowed error;
8 an activation overwritten in place; 10 a constant map scaled into noise.
"""

import pytest
import torch
from captum.attr import GuidedBackprop
from pytorch_grad_cam import GradCAM, GuidedBackpropReLUModel
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torchvision import models

import seewhy
from seewhy.methods.explain import CAMS, PIXELS

from .nets import Small, close, small
from .test_untouched import METHODS, QUICK, fingerprint, maps

OPTIONS = {method: {method: settings} for method, settings in QUICK.items()}
IMAGES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_1_the_peer_returns_maps_of_zeros_for_images_without_a_target() -> None:
    model = small()
    with GradCAM(model, [model.layer]) as peer:
        found = peer(IMAGES, [ClassifierOutputTarget(0)])
    assert [bool(one.any()) for one in found] == [True, False, False]


@pytest.mark.parametrize("method", METHODS)
def test_1_fewer_targets_than_images_are_refused(method: str) -> None:
    with pytest.raises(seewhy.SeewhyError, match="targets holds 1 classes for a batch of 3 images"):
        seewhy.explain(small(), IMAGES, methods=[method], targets=[0], layer="layer")


class NoModules(Small):
    """Activations are called, not built."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem[1](self.stem[0](x)))
        return self.head(nn.functional.silu(self.mix(self.layer(x))).mean((2, 3)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0", "functional"])
def test_2_guided_backprop_has_an_effect_on_any_activation(name: str) -> None:
    torch.manual_seed(0)
    model = (NoModules() if name == "functional" else models.get_model(name, num_classes=3)).eval()
    images = IMAGES if name == "functional" else torch.rand(3, 3, 64, 64)
    result = seewhy.explain(model, images, methods=["gradient", "guided_backprop"], targets=1)
    plain, ours = result["gradient"][:, 0], result["guided_backprop"][:, 0]
    peer = GuidedBackprop(model).attribute(images.clone(), target=1)
    scale = float(plain.abs().max())
    assert float((peer - plain).abs().max()) < 1e-3 * scale  # the peer: the plain gradient, without a word
    assert float((ours - plain).abs().max()) > 0.1 * scale


def test_2_guided_backprop_refuses_what_it_does_not_know() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(seewhy.SeewhyError, match="found: AdaptiveAvgPool2d, Conv2d, Flatten, Sigmoid"):
        seewhy.explain(model, IMAGES, methods=["guided_backprop"])


class Breaks(Small):
    """Raises half way, as an smp FPN does under the peer."""

    def forward(self, x: Tensor) -> object:
        self.act(self.layer(self.stem(x)))
        raise ZeroDivisionError


def test_3_the_peer_leaves_the_model_edited() -> None:
    model = Breaks()
    with pytest.raises(ZeroDivisionError):
        GuidedBackpropReLUModel(model, "cpu")(IMAGES[:1], target_category=0)
    assert not isinstance(model.act, nn.ReLU)


@pytest.mark.parametrize("method", METHODS)
def test_3_the_model_is_untouched_after_a_failure_half_way(method: str) -> None:
    model = Breaks().train()
    before = fingerprint(model)
    with pytest.raises((ZeroDivisionError, seewhy.SeewhyError)):
        seewhy.explain(model, IMAGES, methods=[method], targets=0, layer="layer")
    assert fingerprint(model) == before


def test_5_the_peer_swallows_a_class_that_does_not_exist() -> None:
    model = small()
    found = None
    with GradCAM(model, [model.layer]) as peer:
        found = peer(IMAGES, [ClassifierOutputTarget(5000)] * 3)
    assert found is None


@pytest.mark.parametrize("method", METHODS)
def test_5_a_class_that_does_not_exist_is_named(method: str) -> None:
    with pytest.raises(seewhy.SeewhyError, match="unknown class 5000 in targets; allowed: 0 to 2"):
        seewhy.explain(small(), IMAGES, methods=[method], targets=5000, layer="layer")


@pytest.mark.parametrize("method", METHODS)
def test_5_an_error_of_the_user_s_score_comes_through(method: str) -> None:
    def wrong(output: Tensor) -> Tensor:
        return output[:, 5000]

    with pytest.raises(IndexError):
        seewhy.explain(small(), IMAGES, methods=[method], targets=[wrong], layer="layer")


class InPlace(Small):
    """The explained layer's output, and the image itself, are overwritten in place."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x.mul_(0.5))
        return self.head(nn.functional.relu(self.mix(self.act(self.layer(x))), inplace=True).mean((2, 3)))


class OutOfPlace(Small):
    """The same function, nothing overwritten."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x * 0.5)
        return self.head(nn.functional.relu(self.mix(self.layer(x).relu())).mean((2, 3)))


@pytest.mark.parametrize("method", METHODS)
def test_8_operations_in_place_change_no_map_and_no_image(method: str) -> None:
    found, images = [], IMAGES[:2].clone()
    for kind in (InPlace, OutOfPlace):
        torch.manual_seed(0)
        found.append(maps(kind().eval(), method, images))
        assert torch.equal(images, IMAGES[:2])
    if found[0] is not None:
        close(found[0], found[1])


def test_8_without_a_clone_the_activation_is_that_behind_the_relu() -> None:
    """What a plain hook keeps, and what ours reports: the layer's own output, negative values and all."""
    model, kept = small(), []
    handle = model.layer.register_forward_hook(lambda _module, _args, output: kept.append(output))
    model(IMAGES)
    handle.remove()
    assert kept[0].min() == 0
    ours = seewhy.explain(model, IMAGES, methods=["activation"], layer="layer")["activation"]
    assert ours.min() < 0


class Indifferent(nn.Module):
    """Every image has the same score, by way of weights of 0: all gradients are 0."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.act = nn.Conv2d(3, 4, 3), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return 0 * self.act(self.layer(x)).mean((2, 3))


def test_10_the_peer_scales_a_flat_map_into_numbers() -> None:
    flat = torch.full((1, 4, 4), 0.2).numpy()
    assert (scale_cam_image(flat) == 0).all()  # as if it said: everything speaks against
    torch.manual_seed(0)
    noise = 1e-9 * torch.rand(1, 4, 4)
    assert scale_cam_image(noise.numpy()).max() > 0.001


# the first two need no class; the weights of Score-CAM are a softmax and sum to 1 whatever the scores
CLASS_FREE = ("activation", "eigencam", "scorecam")


@pytest.mark.parametrize("method", [name for name in METHODS if name not in CLASS_FREE])
def test_10_no_evidence_reads_as_no_evidence(method: str) -> None:
    torch.manual_seed(0)
    try:
        found = seewhy.explain(
            Indifferent(), IMAGES, methods=[method], targets=0, layer="layer", options=OPTIONS.get(method)
        )[method]
    except seewhy.SeewhyError:
        return  # said so by itself
    assert found.abs().max() == 0
    assert seewhy.normalise(found).isnan().all()


def test_all_methods_are_tested_here() -> None:
    assert {*CAMS, *PIXELS} == set(METHODS)
