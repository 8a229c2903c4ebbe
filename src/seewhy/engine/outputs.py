"""Networks with several outputs: which of them is the prediction, found once for a model, and picked in every pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from seewhy.engine.modules import eval_mode
from seewhy.engine.recorded import takes_hooks
from seewhy.errors import SeewhyError, list_names

NAMES = (  # keys under which people return what the network predicts
    *("logits", "out", "output", "outputs", "pred", "preds", "prediction", "predictions", "scores", "y_hat", "y_pred"),
    *("class_logits", "cls_logits", "cls", "y", "main", "masks", "mask"),
)
Key = int | str
Fits = Callable[[Tensor], bool]


@dataclass(frozen=True)
class Choice:
    """The output that is taken, by key or place (None where the model returns one tensor), and the others that fit;
    whether any does."""

    key: Key | None
    others: tuple[Key, ...] = ()
    fits: bool = True


@dataclass(frozen=True)
class Seen:
    """What one pass of one image showed: the choice among the outputs, and the shape of each module's output, call by
    call (None where it is no tensor)."""

    choice: Choice
    calls: "WeakKeyDictionary[nn.Module, list[torch.Size | None]]"


_SEEN: "WeakKeyDictionary[nn.Module, Seen]" = WeakKeyDictionary()


def parts_of(value: object) -> dict[Key, Tensor]:
    """The float tensors in a tuple, list or dict that have a row for each image, by key or place."""
    row: Any = value if isinstance(value, tuple | list) else ()
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(row)
    return {key: one for key, one in items if isinstance(one, Tensor) and one.is_floating_point() and one.ndim}


def named_output(value: object) -> Tensor | None:
    """The part that its key names as the prediction, else the first; None where there is no tensor."""
    parts = parts_of(value)
    named = [key for name in NAMES for key in parts if str(key).lower() == name]
    return parts[named[0]] if named else next(iter(parts.values()), None)


def choose_output(model: nn.Module, image: Tensor, fits: Fits | None = None) -> Choice:
    """Which output of the model is the prediction, by one pass of one image.

    Of those that fit (`fits`; else those with one value a class, or a pixel where there are none): not what another is
    made from, unless they are equally wide (scores before probabilities); the one whose key says so; the one that most
    of the network leads to; the first.
    """
    return _inspect_pass(model, image, fits).choice


def look_once(model: nn.Module, image: Tensor) -> Seen:
    """The choice and the calls of each module, by one pass that is remembered as long as the model lives."""
    if model not in _SEEN:
        _SEEN[model] = _inspect_pass(model, image, None)
    return _SEEN[model]


def _inspect_pass(model: nn.Module, image: Tensor, fits: Fits | None) -> Seen:
    calls: WeakKeyDictionary[nn.Module, list[torch.Size | None]] = WeakKeyDictionary()

    def record_shape(module: nn.Module, _args: Any, output: Any) -> None:
        first = output if isinstance(output, Tensor) else next(iter(parts_of(output).values()), None)
        calls.setdefault(module, []).append(None if first is None else first.shape)

    parts = [module for module in model.modules() if module is not model and takes_hooks(module)]
    handles = [module.register_forward_hook(record_shape) for module in parts]
    try:
        with eval_mode(model), torch.inference_mode(False), torch.no_grad():
            value = model(image[:1].detach().clone())
    finally:
        for handle in handles:
            handle.remove()
    if len(parts_of(value)) > 1:  # which is made from which, a graph tells
        with eval_mode(model), torch.inference_mode(False), torch.enable_grad():
            value = model(image[:1].detach().clone().requires_grad_() * 1)
    return Seen(Choice(None) if isinstance(value, Tensor) else _choose_output(parts_of(value), fits), calls)


def _choose_output(parts: Mapping[Key, Tensor], fits: Fits | None) -> Choice:
    if not parts:
        return Choice(None)
    flat = [key for key, one in parts.items() if one.ndim == 2]
    fitting = [key for key, one in parts.items() if fits(one)] if fits else flat
    rest = [key for key, one in parts.items() if one.ndim == 4] if not fitting else []
    keys = fitting or rest or list(parts)
    kept = [key for key in keys if not any(_gives_way(parts[key], parts[other]) for other in keys if other != key)]
    keys = kept or keys
    named = [key for name in NAMES for key in keys if str(key).lower() == name]
    best = named[0] if named else max(keys, key=lambda key: _graph_depth(parts[key]))
    return Choice(best, tuple(key for key in keys if key != best), bool(fitting))


def _gives_way(one: Tensor, other: Tensor) -> bool:
    """Whether `one` is what `other` is made from. Of equally shaped ones what is made of the other alone gives way, as
    probabilities of scores do; the mean of two heads, or scores that a further layer refined, do not."""
    if one.shape != other.shape:
        return one.grad_fn is not None and one.grad_fn in _graph_ancestors(other)
    return _is_made_alone(one, other) or (_is_made_of(other, one) and not _is_made_alone(other, one))


def _is_made_of(one: Tensor, other: Tensor) -> bool:
    return other.grad_fn is not None and other.grad_fn in _graph_ancestors(one)


def _is_made_alone(one: Tensor, other: Tensor) -> bool:
    """Whether `one` is made of `other`, and of no weight or input beside it."""
    beside = _graph_ancestors(one, other.grad_fn)
    return other.grad_fn in beside and not any(hasattr(node, "variable") for node in beside)


def _graph_ancestors(value: Tensor, end: Any = None) -> set[Any]:
    """Every operation that led to it, its own left out, and those behind `end`."""
    seen: set[Any] = set()
    open_ = [value.grad_fn]
    while open_:
        node = open_.pop()
        for before, _ in node.next_functions if node is not None and node is not end else ():
            if before is not None and before not in seen:
                seen.add(before)
                open_.append(before)
    return seen


def _graph_depth(value: Tensor) -> tuple[int, int]:
    """The longest way to it, in operations, and the number of weights on all ways."""
    nodes = _graph_ancestors(value)
    weights = sum(node.variable.numel() for node in nodes if hasattr(node, "variable"))
    depths: dict[Any, int] = {}
    open_ = [value.grad_fn] if value.grad_fn is not None else []
    while open_:
        node = open_[-1]
        before = [one for one, _ in node.next_functions if one is not None]
        rest = [one for one in before if one not in depths]
        if rest:
            open_.extend(rest)
            continue
        depths[open_.pop()] = 1 + max((depths[one] for one in before), default=0)
    return depths.get(value.grad_fn, 0), weights


def pick_output(model: nn.Module, key: Key, where: str = "") -> Any:
    """A hook (its handle is returned) by which the model returns the output at `key` alone.

    Raises SeewhyError in a pass whose output has no tensor there.
    """

    def return_part(_module: nn.Module, _args: Any, value: Any) -> Tensor:
        parts = parts_of(value)
        if key not in parts:
            raise SeewhyError(f"{where or 'the model'}: no output '{key}'; allowed: {list_names(map(str, parts))}")
        return parts[key]

    return model.register_forward_hook(return_part)


class SeveralError(Exception):
    """A model returned several tensors in a pass, of which none is chosen yet."""


@contextmanager
def single_output(model: nn.Module) -> Iterator[Choice | None]:
    """Inside, a model of several outputs returns its prediction alone, by the choice that `look_once` remembered; where
    it has not looked yet, such a pass raises `SeveralError`."""
    choice = _SEEN[model].choice if model in _SEEN else None
    handles = []
    if choice is None:
        handles.append(model.register_forward_hook(_refuse_several))
    elif choice.key is not None:
        handles.append(pick_output(model, choice.key))
    try:
        yield choice
    finally:
        for handle in handles:
            handle.remove()


def _refuse_several(_module: nn.Module, _args: Any, value: Any) -> None:
    if not isinstance(value, Tensor) and len(parts_of(value)) > 1:
        raise SeveralError


def known_calls(model: nn.Module, module: nn.Module) -> list["torch.Size | None"]:
    """The shapes of that module's outputs, call by call; none where nobody has looked."""
    return _SEEN[model].calls.get(module, []) if model in _SEEN else []
