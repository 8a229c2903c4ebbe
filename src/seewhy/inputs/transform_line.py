"""A user's own line of preprocessing -> steps: parsed, never evaluated.

The line may be a list of transforms, one of them, a size, or several statements with simple names before it. Random
augmentations are left out and named; what has no step is refused by name.
"""

import ast
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from seewhy.config.preprocessing import (
    Crop,
    Expand,
    Grey,
    Normalise,
    Pad,
    Resize,
    Scale,
    Standardise,
    Step,
    fixed_size,
)
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.library_calls import as_transform
from seewhy.inputs.picture_flow import Flow, Transform
from seewhy.inputs.transform_code import Interpreter

EVALUATION = ("test", "val", "valid", "eval", "inference", "infer", "predict")
LONGEST = 20_000  # characters: more is no line


@dataclass(frozen=True)
class ParsedLine:
    """What a line says: `steps` in order, or only a `size`; `left_out` and `notes` are for the user to read."""

    steps: tuple[Step, ...] = ()
    size: int | tuple[int, int] | None = None
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was taken from the line and what was not, for the terminal."""
        taken = list_names(describe_step(step) for step in self.steps) if self.steps else f"size {self.size}"
        random = f"; left out, since random: {list_names(dict.fromkeys(self.left_out))}" if self.left_out else ""
        return f"{taken}{random}" + "".join(f"; {note}" for note in self.notes)


def parse_line(text: str) -> ParsedLine:
    """The steps of a line such as `T.Compose([T.Resize((256, 256)), T.CenterCrop(224), T.ToTensor()])`.

    Raises SeewhyError that names the first part which cannot be taken, and what is allowed.

    >>> [step.kind for step in parse_line("Compose([Resize(256), CenterCrop(224), ToTensor()])").steps]
    ['resize', 'crop', 'scale']
    >>> parse_line("224").size
    224
    """
    if not text.strip() or len(text) > LONGEST:
        raise SeewhyError(f"a line of {len(text):,} characters is no preprocessing; allowed: up to {LONGEST:,}")
    interpreter = Interpreter(text)
    try:
        found = chosen_value(interpreter, parse_module(text))
        if (size := _size_transform(found)) is not None:
            return ParsedLine(size=size)
        flow = found if isinstance(found, Flow) else as_transform(found, text).change(interpreter.start)
    except RecursionError:
        raise SeewhyError("the line is nested too deep; allowed: the line of your own code") from None
    return _finished_steps(flow)


def parse_module(text: str) -> ast.Module:
    """The text as Python's tree; keyword arguments alone, as `item_tfms=..., batch_tfms=...`, as a call's."""
    clean = textwrap.dedent(text).strip()
    for one in (clean, f"arguments({clean.rstrip(',')})"):
        try:
            return ast.parse(one)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            error = problem
    where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    raise SeewhyError(f"'{clean[:60]}' is no Python{where}; allowed: the line of your own code, with its brackets")


def chosen_value(interpreter: Interpreter, module: ast.Module) -> Any:
    """The value of the last expression, or of the one name that holds a transform for evaluation."""
    last = interpreter.run_statements(module.body)
    if last is not None:
        return _evaluation_part(last)
    pieces = {name: value for name, value in interpreter.assigned.items() if _is_transform(value)}
    return _one_of(pieces)


def _evaluation_part(value: Any) -> Any:
    """Of a dict of transforms, that for evaluation."""
    if isinstance(value, dict) and any(_is_transform(one) for one in value.values()):
        return _one_of({str(key): one for key, one in value.items() if _is_transform(one)})
    return value


def _one_of(pieces: dict[str, Any]) -> Any:
    if len(pieces) == 1 or (pieces and all(isinstance(one, Flow) for one in pieces.values())):
        return _evaluation_part(list(pieces.values())[-1])
    fitting = [name for name in pieces if any(word in name.lower() for word in EVALUATION)]
    exact = [name for name in fitting if "test" in name.lower()] or fitting
    if len(exact) != 1:
        names = list_names(pieces) if pieces else "none"
        raise SeewhyError(f"the line has these transforms: {names}; allowed: one, or one named test or val")
    return _evaluation_part(pieces[exact[0]])


def _is_transform(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_transform(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(isinstance(one, Transform) for one in value)
    return isinstance(value, Transform | Flow)


def _size_transform(value: Any) -> int | tuple[int, int] | None:
    """A bare number or two of them."""
    if type(value) is int and value > 0:
        return value
    if isinstance(value, list | tuple) and len(value) == 2 and all(type(one) is int and one > 0 for one in value):
        return value[0], value[1]
    return None


def _finished_steps(flow: Flow) -> ParsedLine:
    """The steps of the whole flow; refused where training alone says the size."""
    if flow.centred:
        raise SeewhyError("the line takes the image's mean off and divides by nothing; allowed: both")
    final = fixed_size(flow.steps)
    for name, place, size in flow.sized:
        later = fixed_size(flow.steps[place:])
        if later is None and final != size:
            sides = f"{size[0]}" if size[0] == size[1] else f"({size[0]}, {size[1]})"
            raise SeewhyError(
                f"'{name}' sets the size in training only, at random; allowed: what evaluation does in its place, as "
                f"Resize(({size[0]}, {size[1]})), or Resize({round(size[0] / 0.875)}) and CenterCrop({sides})"
            )
    steps, notes = flow.steps, list(flow.notes)
    if not flow.is_float:
        if flow.form == "tensor":
            notes.append("values stay 0 to 255, as the line says; end it with / 255 if your code divides later")
        else:
            steps = (*steps, Scale(divisor=255))
            notes.append("the line makes no tensor: pixel / 255 is taken")
    return ParsedLine(steps, None, flow.left_out, tuple(notes))


def settings_of_line(text: str) -> dict[str, Any]:
    """The keys of `Preprocessing` that a line settles: `steps`, and those of size, mean, std and scale that they fix.

    Raises SeewhyError as `parse_line` does.
    """
    parsed = parse_line(text)
    if parsed.size is not None:
        return {"transform": None, "size": parsed.size}
    return {"steps": [step.model_dump() for step in parsed.steps], **settings_of_steps(parsed.steps)}


def settings_of_steps(steps: tuple[Step, ...]) -> dict[str, Any]:
    """The plain keys that say the same as these steps: size, mean, std, scale, normalise."""
    found: dict[str, Any] = {}
    size = fixed_size(steps)
    if size is not None:
        found["size"] = size[0] if size[0] == size[1] else size
    if any(isinstance(step, Standardise) for step in steps):
        return found | {"normalise": "image"}
    slope, offset = np.ones(1), np.zeros(1)
    for step in steps:
        if isinstance(step, Scale):
            slope, offset = slope / step.divisor, offset / step.divisor
        if isinstance(step, Normalise):
            slope, offset = slope / np.asarray(step.std), (offset - np.asarray(step.mean)) / np.asarray(step.std)
    if not any(isinstance(step, Normalise) for step in steps):
        return found | {"normalise": "none", "scale": 1 if abs(slope[0] - 1) > 1e-9 else 255}
    mean, std = -offset / slope, 1 / slope
    times = 255 if max(np.abs(mean).max(), std.max()) > 2 else 1
    mean, std = mean / times, std / times
    numbers = [tuple(round(float(one), 9) for one in np.broadcast_to(value, slope.shape)) for value in (mean, std)]
    return found | {"mean": numbers[0], "std": numbers[1]}


def describe_step(step: Step) -> str:
    """One step in a few words, for the terminal and the model card."""
    if isinstance(step, Resize):
        size = f"{step.size}" if isinstance(step.size, int) else " x ".join(map(str, step.size or ()))
        return f"resize {step.rule.replace('_', ' ')} {size} ({step.interpolation}, {step.library})"
    if isinstance(step, Crop):
        return f"centre crop {step.size[0]} x {step.size[1]}"
    if isinstance(step, Pad):
        return f"pad to {step.size[0]} x {step.size[1]}" if step.size else "pad"
    if isinstance(step, Grey):
        return f"grey in {step.channels} channel{'s' if step.channels == 3 else ''}"
    if isinstance(step, Scale):
        return f"/ {step.divisor:g}"
    if isinstance(step, Normalise):
        return f"mean {_few_numbers(step.mean)}, std {_few_numbers(step.std)}"
    if isinstance(step, Standardise):
        return f"mean and std of each {'image' if step.over == 'image' else 'image and channel'}"
    return "one channel three times" if isinstance(step, Expand) else "blue first (BGR)"


def _few_numbers(numbers: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{one:.4g}" for one in numbers) + "]"
