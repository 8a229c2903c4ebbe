"""CIFAR-10 and CIFAR-100 as they are published for Python: pickles of rows of pixels."""

from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs import containers
from seewhy.inputs.layouts.finding import PUBLISHED, Finding, Reading

NAME = "cifar"
ABOUT = "CIFAR's pickles: test_batch and data_batch_1 to 5, or test and train beside meta"
FOLDERS = ("", "cifar-10-batches-py", "cifar-100-python")
TEN, HUNDRED = ("batches.meta", "label_names", "labels"), ("meta", "fine_label_names", "fine_labels")


def recognise(path: Path) -> Finding | None:
    """The names of CIFAR's files."""
    folder = _cifar_folder(path)
    if folder is None:
        return None
    return Finding(NAME, f"'{folder.name}' holds CIFAR's pickles", PUBLISHED)


def read(path: Path, settings: Dataset) -> Reading:
    """Rows of the training batches, then of the test batch, in torchvision's order."""
    del settings
    folder = _cifar_folder(path)
    if folder is None:
        raise SeewhyError(f"'{path.name}' does not hold CIFAR; allowed: {ABOUT}")
    hundred = not _batch_files(folder)
    meta, names, labels = HUNDRED if hundred else TEN
    files = [("train", folder / "train"), ("test", folder / "test")] if hundred else _batch_files(folder)
    frames = []
    for split, file in files:
        if file.is_file():
            own = list(containers.read_column(file, labels))
            rows = [f"{file}#data/{row}" for row in range(len(own))]
            frames.append(pd.DataFrame({"image": rows, "label": map(str, own), "split": split}))
    if not frames:
        raise SeewhyError(f"'{folder.name}' has no batch of CIFAR")
    classes = list(containers.read_column(folder / meta, names)) if (folder / meta).is_file() else []
    return Reading(pd.concat(frames, ignore_index=True), [_as_text(name) for name in classes])


def _as_text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _batch_files(folder: Path) -> list[tuple[str, Path]]:
    found = [("train", one) for one in sorted(folder.glob("data_batch_*"))]
    return found + ([("test", folder / "test_batch")] if (folder / "test_batch").is_file() else [])


def _cifar_folder(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    for name in FOLDERS:
        folder = path / name if name else path
        if folder.is_dir() and (_batch_files(folder) or all((folder / one).is_file() for one in ("meta", "test"))):
            return folder
    return None
