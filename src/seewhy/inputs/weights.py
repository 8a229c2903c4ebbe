"""Which of a checkpoint's weights are a network's, and under which names: told apart by the network's own keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import huggingface
from seewhy.inputs.reparametrised import as_the_network_has_them
from seewhy.inputs.state_dicts import EMA

Shape = tuple[int, ...]
COUNTER = "num_batches_tracked"  # absent in files older than torch 0.4.1; nothing in eval mode reads it
WRAPPERS = ("module", "_orig_mod")  # parts of a name that DataParallel and torch.compile leave, wherever they wrap


@dataclass(frozen=True)
class Matched:
    """Weights of a file by the network's own names as far as these are there; what stood before them, what is left
    aside, and sentences about it."""

    weights: dict[str, Tensor]
    prefix: str = ""
    aside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def is_whole(self, own: Mapping[str, Tensor]) -> bool:
        """Whether the network's weights are all there, and no others."""
        return {key: value.shape for key, value in own.items()} == {
            key: value.shape for key, value in self.weights.items()
        }


def fill_weights(
    model: nn.Module, weights: Mapping[str, Tensor], classes: int, where: str, strict: bool = True
) -> list[str]:
    """Loads `weights` into `model`, whatever stands before or in their names; every weight of the network must be
    there. Sentences about what was done to them.

    Raises SeewhyError with what is missing, surplus (if `strict`) or of another shape.
    """
    matched = match_weights(model, weights, where)
    own, notes = model.state_dict(), matched.notes
    surplus = [] if strict else [key for key in matched.weights if key not in own]
    if surplus:
        notes = [*notes, f"left aside as `strict: false` says, since the network has no such: {list_names(surplus)}"]
    taken = {key: value for key, value in matched.weights.items() if strict or key in own}
    _check_shapes(own, taken, matched.prefix, classes, where)
    model.load_state_dict(taken)
    return notes


def left_aside(model: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Names in the checkpoint that `fill_weights` did not take: those of a loss, or of the wrapper that trained it."""
    return match_weights(model, weights, "").aside


def match_weights(model: nn.Module, weights: Mapping[str, Tensor], where: str) -> Matched:
    """The file's weights under the network's names, by the first reading in which all are there: as they are or behind
    one prefix; without what wrappers left in the middle; each part of the network behind a prefix of its own; those of
    the one part that a network is a wrapper of; as another version of transformers named them. The first
    reading where none is whole.
    """
    own = model.state_dict()
    weights, told = as_the_network_has_them(model, weights)
    first = _behind_prefix(own, weights, where)
    readings = [lambda: first, lambda: _without_wrappers(own, weights, where), lambda: _by_part(own, weights)]
    readings.append(lambda: _of_only_part(own, weights))
    if huggingface.is_theirs(model):
        readings.append(lambda: _renamed_by_transformers(model, weights))
    for reading in readings:
        found = reading()
        if found.is_whole(own):
            return Matched(found.weights, found.prefix, found.aside, [*told, *found.notes])
    return Matched(first.weights, first.prefix, first.aside, [*told, *first.notes])


def _behind_prefix(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], where: str) -> Matched:
    prefix, notes = _common_prefix(own, weights, where)
    found = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    found |= {key: value for key, value in own.items() if key.endswith(COUNTER) and key not in found}
    return Matched(found, prefix, [key for key in weights if not key.startswith(prefix)], notes)


def _without_wrappers(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], where: str) -> Matched:
    """With the names of wrappers taken out of the file's and the network's own."""
    bare, theirs = {_unwrapped_name(key): key for key in own}, {_unwrapped_name(key): key for key in weights}
    unchanged = list(theirs) == list(weights) and list(bare) == list(own)
    if len(bare) < len(own) or len(theirs) < len(weights) or unchanged:
        return Matched({})
    plain = _behind_prefix(
        {_unwrapped_name(key): value for key, value in own.items()},
        {_unwrapped_name(key): one for key, one in weights.items()},
        where,
    )
    left = sorted({part for key in weights for part in key.split(".") if part in WRAPPERS})
    notes = [f"taken out of the weights' names: {list_names(left)}"] if left else []
    found = {bare.get(key, key): value for key, value in plain.weights.items()}
    return Matched(found, plain.prefix, [theirs[key] for key in plain.aside], [*notes, *plain.notes])


def _unwrapped_name(key: str) -> str:
    return ".".join(part for part in key.split(".") if part not in WRAPPERS)


def _by_part(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Matched:
    """Each of the network's parts where it stands: under another attribute of the module that trained them."""
    bare = {_unwrapped_name(key): key for key in weights}
    found: dict[str, Tensor] = {}
    told, taken = {}, set()
    for part in dict.fromkeys(key.partition(".")[0] for key in own):
        names = {key: value for key, value in own.items() if key.partition(".")[0] == part}
        shapes = {key: tuple(value.shape) for key, value in names.items()}
        at = {key: tuple(weights[theirs].shape) for key, theirs in bare.items()}
        places = [
            prefix for prefix in possible_prefixes(names, bare) if _count_matches(shapes, at, prefix) == len(names)
        ]
        if len(places) != 1:
            return Matched({})
        told[part] = places[0]
        for key, value in names.items():
            theirs = bare.get(places[0] + key)
            found[key] = weights[theirs] if theirs else value  # a counter that old files do not have
            taken.add(theirs)
    if len({*told.values()}) < 2:
        return Matched({})  # one prefix for all: what is surplus behind it is refused
    note = "parts of the network stand under " + list_names(f"'{prefix}' ({part})" for part, prefix in told.items())
    return Matched(found, "", [key for key in weights if key not in taken], [note])


def _of_only_part(own: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Matched:
    """Where all of the network stands under one attribute, which the file does not name: a wrapper of the network that
    was saved."""
    first = next(iter(own), "").split(".")
    for depth in range(1, len(first)):
        part = ".".join(first[:depth])
        if not all(key.startswith(f"{part}.") for key in own):
            break
        inner = {key.removeprefix(f"{part}."): value for key, value in own.items()}
        found = _behind_prefix(inner, weights, "")
        if found.is_whole(inner):
            note = f"the weights are those of the network's part '{part}', round which the rest is a wrapper"
            named = {f"{part}.{key}": value for key, value in found.weights.items()}
            return Matched(named, found.prefix, found.aside, [note, *found.notes])
    return Matched({})


def _renamed_by_transformers(model: nn.Module, weights: Mapping[str, Tensor]) -> Matched:
    note = "the weights' names are those of another version of transformers"
    return Matched(huggingface.renamed_weights(model, weights), notes=[note])


def _common_prefix(own: Mapping[str, Tensor], weights: Mapping[str, Tensor], where: str) -> tuple[str, list[str]]:
    """What stands before the network's own names in the file; the best guess where some are missing."""
    wanted = {key: tuple(value.shape) for key, value in own.items()}
    shapes = {key: tuple(value.shape) for key, value in weights.items()}
    counted = {prefix: _count_matches(wanted, shapes, prefix) for prefix in possible_prefixes(own, shapes)}
    if counted[""] == len(own):
        return "", []
    best = [prefix for prefix, count in counted.items() if count == max(counted.values())]
    if len(best) > 1 and counted[best[0]] == len(own):
        means = [prefix for prefix in best if EMA.search(prefix)]
        if len(means) != 1:
            raise SeewhyError(
                f"{where}: the network stands in the checkpoint more than once, under {list_names(best)}; allowed: once"
            )
        return means[0], [
            f"EMA weights are used (under '{means[0]}'), not those under {list_names({*best} - {*means})}"
        ]
    return best[0], []


def possible_prefixes(own: Iterable[str], names: Iterable[str]) -> list[str]:
    """What may stand before a network's names: none, or whatever precedes its first or its last name."""
    keys = [key for key in own if not key.endswith(COUNTER)]
    ends = [keys[0], keys[-1]] if keys else []
    found = (name.removesuffix(end) for name in names for end in ends if name.endswith(f".{end}"))
    return list(dict.fromkeys(["", *found]))


def _count_matches(own: Mapping[str, Shape], shapes: Mapping[str, Shape], prefix: str) -> int:
    return sum(shapes.get(prefix + key) == shape or key.endswith(COUNTER) for key, shape in own.items())


def _check_shapes(
    own: Mapping[str, Tensor], found: Mapping[str, Tensor], prefix: str, classes: int, where: str
) -> None:
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
        way = "" if missing or other else "; allowed: none, or `strict: false`, which leaves the surplus aside"
        raise SeewhyError(
            f"{where}: checkpoint{under} and architecture differ; missing: {list_names(missing)}; "
            f"surplus: {list_names(surplus)}; other shape: {list_names(shapes)}{way}"
        )
