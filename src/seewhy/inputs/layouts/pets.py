"""Folders that torchvision downloads whose labels are in a list: OxfordIIITPet."""

from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.layouts.finding import PUBLISHED, Finding, Reading

NAME = "pets"
ABOUT = "torchvision's OxfordIIITPet: images/ and annotations/test.txt with lines `name class species breed`"
FOLDERS = ("", "oxford-iiit-pet")
LISTS = {"train": "trainval", "test": "test"}


def recognise(path: Path) -> Finding | None:
    """The two lists in `annotations`, beside `images`."""
    folder = _pets_folder(path)
    return Finding(NAME, f"'{folder.name}' is laid out as OxfordIIITPet", PUBLISHED) if folder else None


def read(path: Path, settings: Dataset) -> Reading:
    """Rows of trainval.txt (as split train), then of test.txt; class names as torchvision makes them."""
    del settings
    folder = _pets_folder(path)
    if folder is None:
        raise SeewhyError(f"'{path.name}' is not laid out as OxfordIIITPet; allowed: {ABOUT}")
    rows = []
    for split, name in LISTS.items():
        file = folder / "annotations" / f"{name}.txt"
        for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else []:
            stem, number, *_ = [*line.split(), "", ""]
            if not line.startswith("#") and number.isdecimal():
                image = str(folder / "images" / f"{stem}.jpg")
                rows.append({"image": image, "breed": stem.rpartition("_")[0], "number": int(number), "split": split})
    frame = pd.DataFrame(rows)
    if frame.empty:
        raise SeewhyError(f"the lists in '{folder.name}/annotations' name no image")
    names = dict(zip(frame["number"], frame["breed"], strict=True))
    classes = {one: " ".join(part.title() for part in names[one].split("_")) for one in sorted(names)}
    frame["label"] = frame["number"].map(classes)
    return Reading(frame[["image", "label", "split"]], list(classes.values()))


def _pets_folder(path: Path) -> Path | None:
    if not path.is_dir():
        return None
    for name in FOLDERS:
        folder = path / name if name else path
        if (folder / "images").is_dir() and any(
            (folder / "annotations" / f"{one}.txt").is_file() for one in LISTS.values()
        ):
            return folder
    return None
