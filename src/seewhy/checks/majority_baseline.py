"""Is a model better than always predicting the most common class? If not, no map explains a model that works.

With several labels an image that is the most common set of labels, and of numbers their mean.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure
from seewhy.metrics.residuals import r2_values
from seewhy.samples import image_groups
from seewhy.stats import Estimate, mean, proportion

CAPTIONS, LABELS, NUMBERS = "exact_match", "subset_accuracy", "r2"  # metrics of captions, several labels, numbers
BASELINES = {  # metric -> what the model is compared with
    "accuracy": "always predicting the most common class",
    CAPTIONS: "always writing the most common caption",
    LABELS: "always predicting the most common labels",
    NUMBERS: "always predicting the mean",
}
NO_LABELS = "(no label)"
NEVER = 1e-6  # of the largest number: predictions that differ by less are all the same
NEARLY = 0.95  # of the images, from which on a prediction is given to nearly all


@dataclass(frozen=True)
class MajorityBaseline:
    """A model beside always predicting the most common class or labels or the mean, or writing the most common caption.

    Args:
        accuracy: share of correct predictions, with interval.
        best: what the majority baseline reaches on the same images.
        most_common: the label that it predicts.
        predicted: what the model predicts most often: `given` of `images` times.
        metric: the metric of the accuracy, as `CAPTIONS`.
    """

    accuracy: Estimate
    best: float
    most_common: str
    predicted: str
    given: int
    images: int
    metric: str = "accuracy"

    @property
    def is_constant(self) -> bool:
        """Whether the model predicts nearly always the same."""
        return self.given >= NEARLY * self.images

    @property
    def accuracy_checks(self) -> list[Check]:
        """Accuracy above that of the majority baseline, as a list; empty where nothing is labelled."""
        if not self.accuracy.n:
            return []
        always = BASELINES[self.metric]
        statement, denial = f"the model is better than {always}", f"the model is worse than {always}"
        return [Check(Subject("works"), Figure(self.metric), statement, denial, self.best, True, self.accuracy)]

    @property
    def accuracy_unit(self) -> str:
        """Of the accuracy, as `format_value` takes it: a share, or for numbers R2 as it is."""
        return "" if self.metric == NUMBERS else "%"

    @property
    def baseline_phrase(self) -> str:
        """The baseline by what it says: "always predicting *tree*"."""
        if self.metric == NUMBERS:
            return BASELINES[NUMBERS]
        return f"always {'writing' if self.metric == CAPTIONS else 'predicting'} *{self.most_common}*"


def compare_majority(rows: pd.DataFrame) -> MajorityBaseline:
    """Classified images beside the majority baseline.

    Args:
        rows: one row an image: `label` (null where unknown), `predicted`, `correct`.

    >>> rows = pd.DataFrame({"label": ["a", "a", "b"], "predicted": ["b"] * 3, "correct": [False, False, True]})
    >>> found = compare_majority(rows)
    >>> round(found.best, 3), found.most_common, found.predicted, found.is_constant
    (0.667, 'a', 'b', True)
    """
    labelled = rows[rows["label"].notna()]
    counts, predicted = labelled["label"].value_counts(normalize=True), rows["predicted"].value_counts()
    best, common = (float(counts.max()), str(counts.idxmax())) if len(counts) else (0.0, "")
    accuracy = proportion(labelled["correct"].to_numpy(bool), _groups_of(rows, labelled))
    return MajorityBaseline(accuracy, best, common, str(predicted.idxmax()), int(predicted.max()), len(rows))


def compare_label_sets(rows: pd.DataFrame) -> MajorityBaseline:
    """Images with several labels beside always predicting the most common set of labels; labels in doubt are left out.

    Args:
        rows: one row an image and label that is predicted or true: `image`, `predicted` (the label), `is_predicted`,
            `is_true` (null where it is not known).

    >>> rows = pd.DataFrame({"image": ["1", "1", "2", "3"], "predicted": ["a", "b", "a", "a"],
    ...                      "is_predicted": [True, False, True, True], "is_true": [True, True, True, True]})
    >>> found = compare_label_sets(rows)
    >>> round(found.accuracy.value, 3), round(found.best, 3), found.most_common
    (0.667, 0.667, 'a')
    """
    every = rows["image"].drop_duplicates()
    known = rows[rows["is_true"].notna()]
    true = _label_sets(known[known["is_true"].astype(bool)], known["image"].drop_duplicates())
    own = _label_sets(known[known["is_predicted"].astype(bool)], known["image"].drop_duplicates())
    said = _label_sets(rows[rows["is_predicted"].astype(bool)], every)
    counts, given = true.value_counts(normalize=True), said.value_counts()
    best, common = (float(counts.max()), str(counts.idxmax())) if len(counts) else (0.0, "")
    images = true.index.to_frame(name="image")
    accuracy = proportion((own == true).to_numpy(bool), _groups_of(rows, images))
    return MajorityBaseline(accuracy, best, common, str(given.idxmax()), int(given.max()), len(every), LABELS)


def _label_sets(rows: pd.DataFrame, images: "pd.Series[str]") -> "pd.Series[str]":
    """The labels of each image in `rows`, joined; `NO_LABELS` for those without."""
    joined = rows.groupby("image", sort=False)["predicted"].agg(lambda names: " + ".join(names))
    return joined.reindex(images).fillna(NO_LABELS)


def compare_mean(rows: pd.DataFrame, seed: int) -> MajorityBaseline:
    """Predicted numbers beside always predicting the labels' mean, by R2: 0 is as good as the mean. Of several
    quantities the mean R2.

    Args:
        rows: one row an image and quantity: `image`, `target`, `value` (NaN where unknown), `estimate`.
        seed: of the interval.
    """
    known = rows[rows["value"].notna()]
    parts = [
        pd.Series(r2_values(own["value"].to_numpy(float), own["estimate"].to_numpy(float)), own["image"].to_numpy())
        for _, own in known.groupby("target", sort=True)
    ]
    values = pd.concat(parts).groupby(level=0, sort=False).mean() if parts else pd.Series(dtype=float)
    images = rows["image"].nunique()
    steady = rows.groupby("target")["estimate"].std(ddof=0).fillna(0).max() <= NEVER * np.abs(rows["estimate"]).max()
    return MajorityBaseline(
        mean(values.to_numpy(float), seed, _groups_of(rows, values.index.to_frame(name="image"))),
        0.0,
        "the mean",
        "the same number",
        images * int(steady),
        images,
        NUMBERS,
    )


def _groups_of(rows: pd.DataFrame, some: pd.DataFrame) -> "pd.Series[int] | None":
    """The groups of some of the images, by what is known of all of them."""
    known = image_groups(rows) if "image" in rows else None
    return None if known is None else known.reindex(some["image"])


def compare_task(task: str, rows: pd.DataFrame, seed: int) -> MajorityBaseline:
    """The model beside the baseline of its task; of a segmentation nothing is known, captions have their own.

    Args:
        task: as in `task:` of a dataset.
        rows: the predictions.
        seed: of the intervals.
    """
    if task == "multilabel":
        return compare_label_sets(rows)
    if task == "regression":
        return compare_mean(rows, seed)
    return compare_majority(rows if task == "classification" else rows.assign(label=None, predicted=""))
