"""Guided backpropagation on any model as it stands: no module is replaced and none gets a hook.

What a net calls, `nn.ReLU()`, `F.silu(x)`, `x.relu_()`, ends in one of a few torch functions. A torch function mode
sees those calls while the pass runs and puts the rule on their results.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from seewhy.engine.evidence import collect_evidence
from seewhy.engine.reading import relu, upsample
from seewhy.engine.targets import Score
from seewhy.errors import SeewhyError, list_names
from seewhy.methods.pixels import input_gradient, pixel_method

Map = Float[Tensor, "n c h w"]
OWN = re.compile(r"(?i)gelu|silu|swish|mish|relu")  # names of activations that people write themselves
NAMES = ("relu", "relu6", "hardtanh", "leaky_relu", "elu", "selu", "celu", "silu", "gelu", "hardswish", "mish")


def _activation_functions() -> dict[Any, Callable[..., Tensor]]:
    """Every callable behind those names -> its form that returns a new tensor."""
    found: dict[Any, Callable[..., Tensor]] = {}
    for name in NAMES:
        plain = getattr(functional, name)
        for home in (functional, torch, Tensor):
            for form in (name, f"{name}_"):
                if hasattr(home, form):
                    found[getattr(home, form)] = plain
    return found


ACTIVATIONS = _activation_functions()
IN_PLACE = {getattr(home, f"{name}_", None) for home in (functional, torch, Tensor) for name in NAMES} - {None}


class Guided(TorchFunctionMode):
    """While active: activations pass positive gradients on and no others; `seen` counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func not in ACTIVATIONS:
            return func(*args, **kwargs)
        overwrite = kwargs.pop("inplace", False) or func in IN_PLACE
        given = kwargs.pop("input") if "input" in kwargs else args[0]
        # the activation keeps what it needs for its derivative: from a clone, which no overwriting can reach
        result = ACTIVATIONS[func](given.clone() if overwrite else given, *args[1:], **kwargs)
        if result.requires_grad:
            self.seen += 1
            result.register_hook(relu)
        return given.copy_(result) if overwrite else result


@contextmanager
def _watched_activations(model: nn.Module) -> Iterator[Guided]:
    """The mode, and the same rule on modules that are activations by their name and are made of other functions, as
    x sigmoid(1.7 x) is."""
    before: dict[nn.Module, int] = {}
    guided = Guided()

    def before_call(module: nn.Module, _args: Any) -> None:
        before[module] = guided.seen

    def after_call(module: nn.Module, _args: Any, output: Any) -> None:
        if guided.seen == before[module] and isinstance(output, Tensor) and output.requires_grad:
            guided.seen += 1
            output.register_hook(relu)

    own = [part for part in model.modules() if not list(part.children()) and OWN.search(type(part).__name__)]
    handles = [part.register_forward_pre_hook(before_call) for part in own]
    handles += [part.register_forward_hook(after_call) for part in own]
    try:
        with guided:
            yield guided
    finally:
        for handle in handles:
            handle.remove()


@pixel_method("guided_backprop", title="Guided backprop", paper="arXiv:1412.6806")
def guided_backprop(model: nn.Module, images: Map, score: Score, _layer: str | None) -> Map:
    """d score / d x, where an activation f turns its gradient g into f'(a) relu(g). Springenberg et al. 2015, sec. 3.4.

    The paper has f = ReLU: f'(a) is 1 or 0, and f'(a) relu(g) is its rule. The same words are applied to ReLU6,
    hardtanh, leaky ReLU, ELU, SELU, CELU, SiLU, GELU, hardswish and Mish, with their own derivative, which may be
    negative; the gates of attention and squeeze-excitation (softmax, sigmoid) are left alone. Raises SeewhyError where
    the score passes none of these: the result would be the plain gradient under another name.
    """
    with _watched_activations(model) as guided:
        found = input_gradient(model, images, score)
    if not guided.seen:
        kinds = sorted({type(module).__name__ for module in model.modules() if not list(module.children())})
        raise SeewhyError(
            f"guided_backprop found no activation it knows in the pass; found: {list_names(kinds)}; "
            f"allowed: {', '.join(NAMES)}; use gradient or integrated_gradients"
        )
    return found


@pixel_method("guided_gradcam", title="Guided Grad-CAM", paper="arXiv:1610.02391", layered=True)
def guided_gradcam(model: nn.Module, images: Map, score: Score, layer: str) -> Map:
    """guided backprop * upsampled relu(Grad-CAM at the layer). Selvaraju et al. 2017, section 3.2."""
    from seewhy.methods.cam import gradcam

    coarse = relu(gradcam(collect_evidence(model, images, [layer], [score]).evidence[layer][0]))
    size = (images.shape[2], images.shape[3])
    return guided_backprop(model, images, score, layer) * upsample(coarse, size)[:, None]
