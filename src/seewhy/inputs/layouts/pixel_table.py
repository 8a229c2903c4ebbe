"""Pixels in a CSV: FER2013's `emotion,pixels,Usage`, or Kaggle's `label,pixel0,pixel1,...`."""

from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.containers import PIXELS
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading

NAME = "pixels"
ABOUT = "a CSV of pixels: a column `pixels` of numbers, or columns pixel0, pixel1, ..."
USAGE = {"training": "train", "publictest": "val", "privatetest": "test"}  # of FER2013
LABELS = ("emotion", "label", "labels", "class", "target")


def recognise(path: Path) -> Finding | None:
    """A CSV whose head names pixels; or a folder with one."""
    files = _pixel_files(path)
    if not files:
        return None
    return Finding(NAME, f"{files[0].name} holds pixels", UNMISTAKABLE)


def read(path: Path, settings: Dataset) -> Reading:
    """One row an image; `Usage` gives the split as FER2013 has it, else the name of the file."""
    files = _pixel_files(path)
    if not files:
        raise SeewhyError(f"there is no table of pixels in '{path.name}'; allowed: {ABOUT}")
    frames, notes = [], []
    for file in files:
        head = _column_heads(file)
        text = next((name for name in head if name.lower() == "pixels"), None)
        label = settings.columns.get("label") or next((one for one in head if one.lower() in LABELS), None)
        usage = next((one for one in head if one.lower() == "usage"), None)
        kept = pd.read_csv(
            file, usecols=[one for one in (label, usage) if one] or head[:1], dtype=str, keep_default_na=False
        )
        rows = [f"{file}#{text or PIXELS}/{row}" for row in range(len(kept))]
        frame = pd.DataFrame({"image": rows, "split": walk.split_of(file.stem) or ""})
        if label:
            frame["label"] = kept[label]
        if usage:
            frame["split"] = [USAGE.get(one.lower(), one) for one in kept[usage]]
            notes = ["Usage is read as FER2013 means it: PublicTest is val, PrivateTest is test"]
        frames.append(frame)
    whole = pd.concat(frames, ignore_index=True)
    numbers = [int(one) for one in whole.get("label", []) if one.isdecimal()]
    whole = whole if whole["split"].any() else whole.drop(columns="split")
    return Reading(whole, [str(one) for one in range(max(numbers, default=-1) + 1)], notes)


def _pixel_files(path: Path) -> list[Path]:
    places = [path] if path.is_file() else sorted(path.glob("*.csv"))
    return [one for one in places if one.suffix.lower() == ".csv" and _is_pixels(_column_heads(one))]


def _is_pixels(head: list[str]) -> bool:
    low = [name.lower() for name in head]
    return "pixels" in low or sum(name.startswith("pixel") and name[5:].isdecimal() for name in low) >= 16


def _column_heads(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as stream:
            return [name.strip().strip('"') for name in stream.readline(200_000).rstrip("\n").split(",")]
    except OSError:
        return []
