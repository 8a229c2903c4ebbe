"""The engine: what it sees is true, what it touches is left as it was, what cannot work is refused."""

import copy
import gc
import weakref
from collections import OrderedDict, namedtuple

import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

import seewhy
from seewhy.engine.evidence import Evidence, collect_evidence
from seewhy.engine.layers import depth_layers, last_layer
from seewhy.methods.cam import CAMS, PAPERS

from .nets import Pooled, Small, close, small

IMAGES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def plain_gradient(model: nn.Module, images: torch.Tensor, target: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Activation of `layer` and its gradient by ordinary autograd, without hooks, on a copy."""
    model = copy.deepcopy(model).eval()
    activation = model.layer(model.stem(images)).detach().requires_grad_()
    logits = model.head(model.mix(activation.relu()).relu().mean((2, 3)))
    return activation.detach(), torch.autograd.grad(logits[:, target].sum(), activation)[0]


def test_equals_ordinary_autograd_in_spite_of_an_in_place_relu_behind_the_layer() -> None:
    model = small()
    activation, gradient = plain_gradient(model, IMAGES, 1)
    result = seewhy.explain(model, IMAGES, methods=["hirescam", "activation"], targets=1, layer="layer")
    close(result["hirescam"][:, 0], (activation * gradient).sum(1))
    close(result["activation"][:, 0], activation.sum(1))


def test_agrees_with_captum() -> None:
    model = small()
    peer = LayerGradCam(model, model.mix).attribute(IMAGES, target=2)
    ours = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=2, layer="mix")["gradcam"]
    close(ours, peer.detach())


def state(model: nn.Module) -> tuple[object, ...]:
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    modules = [
        (name, type(module), module.training, len(module._forward_hooks)) for name, module in model.named_modules()
    ]
    return weights, modules, [(p.requires_grad, p.grad is None) for p in model.parameters()]


def assert_untouched(before: tuple[object, ...], model: nn.Module) -> None:
    after = state(model)
    assert before[1:] == after[1:]
    for key, value in before[0].items():  # type: ignore[attr-defined]
        assert torch.equal(value, after[0][key]), key  # type: ignore[index]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("frozen", [True, False])
def test_leaves_the_model_as_it_was(training: bool, frozen: bool) -> None:
    model = small().train(training).requires_grad_(not frozen)
    model.mix.eval()  # a mixture of flags must come back as a mixture
    before = state(model)
    seewhy.explain(model, IMAGES, methods=["gradcam"], targets="all", layer="layer")
    assert_untouched(before, model)


def test_leaves_the_model_as_it_was_after_a_failure_half_way() -> None:
    class Breaks(Small):
        def forward(self, x: torch.Tensor) -> object:
            self.layer(self.stem(x))
            raise ZeroDivisionError

    model = Breaks().train()
    before = state(model)
    with pytest.raises(ZeroDivisionError):
        seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")
    assert_untouched(before, model)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_works_whatever_the_caller_has_switched_off(context: type) -> None:
    model = small()
    expected = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=0, layer="layer")["gradcam"]
    with context():
        enabled = torch.is_grad_enabled()
        found = seewhy.explain(model, IMAGES.clone(), methods=["gradcam"], targets=0, layer="layer")["gradcam"]
        assert torch.is_grad_enabled() is enabled
    close(found, expected)


@pytest.mark.parametrize("output", ["tuple", "dict"])
def test_reads_the_first_tensor_of_an_output(output: str) -> None:
    expected = seewhy.explain(small(), IMAGES, methods=["gradcam"], layer="layer")["gradcam"]
    found = seewhy.explain(small(output=output), IMAGES, methods=["gradcam"], layer="layer")["gradcam"]
    close(found, expected)


def test_the_trunk_keeps_no_graph() -> None:
    seen: list[bool] = []
    model = small()
    model.stem.register_forward_hook(lambda _module, _args, output: seen.append(output.requires_grad))
    seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")
    assert seen == [False]


def test_several_layers_from_one_pass_equal_each_alone() -> None:
    model, passes = small(), []
    model.stem.register_forward_hook(lambda *_: passes.append(1))
    both = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer=["layer", model.mix])
    assert len(passes) == 1
    assert both.layer == ["layer", "mix"]
    for layer in ("layer", "mix"):
        alone = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer=layer)
        close(both["gradcam", layer], alone["gradcam"])


def test_a_callable_target_is_a_score_for_each_image() -> None:
    model = small()
    margin = seewhy.explain(
        model, IMAGES, methods=["gradcam"], targets=[lambda out: out[:, 0] - out[:, 1]], layer="layer"
    )
    single = [seewhy.explain(model, IMAGES, methods=["gradcam"], targets=k, layer="layer")["gradcam"] for k in (0, 1)]
    close(margin["gradcam"], single[0] - single[1])


def test_predictions_and_scores_are_those_of_the_plain_model() -> None:
    model = small()
    result = seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")
    logits = model(IMAGES)
    assert result.predictions.tolist() == logits.argmax(1).tolist()
    close(result.scores[:, 0], logits.amax(1).detach())


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"targets": [0]}, "targets holds 1 classes for a batch of 3 images"),
        ({"targets": 5000}, "unknown class 5000 in targets; allowed: 0 to 2"),
        ({"targets": "every"}, "targets='every'"),
        ({"methods": ["gradcan"]}, "did you mean 'gradcam'"),
        ({"layer": "layr"}, "did you mean 'layer'"),
        ({"layer": "head"}, "allowed: \\(n, channels, height, width\\)"),
        ({"targets": [lambda out: out.mean()]}, "target 0 returns shape"),
        ({"targets": [lambda out: out.detach()[:, 0]]}, "does not depend on the layer"),
    ],
)
def test_refuses_with_one_line(options: dict[str, object], line: str) -> None:
    given = {"methods": ["gradcam"], "layer": "layer", **options}
    with pytest.raises(seewhy.SeewhyError, match=line):
        seewhy.explain(small(), IMAGES, **given)  # type: ignore[arg-type]


def test_an_unreached_layer_is_refused() -> None:
    model = small()
    model.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(seewhy.SeewhyError, match="'spare' is not reached"):
        seewhy.explain(model, IMAGES, methods=["gradcam"], layer="spare")


def test_the_last_layer_is_what_the_head_reads() -> None:
    from torchvision import models

    images = torch.rand(1, 3, 64, 64)
    names = {"resnet18": "layer4", "mobilenet_v2": "features", "efficientnet_b0": "features"}
    for name, layer in names.items():
        assert last_layer(models.get_model(name), images) == layer
    assert depth_layers(models.resnet18(), images) == ["layer1", "layer2", "layer3", "layer4"]


class Returns(nn.Module):
    """A layer that returns its maps in a container, with something else that the head needs as well."""

    def __init__(self, make: object):
        super().__init__()
        self.conv, self.make = nn.Conv2d(3, 4, 3), make

    def forward(self, x: torch.Tensor) -> object:
        return self.make(self.conv(x), x.mean((2, 3)))  # type: ignore[operator]


class Reads(nn.Module):
    def __init__(self, make: object, read: object):
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.read, self.head = Returns(make), read, nn.Linear(7, 3)

    def forward(self, x: torch.Tensor) -> OrderedDict[str, torch.Tensor]:
        maps, other = self.read(self.layer(x))  # type: ignore[operator]
        return OrderedDict(logits=self.head(torch.cat([maps.relu_().mean((2, 3)), other], 1)), hidden=maps)


Pair = namedtuple("Pair", "maps other")
CONTAINERS = {
    "tuple": (lambda a, b: (a, b), lambda pair: pair),
    "list": (lambda a, b: [a, b], lambda pair: pair),
    "named tuple": (Pair, lambda pair: (pair.maps, pair.other)),
    "dict": (lambda a, b: OrderedDict(maps=a, other=b), lambda pair: (pair["maps"], pair["other"])),
    "behind a number": (lambda a, b: (7, None, a, b), lambda four: four[2:]),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_the_first_tensor_of_a_layer_counts_and_the_rest_is_handed_on(kind: str) -> None:
    model = Reads(*CONTAINERS[kind])
    found = seewhy.explain(model, IMAGES, methods=["hirescam"], targets=1, layer="layer")
    expected = seewhy.explain(model, IMAGES, methods=["hirescam"], targets=1, layer="layer.conv")
    close(found["hirescam"], expected["hirescam"])
    close(found.scores[:, 0], model(IMAGES)["logits"][:, 1].detach())
    assert found["hirescam"].abs().max() > 0


def test_a_layer_without_a_float_tensor_is_refused() -> None:
    model = Reads(lambda a, b: {"sizes": (a, b)}, lambda pair: pair["sizes"])
    with pytest.raises(seewhy.SeewhyError, match="layer 'layer' returns a dict; allowed: a float tensor"):
        seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")


def test_a_container_and_its_last_child_see_the_same() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(4, 5, 3)))
    model = nn.Sequential(body, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2))
    for order in (["0", "0.1", "0.1.1"], ["0.1.1", "0.1", "0"]):
        found = seewhy.explain(model, IMAGES, methods=["hirescam"], targets=1, layer=order)
        alone = seewhy.explain(model, IMAGES, methods=["hirescam"], targets=1, layer="0")["hirescam"]
        for layer in order:
            close(found["hirescam", layer], alone)


class Branches(nn.Module):
    """Two branches side by side, of which the first stands on no graph of the second."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head((self.left(x) * self.right(x)).mean((2, 3)))


@pytest.mark.parametrize("frozen", [True, False])
def test_layers_side_by_side_equal_each_alone(frozen: bool) -> None:
    model = Branches().requires_grad_(not frozen)
    both = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=0, layer=["left", "right"])
    for layer in ("left", "right"):
        alone = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=0, layer=layer)["gradcam"]
        close(both["gradcam", layer], alone)
        assert alone.abs().max() > 0


def test_a_layer_the_score_passes_by_is_refused_by_name_among_several() -> None:
    model = small(output="tuple")
    model.register_module("beside", nn.Conv2d(8, 8, 1))
    model.mix.register_forward_hook(lambda _module, _args, output: [model.beside(output), output][1])
    with pytest.raises(seewhy.SeewhyError, match="does not depend on the layer 'beside'"):
        seewhy.explain(model, IMAGES, methods=["gradcam"], layer=["mix", "beside"])


class Twice(Small):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.mix(self.mix(self.layer(self.stem(x))))
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("method", ["gradcam", "ablationcam"])
def test_a_layer_called_twice_is_two_places_and_their_sum(method: str) -> None:
    model = Twice()
    whole = seewhy.explain(model, IMAGES, methods=[method], layer="mix")
    calls = seewhy.explain(model, IMAGES, methods=[method], layer=["mix#1", "mix#2"])
    assert whole.layer == last_layer(model, IMAGES) == "mix"
    close(whole[method], calls[method, "mix#1"] + calls[method, "mix#2"])
    assert not torch.equal(calls[method, "mix#1"], calls[method, "mix#2"])
    with pytest.raises(seewhy.SeewhyError, match="layer 'mix#3' is not reached"):
        seewhy.explain(model, IMAGES, methods=[method], layer="mix#3")


class Frozen(Small):
    """The encoder runs under the model's own no_grad, as frozen encoders of captioning models do."""

    def forward(self, x: torch.Tensor) -> object:
        with torch.no_grad():
            x = self.layer(self.stem(x))
        return self.head(self.mix(x.relu()).relu().mean((2, 3)))


def test_a_layer_inside_the_models_own_no_grad() -> None:
    plain, model = small(), Frozen().eval()
    model.load_state_dict(plain.state_dict())
    before = state(model)
    found = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=1, layer="layer")["gradcam"]
    expected = seewhy.explain(plain, IMAGES, methods=["gradcam"], targets=1, layer="layer")["gradcam"]
    close(found, expected)
    assert_untouched(before, model)


@pytest.mark.parametrize("channels", [1, 5])
def test_grey_and_many_channels(channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = seewhy.explain(model, torch.rand(2, channels, 9, 7), methods=["gradcam"], targets="all")
    assert found.layer == "1"
    assert found["gradcam"].shape == (2, 4, 7, 5)


def test_double_precision_is_kept_inside() -> None:
    model = small().double()
    seen = collect_evidence(model, IMAGES.double(), ["layer"], 0).evidence["layer"][0]
    assert seen.activation.dtype == seen.gradient.dtype == seen.score.dtype == torch.float64
    single = collect_evidence(small(), IMAGES, ["layer"], 0).evidence["layer"][0]
    close(seen.gradient.float(), single.gradient)


@pytest.mark.parametrize(
    ("model", "images", "line"),
    [
        (small().to("meta"), IMAGES, r"images are on cpu, the model is on meta; move one: images.to\('meta'\)"),
        (small(), IMAGES.double(), r"images are of torch.float64, the model is of torch.float32"),
        (small(), IMAGES.to(torch.uint8), r"torch.uint8; allowed"),
    ],
)
def test_images_that_do_not_fit_the_model(model: nn.Module, images: torch.Tensor, line: str) -> None:
    for call in (
        lambda: collect_evidence(model, images, ["layer"], 0),
        lambda: seewhy.explain(model, images, methods=["gradcam"]),
        lambda: last_layer(model, images),
    ):
        with pytest.raises(seewhy.SeewhyError, match=line):
            call()


@pytest.mark.parametrize("layer", ["layer", "mix"])
def test_all_targets_of_one_pass_equal_ordinary_autograd(layer: str) -> None:
    model = small()
    for index, one in enumerate(collect_evidence(model, IMAGES, [layer], "all").evidence[layer]):
        leaf = model.layer(model.stem(IMAGES))
        leaf = (leaf if layer == "layer" else model.mix(leaf.relu())).detach().requires_grad_()
        maps = model.mix(leaf.relu()) if layer == "layer" else leaf
        score = model.head(maps.relu().mean((2, 3)))[:, index]
        close(one.gradient, torch.autograd.grad(score.sum(), leaf)[0])


def test_a_gradient_that_is_one_number_a_channel_takes_no_more_memory() -> None:
    weight = torch.tensor([[1.0, -2.0, 0.5]])
    gradient = collect_evidence(Pooled(weight), IMAGES, ["layer"], 1).evidence["layer"][0].gradient
    close(gradient, (weight / 256)[..., None, None].expand(3, 3, 16, 16))
    assert gradient.untyped_storage().nbytes() == 9 * 4


def test_no_trunk_tensor_outlives_the_pass() -> None:
    model, trunk = small(), []
    model.stem.register_forward_hook(lambda *given: trunk.append(weakref.ref(given[2])))
    seen = collect_evidence(model, IMAGES, ["layer"], "all")
    gc.collect()
    assert trunk[0]() is None
    assert len(seen.evidence["layer"]) == 3


@pytest.mark.parametrize("layers", [["layer"], ["layer", "mix"]])
def test_no_gradient_outlives_its_target(layers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand classes need the memory of one: maps are kept, and the gradient goes before the next one comes."""
    gradients: list[weakref.ref[torch.Tensor]] = []
    before: list[int] = []
    most: list[int] = []

    def alive() -> int:
        return sum(one() is not None for one in gradients)

    def probe(evidence: Evidence) -> torch.Tensor:
        gradients.append(weakref.ref(evidence.gradient))
        most.append(alive())
        return evidence.activation.sum(1)

    def start(_gradients: object) -> None:
        before.append(alive())

    def watch(_module: nn.Module, _args: object, output: torch.Tensor) -> None:
        output.grad_fn.register_prehook(start)  # type: ignore[union-attr]

    model = small(classes=20)
    monkeypatch.setitem(CAMS, "probe", probe)
    monkeypatch.setitem(PAPERS, "probe", "none")
    model.head.register_forward_hook(watch)  # the linear layer runs backward first, for each target anew
    seewhy.explain(model, IMAGES, methods=["probe"], targets="all", layer=layers)
    assert len(gradients) == 20 * len(layers)
    assert before == [0] * 20
    assert max(most) == len(layers)
