"""Matrices: confusion with counts, and any square table as an annotated heat map."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seewhy.report.plots.sheet import WIDTH, house_style, new_figure, shorten_text

if TYPE_CHECKING:
    import pandas as pd

NUMBERED = 30  # a matrix of more rows than this is shown without numbers in its cells


def confusion_matrix(matrix: np.ndarray, classes: Sequence[str]) -> Figure:
    """Counts (k, k), rows true and columns predicted, shaded by the share of the true class.

    Above `NUMBERED` classes the cells carry no numbers, above 60 the axes carry no names.
    """
    import seaborn as sns

    counts = np.asarray(matrix)
    totals = counts.sum(1, keepdims=True)
    share = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    names: list[str] | bool = [shorten_text(name, 24) for name in classes] if len(classes) <= 60 else False
    with house_style():
        fig, ax = _square_figure(len(classes), names)
        sns.heatmap(share, ax=ax, cmap="Blues", vmin=0, vmax=1, annot=_count_labels(counts), fmt="d", square=True,
                    linewidths=0.5 if len(classes) <= NUMBERED else 0, linecolor="#e3e6ea",
                    xticklabels=names, yticklabels=names,
                    cbar_kws={"label": "share of the true class", "shrink": 0.8})  # fmt: skip
        ax.set(xlabel="predicted", ylabel="true")
        _slant_names(ax, names)
    return fig


def heat_matrix(frame: "pd.DataFrame", vmin: float, vmax: float, label: str) -> Figure:
    """A square heat map of a table, each cell with its number (up to `NUMBERED` rows); NaN cells stay empty."""
    import seaborn as sns

    values = frame.to_numpy(dtype=float)
    cmap = "coolwarm" if vmin < 0 < vmax and abs(vmin + vmax) < 1e-9 else "viridis"
    rows, columns = ([shorten_text(name, 26) for name in names] for names in (frame.index, frame.columns))
    with house_style():
        fig, ax = _square_figure(len(frame), rows, columns)
        sns.heatmap(values, ax=ax, cmap=cmap, vmin=vmin, vmax=vmax, annot=_decimal_labels(values), fmt="",
                    square=True, linewidths=0.5, linecolor="white", xticklabels=columns, yticklabels=rows,
                    annot_kws={"size": 9}, cbar_kws={"label": label, "shrink": 0.8})  # fmt: skip
        _slant_names(ax, columns)
    return fig


def _count_labels(counts: np.ndarray) -> np.ndarray | bool:
    """The counts to print into the cells, if they are few enough to be read."""
    return counts.astype(int) if len(counts) <= NUMBERED else False


def _decimal_labels(values: np.ndarray) -> np.ndarray | bool:
    """The values to print into the cells with two decimals and a true minus sign, if they are few enough to be read."""
    # adding 0 turns a rounded -0 into 0
    told = [[f"{value:.2f}".replace("-", "\N{MINUS SIGN}") for value in row] for row in np.round(values, 2) + 0.0]
    return np.array(told) if len(values) <= NUMBERED else False


def _square_figure(size: int, rows: list[str] | bool, columns: list[str] | bool | None = None) -> tuple[Figure, Axes]:
    """A figure with room for a square of `size` cells and for its names; lengths in inches."""
    columns = rows if columns is None else columns
    side = _square_side(size)
    left = 0.55 + (0.074 * max(map(len, rows), default=0) if isinstance(rows, list) else 0)
    slanted = isinstance(columns, list) and not _names_fit_level(size, columns)
    below = 0.65 + (0.049 * max(map(len, columns), default=0) if slanted and isinstance(columns, list) else 0)
    width, height = min(left + side + 1.2, WIDTH), 0.15 + side + below
    fig = new_figure(width, height)
    return fig, fig.add_axes((left / width, below / height, (width - left - 0.35) / width, side / height))


def _slant_names(ax: Axes, names: list[str] | bool) -> None:
    """Column names level where they fit, else at 40 degrees, ending below their column; no tick marks."""
    ax.tick_params(length=0)
    if isinstance(names, list):
        level = _names_fit_level(len(names), names)
        style = {"rotation": 0} if level else {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        ax.set_xticks(ax.get_xticks(), names, **style)  # type: ignore[arg-type]
        ax.tick_params(axis="y", rotation=0)


def _names_fit_level(size: int, names: Sequence[str]) -> bool:
    """Whether column names fit side by side in a square of `size` cells."""
    return max(map(len, names), default=0) * 0.08 < _square_side(size) / max(size, 1)


def _square_side(size: int) -> float:
    """Inches of the side of a square of `size` cells."""
    return min(max(0.52 * size, 2.2), 6.6)
