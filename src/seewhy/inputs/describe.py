"""What a checkpoint is: its network, classes, claims and settings, and the study that would use it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seewhy.errors import list_names
from seewhy.inputs.checkpoint import NAMES, load_checkpoint
from seewhy.inputs.guess import Guess, guess_networks
from seewhy.inputs.lines import Found, entry_name, flow_style, yaml_path

USUAL = {"size": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}  # of nets trained on ImageNet


def describe_checkpoint(path: Path, root: Path) -> Found:
    """Facts of a checkpoint file, and its entry under `studies`. Raises SeewhyError as `load_checkpoint` does."""
    point = load_checkpoint(path, "inspect")
    guesses = guess_networks(point)
    buffers = {name: value for name, value in point.weights.items() if name in ("mean", "std")}
    seen = _preprocessing_settings(point.config, buffers)
    count = sum(value.numel() for value in point.weights.values())
    facts = {"what": f"a checkpoint: {len(point.weights):,} tensors, {count:,} numbers"}
    facts["architecture"] = _network_words(guesses)
    if point.notes:
        facts["taken"] = "; ".join(point.notes)
    number = guesses[0].classes if guesses else None
    known = point.classes and f"{len(point.classes)}: {list_names(point.classes)}"
    facts["classes"] = known or (str(number) if number else "not stated")
    if point.words:
        facts["vocabulary"] = f"{len(point.words):,} words: {list_names(point.words)}"
    facts["epoch"] = "not stated" if point.epoch is None else str(point.epoch)
    facts["claimed accuracy"] = "not stated" if point.claimed_accuracy is None else f"{point.claimed_accuracy:.1%}"
    facts["size, mean, std"] = list_names(f"{key} {value}" for key, value in seen.items()) if seen else "not stated"
    facts["settings"] = list_names(f"{key} = {str(value)[:60]}" for key, value in point.config.items())
    facts["sha256"] = point.sha256
    return Found(facts, _study_entry(path, root, guesses, seen, bool(buffers)))


def _network_words(guesses: list[Guess]) -> str:
    if not guesses:
        return "none of torchvision, timm or smp that is known here: a class of your own"
    first = guesses[0]
    also = f"; as well: {list_names(one.architecture for one in guesses[1:])}" if guesses[1:] else ""
    under = f" under '{first.prefix}'" if first.prefix else ""
    encoder = "".join(f" with encoder {name}" for name in first.arguments.values())
    if first.is_exact:
        return f"{first.architecture}{encoder}{under}{also}"
    return (
        f"a class of your own: {first.matched} of {first.total} tensors of {first.architecture}{encoder}{under}{also}"
    )


def _preprocessing_settings(config: Mapping[str, Any], buffers: Mapping[str, Any]) -> dict[str, Any]:
    """What the file tells of size, mean and std, in its config or as buffers of the module that trained the net."""
    found: dict[str, Any] = {}
    for key, names in NAMES.items():
        told = [*(config.get(name) for name in names), buffers.get(key)]
        numbers = next(filter(None, map(_few_numbers, told)), None)
        if numbers:
            found[key] = numbers
    if "size" in found:
        sides = [int(side) for side in found["size"]]
        found["size"] = sides[0] if len(sides) == 1 else sides[-2:]
    return found


def _few_numbers(value: Any) -> list[float] | None:
    """One to three numbers as a list of them, from whatever holds them."""
    try:
        numbers = np.asarray(value, dtype=float).ravel()
    except (TypeError, ValueError):
        return None
    good = numbers.size in (1, 2, 3) and bool(np.isfinite(numbers).all())
    return [round(float(number), 6) for number in numbers] if good else None


def _study_entry(path: Path, root: Path, guesses: list[Guess], seen: dict[str, Any], buffers: bool) -> str:
    exact = guesses[0] if guesses and guesses[0].is_exact else None
    lines = ["studies:", f"  {entry_name(path)}:", "    dataset: DATASET", f"    checkpoint: {yaml_path(path, root)}"]
    lines.append(f"    architecture: {exact.architecture if exact else 'my_package.nets:MyNet'}")
    if exact and exact.arguments:
        lines.append(f"    arguments: {flow_style(exact.arguments)}")
    assumed = [key for key in USUAL if key not in seen]
    lines.append(f"    preprocessing: {flow_style(USUAL | seen)}")
    if assumed:
        lines[-1] += f"  # {' and '.join(assumed)} not in the file: the usual ones of ImageNet"
    if buffers:
        lines.append("    # mean and std are the network's own: add `scale: 255` if it was fed pixels of 0 to 255")
    return "\n".join(lines) + "\n"
