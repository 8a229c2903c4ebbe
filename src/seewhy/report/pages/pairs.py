"""From comparisons to what their page shows: outcomes, likeness of maps, images with both maps."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.comparison import OUTCOMES, Comparison
from seewhy.metrics.paired import Pair
from seewhy.report import figures
from seewhy.report.pages import facts
from seewhy.report.pages.views import listed
from seewhy.report.plots.sheet import marked, shown
from seewhy.stats import Estimate, mean, proportion, written

COMMON = 5  # images of a class from which on it has a row of its own
Likeness = dict[str, Estimate]


def outcomes(this: Comparison) -> pd.DataFrame:
    """How many of the labelled images both, one or none names right: count and share with its interval (Wilson)."""
    labelled = this.rows[this.rows["label"].notna()]
    names = (
        "both right",
        f"fixed: only {this.second.name} right",
        f"broken: only {this.first.name} right",
        "both wrong",
    )
    rows = []
    for title, outcome in zip(names, OUTCOMES, strict=True):
        share = proportion((labelled["outcome"] == outcome).to_numpy())
        rows.append((title, int((labelled["outcome"] == outcome).sum()), share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["", "images", "share", "low", "high"])


def groups(this: Comparison, most: int) -> dict[str, np.ndarray]:
    """Which images belong to what: all; each of the `most` most frequent explained classes; each
    outcome; none that is empty."""
    rows = this.rows
    counts = rows["explained"].value_counts()
    common = sorted(counts[counts >= COMMON].index[:most])
    by_class = {f"class: {name}": (rows["explained"] == name).to_numpy() for name in common}
    by_outcome = {name: (rows["outcome"] == name).to_numpy() for name in OUTCOMES}
    found = {"all images": np.ones(len(rows), bool), **by_class, **by_outcome}
    return {name: part for name, part in found.items() if part.any()}


def likeness(this: Comparison, found: pd.DataFrame, most: int) -> dict[str, Likeness]:
    """For each of `groups`: rank correlation of the maps of the same image, of different images, and the difference."""
    same, other = found["same"].to_numpy(), found["other"].to_numpy()
    return {
        name: {
            "same": mean(same[part], this.seed),
            "other": mean(other[part], this.seed),
            "over": mean((same - other)[part], this.seed),
        }
        for name, part in groups(this, most).items()
    }


def dots(found: Mapping[str, Likeness]) -> dict[str, Estimate]:
    """Rows of the dot plot: each group, and below it maps of different images."""
    both = ((name, one) for name, one in found.items() if one["same"].measured)
    return {
        told: estimate
        for name, one in both
        for told, estimate in ((name, one["same"]), (f"{name}, different images", one["other"]))
    }


def table(found: Mapping[str, Likeness]) -> pd.DataFrame:
    """Each group: same image, different images, and the difference, which is paired, with its interval."""
    rows = [
        (
            name,
            one["same"].value,
            one["other"].value,
            one["over"].value,
            one["over"].low,
            one["over"].high,
            one["same"].n,
        )
        for name, one in found.items()
    ]
    return pd.DataFrame(rows, columns=["", "same image", "different images", "difference", "low", "high", "n"])


def titles(rows: pd.DataFrame) -> list[str]:
    """The true class, what the first (1) and the second (2) say of the image, and how alike the maps are."""
    return [
        f"true: {'unknown' if pd.isna(row.label) else shown(row.label)}\n"
        f"1: {_answer(row.predicted_first, row.label)} {written(row.confidence_first)}\n"
        f"2: {_answer(row.predicted_second, row.label)} {written(row.confidence_second)}\n"
        f"maps: {'no evidence' if pd.isna(row.likeness) else written(row.likeness, '+')}"
        for row in rows.itertuples()
    ]


def _answer(predicted: str, label: str | float | None) -> str:
    return marked(shown(predicted), None if pd.isna(label) else predicted == label)


def grid(this: Comparison, pair: Pair, found: pd.DataFrame, positions: Sequence[int]) -> tuple[Figure, str]:
    """Those images with the maps of both models for the class `explained`, and the alternative text."""
    rows, some = this.rows.assign(likeness=found["same"]).iloc[list(positions)], pair.take(list(positions))
    names = (f"{place}: {study.name}" for place, study in enumerate(this.studies, start=1))
    maps, told = dict(zip(names, some.shown(), strict=True)), titles(rows)
    chart = figures.grid(this.photos(rows, some), maps, told, **this.first.look)
    return chart, f"Photos with the maps of both models: {listed(told, maps)}"


def provenance(this: Comparison, **parameters: object) -> dict[str, object]:
    """What the page was made from: both studies' checkpoints, and what they share."""
    first, second = (facts.provenance(study, **parameters) for study in this.studies)
    return {key: value if second[key] == value else f"{value}; {second[key]}" for key, value in first.items()}
