"""Images of a session -> files in its own folder, the line that makes the network's input of them, and the exact input
where that is tensors: then what a person sees is a picture of each tensor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.images import open_image
from seewhy.inputs.transform_line import parse_line
from seewhy.session.items import Items

FOLDER = "pictures"
STORED = ("1", "L", "P", "RGB", "RGBA")  # modes of PIL that PNG keeps
NUMBERS = ("F", "I")  # what these begin holds numbers, of which nobody knows what is white
SPILL = 0.1  # how far beyond 0 and 1 a tensor may lie when `normalize` is undone: a bicubic resize overshoots
Normalisation = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class Pictures:
    """Where the images lie, their preprocessing as params.yaml has it, the network's input where it is known (tensors),
    and what a reader has to know of the pictures."""

    names: list[str]
    preprocessing: dict[str, Any]
    tensors: Tensor | None = None
    note: str = ""
    notes: tuple[str, ...] = ()


def place_pictures(items: Items, transform: Any, normalize: Any, folder: Path) -> Pictures:
    """The images as files: those of paths where they lie, all others as PNG in `folder`.

    Raises SeewhyError for arguments that do not go together.
    """
    given = _checked_normalisation(normalize)
    if transform is None:
        return (
            _tensor_pictures(items.tensors, given, folder)
            if items.tensors is not None
            else _plain(items, given, folder)
        )
    if items.tensors is not None:
        raise SeewhyError(
            "transform: found one beside tensors; allowed: none, since tensors are what the network takes"
        )
    if isinstance(transform, str):
        if given:
            raise SeewhyError("normalize: found it beside a line `transform`, which says it; allowed: one of the two")
        told = _line_notes(transform)
        return Pictures(_write_pictures(items.pictures, folder), _settings_of_line(transform, items), notes=told)
    if not callable(transform):
        raise SeewhyError(
            f"transform: found {type(transform).__name__}; allowed: a line of code as text, or a callable"
        )
    tensors = apply_transform(items.pictures, transform)
    found = _tensor_pictures(tensors, given or _normalisation_of(transform), folder)
    return replace(found, note=f"{found.note} They are what `transform` makes; where it cuts or turns is not known.")


def _plain(items: Items, given: Normalisation | None, folder: Path) -> Pictures:
    """Pictures without a transform: as ToTensor makes them, and normalised where mean and std are given."""
    return Pictures(_write_pictures(items.pictures, folder), _settings_of_line(_input_line(given), items))


def _input_line(given: Normalisation | None) -> str:
    scaled = "T.ToTensor()"
    return scaled if given is None else f"T.Compose([{scaled}, T.Normalize({[*given[0]]}, {[*given[1]]})])"


def _settings_of_line(line: str, items: Items) -> dict[str, Any]:
    """The line; with one channel where every picture is grey, as torchvision sees those."""
    grey = all(isinstance(one, Image.Image) and one.mode in ("L", "1") for one in items.pictures)
    return {"transform": line} | ({"channels": "grey"} if grey else {})


def _line_notes(line: str) -> tuple[str, ...]:
    """What was not taken of a line, and how the rest was read; a mistake in it is told by the argument's name."""
    try:
        found = parse_line(line)
    except SeewhyError as error:
        raise SeewhyError(f"transform: {error}") from None
    random = [f"left out, since random: {list_names(dict.fromkeys(found.left_out))}"] if found.left_out else []
    return tuple(f"transform: {note}" for note in (*random, *found.notes))


def _write_pictures(pictures: Sequence[Path | Image.Image], folder: Path) -> list[str]:
    """The address of each: its path, or that of a PNG with the same pixels."""
    names = []
    for number, one in enumerate(pictures):
        name = str(one) if isinstance(one, Path) else f"{FOLDER}/{number:05d}.png"
        if isinstance(one, Image.Image):
            _save_png(one, folder / name)
        names.append(name)
    if twice := next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None:
        raise SeewhyError(f"images: '{Path(twice).name}' stands twice; allowed: each image once")
    return names


def _save_png(picture: Image.Image, path: Path) -> None:
    """The pixels alone: an orientation that EXIF tells is of the file that they came from, not of this picture."""
    if picture.mode.startswith(NUMBERS):
        raise SeewhyError(f"images: found a PIL image of mode {picture.mode}; allowed: colours or grey of 8 bits")
    path.parent.mkdir(exist_ok=True)
    kept = picture if picture.mode in STORED else picture.convert("RGB")
    bare = kept.copy()
    bare.info = {key: value for key, value in kept.info.items() if key == "transparency"}
    bare.getexif().clear()
    bare.save(path, compress_level=1)


def _tensor_pictures(tensors: Tensor, given: Normalisation | None, folder: Path) -> Pictures:
    """A picture of each tensor: mean and std undone, or its values scaled to 0 to 1, which the note says."""
    low, high = float(tensors.min()), float(tensors.max())
    note = "Pictures are the network's input, mean and std undone."
    if given is None and low >= 0 and high <= 1:
        note = "Pictures are the network's input, whose values are 0 to 1."
    elif given is None:
        width = high - low or 1.0
        given = ((-low / width,), (1 / width,))
        note = (
            f"Pictures are the network's input, scaled from {low:.3g} to {high:.3g}; `normalize=(mean, std)` undoes it."
        )
    mean, std = (torch.tensor(one).reshape(1, -1, 1, 1) for one in given or ((0.0,), (1.0,)))
    if mean.shape[1] not in (1, tensors.shape[1]):
        raise SeewhyError(f"normalize: found {mean.shape[1]} means; the images have {tensors.shape[1]} channels")
    shares = tensors * std + mean
    if shares.min() < -SPILL or shares.max() > 1 + SPILL:
        said = f"{float(shares.min()):.2f} to {float(shares.max()):.2f}"
        raise SeewhyError(f"normalize: undone, it leaves values of {said}; allowed: the mean and std that leave 0 to 1")
    pixels = (shares * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    grey = tensors.shape[1] == 1
    shown: list[Path | Image.Image] = [Image.fromarray(one[..., 0] if grey else one) for one in pixels]
    line = _input_line(given)
    return Pictures(_write_pictures(shown, folder), _settings_of_line(line, Items(shown)), tensors, note)


def apply_transform(pictures: Sequence[Path | Image.Image], transform: Callable[[Any], Any]) -> Tensor:
    """What a callable makes of each picture, once and for all: a random one would make another of it at each call."""
    found = []
    for place, one in enumerate(pictures):
        picture = open_image(one) if isinstance(one, Path) else one
        try:
            made = transform(picture)
        except Exception as error:  # whatever the user's code raises
            told = " ".join(str(error).split()) or type(error).__name__
            raise SeewhyError(f"transform: fails for image {place}: {told}") from None
        if (
            not isinstance(made, Tensor)
            or made.ndim != 3
            or not made.is_floating_point()
            or made.shape[0] not in (1, 3)
        ):
            shape = f" of shape {tuple(made.shape)}" if hasattr(made, "shape") else ""
            said = f"{type(made).__name__}{shape} for image {place}"
            raise SeewhyError(f"transform: makes a {said}; allowed: a float tensor (c, h, w) with 1 or 3 channels")
        found.append(made.detach().cpu().float())
    sizes = sorted({tuple(one.shape) for one in found})
    if len(sizes) > 1:
        raise SeewhyError(f"transform: makes tensors of shapes {sizes[0]} and {sizes[1]}; allowed: one shape")
    return torch.stack(found)


def _normalisation_of(transform: Any) -> Normalisation | None:
    """Mean and std of the last part of a Compose that has both."""
    parts = getattr(transform, "transforms", [transform])
    last = next((one for one in reversed(list(parts)) if hasattr(one, "mean") and hasattr(one, "std")), None)
    return None if last is None else _checked_normalisation((last.mean, last.std))


def _checked_normalisation(normalize: Any) -> Normalisation | None:
    if normalize is None:
        return None
    try:
        mean, std = (tuple(np.atleast_1d(np.asarray(one, float)).tolist()) for one in normalize)
    except (TypeError, ValueError):
        mean, std = (), ()
    if len(mean) not in (1, 3) or len(mean) != len(std) or min(std) <= 0:
        raise SeewhyError(f"normalize: found {normalize!r}; allowed: (mean, std), each one number or three")
    return mean, std
