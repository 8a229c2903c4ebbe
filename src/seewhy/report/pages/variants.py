"""Page 03: whether CAM variants agree, what they have over a baseline, other layers and finer maps."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seewhy import stats
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.agreement import VARIANTS, coinciding_methods, correlation_matrix, pair_correlations
from seewhy.metrics.agreement import furthest_pair
from seewhy.report.pages.estimates import method_title
from seewhy.study import Study

if TYPE_CHECKING:
    from seewhy.measure.measurement import Measurement

AGREE, DIFFER = 0.7, 0.4  # mean rank correlation: methods agree from the first on, and differ up to the second


def compare_methods(measured: "Measurement") -> dict[str, Any]:
    """How alike the methods are, as the blocks `agreement` of 03_cam_variants.j2 take it.

    measured: the family `agreement`. Methods that are one map count once.
    """
    table, seed = measured.table, measured.study.base.seed
    pairs, centre = pair_correlations(table), pair_correlations(table, with_centre=True)
    alike, beside, over = (
        stats.mean(values.to_numpy(float), seed)
        for values in (pairs.mean(axis=1), centre.mean(axis=1), pairs.mean(axis=1) - centre.mean(axis=1))
    )
    name, lowest = furthest_pair(pairs, seed) or ("", stats.NOTHING)
    answer = judge_agreement(alike, over)
    return {
        "answer": answer,
        "severity": "" if answer == "Yes" else "unknown",
        "alike": alike,
        "centre": beside,
        "over": over,
        "lowest": lowest,
        "pair": [method_title(one) for one in name.split(" and ") if one],
        "same": [[method_title(one) for one in group] for group in coinciding_methods(table)],
        "images": int(table["image"].nunique()),
    }


def judge_agreement(alike: stats.Estimate, over: stats.Estimate) -> str:
    """The word that answers the page's title.

    alike: mean rank correlation of the methods; over: what it has over their rank correlation with the centre baseline.
    """
    if not alike.measured:
        return "Not tested"
    if alike.high < DIFFER:
        return "No"
    return "Yes" if alike.low >= AGREE and over.low > 0 else "Partly"


def titled_matrix(measured: "Measurement") -> pd.DataFrame:
    """Mean rank correlation of methods and baselines by their titles; measured: the family `agreement`."""
    matrix = correlation_matrix(measured.table)
    return matrix.rename(index=method_title, columns=method_title)


def variant_maps(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Baselines and variants of some rows by their titles: positive attribution as a share of each map's maximum."""
    found = attribute_rows(study, rows, VARIANTS)
    baselines = {method_title(name): maps for name, maps in found.control_maps(study.base.seed).items()}
    return {**baselines, **found.titled_shares()}


def layer_maps(measured: "Measurement", most: int) -> dict[str, np.ndarray]:
    """Grad-CAM maps of the shown images by layer, shallow to deep; measured: the family `agreement`."""
    return {str(name): measured.arrays[f"layer:{name}"][:most] for name in measured.arrays["layers"]}


def fine_maps(measured: "Measurement", most: int) -> dict[str, np.ndarray]:
    """Maps of the shown images by finer methods, and Grad-CAM beside them, by title."""
    names = [name.partition(":")[2] for name in measured.arrays if name.startswith("fine:")]
    order = sorted(names, key=lambda name: name != "gradcam")
    return {method_title(name): measured.arrays[f"fine:{name}"][:most] for name in order}


def refused_methods(measured: "Measurement") -> dict[str, list[str]]:
    """Finer methods that this network cannot have, by title, under what they would need."""
    found: dict[str, list[str]] = {}
    for name in map(str, measured.arrays["refused"]):
        needs = "a ViT or DeiT" if name.startswith("attention") else "an activation such as ReLU"
        found.setdefault(needs, []).append(method_title(name))
    return found


def lift_over_centre(lift: "Measurement") -> tuple[pd.DataFrame, pd.DataFrame]:
    """For maps of the true class: differences in lift from the centre baseline, then lifts; method, estimate, low,
    high, n. The first is empty where nothing was measured.

    lift: the metric `lift` of the variants.
    """
    summary = lift.summary(versus=["centre"] if len(lift.table) else [])
    own = summary[summary["class_is"] == "true"] if "class_is" in summary else summary.head(0)
    own = own.assign(method=own["method"].map(method_title))[["method", "versus", "estimate", "low", "high", "n"]]
    parts = own[(own["versus"] != "") & own["estimate"].notna()], own[own["versus"] == ""]
    return parts[0].drop(columns="versus"), parts[1].drop(columns="versus")
