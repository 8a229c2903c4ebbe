"""Each variant against its formula worked by hand, the identities it must satisfy, and a peer library."""

import pytest
import torch
from pytorch_grad_cam import EigenCAM, EigenGradCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torchvision.models import resnet18

import seewhy
from seewhy.engine.evidence import Evidence
from seewhy.methods.cam import CAMS

from .nets import Pooled, close, small

A = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[2.0, 0.0], [0.0, 2.0]]]])
G = torch.tensor([[[[1.0, -1.0], [0.0, 2.0]], [[-2.0, 0.0], [0.0, 0.0]]]])
BY_HAND = Evidence(A, G, torch.zeros(1))


def cells(name: str) -> list[float]:
    return CAMS[name](BY_HAND).flatten().tolist()


def test_activation_sums_over_channels() -> None:
    assert cells("activation") == [3, 2, 3, 6]


def test_gradcam_weighs_channels_by_their_mean_gradient() -> None:
    # means of g: 2/4 = .5 and -2/4 = -.5, so the map is .5 A_0 - .5 A_1
    assert cells("gradcam") == pytest.approx([-0.5, 1.0, 1.5, 1.0])


def test_hirescam_multiplies_cell_by_cell() -> None:
    assert cells("hirescam") == [1 - 4, -2, 0, 8]


def test_layercam_drops_negative_gradients_cell_by_cell() -> None:
    assert cells("layercam") == [1, 0, 0, 8]


def test_xgradcam_normalises_by_the_channels_sum() -> None:
    # w_0 = (1 - 2 + 0 + 8) / 10 = .7, w_1 = -4 / 4 = -1
    assert cells("xgradcam") == pytest.approx([0.7 - 2, 1.4, 2.1, 2.8 - 2])


def test_gradcam_pp_weighs_by_alpha() -> None:
    # channel 0, sum A = 10: alpha = 1/(2+10), 1/(2-10), -, 4/(8+80); its weight = 1/12 * 1 + 4/88 * 2
    # channel 1 has no positive gradient and so no weight
    weight = 1 / 12 + 8 / 88
    assert cells("gradcam_pp") == pytest.approx([weight, 2 * weight, 3 * weight, 4 * weight])


def test_eigencam_is_the_first_singular_direction() -> None:
    grown = torch.einsum("c,hw->chw", torch.tensor([3.0, 4.0]), torch.tensor([[1.0, 2.0], [0.0, 1.0]]))[None]
    found = CAMS["eigencam"](Evidence(grown, grown, torch.zeros(1)))
    close(found, 5 * torch.tensor([[[1.0, 2.0], [0.0, 1.0]]]))  # rank one: |(3, 4)| = 5


def test_eigengradcam_is_eigencam_of_gradient_times_activation() -> None:
    grown = torch.einsum("c,hw->chw", torch.tensor([3.0, 4.0]), torch.tensor([[1.0, 2.0], [0.0, 1.0]]))[None]
    found = CAMS["eigengradcam"](Evidence(grown / G.abs().add(1), G.abs().add(1), torch.zeros(1)))
    close(found, 5 * torch.tensor([[[1.0, 2.0], [0.0, 1.0]]]))


def test_eigengradcam_differs_from_grad_cam_by_its_centring_only(network: torch.nn.Module) -> None:
    """As for Eigen-CAM; with the mean of each channel taken out first, the direction is the peer's."""
    a, g = torch.randn(2, 1, 5, 4, 4).unbind(0)
    product = (a * g).flatten(2).transpose(1, 2)
    centred = (product - product.mean(1, keepdim=True)).transpose(1, 2).reshape(a.shape)
    ours = CAMS["eigengradcam"](Evidence(centred, torch.ones_like(g), torch.zeros(1)))
    with EigenGradCAM(network, [network.layer4]) as peer:
        theirs = torch.from_numpy(peer.get_cam_image(None, None, None, a.numpy(), g.numpy(), False))
    close(ours.abs(), theirs.abs())


@pytest.mark.parametrize("name", CAMS)
def test_a_gradient_held_once_for_all_cells_gives_the_same_map(name: str) -> None:
    """Behind a head that pools, the gradient is a view of one number a channel; formulas may use it, not differ."""
    a, slope = torch.randn(2, 5, 3, 4), torch.randn(2, 5, 1, 1).expand(2, 5, 3, 4)
    short, full = (CAMS[name](Evidence(a, g, torch.zeros(2))) for g in (slope, slope.contiguous()))
    close(short, full)


def test_pooling_and_one_linear_layer_make_three_methods_one() -> None:
    weight = torch.tensor([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]])
    images = torch.rand(4, 3, 5, 6)
    result = seewhy.explain(
        Pooled(weight), images, methods=["gradcam", "hirescam", "xgradcam"], targets=0, layer="layer"
    )
    by_hand = torch.einsum("k,nkhw->nhw", weight[0], images) / 30
    for name in ("gradcam", "hirescam", "xgradcam"):
        close(result[name][:, 0], by_hand)


def test_hirescam_of_such_a_head_sums_to_the_score() -> None:
    model = Pooled(torch.randn(5, 3))
    result = seewhy.explain(model, torch.rand(2, 3, 4, 4), methods=["hirescam"], targets="all", layer="layer")
    close(result["hirescam"].sum((2, 3)), result.scores)


@pytest.mark.parametrize("name", [name for name in CAMS if name not in ("activation", "eigencam")])
def test_a_gradient_of_zero_is_no_evidence(name: str) -> None:
    silent = Evidence(A, torch.zeros_like(A), torch.zeros(1))
    assert CAMS[name](silent).abs().max() == 0
    assert seewhy.normalise(CAMS[name](silent)).isnan().all()


PEERS = {
    "gradcam": GradCAM,
    "gradcam_pp": GradCAMPlusPlus,
    "hirescam": HiResCAM,
    "xgradcam": XGradCAM,
    "layercam": LayerCAM,
}


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return resnet18(num_classes=7).eval()


@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("layer", ["layer3", "layer4"])
def test_agrees_with_grad_cam(name: str, layer: str, network: torch.nn.Module) -> None:
    """Raw and signed: the peer's own activations and gradients through the peer's own formula, before it scales."""
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    targets, module = [ClassifierOutputTarget(3)] * 2, getattr(network, layer)
    with PEERS[name](network, [module]) as peer:
        peer(images, targets)
        kept = peer.activations_and_grads
        a, g = kept.activations[0].numpy(), kept.gradients[0].numpy()
        theirs = torch.from_numpy(peer.get_cam_image(images, module, targets, a, 1e3 * g, False))
    # a thousand times the gradient, since the peer adds 1e-6 to sums of these; the formulas are homogeneous in it
    seen = CAMS[name](Evidence(torch.from_numpy(a), 1e3 * torch.from_numpy(g), torch.zeros(2)))
    close(seen, theirs.float())
    ours = seewhy.explain(network, images, methods=["hirescam"], targets=3, layer=layer)["hirescam"][:, 0]
    close(ours, torch.from_numpy((a * g).sum(1)))


def test_eigencam_differs_from_grad_cam_by_its_centring_only(network: torch.nn.Module) -> None:
    """The peer subtracts the mean of each cell's channels first, which the paper does not; the direction agrees."""
    images = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    ours = seewhy.explain(network, images, methods=["eigencam"], layer="layer4")["eigencam"][0, 0]
    peer = torch.from_numpy(EigenCAM(network, [network.layer4])(images, [ClassifierOutputTarget(0)]))[0]
    enlarged = seewhy.upsample(ours, tuple(peer.shape))  # type: ignore[arg-type]
    assert torch.corrcoef(torch.stack([enlarged.flatten(), peer.flatten()]))[0, 1].abs() > 0.5


def test_all_classes_equal_one_class_at_a_time() -> None:
    model, images = small(), torch.rand(3, 3, 16, 16)
    together = seewhy.explain(model, images, methods=list(CAMS), targets="all", layer="layer")
    for index in range(3):
        alone = seewhy.explain(model, images, methods=list(CAMS), targets=index, layer="layer")
        for name in CAMS:
            close(together[name][:, index], alone[name][:, 0])


def test_a_batch_equals_one_image_at_a_time() -> None:
    model, images = small(), torch.rand(4, 3, 16, 16)
    batch = seewhy.explain(model, images, methods=["gradcam"], targets=[0, 1, 2, 0], layer="layer")["gradcam"]
    for index, target in enumerate([0, 1, 2, 0]):
        alone = seewhy.explain(model, images[index : index + 1], methods=["gradcam"], targets=target, layer="layer")
        close(batch[index], alone["gradcam"][0])
