"""Which of a checkpoint's weights are a network's, and under which names: told apart by the network's own keys."""

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from seewhy.errors import SeewhyError, listing

Shape = tuple[int, ...]
COUNTER = "num_batches_tracked"  # absent in files older than torch 0.4.1; nothing in eval mode reads it


def fill(model: nn.Module, weights: Mapping[str, Tensor], classes: int, where: str) -> None:
    """Loads `weights` into `model`, whatever prefix they carry; every weight of the network must be there.

    Raises SeewhyError with what is missing, surplus or of another shape.
    """
    own = model.state_dict()
    prefix = _prefix({key: tuple(value.shape) for key, value in own.items()}, weights, where)
    found = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    found |= {key: value for key, value in own.items() if key.endswith(COUNTER) and key not in found}
    _compare(own, found, prefix, classes, where)
    model.load_state_dict(found)


def left_aside(model: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Names in the checkpoint that `fill` did not take: those of a loss, or of the wrapper that trained the network."""
    prefix = _prefix({key: tuple(value.shape) for key, value in model.state_dict().items()}, weights, "")
    return [key for key in weights if not key.startswith(prefix)]


def _prefix(own: Mapping[str, Shape], weights: Mapping[str, Tensor], where: str) -> str:
    """What stands before the network's own names in the file; the best guess where some are missing."""
    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    counted = {prefix: _matches(own, shapes, prefix) for prefix in prefixes(own, shapes)}
    if counted[""] == len(own):
        return ""
    best = [prefix for prefix, count in counted.items() if count == max(counted.values())]
    if len(best) > 1 and counted[best[0]] == len(own):
        raise SeewhyError(
            f"{where}: the network stands in the checkpoint more than once, under {listing(best)}; allowed: once"
        )
    return best[0]


def prefixes(own: Iterable[str], names: Iterable[str]) -> list[str]:
    """What may stand before a network's names: none, or whatever precedes its first or its last name."""
    keys = [key for key in own if not key.endswith(COUNTER)]
    ends = [keys[0], keys[-1]] if keys else []
    found = (name.removesuffix(end) for name in names for end in ends if name.endswith(f".{end}"))
    return list(dict.fromkeys(["", *found]))


def _matches(own: Mapping[str, Shape], shapes: Mapping[str, Shape], prefix: str) -> int:
    return sum(shapes.get(prefix + key) == shape or key.endswith(COUNTER) for key, shape in own.items())


def _compare(own: Mapping[str, Tensor], found: Mapping[str, Tensor], prefix: str, classes: int, where: str) -> None:
    other = {
        key: (tuple(found[key].shape), tuple(own[key].shape))
        for key in own
        if key in found and found[key].shape != own[key].shape
    }
    heads = [key for key, (theirs, ours) in sorted(other.items()) if ours[:1] == (classes,) and theirs[1:] == ours[1:]]
    if heads and len(heads) == len(other):
        number = other[heads[0]][0][0]
        raise SeewhyError(
            f"{where}: the checkpoint has {number} classes ('{prefix}{heads[0]}'), the dataset {classes}; "
            f"allowed: equal numbers"
        )
    missing, surplus = [key for key in own if key not in found], [key for key in found if key not in own]
    if missing or surplus or other:
        shapes = [f"{key} {theirs} for {ours}" for key, (theirs, ours) in other.items()]
        under = f" (under '{prefix}')" if prefix else ""
        raise SeewhyError(
            f"{where}: checkpoint{under} and architecture differ; missing: {listing(missing)}; "
            f"surplus: {listing(surplus)}; other shape: {listing(shapes)}"
        )
