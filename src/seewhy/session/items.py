"""Whatever a notebook holds images in -> a list of pictures or one batch of tensors, and labels that come along."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from seewhy.errors import SeewhyError
from seewhy.inputs.layouts.walk import list_pictures

ALLOWED = (
    "a folder, a list of paths or of PIL images, a uint8 array (n, h, w, 3) or (n, h, w), a float tensor (n, c, h, w), "
    "or a Dataset of (image, label)"
)
OF_A_DATASET = 1000  # images that are taken of a Dataset where no `limit` is given


@dataclass(frozen=True)
class Items:
    """Pictures (files or PIL images), or tensors in their place; labels and class names that came with them, sentences
    about what was taken, and how many images there were before a limit."""

    pictures: list[Path | Image.Image] = field(default_factory=list)
    tensors: Tensor | None = None
    labels: list[Any] | None = None
    classes: list[str] | None = None
    notes: tuple[str, ...] = ()
    total: int = 0

    def __len__(self) -> int:
        return len(self.pictures) if self.tensors is None else len(self.tensors)


def read_items(images: Any, limit: int | None) -> Items:
    """The images of `open_study`'s argument; at most the first `limit`, which is said.

    Raises SeewhyError for what holds no images.
    """
    if isinstance(limit, bool) or not (limit is None or (isinstance(limit, int) and limit > 0)):
        raise SeewhyError(f"limit: found {limit!r}; allowed: a whole number above 0, or None")
    if hasattr(images, "tolist") and not isinstance(images, np.ndarray | Tensor):  # a Series of paths
        images = images.tolist()
    if is_dataset(images):
        found = _dataset_items(images, limit or OF_A_DATASET)
    else:
        found = _limited(_listed_items(images), limit)
    if not len(found):
        raise SeewhyError(f"images: found none; allowed: {ALLOWED}")
    if found.tensors is not None:
        _check_tensors(found.tensors)
    return found


def is_dataset(images: Any) -> bool:
    """Whether images are asked for one after the other by their number, as of a torch Dataset."""
    plain = isinstance(images, str | Path | Sequence | np.ndarray | Tensor)
    return not plain and hasattr(images, "__getitem__") and hasattr(images, "__len__") and not isinstance(images, dict)


def _listed_items(images: Any) -> Items:
    if isinstance(images, str | Path):
        return Items(_files_of(Path(images)))
    if isinstance(images, Tensor | np.ndarray) and images.ndim > 2:
        return _array_items(images)
    if isinstance(images, Sequence | np.ndarray) and not isinstance(images, bytes):
        return _items_of_list(list(images))
    raise SeewhyError(f"images: found {type(images).__name__}; allowed: {ALLOWED}")


def _files_of(path: Path) -> list[Path | Image.Image]:
    """The images in a folder and the folders in it, in the order of their names; of a file itself."""
    if not path.exists():
        raise SeewhyError(f"images: there is no folder or file '{path}'")
    return [one.resolve() for one in (list_pictures(path) if path.is_dir() else [path])]


def _array_items(images: Tensor | np.ndarray) -> Items:
    """A whole array: bytes are pictures, floats are what the network takes."""
    if isinstance(images, np.ndarray) and images.dtype == np.uint8:
        if images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3):
            return Items([Image.fromarray(np.ascontiguousarray(one)) for one in images])
    elif images.ndim == 4 and (tensor := torch.as_tensor(images)).is_floating_point():
        return Items(tensors=tensor.detach().cpu().float())
    shape, kind = tuple(images.shape), str(images.dtype).removeprefix("torch.")
    raise SeewhyError(f"images: found {kind} of shape {shape}; allowed: {ALLOWED}")


def _items_of_list(images: list[Any]) -> Items:
    """A list in which all are of one kind: paths, PIL images, arrays of bytes, or tensors."""
    found = [_single_item(one, place) for place, one in enumerate(images)]
    kinds = {isinstance(one, Tensor) for one in found}
    if len(kinds) > 1:
        raise SeewhyError("images: found tensors and pictures in one list; allowed: a list of one kind")
    if not kinds or not kinds.pop():
        return Items(found)
    other = next((place for place, one in enumerate(found) if one.shape != found[0].shape), None)
    if other is not None:
        shapes = f"{tuple(found[0].shape)} and, at {other}, {tuple(found[other].shape)}"
        raise SeewhyError(f"images: found tensors of shapes {shapes}; allowed: one shape (c, h, w)")
    return Items(tensors=torch.stack(found))


def _single_item(image: Any, place: int) -> Any:
    if isinstance(image, str | Path):
        if not Path(image).is_file():
            raise SeewhyError(f"images: there is no file '{image}' (at {place})")
        return Path(image).resolve()
    if isinstance(image, Image.Image):
        return image
    if isinstance(image, np.ndarray) and image.dtype == np.uint8 and (image.ndim == 2 or image.shape[2:] == (3,)):
        return Image.fromarray(np.ascontiguousarray(image))
    if isinstance(image, Tensor) and image.is_floating_point() and image.ndim == 3:
        return image.detach().cpu().float()
    shape = f" of shape {tuple(image.shape)}" if hasattr(image, "shape") else ""
    raise SeewhyError(f"images: found {type(image).__name__}{shape} at {place}; allowed: {ALLOWED}")


def _limited(found: Items, limit: int | None) -> Items:
    if limit is None or limit >= len(found):
        return found
    total = len(found)
    said = (f"the first {limit:,} of {total:,} images are taken (limit)",)
    tensors = None if found.tensors is None else found.tensors[:limit]
    return replace(found, pictures=found.pictures[:limit], tensors=tensors, notes=(*found.notes, *said), total=total)


def _dataset_items(dataset: Any, limit: int) -> Items:
    """The first images of a Dataset, with its labels and, where it names them, its classes."""
    count = min(limit, len(dataset))
    rows = [_dataset_row(dataset, number) for number in range(count)]
    pairs = [one if isinstance(one, tuple | list) else (one, None) for one in rows]
    if odd := next((len(one) for one in pairs if len(one) != 2), 0):
        raise SeewhyError(f"images: the Dataset gives {odd} things for an image; allowed: (image, label)")
    found = _items_of_list([image for image, _ in pairs])
    labels = [label for _, label in pairs]
    names = getattr(dataset, "classes", None) or getattr(getattr(dataset, "dataset", None), "classes", None)
    known = isinstance(names, list | tuple) and all(isinstance(one, str) for one in names)
    said = [f"the first {count:,} of {len(dataset):,} images of the Dataset are taken (limit)"]
    said += [f"classes are those of the Dataset: {len(names)}"] if known and names else []
    return replace(
        found,
        labels=labels if any(one is not None for one in labels) else None,
        classes=list(names) if known and names else None,
        notes=tuple(said if count < len(dataset) else said[1:]),
        total=len(dataset),
    )


def _dataset_row(dataset: Any, number: int) -> Any:
    try:
        return dataset[number]
    except Exception as error:  # whatever the user's code raises
        told = " ".join(str(error).split()) or type(error).__name__
        raise SeewhyError(f"images: the Dataset fails for image {number}: {told}") from None


def _check_tensors(tensors: Tensor) -> None:
    if tensors.shape[1] not in (1, 3):
        raise SeewhyError(
            f"images: found {tensors.shape[1]} channels in tensors of shape {tuple(tensors.shape)}; allowed: 1 or 3, "
            "(n, c, h, w); `seewhy.explain` takes any number"
        )
    bad = int((~tensors.isfinite()).flatten(1).any(1).sum())
    if bad:
        raise SeewhyError(f"images: {bad} of {len(tensors)} tensors hold values that are not finite; allowed: numbers")
