"""A network that is ready: of several outputs the prediction alone, and what was chosen on the way."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.modules import eval_mode
from seewhy.engine.outputs import Choice, Key, choose_output, parts_of, pick_output
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.detectors import Detector, score_boxes

MISSING = re.compile(r"(\w+)\(\) missing \d+ required (?:positional|keyword-only) arguments?: (.+)")


@dataclass(frozen=True)
class Built:
    """The model, the number of values that it returns (0 where that is not known), the choice among its outputs, and
    sentences about what was chosen while it was made."""

    model: nn.Module
    outputs: int
    choice: Choice
    notes: list[str]


def settle_output(
    model: nn.Module,
    image: Float[Tensor, "1 c h w"],
    classes: int,
    key: Key | None,
    where: str,
    notes: list[str],
    maps: bool = False,
    detector: Detector | None = None,
) -> Built:
    """The model as one that returns its prediction alone: the output at `key`, or the one with a value for each class
    (`maps`: for each class and pixel). What returns boxes returns one score a class, if `detector` says how.

    What a network does not take (a captioner's words) is left for later to say. Raises SeewhyError for a key that the
    output does not have.
    """
    choice, outputs = Choice(None), 0
    if not classes:
        return Built(model, 0, choice, notes)
    if detector and (count := score_boxes(model, image, classes, detector, where, notes)):
        return Built(model, count, choice, notes)
    with suppress(Exception):  # whatever the network raises for a blank image, it will raise for the first real one
        choice = choose_output(model, image, _has_output_shape(classes, 4 if maps else 2))
    if key is not None:
        choice = Choice(key, tuple(one for one in (choice.key, *choice.others) if one not in (None, key)))
        _check_key(model, image, key, where)
    if choice.key is not None:
        pick_output(model, choice.key, where)
        if choice.others and key is None:
            notes.append(
                f"several outputs fit: {list_names(map(str, (choice.key, *choice.others)))}; '{choice.key}' is used; "
                f"`{_output_setting(choice.others[0])}` picks another"
            )
    with suppress(Exception), eval_mode(model), torch.no_grad():
        outputs = int(model(image).shape[1])
    return Built(model, outputs, choice, notes)


def input_refusal(error: Exception) -> str:
    """What is wrong where a network raises on its input, in one line: a second argument, or images that do not fit."""
    told = " ".join(str(error).split())
    needed = MISSING.search(told) if isinstance(error, TypeError) else None
    if needed is None:
        return f"the network does not take these images: {type(error).__name__}: {told}; see size, grey, mean and std"
    return (
        f"the network's {needed[1]}() needs {needed[2]} beside the image, and a study has images alone; allowed: a "
        "class of yours round it whose forward(image) hands on fixed values"
    )


def _output_setting(key: Key) -> str:
    return f"output_index: {key}" if isinstance(key, int) else f"output_key: {key}"


def _has_output_shape(classes: int, ndim: int) -> Callable[[Tensor], bool]:
    return lambda one: one.ndim == ndim and one.shape[1] in {classes, 1 if classes == 2 else classes}


def _check_key(model: nn.Module, image: Tensor, key: Key, where: str) -> None:
    with eval_mode(model), torch.no_grad():
        parts = parts_of(model(image))
    if key not in parts:
        raise SeewhyError(f"{where}: no output '{key}'; allowed: {list_names(map(str, parts)) or 'one output, no key'}")
