"""Is the model right, and does it know how sure it may be? Classification. Page 01."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy import calibration, stats
from seewhy.measure.families.tables import select_rows
from seewhy.measure.family import GROUP, Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics.registry import declare_metric
from seewhy.resampling import Groups
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import classification

NO_LABEL = "the image has no label"

declare_metric(
    "correct",
    family="predictions",
    title="Accuracy",
    unit="%",
    better="higher",
    question="How often does the model classify correctly?",
    is_share=True,
)
declare_metric(
    "confidence",
    family="predictions",
    title="Confidence",
    unit="%",
    question="How sure is the model of its predictions?",
)


@whole_family("predictions", section="model", tasks=("classification",), defaults={"bins": 10})
def measure_predictions(study: Study, settings: Mapping[str, Any]) -> Result:
    """Whether each prediction is right, and how sure the model is of it.

    Settings: `bins` of equal width of the reliability curve.

    Table: `correct` (1 or 0) and `confidence`. Arrays: `confusion` (k, k), images by true and predicted class, and
    `classes`, those that occur; `reliability`, a row a bin that holds images: mean confidence, accuracy, its interval,
    and their number.
    """
    rows = study.predictions
    hits = rows["correct"].astype("boolean").to_numpy(float, na_value=np.nan)
    parts = [
        tidy_rows(rows, "", "correct", hits, NO_LABEL),
        tidy_rows(rows, "", "confidence", rows["confidence"].to_numpy()),
    ]
    counts = classification.confusion_counts(rows, study.dataset.classes)
    table = tidy_table(parts)
    curve = calibration.calibration_bins(*labelled_confidences(table)[:2], settings["bins"])
    arrays = {"confusion": counts.to_numpy(np.int32), "classes": np.array(counts.columns, str)}
    return Result(table, arrays | {"reliability": curve.to_numpy(float)})


def labelled_confidences(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, Groups]:
    """Confidence, whether it is right, and the group, of the labelled images of a table of the family."""
    rows = select_rows(table, "correct")
    known = np.isfinite(rows["value"]).to_numpy(bool)
    sure, hits = select_rows(table, "confidence")["value"].to_numpy()[known], rows["value"].to_numpy()[known]
    return sure, hits.astype(bool), rows[known].get(GROUP)


def prediction_figures(result: Result, seed: int, bins: int = 10) -> dict[str, Estimate | float]:
    """Figures of page 01: accuracy, expected calibration error with its chance level, and the number of images."""
    sure, hits, groups = labelled_confidences(result.table)
    return {
        "accuracy": stats.proportion(hits, groups),
        "ece": calibration.calibration_error(sure, hits, bins, seed, groups),
        "ece_chance": calibration.calibration_chance(sure, bins, seed),
        "images": int(result.table["image"].nunique()),
    }
