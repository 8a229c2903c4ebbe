"""From studies and their maps to what pages show: titles, cards, tables. Nothing here measures anything."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from seewhy import samples
from seewhy.engine.reading import normalise
from seewhy.formatting import format_value
from seewhy.maps.attributions import Attributions
from seewhy.methods.cam import TITLES
from seewhy.metrics.baselines import control_maps
from seewhy.report import figures
from seewhy.report.plots.gallery import Card, peak_place
from seewhy.report.plots.overlay import has_evidence
from seewhy.report.plots.sheet import shorten_text
from seewhy.stats import Estimate, proportion
from seewhy.study import Study


def image_titles(rows: pd.DataFrame) -> list[str]:
    """The file, 'predicted espresso 0.95', what it really is where that differs, and the map's word where there is one
    (see `diagnoses.diagnosed`), each on a line of its own."""
    return [
        f"{shorten_text(row.image.rpartition('/')[2])}\n{row_title(row)}" + (f"\n{row.word}" if "word" in rows else "")
        for row in rows.itertuples()
    ]


def row_title(row: Any) -> str:
    """What is predicted of a row, and on a line of its own what is true, where that differs: a class, a label that is
    missed or invented, or a number."""
    if hasattr(row, "estimate"):
        true = "" if pd.isna(row.value) else f"\ntrue: {format_value(row.value)}"
        return f"predicted {shorten_text(row.predicted)} {format_value(row.estimate)}{true}"
    if hasattr(row, "is_predicted"):
        verb = "predicted" if row.is_predicted else "not predicted"
        known = "" if pd.isna(row.correct) or row.correct else f"\n{'invented' if row.is_predicted else 'missed'}"
        return f"{verb}: {shorten_text(row.predicted)} {format_value(row.confidence)}{known}"
    true = "" if pd.isna(row.label) or row.label == row.predicted else f"\ntrue: {shorten_text(row.label)}"
    return f"predicted {shorten_text(row.predicted)} {format_value(row.confidence)}{true}"


def correct_marks(rows: pd.DataFrame) -> list[bool | None]:
    """Right, wrong, or None where there is no label."""
    return [None if pd.isna(value) else bool(value) for value in rows["correct"]]


def describe_images(rows: pd.DataFrame, maps: Mapping[str, np.ndarray] | None = None) -> str:
    """The images of a figure, and where their maps (n, h, w) lie, for those who cannot see it."""
    words = {True: "right", False: "wrong", None: "no label"}
    told = [f"{title} ({words[right]})" for title, right in zip(image_titles(rows), correct_marks(rows), strict=True)]
    return describe_maps(told, maps or {})


def describe_maps(told: Iterable[str], maps: Mapping[str, np.ndarray]) -> str:
    """What is told of each image of a figure, and where each of its maps (n, h, w) is strongest, whatever its sign."""
    parts = []
    for k, title in enumerate(told):
        places: dict[str, list[str]] = {}
        for name, some in maps.items():
            size = np.abs(some[k])
            places.setdefault(peak_place(size) if has_evidence(size) else "nowhere", []).append(name)
        lie = [f"{where} ({', '.join(names)})" for where, names in places.items()]
        parts.append(title.replace("\n", ", ") + (f", strongest {', '.join(lie)}" if lie else ""))
    return "; ".join(parts)


def map_cards(study: Study, found: Attributions, positions: Iterable[int]) -> list[Card]:
    """Gallery cards of the images at those positions of `found`, with every method's map, and controls beside them."""
    chosen = list(positions)
    rows = found.rows.iloc[chosen]
    photos, boxes = study.photos(rows), study.boxes(rows)
    shares = {TITLES[method]: found.shares(method) for method in found.maps}
    peaks = {TITLES[method]: found.peak_values(method) for method in found.maps}
    known = displayed_controls(photos, next(iter(found.maps.values())).shape[1:], study.base.seed)
    side = np.array([photos.shape[2], photos.shape[1]] * 2)
    return [
        Card(
            id=row.image.rpartition("/")[2],
            photo=photo,
            predicted=row.predicted,
            confidence=float(row.confidence),
            true=None if pd.isna(row.label) else row.label,
            maps={name: maps[position] for name, maps in shares.items()},
            boxes=[tuple(box) for box in (some / side).tolist()],
            peak={name: float(values[position]) for name, values in peaks.items()},
            word=getattr(row, "word", ""),
            controls={name: maps[place] for name, maps in known.items()},
        )
        for place, (position, row, photo, some) in enumerate(zip(chosen, rows.itertuples(), photos, boxes, strict=True))
    ]


def displayed_controls(photos: np.ndarray, shape: tuple[int, int], seed: int) -> dict[str, np.ndarray]:
    """The controls as shares of their maximum; the noise is the same for all photos, as a page stores it once."""
    found = control_maps(photos, shape, seed)
    found["random"] = np.broadcast_to(found["random"][:1], found["random"].shape)
    return {name: normalise(torch.from_numpy(np.array(maps))).numpy() for name, maps in found.items()}


def confused_classes(labelled: pd.DataFrame, most: int) -> pd.DataFrame:
    """The most frequent pairs of true and predicted class: how many of the class went there, share with interval."""
    rows = []
    for label, predicted, count, n in samples.confused_pairs(labelled).head(most).itertuples(index=False):
        one = proportion(np.arange(n) < count)
        rows.append((label, predicted, count, n, one.value, one.low, one.high))
    return pd.DataFrame(rows, columns=["true", "predicted", "images", "of", "share", "low", "high"])


def estimate_table(found: Mapping[str, Estimate]) -> pd.DataFrame:
    """Named estimates as a table."""
    rows = [(what, one.value, one.low, one.high, one.n) for what, one in found.items()]
    return pd.DataFrame(rows, columns=["", "mean", "low", "high", "n"])


def point_table(found: Mapping[str, Estimate]) -> pd.DataFrame:
    """Named differences of shares as a table, in percentage points."""
    table = estimate_table(found)
    return table.assign(**{name: 100 * table[name].astype(float) for name in ("mean", "low", "high")})


def values_text(found: Mapping[str, float]) -> str:
    """Named figures for alt text."""
    return "; ".join(f"{name} {format_value(value)}" for name, value in found.items())


def count_phrase(chosen: int, total: int, thing: str) -> str:
    """'All 12 images', 'The only image' or '6 of 12 images'."""
    if total == 1:
        return f"The only {thing}"
    return f"{f'All {total}' if chosen == total else f'{chosen} of {total}'} {thing}s"


def gallery_positions(rows: pd.DataFrame, most: int, seed: int) -> list[int]:
    """Positions of a seeded sample of at most `most` rows, in the order of the dataset."""
    numbered = rows.reset_index(drop=True).reset_index(names="position")
    return sorted(samples.stratified_sample(numbered, most, seed)["position"])


def map_figure(study: Study, rows: pd.DataFrame, maps: dict[str, np.ndarray], raw: bool = False) -> Figure:
    """Images down, maps (shares of their maximum) across, in the study's colours; `raw`: not laid over the photo."""
    photos, where = list(study.photos(rows)), list(study.object_masks(rows))
    return figures.map_grid(
        photos, maps, image_titles(rows), correct=correct_marks(rows), raw=raw, outlines=where, **study.map_colours
    )


def step_figure(study: Study, rows: pd.DataFrame, maps: np.ndarray) -> Figure:
    """Step by step from the file to the overlay, in the study's colours."""
    photos, files = list(study.photos(rows)), study.original_photos(rows)
    return figures.explanation_steps(
        photos,
        list(maps),
        image_titles(rows),
        correct_marks(rows),
        originals=files,
        outlines=list(study.object_masks(rows)),
        **study.map_colours,
    )


def interval_bars(found: Mapping[str, Estimate]) -> tuple[list[str], list[float], list[float], list[float], list[int]]:
    """Measured ones of named estimates as `figures.interval_chart` takes them: labels, values, lows, highs, counts."""
    there = {name: one for name, one in found.items() if one.measured}
    columns = [[getattr(one, key) for one in there.values()] for key in ("value", "low", "high", "n")]
    return list(there), *columns  # type: ignore[return-value]


def column_lists(table: pd.DataFrame) -> list[list[Any]]:
    """The columns of a table as the lists that charts take."""
    return [table[name].tolist() for name in table]


def estimates_text(found: Mapping[str, Estimate], unit: str = "") -> str:
    """Named estimates in words, for alt text; `unit` as in `statistics.written`."""
    return "; ".join(f"{name} {one.text(unit)}" for name, one in found.items())
