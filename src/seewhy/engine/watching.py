"""One forward pass of a network, watched: which layers have a place in the image, and what its attentions read."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seewhy.engine.modules import check_device_and_type, eval_mode, first_tensor
from seewhy.engine.outputs import named_output
from seewhy.engine.recorded import takes_hooks
from seewhy.engine.tokens import Layout, Traits, layout_of, model_traits
from seewhy.errors import SeewhyError

PROJECTIONS = {
    "query",
    "q_proj",
    "qkv",
    "qk",
    "kv",
    "to_qkv",
    "to_q",
    "q",
    "in_proj",
    "query_key_value",
    "queries_keys_values",
}  # of attentions


@dataclass(frozen=True)
class Watched:
    """One pass: layers with a place in the image (name -> layout) as they end, and what attentions read.

    `repeated` are those that are called more than once and have weights, with the layout of each call; `order` is
    that of all last ends, `inside` are modules of an attention, `spatial` those with more than a row of numbers, and
    `plain` those that hand on one tensor without a class token in a network that returns one, before anything is chosen
    of it: the prediction depends on the last of them. `packed` are those that hand on several things, of which another
    part may be what counts.
    """

    layers: dict[str, Layout]
    attended: list[str]
    repeated: dict[str, list[Layout]]
    order: list[str]
    inside: dict[str, Layout]
    spatial: dict[str, bool]
    plain: set[str]
    packed: set[str]


def watch_forward(model: nn.Module, images: Tensor) -> Watched:
    """One forward pass of the first image, looked at through hooks that are gone afterwards. What is the network's
    prediction, or a container's own input handed on, is no layer."""
    check_device_and_type(model, images)
    # torchvision's Permute shows its input again; told by its name, since importing it takes a second
    names = {
        module: name
        for name, module in model.named_modules()
        if name and type(module).__name__ != "Permute" and takes_hooks(module)
    }
    inside = {part for module in names if is_attention(module) for part in module.modules() if part is not module}
    shapes: dict[str, list[torch.Size]] = {}
    makers: list[tuple[Tensor, str]] = []
    attended: list[str] = []
    packed: set[str] = set()
    returned: list[object] = []

    def record_output(module: nn.Module, args: tuple[object, ...], output: object) -> None:
        name = names[module]
        with suppress(SeewhyError):
            first, _ = first_tensor(output, name)
            if any(module.children()) and any(first is given for given in args):
                return  # an encoder whose list of features begins with the image: the score need not depend on that
            shapes[name] = [*shapes.pop(name, []), first.shape]  # put last again: the order is that of last ends
            makers.append((first, name))
            if first is not output:
                packed.add(name)

    def record_attended(_module: nn.Module, args: tuple[object, ...], options: dict[str, Any]) -> None:
        given = next((one for one in (*args, *options.values()) if isinstance(one, Tensor)), None)
        attended.extend(name for tensor, name in reversed(makers[-3:]) if tensor is given)

    # before a hook of ours that picks one of several outputs
    handles = [model.register_forward_hook(lambda *given: returned.append(given[2]), prepend=True)]
    handles += [module.register_forward_hook(record_output) for module in names]
    handles += [
        module.register_forward_pre_hook(record_attended, with_kwargs=True) for module in names if is_attention(module)
    ]
    try:
        with eval_mode(model), torch.no_grad():
            value = model(images[:1].clone())
    finally:
        for handle in handles:
            handle.remove()
    within = {names[part] for part in inside if part in names}
    single = isinstance(returned[0], Tensor)
    return _summarise_pass(model, images, shapes, attended, makers, value, single, within, packed)


def _summarise_pass(
    model: nn.Module,
    images: Tensor,
    shapes: dict[str, list[torch.Size]],
    attended: list[str],
    makers: list[tuple[Tensor, str]],
    value: object,
    single: bool,
    inside: set[str],
    packed: set[str],
) -> Watched:
    answer, known = value if isinstance(value, Tensor) else named_output(value), model_traits(model)
    said = {name for tensor, name in makers if tensor is answer}
    laid = {
        name: [_place_in_image(model, known, name, shape, images) for shape in calls]
        for name, calls in shapes.items()
        if name not in said
    }
    whole = {name: [one for one in calls if one] for name, calls in laid.items() if all(calls)}
    layers = {name: calls[0] for name, calls in whole.items() if len(calls) == 1 and name not in inside}
    repeated = {
        name: calls
        for name, calls in whole.items()
        if len(calls) > 1 and name not in inside and any(True for _ in model.get_submodule(name).parameters())
    }
    hidden = {name: calls[0] for name, calls in whole.items() if len(calls) == 1 and name in inside}
    plain = {name for name, place in layers.items() if single and not place.prefix} - packed
    spatial = {
        name: any(len(shape) > 2 and shape[1:].numel() > max(shape[1:]) for shape in calls)
        for name, calls in shapes.items()
    }
    return Watched(
        layers, [name for name in attended if name in layers], repeated, list(shapes), hidden, spatial, plain, packed
    )


def is_attention(module: nn.Module) -> bool:
    """torch's multi-head attention, or a module with heads and projections to queries, keys and values, of itself or,
    where it is called an attention, of its part."""
    if isinstance(module, nn.MultiheadAttention):
        return True
    if isinstance(getattr(module, "num_heads", None), int) and any(hasattr(module, key) for key in ("qkv", "kv")):
        return True
    name = type(module).__name__.lower()
    named = ("attention" in name or "attn" in name) and "block" not in name
    return named and any(part.rpartition(".")[2] in PROJECTIONS for part, _ in module.named_modules())


def _place_in_image(model: nn.Module, known: Traits, name: str, shape: torch.Size, images: Tensor) -> Layout | None:
    layout = layout_of(known, model.get_submodule(name), shape, torch.Size([1, *images.shape[1:]]))
    return None if layout is None or layout.grid[0] * layout.grid[1] < 2 else layout
