"""Where a checkpoint keeps its weights: every state_dict in its content, and which of them is the network's."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seewhy.errors import unknown_name
from seewhy.inputs.inert import Inert

WEIGHTS = (  # keys under which people keep the weights
    *("model_state_dict", "state_dict", "network", "model", "weights", "net", "model_state", "network_state_dict"),
    *("model_weights", "net_state_dict", "params", "module"),
)
EMA = re.compile(r"(?i)(^|[^a-z])(ema|swa|averaged?)([^a-z]|$)|(modelema|averagedmodel)")  # means of the live weights
NO_NETWORK = re.compile(r"(?i)optim|sched|scaler|^opt$|criterion|loss|rng|callback|loops|history|metric|^amp")
DEEPEST = 5  # levels of a file's containers that are looked through
COUNTER = "n_averaged"  # of torch's AveragedModel: how many weights the mean is of


@dataclass(frozen=True)
class StateDict:
    """Tensors by their name, the dotted key they stand under, and the whole model they were part of, as data."""

    key: str
    weights: dict[str, Tensor]
    module: Inert | None = None

    @property
    def is_ema(self) -> bool:
        """Whether the key says that these are means over the training."""
        return bool(EMA.search(self.key))

    @property
    def is_named(self) -> bool:
        """Whether it stands under one of the usual keys."""
        return self.key.partition(".")[0] in WEIGHTS


def state_dicts(content: Any) -> list[StateDict]:
    """All of them, the file's own level first; those of optimizers, losses and schedulers are left out."""
    return [one for one in _walk_content(content, "", 0) if any(value.ndim for value in one.weights.values())]


def choose_weights(found: list[StateDict], wanted: str = "", where: str = "") -> tuple[StateDict, list[str]]:
    """The network's own of at least one, and sentences about the choice: means over the training (EMA) before live
    weights, the usual keys before others; several of other keys are parts of one network, each under its key.

    `wanted` is the key that is asked for. Raises SeewhyError where no weights stand there.
    """
    if wanted:
        asked = [one for one in found if one.key == wanted]
        if not asked:
            raise unknown_name("weights", wanted, [one.key for one in found if one.key], where)
        return asked[0], []
    means, live = ([one for one in found if one.is_ema is kind] for kind in (True, False))
    if means and (not live or len(means[0].weights) * 2 > len(live[0].weights)):
        told = f"EMA weights are used (key '{means[0].key}')"
        first = next((one for one in live if one.is_named), None)
        return means[0], [told + (f"; `weights: {first.key}` takes the live ones" if first else "")]
    usual = [one for one in live if one.is_named]
    best = min(usual or live[:1], key=lambda one: WEIGHTS.index(one.key.partition(".")[0]) if usual else 0)
    if best.key.rpartition(".")[2].isdecimal() or (not usual and best.key):
        return _merged_networks(
            [one for one in live if one.key.partition(".")[0] == best.key.partition(".")[0]], live, usual
        )
    return best, []


def _merged_networks(
    alike: list[StateDict], live: list[StateDict], usual: list[StateDict]
) -> tuple[StateDict, list[str]]:
    """Networks in a list, or parts of one under keys of their own, as one: names begin with the key."""
    parts = alike if usual else live
    if len(parts) == 1:
        return parts[0], []
    weights = {f"{one.key}.{name}": value for one in parts for name, value in one.weights.items()}
    return StateDict(parts[0].key.partition(".")[0], weights), []


def _walk_content(content: Any, key: str, depth: int) -> Iterator[StateDict]:
    if isinstance(content, Inert) and "_modules" in content.attributes:
        yield StateDict(key, dict(module_weights(content)), content)
        return
    held = content.attributes if isinstance(content, Inert) else content
    if isinstance(held, list | tuple):
        held = dict(enumerate(held))
    if not isinstance(held, Mapping) or depth > DEEPEST or "param_groups" in held:
        return
    own = {name: value for name, value in held.items() if isinstance(name, str) and isinstance(value, Tensor)}
    if own:
        yield StateDict(key, own)
    for name, part in held.items():
        if isinstance(part, Mapping | list | tuple | Inert) and not NO_NETWORK.search(str(name)):
            yield from _walk_content(part, f"{key}.{name}" if key else str(name), depth + 1)


def module_weights(module: Inert, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """What `state_dict()` of a pickled module would hold, read from its attributes; nothing of it is run."""
    passing = module.attributes.get("_non_persistent_buffers_set") or ()
    for kind in ("_parameters", "_buffers"):
        for name, value in (module.attributes.get(kind) or {}).items():
            if isinstance(value, Tensor) and not (kind == "_buffers" and name in passing):
                yield prefix + str(name), value.detach()
    for name, part in (module.attributes.get("_modules") or {}).items():
        if isinstance(part, Inert):
            yield from module_weights(part, f"{prefix}{name}.")


def single_precision(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights of half precision in single precision, and the sentence that says so."""
    kinds = sorted({str(value.dtype).removeprefix("torch.") for value in weights.values() if _is_half(value)})
    found = {name: value.float() if _is_half(value) else value for name, value in weights.items()}
    return found, [f"half precision in the file ({', '.join(kinds)}), computed in float32"] if kinds else []


def _is_half(value: Tensor) -> bool:
    return value.is_floating_point() and torch.finfo(value.dtype).bits < 32


def without_counter(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Weights without the counter that torch's AveragedModel keeps beside them, and the sentence that says so."""
    if COUNTER not in weights or weights[COUNTER].ndim:
        return dict(weights), []
    told = f"means of {int(weights[COUNTER])} weights are used (torch's AveragedModel)"
    return {name: value for name, value in weights.items() if name != COUNTER}, [told]
