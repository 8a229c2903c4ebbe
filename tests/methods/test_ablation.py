"""Ablation-CAM and what it stands on: by hand, against brute force through the whole model, and against grad-cam."""

import copy

import pytest
import torch
from pytorch_grad_cam import AblationCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import resnet18, swin_t, vit_b_16

import seewhy
from seewhy.engine.rerun import Heads
from seewhy.engine.targets import class_score
from seewhy.methods import ablation
from seewhy.methods.ablation import ablate_channels, ablationcam, closed_form

from .nets import Pooled, small
from .test_evidence import assert_untouched, state

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def brute(model: nn.Module, images: Tensor, classes: list[int], layer: nn.Module) -> Tensor:
    """(n, t, h, w): every channel set to zero in turn by a hook, the whole model run each time."""
    seen: list[Tensor] = []
    with torch.no_grad():
        with layer.register_forward_hook(lambda _module, _args, output: seen.append(output.clone())):
            whole = model(images)
        maps = torch.zeros(len(images), len(classes), *seen[0].shape[2:])
        for channel in range(seen[0].shape[1]):
            cut = seen[0].clone()
            cut[:, channel] = 0
            with layer.register_forward_hook(lambda _module, _args, _output, cut=cut: cut.clone()):
                drop = (whole - model(images))[:, classes]
            maps += (drop / whole[:, classes].abs())[:, :, None, None] * seen[0][:, channel][:, None]
    return maps


def test_by_hand() -> None:
    # pooled and linear: y = 2 * mean(A_0) - 1 * mean(A_1) = 2 * 3 - 2 = 4; the drops are 6 and -2
    images = torch.tensor([[[[1.0, 5.0]], [[2.0, 2.0]]]])
    found = seewhy.explain(
        Pooled(torch.tensor([[2.0, -1.0]])), images, methods=["ablationcam"], layer="layer", targets=1
    )
    torch.testing.assert_close(found["ablationcam"][0, 0], 6 / 4 * images[0, 0] - 2 / 4 * images[0, 1])


def test_a_negative_score_does_not_turn_the_map() -> None:
    """Divided by y, as the paper has it, the channel that speaks for the class would speak against it."""
    images = torch.tensor([[[[1.0]], [[4.0]]]])  # y = 2 - 4 = -2, drops 2 and -4
    found = seewhy.explain(
        Pooled(torch.tensor([[2.0, -1.0]])), images, methods=["ablationcam"], layer="layer", targets=1
    )
    torch.testing.assert_close(found["ablationcam"].flatten(), torch.tensor([2 / 2 * 1 - 4 / 2 * 4.0]))


def test_a_score_of_zero_does_not_divide() -> None:
    found = seewhy.explain(
        Pooled(torch.tensor([[1.0, -1.0]])), torch.ones(1, 2, 2, 2), methods=["ablationcam"], layer="layer"
    )
    assert found["ablationcam"].flatten().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("layer", ["stem.0", "stem", "layer", "mix"])
def test_equals_brute_force_through_the_whole_model(layer: str) -> None:
    model = small()
    found = seewhy.explain(model, IMAGES, methods=["ablationcam"], targets="all", layer=layer)["ablationcam"]
    torch.testing.assert_close(found, brute(model, IMAGES, [0, 1, 2], model.get_submodule(layer)), rtol=1e-4, atol=1e-5)


class Skips(nn.Module):
    """What the trunk gave is read again behind the layer; with `spoil` it is changed in place before."""

    def __init__(self, spoil: bool):
        super().__init__()
        self.early, self.layer, self.late = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(8, 4, 3)
        self.head, self.spoil, self.runs = nn.Linear(4, 2), spoil, 0

    def forward(self, x: Tensor) -> Tensor:
        self.runs += len(x)
        x = self.early(x)
        if self.spoil:
            x += 1
        both = torch.cat([self.layer(x), x], 1)
        return self.head(functional.relu(self.late(both), inplace=True).flatten(2).mean(2))


def networks() -> dict[str, tuple[nn.Module, str, bool]]:
    torch.manual_seed(0)
    return {
        "pooled": (Pooled(torch.randn(3, 3)), "layer", True),
        "relu, pooled": (small(), "mix", True),
        "relu, convolution": (small(), "layer", False),
        "beside a skip connection": (Skips(spoil=False), "layer", False),
        "a block of resnet18": (resnet18(num_classes=3), "layer4", True),
        "inside that block": (resnet18(num_classes=3), "layer4.1.bn1", False),
    }


@pytest.mark.parametrize("name", networks())
def test_the_closed_form_is_used_where_it_holds_and_only_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, layer, holds = networks()[name]
    images, chosen = IMAGES[:1], [class_score([1])]
    exact = ablationcam(Heads(model.eval(), images, layer), chosen, closed=False)
    if "resnet18" not in name and "block" not in name:  # 512 passes of the whole model
        expected = brute(model, images, [1], model.get_submodule(layer))
        torch.testing.assert_close(exact, expected, rtol=1e-3, atol=1e-4 * float(exact.abs().max()))
    with torch.no_grad():
        assert (closed_form(next(iter(Heads(model, images, layer))), chosen) is not None) is holds
    if holds:
        monkeypatch.setattr(ablation, "ablate_channels", None)  # would fail if it were called
        found = ablationcam(Heads(model, images, layer), chosen)
        torch.testing.assert_close(found, exact, rtol=1e-3, atol=1e-4 * float(exact.abs().max()))


def test_agrees_with_grad_cam() -> None:
    """Raw weights, which are shares of the score. The peer divides by y: the class is one with y > 0.

    It keeps scores as float32 and subtracts them, which costs it five digits where a channel matters little; the closed
    form does not subtract, and is nearer to what brute force gives in double precision.
    """
    torch.manual_seed(0)
    model, images = resnet18(num_classes=7).eval().requires_grad_(False), torch.rand(1, 3, 64, 64)
    index = int(model(images).argmax())
    head, whole = next(iter(Heads(model, images, "layer4"))), model(images)[:, [index]]
    assert float(whole) > 0
    peer = AblationCAM(copy.deepcopy(model), [])
    theirs = peer.get_cam_weights(
        images, peer.model.layer4, [ClassifierOutputTarget(index)], head.activation.clone(), None
    )
    form = closed_form(head, [class_score([index])])
    assert form is not None
    double = next(iter(Heads(model.double(), images.double(), "layer4")))
    truth = (ablate_channels(double, [class_score([index])]))[0]
    assert float((form[0] / whole[0] - torch.from_numpy(theirs[0])).abs().max()) < 1e-5
    assert float((form[0] - truth).abs().max() / truth.abs().max()) < 1e-5


def test_the_trunk_runs_once_and_never_again() -> None:
    """The pass that gives the scores is the one that is remembered; the channels cost no trunk."""
    model, runs = small(), []
    model.stem[0].register_forward_hook(lambda *_: runs.append(1))
    options = {"ablationcam": {"closed": False}}
    seewhy.explain(model, IMAGES[:1], methods=["ablationcam"], layer="layer", options=options)
    assert len(runs) == 1


@pytest.mark.parametrize("spoil", [False, True])
def test_skip_connections_and_in_place_changes_of_the_trunk(spoil: bool) -> None:
    torch.manual_seed(0)
    model = Skips(spoil).eval()
    found = seewhy.explain(model, IMAGES, methods=["ablationcam"], targets=[0, 1], layer="layer")["ablationcam"]
    expected = brute(model, IMAGES, [0, 1], model.layer)
    torch.testing.assert_close(found[:, 0], expected[[0, 1], [0, 1]], rtol=1e-4, atol=1e-5)
    head = next(iter(Heads(model, IMAGES[:1], "layer")))
    assert (model.early in head.trunk) is not spoil


@pytest.mark.parametrize(
    ("build", "layer"), [(vit_b_16, "encoder.layers.encoder_layer_11.ln_1"), (swin_t, "features.7")]
)
def test_tokens(build: object, layer: str) -> None:
    """The channels of the patch tokens; the ViT's class token stays as it was."""
    torch.manual_seed(0)
    model, images = build(num_classes=3).eval(), torch.rand(1, 3, 224, 224)  # type: ignore[operator]
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.05) if weight.ndim < 2 else None  # torchvision starts ViT's head at zero
    torch.nn.init.normal_(next(m for m in reversed(list(model.modules())) if isinstance(m, nn.Linear)).weight)
    head = next(iter(Heads(model, images, layer)))
    rows = head.activation.repeat(2, 1, 1, 1)
    rows[1, 5] = 0
    seen: list[Tensor] = []

    def cut(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        output = output.clone()
        (output[:, 1:] if output.ndim == 3 else output)[..., 5] = 0
        return output

    with torch.no_grad():
        seen.append(model(images))
        with model.get_submodule(layer).register_forward_hook(cut):
            seen.append(model(images))
        torch.testing.assert_close(head(rows), torch.cat(seen), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(seen[0], seen[1], rtol=1e-6, atol=0)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("method", ["ablationcam", "scorecam"])
def test_the_model_is_untouched_whatever_the_caller_switched_off(context: type, method: str) -> None:
    model = small().train()
    model.mix.eval()
    own = model.stem[0].forward
    model.stem[0].forward = own  # a user's own replacement must come back too
    before = state(model)
    with context():
        for layer in ("layer", "mix"):
            found = seewhy.explain(model, IMAGES.clone(), methods=[method], targets="all", layer=layer)[method]
            assert found.shape == (2, 3, 8, 8)
    assert_untouched(before, model)
    assert model.stem[0].__dict__["forward"] is own
    assert not any("forward" in module.__dict__ for module in model.modules() if module is not model.stem[0])


@pytest.mark.parametrize("method", ["ablationcam", "scorecam"])
def test_the_model_is_untouched_after_a_failure_half_way(method: str) -> None:
    model, calls = small().train(), []

    def target(output: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) > 2:
            raise ZeroDivisionError
        return output[:, 0]

    before = state(model)
    with pytest.raises(ZeroDivisionError):
        seewhy.explain(model, IMAGES, methods=[method], targets=[target], layer="layer")
    assert_untouched(before, model)
    assert not any("forward" in module.__dict__ for module in model.modules())


@pytest.mark.parametrize("method", ["ablationcam", "scorecam"])
def test_double_precision_and_containers(method: str) -> None:
    expected = seewhy.explain(small(), IMAGES, methods=[method], targets="all", layer="mix")[method]
    double = seewhy.explain(small().double(), IMAGES.double(), methods=[method], targets="all", layer="mix")[method]
    torch.testing.assert_close(double, expected, rtol=1e-3, atol=1e-4)
    for output in ("tuple", "dict"):
        same = seewhy.explain(small(output=output), IMAGES, methods=[method], targets="all", layer="mix")[method]
        torch.testing.assert_close(same, expected)


def test_a_model_that_does_not_repeat_itself_is_refused() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(3, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(x).mean((2, 3)) + torch.randn(2)

    with pytest.raises(seewhy.SeewhyError, match="does not repeat its own output"):
        seewhy.explain(Noisy(), IMAGES, methods=["ablationcam"], layer="layer")
