"""The few figures by which the index tells studies apart: which they are for each task, and their places on a strip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.formatting import between, written

Shown = dict[str, Any]  # a figure of a study: title, page, and what `_estimate` returns
STRIP = 150  # units across
ABSENT = "not measured"  # by a page that was run


@dataclass(frozen=True)
class Measure:
    """Where a figure stands in a study's metrics, and how it is shown.

    A `key` that ends in a dot stands for one figure of each class. The ends of `scale` give way when a study goes
    beyond; `reference` is a number, or the key of one.
    """

    title: str
    file: str
    key: str
    form: str
    scale: tuple[float, float]
    reference: str | float | None
    page: str


MEASURES = {
    "classification": (
        Measure("Accuracy", "model", "accuracy", "%", (0, 1), None, "01_model"),
        Measure(
            "Evidence on the object, 1 = chance", "grad_cam", "lift", "×", (0.0, 2.0), "centre_lift", "02_grad_cam"
        ),
        Measure(
            "The same, less that of a centred blob",
            "grad_cam",
            "lift_over_centre",
            "+",
            (-1.0, 1.0),
            0.0,
            "02_grad_cam",
        ),
    ),
    "segmentation": (
        Measure("IoU", "model", "iou.", "", (0, 1), None, "01_model"),
        Measure("Evidence on itself, 1 = chance", "grad_cam", "lift.", "×", (0, 2), 1, "02_grad_cam"),
    ),
    "captioning": (
        Measure("Captions as the reference", "model", "exact", "%", (0, 1), None, "01_model"),
        Measure("BLEU-2", "model", "bleu2", "", (0, 1), None, "01_model"),
        Measure(
            "Words like “left” look there (HiResCAM)",
            "grad_cam",
            "hirescam_side",
            "%",
            (0, 1),
            "hirescam_opposite",
            "02_grad_cam",
        ),
        Measure(
            "The same, less that of the unwritten opposite",
            "grad_cam",
            "hirescam_over_opposite",
            "+",
            (-0.5, 0.5),
            0.0,
            "02_grad_cam",
        ),
    ),
}


def measured(folder: Path, studies: Sequence[tuple[str, str]]) -> list[list[Shown]]:
    """For each study (name, task) its figures, each on one scale over all studies that have it."""
    found = [[(one, metrics(folder / name, one.file, one.page)) for one in MEASURES[task]] for name, task in studies]
    rows = [[pair for one, own in row for pair in _each(one, own)] for row in found]
    scales: dict[tuple[str, str], tuple[float, float]] = {}
    for one, own in (pair for row in rows for pair in row):
        start, end = scales.get((one.file, one.key), one.scale)
        low, high = float(own.get(f"{one.key}_low", start)), float(own.get(f"{one.key}_high", end))
        scales[one.file, one.key] = (min(start, low), max(end, high))
    return [[_shown(one, own, scales[one.file, one.key]) for one, own in row] for row in rows]


def metrics(folder: Path, name: str, page: str) -> dict[str, Any]:
    """The metrics file of a study whose page is here, else empty: figures kept in git may be those of another run."""
    path = folder / "metrics" / f"{name}.json"
    if not path.is_file() or not (folder / f"{page}.html").is_file():
        return {}
    return artifacts.read_metrics(path)


def _each(one: Measure, own: Mapping[str, Any]) -> list[tuple[Measure, Mapping[str, Any]]]:
    """The measure itself, or one of each class that the metrics have."""
    if not one.key.endswith("."):
        return [(one, own)]
    keys = [key for key in own if key.startswith(one.key) and not key.endswith(artifacts.BESIDE)]
    classes = [replace(one, key=key, title=f"{key.removeprefix(one.key)}: {one.title}") for key in keys]
    return [(each, own) for each in classes] or [(one, own)]


def _shown(one: Measure, own: Mapping[str, Any], scale: tuple[float, float]) -> Shown:
    against = own.get(one.reference) if isinstance(one.reference, str) else one.reference
    there = _estimate(own, one.key, one.form, scale, against) if one.key in own else _absent(own)
    return {"title": one.title, "page": one.page, **there}


def _absent(own: Mapping[str, Any]) -> Shown:
    """No figure: because the page was not run here, or because it had too little to measure (it says why)."""
    return {"value": ABSENT if own else "not run", "interval": "", "n": "", "strip": None}


def _estimate(
    own: Mapping[str, Any], key: str, form: str, scale: tuple[float, float], reference: float | None
) -> Shown:
    """The text and the places on the strip of an estimate with its interval."""
    value = float(own[key])
    low, high = (float(own.get(f"{key}_{side}", value)) for side in ("low", "high"))
    count = own.get(f"{key}_n", own.get("n"))
    places = {"low": low, "high": high, "value": value} | ({} if reference is None else {"reference": reference})
    return {
        "value": written(value, form),
        "interval": between(low, high, form),
        "n": "" if count is None else f"{count:,}",
        "strip": {name: round(STRIP * (x - scale[0]) / (scale[1] - scale[0]), 2) for name, x in places.items()},
    }
