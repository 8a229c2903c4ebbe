"""A faster forward pass, for those who ask for it: a copy of the model, channels last, batch norm folded away.

Nothing is cached: whoever calls `tuned_copy` holds the copy and lets it go.
"""

import copy
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from seewhy.engine.modules import eval_mode, find_layer, first_tensor
from seewhy.engine.targets import output_of

EQUAL = 1e-4  # of the largest value: how far a tuned model's output and layer may be from the user's
MMAP_MAX, TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -4, -1, -2, -3  # glibc, malloc.h
Pairs = list[tuple[nn.Conv2d, nn.BatchNorm2d]]


@dataclass(frozen=True)
class Tuned:
    """`model` is the copy, or the user's own where `reason` says why there is none."""

    model: nn.Module
    folded: int = 0
    channels_last: bool = False
    difference: float = 0.0
    reason: str = ""


def tuned_copy(model: nn.Module, images: Float[Tensor, "n c H W"], layer: str | None = None) -> Tuned:
    """A copy with the same module names that computes the same faster, checked on `images`; the model is untouched.

    A batch norm that reads a convolution alone is folded into it. Given a `layer`, only those that end before it
    begins: its own parts and what follows stay the user's, so that evidence there is evidence of the user's layer.
    Pairs are found by watching which tensor goes where; a copy whose output (or layer) differs by more than 1e-4 of
    the largest value is thrown away. Costs a second set of weights and some forward passes.
    """
    with torch.inference_mode(False), torch.no_grad():
        with eval_mode(model):
            expected = _observed_outputs(model, images, layer)
        reason = ""
        for memory in (torch.channels_last, torch.contiguous_format):  # `x.view` in a model refuses channels last
            try:
                other = copy.deepcopy(model).eval().requires_grad_(False)
                pairs = _foldable_pairs(other, images[:1], layer)
                _fold_norms(other, pairs)
                other = other.to(memory_format=memory)
                difference = _relative_difference(_observed_outputs(other, images, layer), expected)
            except Exception as error:  # whatever a user's model raises: they get their own back
                reason = f"a copy does not run: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
                continue
            if difference <= EQUAL:
                return Tuned(other, len(pairs), memory is torch.channels_last, difference)
            reason = f"a copy differs by {difference:.1e} of the largest value; allowed: {EQUAL:.0e}"
    return Tuned(model, reason=reason)


@contextmanager
def fast_model(model: nn.Module, image: Float[Tensor, "1 c H W"], fast: bool) -> Iterator[nn.Module]:
    """What a method that asks for many forward passes should ask: the model or, if `fast`, a tuned copy of it."""
    if not fast:
        yield model
        return
    with kept_memory():
        yield tuned_copy(model, image).model


def _observed_outputs(model: nn.Module, images: Tensor, layer: str | None) -> list[Tensor]:
    """The output and, where asked for, what the layer gives."""
    found: list[Tensor] = []
    handles = []
    if layer is not None:
        keep = lambda _module, _args, output: found.append(first_tensor(output, layer)[0].clone())  # noqa: E731
        handles.append(find_layer(model, layer).register_forward_hook(keep))
    try:
        return [output_of(model(images.clone())), *found]
    finally:
        for handle in handles:
            handle.remove()


def _relative_difference(found: list[Tensor], expected: list[Tensor]) -> float:
    """The largest difference as a share of the largest value; infinite where it is not a number."""
    shares = [float((a - b).abs().max() / b.abs().max().clamp(min=1e-30)) for a, b in zip(found, expected, strict=True)]
    return max(share if share == share else torch.inf for share in shares)


def _foldable_pairs(model: nn.Module, image: Tensor, layer: str | None) -> Pairs:
    """Convolutions whose output goes, as it is, into a batch norm; both called once, and done before the layer."""
    last = find_layer(model, layer) if layer is not None else None
    calls: dict[nn.Module, int] = {}
    made: dict[int, tuple[nn.Module, Tensor]] = {}  # the tensor is held, so that its id stays its own
    pairs: Pairs = []
    reached: list[bool] = []

    def before_call(module: nn.Module, args: tuple[object, ...]) -> None:
        calls[module] = calls.get(module, 0) + 1
        if module is last:
            reached.append(True)
        maker = made.get(id(args[0])) if args else None
        if _is_norm(module) and maker is not None and not reached:
            pairs.append((maker[0], module))  # type: ignore[arg-type]

    def after_call(module: nn.Module, _args: object, output: Tensor) -> None:
        if _is_convolution(module):
            made[id(output)] = (module, output)

    modules = list(model.modules())
    plain = {module for module in modules if not (module._forward_hooks or module._forward_pre_hooks)}
    handles = [module.register_forward_pre_hook(before_call) for module in modules]
    handles += [module.register_forward_hook(after_call) for module in modules]
    try:
        model(image.clone())
    finally:
        for handle in handles:
            handle.remove()
    owners = [id(parameter) for module in modules for parameter in module._parameters.values()]
    inside = set(last.modules()) if last is not None else set()
    return [
        (conv, norm)
        for conv, norm in pairs
        if {conv, norm} <= plain - inside and calls[conv] == calls[norm] == 1 and owners.count(id(conv.weight)) == 1
    ]


def _is_convolution(module: nn.Module) -> bool:
    """Exactly these types: a subclass may compute its weight (standardised, quantised, parametrised)."""
    from timm.layers import Conv2dSame

    return type(module) in (nn.Conv2d, Conv2dSame)


def _is_norm(module: nn.Module) -> bool:
    from timm.layers import BatchNormAct2d

    return type(module) in (nn.BatchNorm2d, BatchNormAct2d) and module.running_mean is not None


def _fold_norms(model: nn.Module, pairs: Pairs) -> None:
    """The norm's scale and shift go into the convolution; what is left of the norm is its activation, if any."""
    names: dict[nn.Module, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(module, []).append(name)
    for conv, norm in pairs:
        mean, variance = norm.running_mean, norm.running_var
        assert mean is not None and variance is not None  # noqa: PT018 (see `_is_norm`)
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, mean, variance, norm.eps, norm.weight, norm.bias
        )
        parts = [part for name, part in norm.named_children() if name in ("drop", "act")]
        rest = nn.Sequential(*parts) if parts else nn.Identity()
        for name in names[norm]:
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, rest.eval())


@contextmanager
def kept_memory() -> Iterator[bool]:
    """Inside, freed memory stays in the process instead of going back to the system; True where that was possible.

    On Linux every large tensor is otherwise mapped and zeroed anew, which can take a third of a forward pass. It holds
    for the whole process, and memory stays at its peak inside. Afterwards glibc's usual limits hold again.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: musl, macOS, Windows
        yield False
        return
    try:
        yield bool(mallopt(MMAP_MAX, 0) and mallopt(TRIM_THRESHOLD, 2**31 - 1) and mallopt(TOP_PAD, 2**28))
    finally:
        for option, usual in ((MMAP_MAX, 65536), (TRIM_THRESHOLD, 2**26), (TOP_PAD, 2**17), (MMAP_THRESHOLD, 2**25)):
            mallopt(option, usual)
