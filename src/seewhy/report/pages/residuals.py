"""Pages 01 and 06 of predicted numbers: errors by quantity, their pattern, and the largest of them."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy import stats
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.measurement import Measurement
from seewhy.report import figures
from seewhy.report.pages.estimates import row_estimate
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks.regression import lower_target

METHOD = "gradcam"
DOTS, LINE = "#3b6ea5", "#555555"


def quantity_table(measured: Measurement) -> pd.DataFrame:
    """R2, mean absolute error and mean residual of each quantity, each with its interval."""
    rows = measured.summary()
    title = {"r2": "R²", "absolute_error": "mean absolute error", "residual": "mean residual"}
    found = rows[["quantity", "metric", "estimate", "low", "high", "n"]].rename(columns={"metric": "figure"})
    return found.assign(figure=found["figure"].map(title)).reset_index(drop=True)


def absolute_errors(measured: Measurement) -> dict[str, Estimate]:
    """Mean absolute error of each quantity."""
    rows = measured.summary()
    rows = rows[rows["metric"] == "absolute_error"]
    return {str(row.quantity): row_estimate(row) for row in rows.itertuples()}


def labelled_rows(measured: Measurement, quantity: str) -> pd.DataFrame:
    """The predictions of a quantity whose label is known."""
    rows = measured.study.predictions
    return rows[(rows["predicted"] == quantity) & rows["value"].notna()].reset_index(drop=True)


def residual_values(measured: Measurement) -> dict[str, Any]:
    """What the sentences of page 06 are filled with, of the quantity with the strongest trend of its residuals.

    trend: rank correlation of residual and label: below 0 where large values are predicted too low and small ones too
    high. bias: the mean residual.
    """
    seed, found = measured.study.base.seed, []
    for quantity in measured.study.dataset.classes:
        rows = labelled_rows(measured, quantity)
        value, error = rows["value"].to_numpy(float), rows["error"].to_numpy(float)
        trend = stats.rank_correlation(value, error, seed)
        found.append({"quantity": quantity, "labelled": len(rows), "trend": trend, "bias": stats.mean(error, seed)})
    return max(found, key=lambda one: float(np.nan_to_num(abs(one["trend"].value), nan=-1.0)))


def residual_answer(values: dict[str, Any]) -> str:
    """The answer to the question of page 06: whether residuals have a trend or a bias."""
    trend, bias = values["trend"], values["bias"]
    if not bias.measured:
        return "Not tested"
    clear = [one for one in (trend, bias) if one.measured and (one.low > 0 or one.high < 0)]
    return "Yes" if clear else "No"


def largest_errors(measured: Measurement, most: int) -> pd.DataFrame:
    """The rows with the largest error beside the spread of their quantity's labels."""
    rows = measured.study.predictions
    rows = rows[rows["error"].notna()]
    spread = rows.groupby("target")["value"].transform(lambda values: values.std(ddof=0) or 1.0)
    order = np.argsort(-(rows["error"].abs() / spread).to_numpy(float), kind="stable")
    return rows.iloc[order[:most]].reset_index(drop=True)


def error_list(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as a table: image, quantity, label, prediction, error."""
    names = {"predicted": "quantity", "value": "label", "estimate": "prediction"}
    return rows.rename(columns={"label": "_"} | names)[["image", "quantity", "label", "prediction", "error"]]


def prediction_chart(measured: Measurement, quantity: str) -> tuple[Figure, str]:
    """Label and prediction of each image, beside the points where both are equal; the alt text."""
    rows = labelled_rows(measured, quantity)
    ends = [float(rows["value"].min()), float(rows["value"].max())] if len(rows) else []
    groups = {quantity: (rows["value"].tolist(), rows["estimate"].tolist()), "equal": (ends, ends)}
    chart = figures.scatter_chart(groups, [DOTS, LINE], f"label: {quantity}", f"prediction: {quantity}")
    return chart, f"Predictions of {quantity} beside labels, {len(rows)} images"


def residual_chart(measured: Measurement, quantity: str) -> tuple[Figure, str]:
    """Label and residual of each image, beside the points without error; the alt text."""
    rows = labelled_rows(measured, quantity)
    ends = [float(rows["value"].min()), float(rows["value"].max())] if len(rows) else []
    groups = {quantity: (rows["value"].tolist(), rows["error"].tolist()), "no error": (ends, [0.0] * len(ends))}
    chart = figures.scatter_chart(groups, [DOTS, LINE], f"label: {quantity}", "prediction minus label")
    return chart, f"Residuals of {quantity} beside labels, {len(rows)} images"


def direction_maps(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Grad-CAM of what makes each row's number higher, and of what makes it lower, as shares of their maximum."""
    opposite = rows.assign(target=lower_target(rows["target"], len(study.dataset.classes)))
    return {
        "Grad-CAM, higher": attribute_rows(study, rows, [METHOD]).shares(METHOD),
        "Grad-CAM, lower": attribute_rows(study, opposite, [METHOD]).shares(METHOD),
    }
