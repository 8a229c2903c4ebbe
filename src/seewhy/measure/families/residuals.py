"""How far are predicted numbers from the true ones? Regression. Pages 01 and 06."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import mean_of_images
from seewhy.metrics.registry import declare_metric
from seewhy.metrics.residuals import r2_values
from seewhy.stats import Estimate
from seewhy.study import Study

NO_LABEL = "the image has no label"

declare_metric(
    "r2",
    family="residuals",
    title="R²",
    better="higher",
    question="How much of the variance of the labels do the predictions explain?",
    chance=0.0,
)
declare_metric(
    "absolute_error",
    family="residuals",
    title="Mean absolute error",
    better="lower",
    question="How far are predictions from labels?",
)
declare_metric(
    "residual",
    family="residuals",
    title="Mean residual",
    question="Are predictions too high or too low?",
)


@whole_family("residuals", section="model", tasks=("regression",))
def measure_residuals(study: Study, _settings: Mapping[str, Any]) -> Result:
    """Predictions beside labels, number by number.

    Table, facet `quantity`, its name: `residual` (prediction minus label), `absolute_error`, and `r2`, whose mean over
    images is R2 (see `metrics.residuals.r2_values`). `target` is the place of the quantity.
    """
    parts = []
    for target, name in enumerate(study.dataset.classes):
        rows = study.predictions[study.predictions["target"] == target]
        error, there = rows["error"].to_numpy(float), rows["error"].notna().to_numpy()
        shares = np.full(len(rows), np.nan)
        shares[there] = r2_values(rows["value"].to_numpy(float)[there], rows["estimate"].to_numpy(float)[there])
        values = {"r2": shares, "absolute_error": np.abs(error), "residual": error}
        parts += [tidy_rows(rows, "", metric, some, NO_LABEL, quantity=name) for metric, some in values.items()]
    return Result(tidy_table(parts))


def residual_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 01: R2 and the mean absolute error, over all quantities, and the images."""
    found: dict[str, Estimate | float] = {}
    for key, metric in (("r2", "r2"), ("mae", "absolute_error")):
        rows = result.table[result.table["metric"] == metric]
        found[key] = mean_of_images(rows, seed)
    return found | {"images": int(result.table["image"].nunique())}
