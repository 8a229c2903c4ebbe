"""The CAM family beside grad-cam, captum and torchcam, to 1e-4 of the map's range, on nine kinds of nets.

Random weights, seeded; double precision, since some peers lose digits in single. Peers' maps are taken raw, before they
clip, scale and enlarge. The score is a class's logit a thousandfold, for all alike: grad-cam adds 1e-6 to sums of
squared gradients, and a random net's gradients are not large beside that. Where a peer is wrong, a test says who is
right and why.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from torch import Tensor, nn
from torchcam import methods as torchcams
from torchvision import models

import seewhy
from seewhy.methods.explain import Explanation

from .nets import close

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)).double()
CLASS, SIZE = 3, 1e3
FAMILY = {
    "gradcam": GradCAM,
    "gradcam_pp": GradCAMPlusPlus,
    "hirescam": HiResCAM,
    "xgradcam": XGradCAM,
    "layercam": LayerCAM,
}
TORCHCAM = {"gradcam": torchcams.GradCAM, "xgradcam": torchcams.XGradCAM, "layercam": torchcams.LayerCAM}
NETS = {
    "resnet50": "layer4",
    "efficientnet_b0": "features",
    "mobilenet_v2": "features",
    "resnext50_32x4d": "layer4",
    "vgg16": "features",
    "densenet121": "features.denseblock4",
    "convnext_tiny": "features",
    "vit_b_16": "encoder.layers.encoder_layer_11.ln_1",
    "swin_t": "norm",
}


def score(output: Tensor) -> Tensor:
    return SIZE * output[..., CLASS]


def reshape_of(name: str) -> Callable[[Tensor], Tensor] | None:
    """How a peer's user lays token models out by hand."""
    if name == "vit_b_16":
        return lambda tokens: tokens[:, 1:].unflatten(1, (4, 4)).permute(0, 3, 1, 2)
    return (lambda last: last.permute(0, 3, 1, 2)) if name == "swin_t" else None


@dataclass
class Case:
    name: str
    model: nn.Module
    layer: str
    ours: Explanation
    activation: Tensor  # as grad-cam keeps it, and its gradient
    gradient: Tensor

    @property
    def module(self) -> nn.Module:
        return self.model.get_submodule(self.layer)


def calibrated(model: nn.Module) -> nn.Module:
    """Batch norms that have seen the images, as after training: else activations of deep nets are all but zero."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(IMAGES.float())
    return model.eval()


@pytest.fixture(scope="module", params=NETS)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    name, layer = request.param, NETS[request.param]
    torch.manual_seed(0)
    options = {"image_size": 64} if name == "vit_b_16" else {}
    model = calibrated(models.get_model(name, num_classes=5, **options))
    if name == "vit_b_16":
        nn.init.normal_(model.heads[0].weight)  # torchvision begins with zeros, which would explain nothing
    model.double()
    ours = seewhy.explain(model, IMAGES, methods=list(FAMILY), targets=[score], layer=layer)
    with GradCAM(model, [model.get_submodule(layer)], reshape_transform=reshape_of(name)) as peer:
        peer(IMAGES, [score, score])
        kept = peer.activations_and_grads
        yield Case(name, model, layer, ours, kept.activations[0], kept.gradients[0])


def agrees(ours: Tensor, theirs: Tensor) -> None:
    spread = float(theirs.max() - theirs.min())
    assert spread > 0
    assert float((ours - theirs).abs().max()) <= 1e-4 * spread


@pytest.mark.parametrize("method", FAMILY)
def test_agrees_with_grad_cam(method: str, case: Case) -> None:
    """Its own activations and gradients through its own formula."""
    peer = FAMILY[method](case.model, [case.module])
    peer.activations_and_grads.release()
    a, g = case.activation.numpy(), case.gradient.numpy()
    theirs = torch.from_numpy(peer.get_cam_image(IMAGES, case.module, [score], a, g, False))
    agrees(case.ours[method][:, 0], theirs)


@pytest.mark.parametrize("method", TORCHCAM)
def test_agrees_with_torchcam(method: str, case: Case) -> None:
    """It clips at zero, which cannot be switched off: what speaks against the class is what speaks for its negative."""
    found = seewhy.explain(
        case.model, IMAGES, methods=[method], targets=[score, lambda output: -score(output)], layer=case.layer
    )[method]
    with TORCHCAM[method](case.model, case.layer, reshape_transform=reshape_of(case.name)) as peer:
        logits = SIZE * case.model(IMAGES)
        both = [peer(scores=sign * logits, class_idx=CLASS, normalized=False, retain_graph=True)[0] for sign in (1, -1)]
    agrees(seewhy.relu(found), torch.stack(both, 1))


def test_agrees_with_captum(case: Case) -> None:
    """On convolutional nets. On tokens captum takes channels for cells; ours are right by the peers above."""
    theirs = LayerGradCam(lambda images: SIZE * case.model(images), case.module).attribute(IMAGES, CLASS).detach()
    if reshape_of(case.name) is None:
        agrees(case.ours["gradcam"], theirs)
    else:
        assert theirs.shape[-2:] != case.ours["gradcam"].shape[-2:]


def test_grad_cam_is_wrong_where_an_operation_in_place_follows_the_layer() -> None:
    """densenet121's `features` end in a batch norm, and the net applies `relu(..., inplace=True)` to what they return.

    The peer's activation is then the one behind the ReLU, with the gradient from before it. Ours is the layer's own.
    """
    torch.manual_seed(0)
    model = calibrated(models.get_model("densenet121", num_classes=5))
    with GradCAM(model, [model.features]) as peer:
        peer(IMAGES.float(), [score, score])
        theirs = torch.from_numpy(peer.activations_and_grads.activations[0].numpy())
    ours = seewhy.explain(model, IMAGES.float(), methods=["hirescam", "activation"], targets=[score], layer="features")
    with torch.no_grad():
        right = model.features(IMAGES.float())
    leaf = right.clone().requires_grad_()
    slope = torch.autograd.grad(score(model.classifier(leaf.relu().mean((2, 3)))).sum(), leaf)[0]
    close(theirs, right.relu())
    close(ours["activation"][:, 0], right.sum(1))
    close(ours["hirescam"][:, 0], (right * slope).sum(1))
    assert float((right.relu() - right).abs().max()) > 0.1 * float(right.abs().max())
