"""Which labels should somebody look at again? Confident learning. Classification. Page 06."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seewhy.formatting import format_value
from seewhy.measure.families.tables import refusal_reason, select_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import share_of_images
from seewhy.metrics import label_noise
from seewhy.metrics.registry import declare_metric
from seewhy.stats import FEWEST, Estimate, proportion
from seewhy.study import Study

declare_metric(
    "label_in_doubt",
    family="label_issues",
    title="Labels in doubt",
    unit="%",
    better="lower",
    question="Which labels should somebody look at again?",
    is_share=True,
)
declare_metric(
    "label_margin",
    family="label_issues",
    title="Probability of the suggested class less that of the label",
    unit="+",
    question="How sure is the model that a label is wrong?",
)


@whole_family("label_issues", section="misclassification", tasks=("classification",))
def measure_label_issues(study: Study, _settings: Mapping[str, Any]) -> Result:
    """`label_noise` over the labelled images of classes with at least `FEWEST` of them.

    Table: `label_in_doubt`, 1 or 0; `label_margin` of those in doubt, the worst first, with the facet `suggested`, the
    class that the model would call it. One row that says why where labels could not be judged. Array `unjudged`: the
    number of classes with too few images.
    """
    found = find_label_issues(study)
    arrays = {"unjudged": np.array(found.unjudged)}
    if found.reason:
        return Result(unmeasured_row("label_in_doubt", found.reason), arrays)
    parts = [
        tidy_rows(found.judged, "", "label_in_doubt", found.judged["image"].isin(found.rows["image"]).astype(float)),
        tidy_rows(found.rows, "", "label_margin", found.rows["margin"], suggested=found.rows["suggested"].to_numpy()),
    ]
    return Result(tidy_table(parts), arrays)


@dataclass(frozen=True)
class LabelIssues:
    """Images that were `judged`, and `rows`: those whose label is in doubt, the worst first, with the columns suggested
    and margin; `unjudged` classes have too few images; `reason` says why nothing was judged."""

    judged: pd.DataFrame
    rows: pd.DataFrame
    unjudged: int = 0
    reason: str = ""


def find_label_issues(study: Study) -> LabelIssues:
    """Labels of a study that are in doubt.

    Not judged where there are no two classes with enough images, or where the model is not clearly better than always
    predicting the most common class: its doubts are then its own.
    """
    labelled = study.predictions[study.predictions["label"].notna()].reset_index(drop=True)
    counts = labelled["label"].value_counts()
    rows = labelled[labelled["label"].map(counts).ge(FEWEST)].reset_index(drop=True)
    few, reason = int((counts < FEWEST).sum()), _doubt_refusal(rows)
    if reason:
        return LabelIssues(rows, rows.head(0), few, reason)
    labels, sure = np.array(study.classes_of(rows["label"])), np.stack(rows["probabilities"].tolist())
    found = label_noise.find_doubts(sure, labels, label_noise.class_thresholds(sure, labels))
    order = found.ranked_images
    suggested = np.array(study.dataset.classes, dtype=object)[found.confident[order]]
    worst = rows.iloc[order].assign(suggested=suggested, margin=found.margin[order]).reset_index(drop=True)
    return LabelIssues(rows, worst, few)


def _doubt_refusal(rows: pd.DataFrame) -> str:
    if rows["label"].nunique() < 2:
        return f"it takes two classes with {FEWEST} labelled images each"
    right = proportion(rows["correct"].to_numpy(bool))
    most = float(rows["label"].value_counts().max() / len(rows))
    if right.low > most:
        return ""
    return (
        f"the model classifies {right.text('%')} correctly, not clearly more than the {format_value(most, '%')} of "
        "always predicting the most common class, so that its doubts say nothing of the labels"
    )


def label_figures(result: Result, _seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06 that rest on this family; none where labels could not be judged."""
    if refusal_reason(result.table, "label_in_doubt"):
        return {}
    return {"labels_doubted": share_of_images(select_rows(result.table, "label_in_doubt"))}
