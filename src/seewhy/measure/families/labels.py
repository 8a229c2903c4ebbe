"""Is each of several labels right? Multilabel. Pages 01 and 06."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import share_of_images
from seewhy.metrics.labels import average_precision, f1_score, roc_auc, with_interval
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import multilabel

NOT_KNOWN = "it is not known whether the image has the label"
NO_LABEL = "the image has no labels"
OF_A_LABEL: Mapping[str, Callable[..., float]] = {
    "auc": roc_auc,
    "average_precision": average_precision,
    "f1": f1_score,
}

declare_metric(
    "subset_accuracy",
    family="labels",
    title="All labels right",
    unit="%",
    better="higher",
    question="How often are all labels of an image right?",
    is_share=True,
)
declare_metric(
    "missed_label",
    family="labels",
    title="Missed labels",
    unit="%",
    better="lower",
    question="How often is a label missed that the image has?",
)
declare_metric(
    "invented_label",
    family="labels",
    title="Invented labels",
    unit="%",
    better="lower",
    question="How often is a label predicted that the image does not have?",
)


@whole_family("labels", section="model", tasks=("multilabel",))
def measure_labels(study: Study, _settings: Mapping[str, Any]) -> Result:
    """What is right and what is wrong, label by label.

    Table: `subset_accuracy` of each image (target -1): whether all labels that are known are right; `missed_label` of
    each image and label that it has, `invented_label` of each that it has not (1 or 0); `target` is the label.

    Arrays, labels in the order of `classes`: `auc`, `average_precision`, `f1` (k, 4): value, low, high, n;
    `counts` (k, 4): true, predicted, missed, invented; `together_true`, `together_predicted` (k, k): images with both.
    """
    classes, frame = study.dataset.classes, study.dataset.frame
    single = study.predictions.drop_duplicates("image")
    labelled = frame.set_index("image").loc[single["image"]].reset_index()
    true, sure = multilabel.label_matrix(labelled, classes), np.stack(single["probabilities"].tolist()).astype(float)
    predicted = sure >= multilabel.THRESHOLD
    arrays: dict[str, np.ndarray] = {"classes": np.array(classes, str), "counts": label_counts(true, predicted)}
    for name, statistic in OF_A_LABEL.items():
        arrays[name] = np.array(
            [_statistic_row(statistic, true[:, k], sure[:, k], study.base.seed) for k in range(len(classes))]
        )
    arrays |= {"together_true": counts_together(true == 1), "together_predicted": counts_together(predicted)}
    return Result(tidy_table(label_rows(single, true, predicted)), arrays)


def label_rows(single: pd.DataFrame, true: np.ndarray, predicted: np.ndarray) -> list[pd.DataFrame]:
    """The table of `measure_labels`: images (n), labels and predictions (n, k)."""
    known = np.isfinite(true)
    wrong = known & (predicted != (true == 1))
    right = np.where(known.any(1), ~wrong.any(1), np.nan)
    parts = [tidy_rows(single.assign(target=-1), "", "subset_accuracy", right, NO_LABEL)]
    for k in range(true.shape[1]):
        own = single.assign(target=k)
        for name, asked in (("missed_label", true[:, k] == 1), ("invented_label", true[:, k] == 0)):
            parts.append(tidy_rows(own[asked], "", name, wrong[asked, k], NOT_KNOWN))
    return parts


def label_counts(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Images (k, 4) with each label: truly, by prediction where that is known, missed, invented."""
    has, lacks = true == 1, true == 0
    parts = [has, predicted & (has | lacks), has & ~predicted, lacks & predicted]
    return np.stack([part.sum(0) for part in parts], 1).astype(np.int32)


def counts_together(marked: np.ndarray) -> np.ndarray:
    """Images (k, k) that have both of two labels; of one label on the diagonal."""
    counts = marked.astype(np.int32)
    return counts.T @ counts


def _statistic_row(
    statistic: Callable[..., float], true: np.ndarray, scores: np.ndarray, seed: int
) -> tuple[float, ...]:
    known = np.isfinite(true)
    one = with_interval(statistic, true[known] == 1, scores[known], seed)
    return one.value, one.low, one.high, one.n


def label_estimates(result: Result, name: str) -> dict[str, Estimate]:
    """`auc`, `average_precision` or `f1` of each label, by the label."""
    rows = zip(result.arrays["classes"], result.arrays[name], strict=True)
    return {str(label): Estimate(value, low, high, int(n)) for label, (value, low, high, n) in rows}


def label_set_figures(result: Result, _seed: int) -> dict[str, Estimate | float]:
    """Figures of page 01: the share of images with all labels right, the means over labels, and the images."""
    rows = result.table[result.table["metric"] == "subset_accuracy"]
    found: dict[str, Estimate | float] = {"accuracy": share_of_images(rows)}
    for name in OF_A_LABEL:
        own = result.arrays[name][:, 0]
        found[f"mean_{name}"] = float(own[np.isfinite(own)].mean()) if np.isfinite(own).any() else float("nan")
    return found | {"images": int(result.table["image"].nunique())}
