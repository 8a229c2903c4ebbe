"""Signed maps on pages: one scale around 0, and differences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.report import figures
from seewhy.report.pages.views import correct_marks, image_titles
from seewhy.report.plots.sheet import shorten_text
from seewhy.study import Study


def scale_limit(*maps: np.ndarray) -> float:
    """One symmetric scale for maps (n, h, w) of a page: the 99th percentile of all absolute values."""
    return float(np.quantile(np.abs(np.concatenate(maps)), 0.99)) or 1.0


def signed_figure(
    study: Study,
    rows: pd.DataFrame,
    maps: dict[str, np.ndarray],
    limit: float,
    label: str = "pushes against  ←  0  →  pushes for",
    versus: Sequence[Sequence[str]] | None = None,
) -> Figure:
    """Images down, signed maps across; `versus` are the class names of each image, the runner-up named beside it."""
    names = image_titles(rows)
    if versus is not None:
        names = [f"{title}\nrunner-up: {shorten_text(some[1])}" for title, some in zip(names, versus, strict=True)]
    photos, where = list(study.photos(rows)), list(study.object_masks(rows))
    return figures.signed_grid(photos, maps, limit, names, correct_marks(rows), label=label, outlines=where)


def own_scale(maps: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Signed maps as shares of their own largest absolute value, for methods whose units differ; NaN: all zero."""
    largest = {name: np.abs(values).max((1, 2), keepdims=True) for name, values in maps.items()}
    return {name: values / np.where(largest[name] > 0, largest[name], np.nan) for name, values in maps.items()}
