"""From summaries of measurements to estimates: what charts, tables and sentences of pages take."""

from collections import defaultdict
from typing import Any

import pandas as pd

from seewhy.methods.cam import TITLES
from seewhy.metrics.baselines import NAMES
from seewhy.stats import NOTHING, Estimate

BASELINES = {"random": "random baseline", "centre": "centre baseline", "edges": "edge baseline"}


def method_title(name: str) -> str:
    """What pages call a method, a baseline or, for an empty name, the model itself.

    >>> method_title("centre"), method_title("gradcam")
    ('centre baseline', 'Grad-CAM')
    """
    if name in NAMES:
        return BASELINES[name]
    return TITLES.get(name, name.replace("_", " ")) or "the model"


def select_summary(summary: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """The rows of a summary in which the named columns have those values; without `versus`, the means themselves.

    summary: as of `Measurement.summary`.
    """
    chosen = pd.Series(True, summary.index)
    for name, value in {"versus": "", **where}.items():
        chosen &= summary[name] == value
    return summary[chosen]


def read_estimate(summary: pd.DataFrame, **where: Any) -> Estimate:
    """The figure of the only row of a summary with those values; of no image where there is none.

    >>> row = {"method": "gradcam", "versus": "", "estimate": 1.2, "low": 1.1, "high": 1.3, "n": 8}
    >>> read_estimate(pd.DataFrame([row]), method="gradcam").n
    8
    """
    rows = select_summary(summary, **where)
    return row_estimate(next(rows.itertuples())) if len(rows) else NOTHING


def row_estimate(row: Any) -> Estimate:
    """The figure of one row of a summary."""
    return Estimate(float(row.estimate), float(row.low), float(row.high), int(row.n))


def named_estimates(summary: pd.DataFrame, by: str = "method", **where: Any) -> dict[str, Estimate]:
    """The figures of those rows by the title of what stands in the column `by`, in their order."""
    rows = select_summary(summary, **where)
    titles = [method_title(str(name)) if by == "method" else str(name) for name in rows[by]]
    return dict(zip(titles, map(row_estimate, rows.itertuples()), strict=True))


def facet_estimates(summary: pd.DataFrame, metric: str, facet: str) -> dict[str, Estimate]:
    """Estimates of one metric of a summary, by a facet, in their order.

    >>> rows = [("loss", "", "3", 0.5, 0.4, 0.6, 9), ("loss", "", "7", 0.2, 0.1, 0.3, 9)]
    >>> summary = pd.DataFrame(rows, columns=["metric", "versus", "channel", "estimate", "low", "high", "n"])
    >>> facet_estimates(summary, "loss", "channel")["7"].value
    0.2
    """
    rows = select_summary(summary, metric=metric)
    return {str(name): row_estimate(row) for name, row in zip(rows[facet], rows.itertuples(), strict=True)}


def method_differences(summary: pd.DataFrame, method: str, **where: Any) -> dict[str, Estimate]:
    """What one method has over each name that it was compared with: 'Grad-CAM minus centre baseline'."""
    rows = summary[(summary["method"] == method) & (summary["versus"] != "")]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    found = {
        f"{method_title(method)} minus {method_title(row.against)}": row_estimate(row)
        for row in rows.itertuples()
        if row.against
    }
    return defaultdict(lambda: NOTHING, found)  # where nothing was measured, every difference is that
