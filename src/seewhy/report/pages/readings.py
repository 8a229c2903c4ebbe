"""Measurements -> what charts, tables and sentences take: estimates by name, and the rows of the predictions behind them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.measure.family import Result
from seewhy.stats import Estimate

if TYPE_CHECKING:
    from seewhy.comparison import Comparison
    from seewhy.measure.measurement import Measurement
    from seewhy.study import Study


def estimates_by(summary: pd.DataFrame, metric: str, facet: str) -> dict[str, Estimate]:
    """Estimates of one metric of a summary, by a facet, in their order.

    >>> rows = [("loss", "", "3", 0.5, 0.4, 0.6, 9), ("loss", "", "7", 0.2, 0.1, 0.3, 9)]
    >>> summary = pd.DataFrame(rows, columns=["metric", "versus", "channel", "estimate", "low", "high", "n"])
    >>> estimates_by(summary, "loss", "channel")["7"].value
    0.2
    """
    rows = summary[(summary["metric"] == metric) & (summary["versus"] == "")]
    return {str(name): estimate_of(row) for name, (_, row) in zip(rows[facet], rows.iterrows(), strict=True)}


def estimate_in(summary: pd.DataFrame, metric: str) -> Estimate:
    """The estimate of a metric that a summary has once; of no image where it has none."""
    rows = summary[(summary["metric"] == metric) & (summary["versus"] == "")]
    return estimate_of(rows.iloc[0]) if len(rows) else Estimate(np.nan, np.nan, np.nan, 0)


def estimate_of(row: "pd.Series[float]") -> Estimate:
    """A row of a summary."""
    return Estimate(float(row["estimate"]), float(row["low"]), float(row["high"]), int(row["n"]))


def result_of(measurement: "Measurement") -> Result:
    """Table and arrays alone, as functions of `seewhy.measure` take them."""
    return Result(measurement.table, measurement.arrays)


def rows_of_images(study: "Study", images: Sequence[str] | np.ndarray) -> pd.DataFrame:
    """The rows of a study of one row an image, for those images, in their order."""
    every = study.predictions.set_index("image", drop=False).rename_axis(None)
    return every.loc[[str(name) for name in images]].reset_index(drop=True)


def written_files(owner: "Study | Comparison", *names: str) -> list[Path]:
    """Those files beside the page that a stage has written: a notebook that is run alone has none."""
    return [path for path in owner.files(*names) if path.is_file()]
