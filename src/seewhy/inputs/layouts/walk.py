"""Folders as the libraries that people trained with go through them: the order of rows decides what a seed splits."""

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from seewhy.errors import SeewhyError, list_names

PICTURES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp", ".gif", ".npy", ".dcm")
SPLITS = {
    "train": ("train", "training", "trn", "train_set", "training_set", "seg_train", "trainset", "train_images"),
    "val": ("val", "valid", "validation", "dev", "validation_set", "val_set", "valset", "evaluation"),
    "test": ("test", "testing", "tst", "test_set", "testing_set", "seg_test", "testset", "test_images"),
}
LEFT_BEHIND = ("__macosx", "__pycache__", "$recycle.bin")


def split_of(name: str) -> str | None:
    """The split that a folder or file is named after: "Training" -> train.

    >>> split_of("Testing"), split_of("cats")
    ('test', None)
    """
    low = name.lower()
    return next((split for split, names in SPLITS.items() if low in names), None)


def subfolders(folder: Path) -> list[Path]:
    """Folders in a folder in the order of their names, but for hidden ones and what file systems leave behind."""
    found = [one for one in folder.iterdir() if one.is_dir() and not _is_left_behind(one.name)]
    return sorted(found, key=lambda one: one.name)


def strange_folders(folder: Path) -> list[str]:
    """Hidden folders, which torchvision's ImageFolder would take for classes."""
    return sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name.startswith("."))


def list_pictures(folder: Path, pattern: str | None = None) -> list[Path]:
    """Image files below a folder in the order of torchvision's ImageFolder: by folder, then by name.

    `pattern` keeps those whose path from the folder it fits, as `**/CROPPED/*`.
    """
    found = []
    for place, inner, names in sorted(_walk_folders(folder)):
        del inner
        found += [Path(place, name) for name in sorted(names) if is_picture(name)]
    return found if pattern is None else matching_files(found, folder, pattern)


def _walk_folders(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    seen = set()
    for place, inner, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:  # a circle of links
            inner.clear()
            continue
        seen.add(real)
        inner[:] = [one for one in inner if not _is_left_behind(one)]
        yield place, inner, names


def matching_files(found: Iterable[Path], folder: Path, pattern: str) -> list[Path]:
    """The files whose path from the folder fits the pattern; raises SeewhyError where none does."""
    loose = pattern.replace("**/", "*")
    kept = [one for one in found if fnmatch(one.relative_to(folder).as_posix(), loose) or fnmatch(one.name, pattern)]
    if not kept:
        raise SeewhyError(f"no image in '{folder.name}' fits `files: {pattern}`")
    return kept


def is_picture(name: str) -> bool:
    """Whether a file is one of an image, by its ending."""
    return name.lower().endswith(PICTURES) and not name.startswith(".")


def has_picture(folder: Path) -> bool:
    """Whether there is an image in a folder or below it; looks no further than the first."""
    return any(is_picture(name) for _, _, names in _walk_folders(folder) for name in names)


def direct_pictures(folder: Path) -> list[Path]:
    """Image files in a folder itself."""
    return sorted((one for one in folder.iterdir() if is_picture(one.name) and one.is_file()), key=lambda one: one.name)


def top_folder(path: Path) -> Path:
    """The folder in which something is to be chosen from: single folders around it are gone through."""
    while path.is_dir():
        inner = subfolders(path)
        files = [one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")]
        if len(inner) != 1 or any(is_picture(one.name) or one.suffix in (".csv", ".json") for one in files):
            return path
        if split_of(inner[0].name) or not subfolders(inner[0]):
            return path
        path = inner[0]
    return path


def parts_below(file: Path, folder: Path) -> tuple[str, ...]:
    """Names of the folders between a folder and a file in it."""
    return PurePosixPath(file.relative_to(folder).as_posix()).parts[:-1]


def paths_shown(paths: Iterable[Path], folder: Path) -> str:
    """Some paths, from a folder, for a message."""
    return list_names(one.relative_to(folder).as_posix() for one in paths)


def _is_left_behind(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFT_BEHIND
