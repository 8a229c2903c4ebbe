"""Arrays: `.npz` (as MedMNIST's train_images, test_labels), `.npy` or `.pt` files of images and of labels, `.mat`."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import containers, file_formats
from seewhy.inputs.labels import classes_of_labels
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import LAST, UNMISTAKABLE, Finding, Reading

NAME = "arrays"
ABOUT = "arrays of images and labels: .npz, .npy, .pt or .mat, as test_images and test_labels, or x_test and y_test"
ENDINGS = (".npz", ".npy", ".pt", ".pth", ".mat")
IMAGES, LABELS, MASKS = (
    ("images", "image", "imgs", "x", "data", "img"),
    ("labels", "label", "y", "targets", "target"),
    ("masks", "mask"),
)
NAMES = ("classes", "class_names", "names", "label_names")


@dataclass(frozen=True)
class Part:
    """An array: its address, the split and role that its name says, its shape."""

    address: str
    split: str
    role: str
    shape: tuple[int, ...]


def recognise(path: Path) -> Finding | None:
    """An array of at least two dimensions for each row, under a name that says images."""
    try:
        found = _array_parts(path)
    except Exception:  # what cannot be opened is no array
        return None
    images = [one for one in found if one.role == "images" and len(one.shape) > 2]
    if not images:
        return None
    labels = [one for one in found if one.role == "labels" and one.shape[0] == images[0].shape[0]]
    masks = [one for one in found if one.role == "masks"]
    several = bool(labels) and len(labels[0].shape) == 2 and labels[0].shape[1] > 1
    task = "segmentation" if masks and not labels else "multilabel" if several else "classification"
    told = list_names(f"{one.address.rpartition('/')[2]} {one.shape}" for one in [*images, *labels, *masks])
    return Finding(NAME, f"arrays: {told}", UNMISTAKABLE if path.is_file() or labels or masks else LAST, task)


def read(path: Path, settings: Dataset) -> Reading:
    """One row for each row of the arrays, those of all splits one after the other."""
    parts = _array_parts(path)
    images = [one for one in parts if one.role == "images" and len(one.shape) > 2]
    if not images:
        raise SeewhyError(f"there is no array of images in '{path.name}'; allowed: {ABOUT}")
    frames: list[pd.DataFrame] = []
    names: list[str] = []
    columns: list[str] = []
    for one in images:
        frame = pd.DataFrame(
            {
                "image": [
                    f"{one.address}/{row}" if "#" in one.address else f"{one.address}#{row}"
                    for row in range(one.shape[0])
                ]
            }
        )
        frame["split"] = one.split
        for other in parts:
            if other.split == one.split and other.shape[:1] == one.shape[:1]:
                if other.role == "masks":
                    mark = "/" if "#" in other.address else "#"
                    frame["mask"] = [f"{other.address}{mark}{row}" for row in range(one.shape[0])]
                elif other.role == "labels":
                    columns = _add_labels(frame, _part_values(other), settings) or columns
        frames.append(frame)
    whole = pd.concat(frames, ignore_index=True)
    whole = whole if whole["split"].any() else whole.drop(columns="split")
    for one in parts:
        names = [str(name) for name in _part_values(one).tolist()] if one.role == "names" else names
    notes = []
    if "label" in whole and not names and settings.task != "regression":
        names = classes_of_labels(whole["label"])
        if names and names[0] == "0" and settings.classes is None:
            notes.append(f"the arrays hold no class names: 0 to {len(names) - 1} are used; `classes:` names them")
    return Reading(whole, names or columns, notes, parts=columns)


def _add_labels(frame: pd.DataFrame, values: np.ndarray, settings: Dataset) -> list[str]:
    """Labels as text, or a column for each of several; names of these columns."""
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 1:
        frame["label"] = [_label_text(value) for value in flat[:, 0].tolist()]
        return []
    given = settings.classes if isinstance(settings.classes, list) else []
    names = given if len(given) == flat.shape[1] else [str(one) for one in range(flat.shape[1])]
    for place, name in enumerate(names):
        frame[f"part:{name}"] = [_label_text(value) for value in flat[:, place].tolist()]
    return names


def _label_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _array_parts(path: Path) -> list[Part]:
    files = [path] if path.is_file() else sorted(one for one in path.iterdir() if one.suffix.lower() in ENDINGS[:3])
    found = []
    for file in files:
        if file.suffix.lower() not in ENDINGS:
            return []
        for key, shape in _array_shapes(file).items():
            role, split = _role_and_split(
                f"{file.stem} {key}" if not key or len(files) > 1 else key, len(shape), path.is_file() and not key
            )
            if role:
                found.append(Part(f"{file}#{key}" if key else str(file), split, role, shape))
    return found


def _array_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    kind = file.suffix.lower()
    if kind == ".npz":
        return {key: shape for key, (shape, _) in file_formats.npz_shapes(file).items()}
    if kind == ".npy":
        return {"": file_formats.npy_shape(file)[0]}
    held = containers.read_content(file)
    return {key: tuple(value.shape) for key, value in held.items() if isinstance(value, np.ndarray)}


def _role_and_split(name: str, dimensions: int, alone: bool) -> tuple[str, str]:
    """What an array is by its name: role and split; an array alone is one of images."""
    words = [word for word in re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if word]
    split = next((split for word in words if (split := walk.split_of(word))), "")
    if any(word in MASKS for word in words) and dimensions > 2:
        return "masks", split
    for role, known in (("names", NAMES), ("labels", LABELS), ("images", IMAGES)):
        if any(word in known for word in words) or "_".join(words) in known:
            return role, split
    return ("images" if alone and dimensions > 2 else ""), split


def _part_values(part: Part) -> np.ndarray:
    file, _, key = part.address.partition("#")
    return np.asarray(containers.read_column(Path(file), key))
