"""Signed maps on pages: one scale around 0, and differences."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.report import figures
from seewhy.report.pages.views import correct, described, titles
from seewhy.report.plots.sheet import shown
from seewhy.study import Study


def scale_limit(*maps: np.ndarray) -> float:
    """One symmetric scale for maps (n, h, w) of a page: the 99th percentile of all absolute values."""
    return float(np.quantile(np.abs(np.concatenate(maps)), 0.99)) or 1.0


def grid(
    study: Study,
    rows: pd.DataFrame,
    maps: dict[str, np.ndarray],
    limit: float,
    label: str = "pushes against  ←  0  →  pushes for",
    versus: Sequence[Sequence[str]] | None = None,
) -> Figure:
    """Images down, signed maps across; `versus` are the class names of each image, the runner-up named beside it."""
    names = titles(rows)
    if versus is not None:
        names = [f"{title}\nrunner-up: {shown(some[1])}" for title, some in zip(names, versus, strict=True)]
    photos, where = list(study.photos(rows)), list(study.objects(rows))
    return figures.signed_grid(photos, maps, limit, names, correct(rows), label=label, outlines=where)


def own_scale(maps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Signed maps as shares of their own largest absolute value, for methods whose units differ; NaN: all zero."""
    largest = {name: np.abs(values).max((1, 2), keepdims=True) for name, values in maps.items()}
    return {name: values / np.where(largest[name] > 0, largest[name], np.nan) for name, values in maps.items()}


def apart(study: Study, rows: pd.DataFrame, maps: Mapping[str, np.ndarray]) -> Iterator[tuple[Figure, str]]:
    """What the map for the predicted class, the first, has over that for the true one, for the rows that have both: a
    figure and its alternative text, or nothing."""
    first, second = maps.values()
    both = np.isfinite(first).all((1, 2)) & np.isfinite(second).all((1, 2))
    if both.any():
        found = {"predicted minus true": (first - second)[both]}
        figure = grid(study, rows[both], found, 1.0, "true class  ←  0  →  predicted class")
        yield figure, f"Their difference: {described(rows[both], found)}"
