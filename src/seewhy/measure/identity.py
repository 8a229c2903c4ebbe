"""What a measurement is of: model, code, settings and each image, as short digests. Another digest: measured again."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seewhy.config import artifacts
from seewhy.maps.explaining import made_of
from seewhy.measure.family import Family

if TYPE_CHECKING:
    from seewhy.study import Study

PACKAGE = Path(__file__).parents[1]
ROOMS = ("engine", "inputs", "maps", "measure", "methods", "metrics", "tasks")  # what values depend on
FILES = ("comparison.py", "study.py", "samples.py", "stats.py")


def short_digest(value: Any) -> str:
    """Sixteen hex digits of anything that JSON can hold.

    >>> short_digest({"a": 1}) == short_digest({"a": 1}), len(short_digest([]))
    (True, 16)
    """
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def code_digest() -> str:
    """The code that measures: a changed sentence, page, check or style is none of it."""
    rooms = [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]
    return artifacts.file_sha256(*rooms, *(PACKAGE / name for name in FILES))


def measuring_key(study: "Study", family: Family, settings: Mapping[str, Any]) -> str:
    """Digest of all that concerns every value of a family: checkpoint, layer, preprocessing, seed, code, settings."""
    made = {name: value for name, value in made_of(study).items() if name != "dataset"}
    own = {name: getattr(study.settings, name) for name in ("architecture", "arguments", *family.study_settings)}
    told = [made, own, family.name, family.code, family.value_settings(settings), study.dataset.classes, code_digest()]
    return short_digest(told)


def asked_key(study: "Study", family: Family, settings: Mapping[str, Any]) -> str:
    """Digest of what a stage was asked for, from files and settings alone: no model is loaded. Where a stored table has
    it, all of the table is right."""
    root, name, made = (
        study.root,
        study.name,
        study.settings.model_dump(mode="json", exclude={"colormap", "judged", "slices"}),
    )
    paths = [
        artifacts.predictions_path(root, name),
        artifacts.dataset_path(root, study.settings.dataset),
        root / study.settings.checkpoint,
    ]
    files = [artifacts.file_sha256(path) if path.is_file() else "" for path in paths]
    base = [study.base.seed, study.base.batch_size, study.base.device, study.base.threads]
    read = {name: settings[name] for name in family.defaults or settings}
    held = study.settings.held_shortcuts if "held_shortcuts" in family.study_settings else {}
    return short_digest([made, held, base, files, family.name, family.code, read, code_digest()])


def image_keys(study: "Study") -> dict[str, str]:
    """Digest of each image of the dataset: its file's bytes, its masks' and all else that its row holds."""
    frame, masks = study.dataset.frame, study.dataset.mask_columns
    plain = frame.drop(columns=masks).astype(str).to_dict("records")
    files = frame[masks].to_dict("records")
    return {
        row["image"]: short_digest([row, {name: mask_key(study.root, path) for name, path in own.items()}])
        for row, own in zip(plain, files, strict=True)
    }


def mask_key(root: Path, path: Any) -> str:
    """Digest of a mask's file; empty where there is none."""
    return "" if pd.isna(path) else artifacts.file_sha256(root / path)


def row_keys(study: "Study", family: Family, rows: pd.DataFrame) -> list[str]:
    """Digest of each row that is measured: its image, its target, and what was drawn for it."""
    images = image_keys(study)
    drawn = rows[["image", "target", *family.drawn]].astype(str).to_dict("records")
    return [short_digest([images[row["image"]], row]) for row in drawn]


def whole_key(study: "Study", family: Family, settings: Mapping[str, Any]) -> str:
    """Digest of all that a family that is measured whole is of."""
    return short_digest([measuring_key(study, family, settings), image_keys(study), study.chosen])
