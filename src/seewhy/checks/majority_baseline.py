"""Is a model better than always predicting the most common class? If not, no map explains a model that works."""

from dataclasses import dataclass

import pandas as pd

from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure
from seewhy.stats import Estimate, proportion

CAPTIONS = "exact_match"  # the metric of captions
NEARLY = 0.95  # of the images, from which on a prediction is given to nearly all


@dataclass(frozen=True)
class MajorityBaseline:
    """A model beside always predicting the most common class, or writing the most common caption.

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
    def checks(self) -> list[Check]:
        """Accuracy above that of the majority baseline, as a list; empty where nothing is labelled."""
        if not self.accuracy.n:
            return []
        of_classes = self.metric == "accuracy"
        always = (
            f"always {'predicting' if of_classes else 'writing'} the most common {'class' if of_classes else 'caption'}"
        )
        statement, denial = f"the model is better than {always}", f"the model is worse than {always}"
        return [Check(Subject("works"), Figure(self.metric), statement, denial, self.best, True, self.accuracy)]

    @property
    def works(self) -> bool:
        """False only where the model is clearly worse than the majority baseline."""
        return all(check.status != "fail" for check in self.checks)


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
    accuracy = proportion(labelled["correct"].to_numpy(bool))
    return MajorityBaseline(accuracy, best, common, str(predicted.idxmax()), int(predicted.max()), len(rows))
