"""From an image file to the network's input: the keys that params.yaml takes, and the ordered steps they stand for.

A step is one call of the user's own code. `Preprocessing.pipeline` lists them in order, whether they were said by keys
(`size`, `resize`, `mean`) or by the line of code that the user has (`transform`).
"""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from seewhy.config.validation import Number, Positive, Settings, Size, Whole
from seewhy.errors import SeewhyError

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "area", "box", "hamming"]
Library = Literal["pil", "opencv", "torch", "torch_v1"]  # torch: torchvision's v2 on tensors; torch_v1: its first API
GREY_LETTERBOX = 114  # what YOLO pads with


class Resize(Settings):
    """Another size, by the library that did it. `rule` says how `size` (pixels, or height and width) is meant.

    squash: exactly that. shorter, longer: that side becomes `size`. cover, contain: the image covers the size, or
    fits into it. crop_first, pad_first: brought to the shape of the size before it is resized, as fastai does.
    """

    kind: Literal["resize"] = "resize"
    size: Size
    rule: Literal["squash", "shorter", "longer", "cover", "contain", "crop_first", "pad_first"] = "squash"
    interpolation: Interpolation = "bilinear"
    library: Library = "pil"
    antialias: bool = True
    rounding: Literal["down", "nearest"] = "down"
    max_size: Positive | None = None


class Crop(Settings):
    """The centre of `size` (height, width), padded with black where the image is smaller; `origin` rounds halves."""

    kind: Literal["crop"] = "crop"
    size: tuple[Positive, Positive]
    origin: Literal["even", "down"] = "even"


class Pad(Settings):
    """A border: of `sides` (left, top, right, bottom), up to `size` (height, width), or to a square with neither."""

    kind: Literal["pad"] = "pad"
    sides: tuple[Whole, Whole, Whole, Whole] | None = None
    size: tuple[Positive, Positive] | None = None
    fill: tuple[Number, ...] = (0.0,)
    mode: Literal["constant", "edge", "reflect", "symmetric"] = "constant"
    origin: Literal["even", "down", "letterbox"] = "down"


class Grey(Settings):
    """The luminance, in one channel or in three equal ones."""

    kind: Literal["grey"] = "grey"
    channels: Literal[1, 3] = 1
    library: Library = "pil"


class Expand(Settings):
    """One channel repeated three times."""

    kind: Literal["expand"] = "expand"


class Reverse(Settings):
    """Red and blue change places."""

    kind: Literal["reverse"] = "reverse"


class Scale(Settings):
    """Values divided by a number, as 255."""

    kind: Literal["scale"] = "scale"
    divisor: Number


class Normalise(Settings):
    """(value - mean) / std, each one number or one a channel."""

    kind: Literal["normalise"] = "normalise"
    mean: tuple[Number, ...]
    std: tuple[Annotated[Number, Field(gt=0)], ...]


class Standardise(Settings):
    """(value - mean) / (std + eps) of the image itself, over all of it or channel by channel.

    `ddof` is 1 where std divides by n - 1, as torch does, 0 where by n, as numpy does.
    """

    kind: Literal["standardise"] = "standardise"
    over: Literal["image", "channel"] = "image"
    ddof: Literal[0, 1] = 1
    eps: Number = 0.0


Step = Annotated[
    Resize | Crop | Pad | Grey | Expand | Reverse | Scale | Normalise | Standardise, Field(discriminator="kind")
]
GEOMETRY = (Resize, Crop, Pad)
VALUES = (Expand, Reverse, Scale, Normalise, Standardise)
SAID_BY_LINE = ("size", "mean", "std", "scale", "resize", "resize_to", "crop", "interpolation", "grey", "normalise")


def _stored_where_ignored(value: Any) -> Any:
    """To ignore EXIF is to take the pixels as they are stored."""
    return "stored" if value == "ignore" else value


class Preprocessing(Settings):
    """From an image file to the network's input; what is absent is read from the checkpoint's config.

    `transform`: the line of code that the user has, in place of the keys after it; a text in place of this section
    is such a line. `scale` is the value of a white pixel before mean and std are applied (1 or 255). `resize`: squash
    to the size; crop the centre after resizing the shorter side to `resize_to`, or size / crop; pad to a square;
    letterbox, as YOLO does; none, where only the centre is cut out. With `resize_to` (or `crop`) squash cuts out the
    centre, too. `grey`, or `channels: grey`: one channel, the luminance; `grey3`: three equal ones; `bgr`: blue first.
    `normalise`: fixed by mean and std, by those of each image, or none. `library`: whose resize is imitated. `exif`:
    upright as viewers show a photo, or as stored in the file. `bands`: of a TIFF, which to take, counted from 1.
    """

    transform: str | None = None
    size: Size = None
    mean: tuple[Number, ...] | None = None
    std: tuple[Annotated[Number, Field(gt=0)], ...] | None = None
    scale: Literal[1, 255] = 1
    resize: Literal["squash", "crop", "pad", "letterbox", "none"] = "squash"
    resize_to: Size = None
    crop: Annotated[Number, Field(gt=0, le=1)] = 1.0
    interpolation: Interpolation = "bilinear"
    library: Literal["pil", "opencv", "torch"] | None = None
    grey: Annotated[bool, Field(strict=True)] = False
    channels: Literal["rgb", "bgr", "grey", "grey3"] = "rgb"
    normalise: Literal["fixed", "image", "none"] = "fixed"
    exif: Annotated[Literal["upright", "stored"], BeforeValidator(_stored_where_ignored)] = "upright"
    bands: tuple[Positive, ...] | None = None
    steps: tuple[Step, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _parse_line(cls, data: Any) -> Any:
        """A line of code becomes steps, and the keys that it settles."""
        given = {"transform": str(data)} if isinstance(data, str | int | list) else data
        if not isinstance(given, dict) or given.get("transform") is None or given.get("steps") is not None:
            return given
        twice = next((key for key in SAID_BY_LINE if key in given), None)
        if twice:
            raise ValueError(f"allowed: either `transform` or `{twice}`, which the line says")
        from seewhy.inputs.transform_line import settings_of_line  # it knows these steps, they not it

        try:
            return given | settings_of_line(str(given["transform"]))
        except SeewhyError as error:
            raise ValueError(str(error)) from None

    @field_validator("mean", "std")
    @classmethod
    def _check_channels(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (len(value) not in (1, 3) or not all(map(math.isfinite, value))):
            raise ValueError("allowed: one number, or three (red, green, blue)")
        return value

    @field_validator("grey", "channels")
    @classmethod
    def _check_one_channel(cls, value: Any, others: ValidationInfo) -> Any:
        if value in (True, "grey") and any(len(others.data.get(key) or ()) > 1 for key in ("mean", "std")):
            raise ValueError(f"allowed: {str(value).lower()} with one number for mean and one for std")
        return value

    @field_validator("bands")
    @classmethod
    def _check_bands(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and len(value) not in (1, 3):
            raise ValueError("allowed: one band or three, counted from 1")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> "Preprocessing":
        if self.grey and self.channels not in ("rgb", "grey"):
            raise ValueError(f"allowed: `grey: true` or `channels: {self.channels}`, not both")
        if self.resize_to is not None and self.crop != 1.0:
            raise ValueError("allowed: either `resize_to`, in pixels, or `crop`, the share that is kept")
        return self

    @property
    def pipeline(self) -> tuple[Step, ...]:
        """All steps from the decoded image to the network's input, in order."""
        return self._steps_of_keys() if self.steps is None else self._steps_of_line()

    def _steps_of_line(self) -> tuple[Step, ...]:
        """The line's steps, and what `channels` and `library` say beside it."""
        steps = self.steps or ()
        if self.channels in ("grey", "grey3") and not any(isinstance(one, Grey) for one in steps):
            steps = (Grey(channels=1 if self.channels == "grey" else 3), *steps)
        if self.channels == "bgr":
            steps = (*steps, Reverse())
        if self.library is None:
            return steps
        return tuple(
            one.model_copy(update={"library": self.library}) if isinstance(one, Resize | Grey) else one for one in steps
        )

    def _steps_of_keys(self) -> tuple[Step, ...]:
        library = self.library or "pil"
        steps: list[Step] = []
        if self.grey or self.channels == "grey":
            steps.append(Grey(library=library))
        if self.channels == "grey3":
            steps.append(Grey(channels=3, library=library))
        if self.size is not None:
            steps += self._fitting_steps(height_and_width(self.size), library)
        if self.channels == "bgr":
            steps.append(Reverse())
        if self.scale == 1:
            steps.append(Scale(divisor=255))
        if self.normalise == "image":
            steps.append(Standardise())
        if self.normalise == "fixed":
            steps.append(Normalise(mean=self.mean or (0.0,), std=self.std or (1.0,)))
        return tuple(steps)

    def _fitting_steps(self, size: tuple[int, int], library: Library) -> list[Step]:
        """How the image comes to `size` (height, width), by the keys `resize`, `resize_to` and `crop`."""
        how: dict[str, Any] = {"interpolation": self.interpolation, "library": library}
        before = self.resize_to or (int(size[0] / self.crop), int(size[1] / self.crop))
        if self.resize == "none":
            return [Crop(size=size)]
        if self.resize == "pad":
            contained = Resize(size=size, rule="contain", rounding="nearest", **how)
            return [contained, Pad(size=size, origin="even")]
        if self.resize == "letterbox":
            how |= {"library": self.library or "opencv"}
            contained = Resize(size=size, rule="contain", rounding="nearest", **how)
            return [contained, Pad(size=size, fill=(GREY_LETTERBOX,), origin="letterbox")]
        if self.resize == "squash":
            first = Resize(size=height_and_width(before), **how)
            return [first] if first.size == size else [first, Crop(size=size)]
        if isinstance(before, int):
            return [Resize(size=before, rule="shorter", **how), Crop(size=size)]
        return [Resize(size=before, rule="cover", **how), Crop(size=size)]


def height_and_width(size: Any) -> tuple[int, int]:
    """(height, width) of a size that is one number or both."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])


def fixed_size(steps: Sequence[Step]) -> tuple[int, int] | None:
    """(height, width) that every image has after these steps; None where it depends on the image."""
    found: tuple[int, int] | None = None
    for step in steps:
        if isinstance(step, Crop):
            found = step.size
        elif isinstance(step, Resize):
            exact = step.rule in ("squash", "crop_first", "pad_first")
            found = height_and_width(step.size) if exact else _square_after(step, found)
        elif isinstance(step, Pad):
            found = _size_after_pad(step, found, steps)
    return found


def _square_after(step: Resize, before: tuple[int, int] | None) -> tuple[int, int] | None:
    """A square stays one."""
    if before is None or before[0] != before[1] or not isinstance(step.size, int):
        return None
    return height_and_width(step.size)


def _size_after_pad(step: Pad, before: tuple[int, int] | None, steps: Sequence[Step]) -> tuple[int, int] | None:
    if step.sides and before:
        left, top, right, bottom = step.sides
        return before[0] + top + bottom, before[1] + left + right
    if step.size is not None:  # no larger before: what comes before is fitted into it
        place = steps.index(step)
        last = steps[place - 1] if place else None
        inside = isinstance(last, Resize) and last.rule in ("contain", "longer")
        fits = inside and max(height_and_width(last.size)) <= min(step.size)  # type: ignore[union-attr]
        same = inside and height_and_width(last.size) == step.size  # type: ignore[union-attr]
        return step.size if fits or same else (before and (max(before[0], step.size[0]), max(before[1], step.size[1])))
    return (max(before), max(before)) if before else None
