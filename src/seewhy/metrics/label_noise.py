"""Labels that are likely wrong, by what a model says of images it was not trained on.

Confident learning (Northcutt, Jiang, Chuang 2021, JAIR 70): a class's threshold is how sure the model is of it, on
average, where the label names it. An image that reaches the threshold of another class than its label's is counted
off the diagonal of the confident joint; its label is to be looked at.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from seewhy.stats import FEWEST

NONE = -1  # no class reaches its threshold


@dataclass(frozen=True)
class Doubts:
    """For each of n labelled images the class it confidently belongs to, `NONE` where there is none, and the margin.

    margin: probability of that class minus that of the label, -1 to 1; NaN for `NONE`.
    """

    labels: Int[np.ndarray, " n"]
    confident: Int[np.ndarray, " n"]
    margin: Float[np.ndarray, " n"]

    @property
    def ranked_images(self) -> Int[np.ndarray, " k"]:
        """The images off the diagonal, the largest margin first, of equals the first."""
        off = np.flatnonzero((self.confident != self.labels) & (self.confident != NONE))
        return off[np.argsort(-self.margin[off], kind="stable")]


def class_thresholds(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], fewest: int = FEWEST
) -> Float[np.ndarray, " k"]:
    """Mean probability of each class over the images with its label; NaN for a class with fewer than `fewest`."""
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    own = np.bincount(labels, probabilities[np.arange(len(labels)), labels].astype(float), probabilities.shape[1])
    return np.where(counts >= fewest, own / np.maximum(counts, 1), np.nan)


def find_doubts(
    probabilities: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"], limits: Float[np.ndarray, " k"]
) -> Doubts:
    """Of the classes that reach their limit (see `class_thresholds`) the likeliest; of equals the label.

    Probabilities of a sigmoid need not add up to 1: each class is held against its own threshold all the same.
    """
    sure = np.asarray(probabilities, dtype=float)
    reached = np.where(sure >= limits, sure, -np.inf)  # nothing is above a limit of NaN
    best, own, rows = reached.argmax(1), np.asarray(labels), np.arange(len(sure))
    confident = np.where(reached[rows, own] == reached[rows, best], own, best)
    none = ~np.isfinite(reached).any(1)
    margin = sure[rows, confident] - sure[rows, own]
    return Doubts(own, np.where(none, NONE, confident), np.where(none, np.nan, margin))
