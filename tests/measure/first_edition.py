"""Keys of the first edition's metrics/audit.json and grad_cam.json -> rows of summaries, to compare the two."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from seewhy.metrics.registry import BEST

OLD = {  # figure of the first edition -> metric
    "localisation_lift": "lift",
    "pointing": "pointing_game",
    "deletion_auc": "deletion",
    "insertion_auc": "insertion",
    "road": "road",
    "average_drop": "average_drop",
    "average_increase": "average_increase",
}


def faithfulness_keys(summary: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Figures of maps, of a summary against the best baseline."""
    for old, metric in OLD.items():
        rows = summary[summary["metric"] == metric]
        if "class_is" in rows:
            rows = rows[rows["class_is"] == "true"]
        for row in rows.itertuples():
            yield f"{row.method}.{old}{'_over_control' if row.versus == BEST else ''}", row


def randomisation_keys(summary: pd.DataFrame, first: str) -> Iterator[tuple[str, Any]]:
    """What is left of the maps when all weights are randomised; of the first method, the plain correlation."""
    last = summary[summary["depth"] == summary["depth"].max()]
    for row in last[last["metric"] == "similarity_after_randomisation"].itertuples():
        yield f"{row.method}.kept", row
    for row in last[last["metric"] == "correlation_after_randomisation"].itertuples():
        if row.method == first:
            yield "sanity.spearman", row


def stability_keys(summary: pd.DataFrame, table: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Stability under the change that moves the maps of a method most, and the worst label flip rate."""
    means = table[table["metric"] == "stability"].groupby(["method", "change"])["value"].mean()
    for row in summary[summary["metric"] == "stability"].itertuples():
        if means[row.method].fillna(float("inf")).idxmin() == row.change:
            yield f"{row.method}.stability_spearman", row
    flips = summary[summary["metric"] == "label_flip"].reset_index(drop=True)
    yield "stability.flipped", next(flips.iloc[[flips["estimate"].idxmax()]].itertuples())


def intervention_keys(summary: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """How often predictions change, beside the same elsewhere, and by how much the probability does."""
    for row in summary.itertuples():
        name = f"reliance.{row.region}_{row.kind}"
        if row.metric == "probability_change":
            if row.versus == "" and not row.control:
                yield f"{name}_change", row
        elif row.versus:
            yield f"{name}_over_control", row
        else:
            yield f"{name}_control" if row.control else name, row
