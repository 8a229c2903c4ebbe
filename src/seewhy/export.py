"""Maps of pictures that are in no manifest: overlays, raw maps and a table, in a folder that the user names.

Files are named after the picture, from the pattern's first folder without a wildcard on, the method and the target:
two pictures of one name stay apart, and the same call writes the same names. Each file is written whole; those of an
earlier call are overwritten, and `maps.csv` lists those of the last one, also when it was stopped.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import UInt8
from PIL import Image, ImageDraw
from torch import Tensor

from seewhy.config import artifacts
from seewhy.engine.modules import find_layer
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs.images import input_tensor, is_plain
from seewhy.maps.attributions import Attributions
from seewhy.maps.explaining import check_methods, explain_batch, group_jobs
from seewhy.methods.cam import TITLES
from seewhy.progress import show_progress
from seewhy.report.plots.overlay import has_evidence, overlay_map
from seewhy.study import Study

TABLE = "maps.csv"
Line = dict[str, Any]  # of the table
Seen = dict[str, tuple[np.ndarray, Tensor]]  # picture -> what the model sees of it, and its input
CELLS = 56  # finer maps are drawn as their strength in so many squares a side, as on page 03


@dataclass(frozen=True)
class Order:
    """What to export: methods, at which layer, of which class (None: what the model says), into which folder."""

    methods: Sequence[str]
    folder: Path
    layer: str
    wanted: str | None = None


def make_order(study: Study, methods: str, folder: Path, layer: str, wanted: str) -> Order:
    """The user's words, checked: methods by commas, a layer and a class or nothing.

    Raises SeewhyError for what the study does not have.
    """
    names = list(dict.fromkeys(filter(None, (name.strip() for name in methods.split(",")))))
    check_methods(names, "--methods")
    if not names:
        raise SeewhyError("--methods: found none; allowed: names separated by commas, as gradcam,guided_gradcam")
    if folder.exists() and not folder.is_dir():
        raise SeewhyError(f"--out: '{folder}' is a file; allowed: a folder, which is made where it is not there")
    if wanted and wanted not in study.dataset.classes:
        raise unknown_name("class", wanted, study.dataset.classes, "--class")
    if layer:
        find_layer(study.model, layer, "--layer")
    return Order(names, folder, layer or study.layer, wanted or None)


def find_pictures(pattern: str, folder: Path) -> dict[str, str]:
    """Absolute paths of the files that the pattern finds, in order, each with its path from the pattern's fixed part.

    Raises SeewhyError where there are none, or where one lies in `folder`, which would be fed with its own overlays.
    """
    parts = Path(pattern).parts
    fixed = next((k for k, part in enumerate(parts) if has_magic(part)), len(parts) - 1)
    start, rest = Path(*parts[:fixed]).absolute(), "/".join(parts[fixed:])
    found = sorted(path for path in start.glob(rest) if path.is_file()) if rest else []
    if not found:
        raise SeewhyError(f"--images: nothing is found by '{pattern}'; allowed: a quoted pattern, as 'folder/*.jpg'")
    inside = next((path for path in found if path.resolve().is_relative_to(folder.resolve())), None)
    if inside:
        raise SeewhyError(f"--images: '{inside.name}' lies in --out; allowed: another folder than that of the pictures")
    return {path.as_posix(): path.relative_to(start).as_posix() for path in found}


def export_maps(study: Study, names: dict[str, str], asked: Order) -> list[str]:
    """Writes overlays, maps and the table of the pictures `names`; one line for each that cannot be read.

    Of captions also strips of all words, strips/<method>/<picture>.png, from the study's own layer.
    """
    size = study.base.batch_size
    parts = [list(names)[start : start + size] for start in range(0, len(names), size)]
    lines: list[Line] = []
    wrong: list[str] = []
    reads: list[pd.DataFrame] = []
    try:
        for part in show_progress(parts, len(parts), f"{study.name}: export"):
            rows, photos = _read_pictures(study, part, wrong)
            if rows.empty:
                continue
            plain = is_plain(study.preprocessing)
            batch = input_tensor(photos, study.preprocessing).to(study.device) if plain else study.inputs(rows)
            read = rows.drop(columns="label").merge(study.predict_rows(rows, batch), on="image")
            reads.append(read)
            chosen = read if asked.wanted is None else _of_class(study, rows, read, asked.wanted)
            seen = {name: (photos[k], batch[k]) for k, name in enumerate(rows["image"])}
            lines.extend(_write_batch(study, chosen, seen, names, asked))
    finally:
        if lines:
            artifacts.write_csv(asked.folder / TABLE, pd.DataFrame(lines))
    if lines and study.dataset.task == "captioning":
        from seewhy.report.pages.caption_views import save_strips

        for method in asked.methods:
            save_strips(study, pd.concat(reads, ignore_index=True), asked.folder / "strips" / method, method)
    return wrong


def _read_pictures(
    study: Study, part: list[str], wrong: list[str]
) -> tuple[pd.DataFrame, UInt8[np.ndarray, "n h w 3"]]:
    """Those that can be read, as rows of a dataset that knows nothing of them, and what the model sees of them."""
    there, photos = [], []
    for name in part:
        try:
            photos.append(study.photos(pd.DataFrame({"image": [name]})))
            there.append(name)
        except SeewhyError as error:
            wrong.append(str(error))
    rows = pd.DataFrame({"image": there}).reindex(columns=study.dataset.frame.columns)
    return rows, np.concatenate(photos) if photos else np.empty((0, *study.size, 3), np.uint8)


def _write_batch(study: Study, chosen: pd.DataFrame, seen: Seen, names: dict[str, str], asked: Order) -> Iterator[Line]:
    """Writes the files of a batch; the table's line for each."""
    work = group_jobs(zip(chosen["image"], chosen["target"], strict=True))
    if not work:
        return
    batch = torch.stack([seen[job.image][1] for job in work])
    scores, maps = explain_batch(study, work, batch, asked.methods, asked.layer)
    pairs = pd.DataFrame([(job.image, target) for job in work for target in job.targets], columns=["image", "target"])
    explaining = pairs.merge(chosen, on=["image", "target"], how="left").assign(score=scores)
    strengths = Attributions(explaining, maps, study.size).visible_strengths(CELLS)
    for k, row in enumerate(explaining.itertuples()):
        for method in asked.methods:
            raw, shown = maps[method][k], strengths[TITLES[method]][k]
            line = _table_line(row, names[row.image], asked.wanted or row.predicted, method, raw, shown)
            _save_files(asked.folder, line, seen[row.image][0], raw, shown, study.map_colours)
            yield line


def _of_class(study: Study, rows: pd.DataFrame, read: pd.DataFrame, wanted: str) -> pd.DataFrame:
    """One row for each picture, for that class; what the model says of the picture is kept, of the class if it can."""
    (number,) = study.classes_of([wanted])
    first = read.assign(other=read["target"] != number).sort_values("other", kind="stable").drop_duplicates("image")
    return rows[["image"]].merge(first, on="image", how="left").assign(target=number)


def _table_line(row: Any, name: str, said: str, method: str, raw: np.ndarray, shown: np.ndarray) -> Line:
    plain = re.sub(r"[^\w-]+", "-", said)[:40]
    stem = f"{name}.{method}.{row.target}-{plain}"
    return {
        "image": name,
        "predicted": row.predicted,
        "confidence": row.confidence,
        "class": said,
        "target": row.target,
        "score": row.score,
        "method": method,
        "height": raw.shape[0],
        "width": raw.shape[1],
        "minimum": raw.min(),
        "maximum": raw.max(),
        "no evidence": not has_evidence(shown),
        "overlay": f"{stem}.png",
        "map": f"{stem}.npy",
    }


def _save_files(
    folder: Path, line: Line, photo: np.ndarray, raw: np.ndarray, shown: np.ndarray, look: dict[str, Any]
) -> None:
    """Overlay and raw map of a line; a picture without evidence says so."""
    picture = Image.fromarray(overlay_map(photo, shown, **look))
    if line["no evidence"]:
        ImageDraw.Draw(picture).text((2, 2), "no evidence", fill="black", stroke_width=1, stroke_fill="white")
    with artifacts.atomic_file(folder / line["overlay"]) as scratch:
        picture.save(scratch, "png")
    with artifacts.atomic_file(folder / line["map"]) as scratch, scratch.open("wb") as file:
        np.save(file, np.ascontiguousarray(raw, np.float32))
