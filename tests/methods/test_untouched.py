"""Every method there is: the model is left as it was, after success and after failure, whatever state it was in."""

import warnings

import pytest
import torch
from torch import Tensor, nn

import seewhy
from seewhy.engine.targets import class_score
from seewhy.methods import pixels
from seewhy.methods.explain import CAMS, PIXELS

from .nets import Small, close, small

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
METHODS = [*CAMS, *PIXELS]
QUICK: dict[str, dict[str, object]] = {
    "integrated_gradients": {"steps": 3},
    "smoothgrad": {"samples": 3},
    "occlusion": {"patch": 8},
    "rise": {"samples": 6},
    "lime": {"samples": 20},
    "shap_gradient": {"samples": 4},
    "shap_partition": {"evaluations": 20},
}


def fingerprint(model: nn.Module) -> list[object]:
    """All that a method could leave behind: weights, buffers, gradients, flags, types, hooks, attributes."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    grads = [(name, None if tensor.grad is None else tensor.grad.tolist()) for name, tensor in tensors]
    values = [
        (name, tensor.tolist(), tensor.requires_grad, tensor.data_ptr(), tensor._version) for name, tensor in tensors
    ]
    modules = [
        (name, type(module), id(module), module.training, sorted(module.__dict__), _hooks(module))
        for name, module in model.named_modules()
    ]
    return [grads, values, modules, torch.is_grad_enabled(), torch.is_inference_mode_enabled()]


def _hooks(module: nn.Module) -> list[int]:
    return [len(hooks) for key, hooks in sorted(module.__dict__.items()) if key.endswith("hooks")]


def maps(model: nn.Module, method: str, images: Tensor = IMAGES, **given: object) -> Tensor | None:
    """The method's maps; None where it refuses this net by name, as attention does a net without any."""
    options = {method: QUICK[method]} if method in QUICK else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return seewhy.explain(
                model,
                images,
                methods=[method],
                **{"targets": [2, 0], "layer": "layer", "options": options, **given},  # type: ignore[arg-type]
            )[method]
    except seewhy.SeewhyError:
        if "attention" not in method:
            raise
        return None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("frozen", [True, False])
def test_leaves_the_model_as_it_was(method: str, frozen: bool) -> None:
    model = small().train().requires_grad_(not frozen)
    model.mix.eval()  # a mixture of flags must come back as a mixture
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)
    before, kept = fingerprint(model), IMAGES.clone()
    maps(model, method)
    assert fingerprint(model) == before
    assert torch.equal(IMAGES, kept)
    assert not IMAGES.requires_grad


class Fails(Small):
    """Raises in forward, behind the explained layer, when it has been called `good` times; or in backward."""

    def __init__(self, good: int, backward: bool = False):
        torch.manual_seed(0)
        super().__init__()
        # in a list, since a counter in the module would itself be a change
        self.good, self.calls, self.backward = good, [0], backward

    def forward(self, x: Tensor) -> object:
        self.calls[0] += 1
        x = self.act(self.layer(self.stem(x)))
        if self.backward and x.requires_grad:
            x.register_hook(self._fail)
        if not self.backward and self.calls[0] > self.good:
            raise ZeroDivisionError
        return self.head(self.mix(x).relu().mean((2, 3)))

    @staticmethod
    def _fail(_gradient: Tensor) -> None:
        raise ZeroDivisionError


@pytest.mark.parametrize("method", METHODS)
def test_leaves_the_model_as_it_was_after_a_failure_half_way(method: str) -> None:
    whole = Fails(good=10**6)
    if maps(whole, method) is None:
        return
    for good in {0, whole.calls[0] - 1}:  # in its first forward pass, and in its last
        model = Fails(good).train()
        before = fingerprint(model)
        with pytest.raises(ZeroDivisionError):
            maps(model, method)
        assert fingerprint(model) == before


@pytest.mark.parametrize("method", METHODS)
def test_leaves_the_model_as_it_was_after_a_failure_in_the_backward_pass(method: str) -> None:
    model = Fails(good=0, backward=True).train()
    before = fingerprint(model)
    try:
        maps(model, method)
    except ZeroDivisionError:
        pass
    else:
        assert "gradient" not in method  # forward-only methods have no backward pass to fail in
    assert fingerprint(model) == before


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_works_whatever_the_caller_has_switched_off(method: str, context: type) -> None:
    expected = maps(small().requires_grad_(False), method)
    model = small()
    with context():
        flags = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        found = maps(model, method, IMAGES.clone())
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == flags
    if found is not None:
        assert found.abs().max() > 0
        assert not found.requires_grad
        close(found, expected)


def test_a_new_method_is_given_images_it_may_differentiate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the registry promises: no inference tensors, no graph, evaluation mode, whatever the caller is in."""
    monkeypatch.setattr(pixels, "PIXELS", {})
    monkeypatch.setattr(pixels, "TITLES", {})
    monkeypatch.setattr(pixels, "PAPERS", {})

    @pixels.pixel_method("new", title="New", paper="none")
    def new(model: nn.Module, images: Tensor, _score: object, _layer: object) -> Tensor:
        assert not images.is_inference()
        assert not images.requires_grad
        assert not torch.is_grad_enabled()
        assert not model.training
        return images

    model = small().train()
    with torch.inference_mode():
        new(model, IMAGES.clone(), class_score([0, 0]), None)
    new(model, IMAGES.clone().requires_grad_(), class_score([0, 0]), None)
    assert model.training


@pytest.mark.parametrize("method", METHODS)
def test_double_precision_and_images_that_ask_for_a_gradient(method: str) -> None:
    expected = maps(small(), method)
    images = IMAGES.double().requires_grad_()
    found = maps(small().double(), method, images)
    assert images.grad is None
    if found is not None:
        assert found.dtype == torch.float32
        close(found, expected)  # type: ignore[union-attr]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("output", ["tuple", "dict"])
def test_outputs_that_are_no_tensors(method: str, output: str) -> None:
    expected, found = maps(small(), method), maps(small(output=output), method)
    if found is not None:
        close(found, expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("channels", [1, 5])
def test_grey_and_many_channelled_images(method: str, channels: int) -> None:
    torch.manual_seed(0)
    model = small()
    model.stem[0] = nn.Conv2d(channels, 6, 3, padding=1)
    found = maps(model, method, torch.rand(2, channels, 16, 16))
    if found is not None:
        assert found.isfinite().all()
        assert (found.abs().flatten(1).amax(1) > 0).all()
