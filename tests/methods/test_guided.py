"""Guided backprop: by hand, as captum where captum is right, at work where captum silently does nothing."""

import pytest
import torch
from captum.attr import GuidedBackprop, GuidedGradCam
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

import seewhy

from .nets import close, small

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def maps(model: nn.Module, method: str, images: Tensor = IMAGES, **given: object) -> Tensor:
    return seewhy.explain(model, images, methods=[method], **{"targets": 1, **given})[method][:, 0]  # type: ignore[arg-type]


class Chain(nn.Module):
    """score = -3 f(2 x): one activation, a negative weight behind it."""

    def __init__(self, activation: object, weight: float = -3.0):
        super().__init__()
        self.activation, self.weight = activation, weight

    def forward(self, x: Tensor) -> Tensor:
        return (self.weight * self.activation(2 * x)).sum((2, 3))[:, :2]  # type: ignore[operator]


def test_by_hand() -> None:
    x = torch.tensor([[[[-1.0, 2.0]], [[0.5, -3.0]], [[0.0, 0.0]]]])
    # gradient of -3 relu(2 x): -6 where x > 0; guided: -3 is negative behind the ReLU, so nothing passes
    assert maps(Chain(nn.ReLU()), "gradient", x)[0, 1].tolist() == [[-6.0, 0.0]]
    assert maps(Chain(nn.ReLU()), "guided_backprop", x)[0, 1].tolist() == [[0.0, 0.0]]
    # of +3 relu(2 x): both agree
    assert maps(Chain(nn.ReLU(), 3.0), "guided_backprop", x)[0, 1].tolist() == [[6.0, 0.0]]


@pytest.mark.parametrize(
    "activation",
    [
        nn.ReLU(inplace=True),
        nn.ReLU6(),
        nn.ReLU6(inplace=True),
        nn.Hardtanh(inplace=True),
        nn.SiLU(),
        nn.SiLU(inplace=True),
        nn.GELU(),
        nn.GELU(approximate="tanh"),
        nn.LeakyReLU(inplace=True),
        nn.ELU(inplace=True),
        nn.SELU(),
        nn.CELU(),
        nn.Hardswish(inplace=True),
        nn.Mish(),
        functional.relu,
        functional.relu_,
        functional.relu6,
        functional.leaky_relu_,
        functional.elu_,
        functional.silu,
        functional.gelu,
        functional.hardswish,
        functional.mish,
        torch.relu,
        torch.relu_,
        Tensor.relu,
        Tensor.relu_,
        lambda x: functional.relu(x, True),
        lambda x: functional.leaky_relu(x, 0.2, inplace=True),
        lambda x: functional.relu(input=x),
    ],
    ids=lambda activation: str(getattr(activation, "__name__", activation)),
)
def test_each_form_of_each_activation(activation: object) -> None:
    """Forward values are the native ones; positive gradients pass with the native derivative, negative do not."""
    x = torch.linspace(-2, 2, 24).reshape(1, 3, 2, 4)
    positive = Chain(activation, 3.0)
    close(maps(positive, "guided_backprop", x), maps(positive, "gradient", x))
    assert maps(positive, "gradient", x).abs().max() > 0
    assert maps(Chain(activation), "gradient", x).abs().max() > 0
    assert maps(Chain(activation), "guided_backprop", x).abs().max() == 0
    scores = seewhy.explain(positive, x, methods=["guided_backprop"], targets="all").scores
    close(scores, positive(x.clone()).detach())


def test_an_activation_in_place_on_a_part_of_a_tensor() -> None:
    """x[:, :2].relu_() overwrites a view: the rule must reach what flows back through its base."""

    class Part(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x = 2 * x
            x[:, :2].relu_()
            return -3 * x.sum((2, 3))

    x = torch.ones(1, 3, 2, 2)
    assert maps(Part(), "gradient", x).abs().sum() == 24
    assert maps(Part(), "guided_backprop", x).abs().sum() == 0


def test_an_activation_in_place_leaves_what_others_kept() -> None:
    """y = a^2 + silu_(a): the square keeps a clone in the native pass too; both see the value from before."""

    class Both(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            a = 2 * x
            square = a.clone() ** 2
            return (square + functional.silu(a, inplace=True)).sum((2, 3))

    x = torch.linspace(-1, 1, 12).reshape(1, 3, 2, 2)
    close(maps(Both(), "guided_backprop", x), maps(Both(), "gradient", x))


def test_a_residual_sum_in_place_behind_the_activation() -> None:
    """y = silu(x); y += x: the gradient of the activation's result is taken before the sum overwrites it."""

    class Residual(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = functional.silu(2 * x)
            y += 5 * x
            return -y.sum((2, 3))

    assert (maps(Residual(), "guided_backprop", torch.ones(1, 3, 2, 2))[:, 1] == -5).all()


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return models.resnet18(num_classes=5).eval()


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
def test_agrees_with_captum_on_relu_modules(network: nn.Module) -> None:
    """resnet18 calls each ReLU module twice and in place, which captum's backward hooks do not allow."""
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    theirs = GuidedBackprop(network).attribute(IMAGES.clone(), target=1)
    ours = maps(network, "guided_backprop")
    assert float((ours - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())
    theirs = GuidedGradCam(network, network.layer3).attribute(IMAGES.clone(), target=1, interpolate_mode="bilinear")
    theirs = theirs.detach()
    ours = maps(network, "guided_gradcam", layer="layer3")
    assert float((ours - theirs).abs().max()) <= 1e-4 * float(theirs.abs().max())


class Functional(nn.Module):
    """No activation module at all."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.one, self.two, self.head = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.relu(self.two(functional.relu(self.one(x)))).mean((2, 3)))


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0", "functional"])
def test_works_where_captum_returns_the_plain_gradient(name: str) -> None:
    torch.manual_seed(0)
    model = (Functional() if name == "functional" else models.get_model(name, num_classes=5)).eval()
    plain, ours = maps(model, "gradient"), maps(model, "guided_backprop")
    captum = GuidedBackprop(model).attribute(IMAGES.clone(), target=1)
    close(captum, plain)  # the peer: no effect
    assert float((ours - plain).abs().max()) > 0.1 * float(plain.abs().max())


def test_equals_relu_modules_whatever_form_the_relu_has() -> None:
    """The same net with functional ReLUs and with modules, the second explained by captum."""

    class Modules(Functional):
        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.relu2(self.two(self.relu1(self.one(x)))).mean((2, 3)))

    peer = Modules()
    peer.relu1, peer.relu2 = nn.ReLU(), nn.ReLU()
    theirs = GuidedBackprop(peer).attribute(IMAGES.clone(), target=1)
    close(maps(Functional(), "guided_backprop"), theirs)


@pytest.mark.parametrize("method", ["guided_backprop", "guided_gradcam"])
def test_refuses_a_net_without_a_known_activation(method: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(
        seewhy.SeewhyError, match=r"no activation it knows.*Conv2d, Flatten, Linear, Tanh; allowed: relu"
    ):
        maps(model, method)


def test_guided_gradcam_is_the_product_of_its_two() -> None:
    images, methods = IMAGES[:, :, :16, :16], ["guided_backprop", "guided_gradcam", "gradcam"]
    result = seewhy.explain(small(), images, methods=methods, targets="all", layer="layer")
    assert result["gradcam"].min() < 0 < result["gradcam"].max()
    coarse = seewhy.upsample(seewhy.relu(result["gradcam"]), (16, 16))[:, :, None]
    close(result["guided_gradcam"], result["guided_backprop"] * coarse)
