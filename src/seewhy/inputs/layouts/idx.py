"""MNIST's format: `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, also gzipped; also of its many kin."""

from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import file_formats
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading

NAME = "idx"
ABOUT = "MNIST's files: t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, also gzipped"


def recognise(path: Path) -> Finding | None:
    """Files with `images` and `labels` in their names that begin as MNIST's do."""
    found = _idx_files(path)
    if not found:
        return None
    told = list_names(f"{images.name} and {labels.name}" for _, images, labels in found)
    return Finding(NAME, f"MNIST's format: {told}", UNMISTAKABLE)


def read(path: Path, settings: Dataset) -> Reading:
    """Rows of the training file, then of the test file."""
    del settings
    frames = []
    for split, images, labels in _idx_files(path):
        own = file_formats.read_idx(labels)
        frames.append(
            pd.DataFrame(
                {"image": [f"{images}#{row}" for row in range(len(own))], "label": own.astype(str), "split": split}
            )
        )
    if not frames:
        raise SeewhyError(f"there is no pair of MNIST's files in '{path.name}'; allowed: {ABOUT}")
    frame = pd.concat(frames, ignore_index=True)
    return Reading(frame, [str(one) for one in range(frame["label"].astype(int).max() + 1)])


def _idx_files(path: Path) -> list[tuple[str, Path, Path]]:
    """Split, images and labels; a file that lies there both gzipped and not counts once."""
    folder = path if path.is_dir() else path.parent
    places = (
        [path]
        if path.is_file()
        else sorted([*folder.glob("*images*"), *folder.glob("raw/*images*"), *folder.glob("*/raw/*images*")])
    )
    found: dict[str, tuple[str, Path, Path]] = {}
    for images in places:
        labels = images.with_name(images.name.replace("images", "labels").replace("idx3", "idx1"))
        if not images.is_file() or labels == images or not labels.is_file():
            continue
        if file_formats.is_idx(images) and file_formats.is_idx(labels):
            test = "t10k" in images.name or "test" in images.name
            found.setdefault(images.name.removesuffix(".gz"), ("test" if test else "train", images, labels))
    return sorted(found.values(), key=lambda one: one[0] == "test")
