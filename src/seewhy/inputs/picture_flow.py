"""A picture on its way through a user's line of preprocessing: what form it has, and which steps it went through."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from seewhy.config.preprocessing import (
    Expand,
    Grey,
    Library,
    Normalise,
    Reverse,
    Scale,
    Standardise,
    Step,
)
from seewhy.errors import SeewhyError

Form = Literal["image", "array", "tensor"]  # PIL's, numpy's (height, width, channels), torch's (channels first)


@dataclass(frozen=True)
class Flow:
    """The picture so far. `second`: torchvision's v2. `is_float`: its values are numbers, no bytes any more.

    `left_out` names random augmentations with the size that they set in training; `notes` are sentences for the user.
    """

    steps: tuple[Step, ...] = ()
    form: Form = "image"
    second: bool = False
    is_float: bool = False
    channels: int = 3
    left_out: tuple[str, ...] = ()
    sized: tuple[tuple[str, int, tuple[int, int]], ...] = ()
    notes: tuple[str, ...] = ()
    centred: "Statistic | None" = None

    @property
    def resize_library(self) -> Library:
        """Whose resize the picture gets in this form."""
        if self.form == "tensor":
            return "torch" if self.second else "torch_v1"
        return "pil" if self.form == "image" else "opencv"

    def with_steps(self, *steps: Step, **changes: Any) -> "Flow":
        """The picture after those steps, in another form where `changes` say so."""
        return replace(self, steps=(*self.steps, *steps), centred=None, **changes)

    def with_note(self, sentence: str) -> "Flow":
        """With a sentence for the user, once."""
        return self if sentence in self.notes else replace(self, notes=(*self.notes, sentence))

    def without_random(self, name: str, size: tuple[int, int] | None = None) -> "Flow":
        """Without a random augmentation, which is named; `size` is what it brings images to in training."""
        sized = self.sized if size is None else (*self.sized, (name, len(self.steps), size))
        return replace(self, left_out=(*self.left_out, name), sized=sized)

    def divided_by(self, divisor: float) -> "Flow":
        """Divided by a number; a multiplication that undoes the division before it takes it away."""
        last = self.steps[-1] if self.steps else None
        if isinstance(last, Normalise) and self.centred is None and last.std == (1.0,) and divisor > 0:
            return replace(self, steps=(*self.steps[:-1], Normalise(mean=last.mean, std=(float(divisor),))))
        if isinstance(last, Scale) and abs(last.divisor * divisor - 1) < 1e-12:
            return replace(self, steps=self.steps[:-1])
        return self.with_steps(Scale(divisor=float(divisor)), is_float=True)

    def reverse_colours(self) -> "Flow":
        """Red and blue exchanged; twice is not at all."""
        if self.steps and isinstance(self.steps[-1], Reverse):
            return replace(self, steps=self.steps[:-1])
        return self.with_steps(Reverse())

    def to_grey(self, channels: int, library: Library | None = None) -> "Flow":
        """The luminance; of a picture that OpenCV read, blue first, it is the same."""
        known = self.reverse_colours() if self.steps and isinstance(self.steps[-1], Reverse) else self
        step = Grey(channels=3 if channels == 3 else 1, library=library or self.resize_library)
        return known.with_steps(step, channels=step.channels)

    def to_three_channels(self) -> "Flow":
        """One channel made three; three stay three."""
        if self.channels == 3:
            return self
        return self.with_steps(Expand(), channels=3)


@dataclass(frozen=True)
class Statistic:
    """The mean or the spread of the picture itself."""

    kind: Literal["mean", "std"]
    over: Literal["image", "channel"] = "image"
    ddof: Literal[0, 1] = 1
    eps: float = 0.0


Change = Callable[[Flow], Flow]


@dataclass(frozen=True)
class Transform:
    """What a call makes of a picture."""

    name: str
    change: Change


def chain_transforms(items: list[Transform]) -> Transform:
    """One transform after the other."""

    def run_all(flow: Flow) -> Flow:
        for item in items:
            flow = item.change(flow)
        return flow

    return Transform("Compose", run_all)


def add_numbers(left: Any, right: Any, sign: int, text: str) -> Any:
    """`left` plus or minus `right`, where one of them is a picture or its spread."""
    if isinstance(left, Statistic) and isinstance(right, int | float) and left.kind == "std" and sign > 0:
        return replace(left, eps=left.eps + right)
    if isinstance(left, Flow) and isinstance(right, Statistic) and right.kind == "mean" and sign < 0:
        return replace(left, centred=right)
    if isinstance(left, Flow) and (numbers := as_numbers(right)):
        return left.with_steps(Normalise(mean=tuple(-sign * one for one in numbers), std=(1.0,)), is_float=True)
    raise refusal_error(text, "adding or subtracting numbers, or the image's own mean")


def divide_picture(left: Any, right: Any, text: str) -> Any:
    """A picture divided by a number, by one a channel, or by its own spread."""
    if isinstance(left, Flow) and isinstance(right, Statistic) and right.kind == "std" and left.centred:
        if right.over != left.centred.over:
            raise refusal_error(text, "mean and std both of the image, or both of each channel")
        return left.with_steps(Standardise(over=right.over, ddof=right.ddof, eps=right.eps), is_float=True)
    numbers = as_numbers(right)
    if isinstance(left, Flow) and numbers and left.centred is None:
        if len(numbers) == 1:
            return left.divided_by(numbers[0])
        last = left.steps[-1] if left.steps else None
        if isinstance(last, Normalise) and last.std == (1.0,):
            return replace(left, steps=(*left.steps[:-1], Normalise(mean=last.mean, std=numbers)))
        return left.with_steps(Normalise(mean=(0.0,), std=numbers), is_float=True)
    raise refusal_error(text, "dividing by numbers, or by the image's own std after its mean is taken off")


def as_numbers(value: Any) -> tuple[float, ...]:
    """One to three numbers of however deep a list; empty for anything else."""
    if isinstance(value, bool):
        return ()
    if isinstance(value, int | float):
        return (float(value),)
    if isinstance(value, list | tuple):
        inner = [as_numbers(one) for one in value]
        flat = tuple(number for one in inner for number in one)
        return flat if all(inner) and len(flat) in (1, 3) else ()
    return ()


def refusal_error(text: str, allowed: str) -> SeewhyError:
    """The error for a part of a line that cannot be said."""
    short = " ".join(text.split())
    return SeewhyError(f"'{short[:80]}{'...' if len(short) > 80 else ''}' cannot be taken; allowed: {allowed}")
