"""The engine: what it sees is true, what it touches is left as it was, what cannot work is refused."""

import copy

import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

import seewhy
from seewhy.methods.layers import depth_layers, last_layer

from .nets import Small, small

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
    torch.testing.assert_close(result["hirescam"][:, 0], (activation * gradient).sum(1))
    torch.testing.assert_close(result["activation"][:, 0], activation.sum(1))


def test_agrees_with_captum() -> None:
    model = small()
    peer = LayerGradCam(model, model.mix).attribute(IMAGES, target=2)
    ours = seewhy.explain(model, IMAGES, methods=["gradcam"], targets=2, layer="mix")["gradcam"]
    torch.testing.assert_close(ours, peer.detach(), rtol=1e-4, atol=1e-7)


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
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("output", ["tuple", "dict"])
def test_reads_the_first_tensor_of_an_output(output: str) -> None:
    expected = seewhy.explain(small(), IMAGES, methods=["gradcam"], layer="layer")["gradcam"]
    found = seewhy.explain(small(output=output), IMAGES, methods=["gradcam"], layer="layer")["gradcam"]
    torch.testing.assert_close(found, expected)


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
        torch.testing.assert_close(both["gradcam", layer], alone["gradcam"])


def test_a_callable_target_is_a_score_for_each_image() -> None:
    model = small()
    margin = seewhy.explain(
        model, IMAGES, methods=["gradcam"], targets=[lambda out: out[:, 0] - out[:, 1]], layer="layer"
    )
    single = [seewhy.explain(model, IMAGES, methods=["gradcam"], targets=k, layer="layer")["gradcam"] for k in (0, 1)]
    torch.testing.assert_close(margin["gradcam"], single[0] - single[1], rtol=1e-4, atol=1e-7)


def test_predictions_and_scores_are_those_of_the_plain_model() -> None:
    model = small()
    result = seewhy.explain(model, IMAGES, methods=["gradcam"], layer="layer")
    logits = model(IMAGES)
    assert result.predictions.tolist() == logits.argmax(1).tolist()
    torch.testing.assert_close(result.scores[:, 0], logits.amax(1).detach())


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
