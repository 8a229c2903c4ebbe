"""A Hugging Face dataset on disk: `save_to_disk` (Arrow) or Parquet files with images in them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import containers, file_formats
from seewhy.inputs.labels import classes_of_labels
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading

NAME = "huggingface"
ABOUT = "a Hugging Face dataset: the folder of save_to_disk, or Parquet or Arrow files with a column of images"
IMAGES, LABELS, MASKS = (
    ("image", "img", "pixel_values", "picture"),
    ("label", "labels", "fine_label", "target", "class"),
    ("mask", "annotation", "segmentation", "label"),
)
CAPTIONS = ("caption", "captions", "text", "sentences")


def recognise(path: Path) -> Finding | None:
    """Arrow or Parquet files with a column of encoded images."""
    try:
        files = _data_files(path)
        columns = _column_kinds(files[0][1]) if files else {}
    except Exception:  # what cannot be opened is no table
        return None
    image = _image_column(columns)
    if image is None:
        return None
    splits = list_names(dict.fromkeys(one for one, _ in files if one))
    told = f"{files[0][1].name} has a column '{image}' of images; splits: {splits}"
    return Finding(NAME, told, UNMISTAKABLE, _task_of_columns(columns, image))


def read(path: Path, settings: Dataset) -> Reading:
    """Rows of all files, split by split; class names from the features kept with the table."""
    frames: list[pd.DataFrame] = []
    classes: list[str] = []
    files = _data_files(path)
    for split, file in files:
        columns = _column_kinds(file)
        image = settings.columns.get("image") or _image_column(columns)
        if image is None:
            raise SeewhyError(f"'{file.name}' has no column of images; found: {list_names(columns)}")
        others = [name for name in columns if name != image]
        images = [name for name in others if columns[name] == "image"]
        mask = next((name for name in images if name in MASKS), None)
        label = settings.columns.get("label") or next(
            (name for name in LABELS if name in others and name not in images), None
        )
        caption = next((name for name in CAPTIONS if name in others), None)
        count = len(containers.read_column(file, image))
        frame = pd.DataFrame({"image": [f"{file}#{image}/{row}" for row in range(count)], "split": split})
        if mask:
            frame["mask"] = [f"{file}#{mask}/{row}" for row in range(count)]
        if label:
            frame["label"] = [_cell_text(value) for value in file_formats.arrow_table(file).column(label).to_pylist()]
            classes = _feature_names(file, label) or classes
        if caption and settings.task == "captioning":
            values = file_formats.arrow_table(file).column(caption).to_pylist()
            frame["caption"] = ["\n".join(one) if isinstance(one, list) else str(one) for one in values]
        frames.append(frame)
    if not frames:
        raise SeewhyError(f"'{path.name}' holds no Hugging Face dataset; allowed: {ABOUT}")
    whole = pd.concat(frames, ignore_index=True)
    return Reading(
        whole if whole["split"].any() else whole.drop(columns="split"),
        classes or classes_of_labels(whole.get("label", [])),
    )


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list) else str(value)


def _data_files(path: Path) -> list[tuple[str, Path]]:
    """Split and file, in the order of rows: of save_to_disk as its state lists them, else by name."""
    if path.is_file():
        return [("", path)] if path.suffix.lower() in containers.ROWS else []
    listed = path / "dataset_dict.json"
    if listed.is_file():
        splits = json.loads(listed.read_text())["splits"]
        return [(walk.split_of(one) or str(one), file) for one in splits for file in _saved_files(path / str(one))]
    if (path / "state.json").is_file():
        return [("", file) for file in _saved_files(path)]
    found = sorted(
        one for one in path.rglob("*") if one.suffix.lower() in containers.ROWS and not one.name.startswith("cache-")
    )
    return [(_split_of_file(one), one) for one in found]


def _saved_files(folder: Path) -> list[Path]:
    state = json.loads((folder / "state.json").read_text())
    if state.get("_indices_files"):
        raise SeewhyError(
            f"'{folder.name}' was saved with a selection of rows; `flatten_indices()` before `save_to_disk`"
        )
    return [folder / Path(str(one["filename"])).name for one in state["_data_files"]]


def _split_of_file(file: Path) -> str:
    word = file.stem.partition("-")[0].split("_")[-1]
    return walk.split_of(word) or walk.split_of(file.parent.name) or ""


def _column_kinds(file: Path) -> dict[str, str]:
    """Columns and whether they are of images: a struct of bytes and path, or bytes."""
    import pyarrow as pa

    schema = _read_schema(file)
    found = {}
    for one in schema:
        names = (
            {one.type.field(place).name for place in range(one.type.num_fields)}
            if pa.types.is_struct(one.type)
            else set()
        )
        encoded = "bytes" in names or pa.types.is_binary(one.type) or pa.types.is_large_binary(one.type)
        found[one.name] = "image" if encoded else "list" if pa.types.is_list(one.type) else "value"
    return found


def _read_schema(file: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_schema(file) if file.suffix.lower() == ".parquet" else file_formats.arrow_table(file).schema


def _image_column(columns: dict[str, str]) -> str | None:
    of_images = [name for name, kind in columns.items() if kind == "image"]
    return next((name for name in IMAGES if name in of_images), of_images[0] if of_images else None)


def _task_of_columns(columns: dict[str, str], image: str) -> str:
    if any(kind == "image" and name in MASKS and name != image for name, kind in columns.items()):
        return "segmentation"
    label = next((name for name in LABELS if name in columns), None)
    if label is None and any(name in columns for name in CAPTIONS):
        return "captioning"
    return "multilabel" if label and columns[label] == "list" else "classification"


def _feature_names(file: Path, label: str) -> list[str]:
    """Names of a ClassLabel, as `datasets` keeps them in the schema."""
    note = (_read_schema(file).metadata or {}).get(b"huggingface")
    if not note:
        beside = file.parent / "dataset_info.json"
        note = json.dumps({"info": json.loads(beside.read_text())}).encode() if beside.is_file() else b"{}"
    feature = (json.loads(note).get("info") or {}).get("features", {}).get(label, {})
    feature = feature.get("feature", feature) if isinstance(feature, dict) else {}
    names = feature.get("names") if isinstance(feature, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []
