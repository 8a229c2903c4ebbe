"""Which of two models is better, and do they look at the same thing? Two studies of the same images. Page 08."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy import stats
from seewhy.comparison import SIDES, Comparison
from seewhy.measure.families.tables import select_rows
from seewhy.measure.family import GROUP, Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import paired
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate

SAME, OTHERS = "same image", "other images"  # facet `compared`
NO_LABEL = "the image has no label"
NO_MAP = "a map is empty or constant, or there is no other image"

declare_metric(
    "same_prediction",
    family="paired",
    title="Images with the same prediction",
    unit="%",
    question="Do the two models predict the same?",
    is_share=True,
)
declare_metric(
    "map_likeness",
    family="paired",
    title="Rank correlation of the two models' maps",
    question="Do the two models look at the same thing?",
    chance=0.0,
)


@whole_family("paired", section="comparison", tasks=("comparison",), defaults={"method": "gradcam"})
def measure_pairs(comparison: Comparison, settings: Mapping[str, Any]) -> Result:
    """Predictions and maps of two models, image by image.

    Settings: `method` of the maps.

    Table, target: of the first model: `correct`, with the facet `study`, "first" or "second"; `same_prediction`;
    `map_likeness` with the facet `compared`: of the "same image", or, as its baseline, of "other images" of the same
    class.

    Arrays: `images` and of each image its `outcome`, one of `comparison.OUTCOMES` ("" without a label); `explained`,
    the class whose maps are compared; `shared`, the part of the file that both models saw (x0, y0, x1, y1 in shares of
    its sides), and `map:first`, `map:second`, the maps over that part, as shares of their maximum.
    """
    method, rows = settings["method"], comparison.rows.rename(columns={"target_first": "target"})
    pair = comparison.positive_evidence(method)
    alike, first, second = pair.rank_likeness(rows["explained"]), *pair.shown_maps()
    told = {"outcome": rows["outcome"].fillna("").to_numpy(str), "explained": rows["explained"].to_numpy(str)}
    hits = {side: rows[f"correct_{side}"].astype("boolean").to_numpy(float, na_value=np.nan) for side in SIDES}
    others = tidy_rows(rows, method, "map_likeness", alike["other"], NO_MAP, compared=OTHERS)
    parts = [
        *(tidy_rows(rows, "", "correct", hits[side], NO_LABEL, study=side) for side in SIDES),
        tidy_rows(rows, "", "same_prediction", rows["same"].to_numpy(float)),
        tidy_rows(rows, method, "map_likeness", alike["same"], NO_MAP, compared=SAME),
        others.assign(is_baseline=True),
    ]
    arrays = {"images": rows["image"].to_numpy(str), "shared": pair.shared_box}
    return Result(tidy_table(parts), arrays | told | {"map:first": first, "map:second": second})


def correct_pairs(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Whether each of the labelled images is classified correctly, by the first and by the second model."""
    first, second = (rows["value"].to_numpy(bool) for rows in _correct_rows(result))
    return first, second


def _correct_rows(result: Result) -> list[pd.DataFrame]:
    rows = select_rows(result.table, "correct").dropna(subset="value")
    return [rows[rows["study"] == side] for side in SIDES]


def likeness_pairs(result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Likeness of the two maps of each image, and of maps of other images; NaN where there is none."""
    rows = select_rows(result.table, "map_likeness")
    same, other = (rows.loc[rows["compared"] == kind, "value"].to_numpy() for kind in (SAME, OTHERS))
    return same, other


def paired_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 08."""
    (first, second), (same, other) = correct_pairs(result), likeness_pairs(result)
    alike, groups = select_rows(result.table, "same_prediction"), _correct_rows(result)[0].get(GROUP)
    known, every = np.isfinite(same) & np.isfinite(other), alike.get(GROUP)
    test = paired.mcnemar(first, second, groups, seed)
    return {
        "first.accuracy": stats.proportion(first, groups),
        "second.accuracy": stats.proportion(second, groups),
        "accuracy_difference": stats.paired_shares(second, first, groups),
        "same_answer": stats.proportion(alike["value"].to_numpy(), every),
        "likeness_below_control": stats.proportion(
            same[known] <= other[known], None if every is None else every.to_numpy()[known]
        ),
        "likeness": stats.mean(same, seed, every),
        "likeness_control": stats.mean(other, seed, every),
        "likeness_over_control": stats.mean(same - other, seed, every),
        "images": len(same),
        "no_evidence": int(np.isnan(same).sum()),
        "fixed": int(test.fixed),
        "broken": int(test.broken),
        "mcnemar_p": test.p,
    }
