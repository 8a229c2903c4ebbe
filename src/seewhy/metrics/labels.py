"""How well one label of several is predicted: area under the ROC curve, average precision, F1; ties count in halves."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

from seewhy.stats import Estimate, bootstrap

Scores = Float[np.ndarray, " n"]
Truth = Bool[np.ndarray, " n"]


def roc_auc(true: Truth, scores: Scores) -> float:
    """How often an image with the label has a higher score than one without it; NaN where all or none have it.

    >>> roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    positive, negative = int(true.sum()), int((~true).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[true].sum() - positive * (positive + 1) / 2) / (positive * negative))


def average_precision(true: Truth, scores: Scores) -> float:
    """Mean precision over the recalls that thresholds reach, as `sklearn.metrics.average_precision_score`; NaN where
    no image has the label.

    >>> round(average_precision(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])), 3)
    0.833
    """
    if not true.any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits, ordered = np.cumsum(true[order]), scores[order]
    last = np.r_[np.flatnonzero(np.diff(ordered)), len(ordered) - 1]  # of images with the same score
    precision, recall = hits[last] / (last + 1), hits[last] / true.sum()
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def f1_score(true: Truth, scores: Scores, threshold: float = 0.5) -> float:
    """Harmonic mean of precision and recall of the images with a score of at least `threshold`; 0 where none of them
    is right, NaN where no image has the label and none is given it.

    >>> f1_score(np.array([False, True, True]), np.array([0.7, 0.9, 0.2]))
    0.5
    """
    predicted = scores >= threshold
    both = true.sum() + predicted.sum()
    return float(2 * (true & predicted).sum() / both) if both else float("nan")


def with_interval(statistic: Callable[[Truth, Scores], float], true: Truth, scores: Scores, seed: int) -> Estimate:
    """One of the above over images, with a bootstrap interval; a resample in which it is not defined counts as the
    value of all images."""
    whole = statistic(true, scores)
    if not np.isfinite(whole):
        return Estimate(float("nan"), float("nan"), float("nan"), len(true))

    def resampled_statistic(drawn: Int[np.ndarray, " n"]) -> float:
        found = statistic(true[drawn], scores[drawn])
        return found if np.isfinite(found) else whole

    return bootstrap(resampled_statistic, len(true), seed)
