"""Calibration: bins of confidence, the expected calibration error, and what a calibrated model reaches by chance."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from seewhy.checks.status import FEWEST
from seewhy.resampling import RESAMPLES, Groups
from seewhy.stats import LEVEL, Estimate, bootstrap, proportion, too_few


def calibration_bins(confidence: Float[np.ndarray, " n"], correct: Bool[np.ndarray, " n"], bins: int) -> pd.DataFrame:
    """Equal-width bins that hold images: mean confidence, accuracy with interval, count."""
    index = _bin_numbers(confidence, bins)
    rows = []
    for number in np.unique(index):
        inside = index == number
        hits = proportion(correct[inside])
        rows.append((float(confidence[inside].mean()), hits.value, hits.low, hits.high, hits.n))
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "low", "high", "n"])


def calibration_error(
    confidence: Float[np.ndarray, " n"],
    correct: Bool[np.ndarray, " n"],
    bins: int,
    seed: int,
    groups: Groups = None,
) -> Estimate:
    """ECE: mean |accuracy - confidence| over the bins of `calibration_bins`, weighted by count (Naeini et al. 2015).

    Chance scatter inside a bin can only add to it, so that it is above 0 for a calibrated model, too: read it beside
    `calibration_chance`.
    """
    index, missed = _bin_numbers(confidence, bins), np.asarray(correct, float) - confidence

    def drawn_error(drawn: Int[np.ndarray, " k"]) -> float:
        return float(np.abs(np.bincount(index[drawn], missed[drawn], bins)).sum() / len(drawn))

    return bootstrap(drawn_error, len(index), seed, groups)


def calibration_chance(confidence: Float[np.ndarray, " n"], bins: int, seed: int) -> Estimate:
    """ECE of a calibrated model that is as confident: its mean, and the interval that holds 95 % of its values.

    Each image is drawn to be right as often as its confidence says (consistency resampling, Broecker & Smith 2007).
    """
    n = len(confidence)
    if n < FEWEST:
        return too_few(n)
    rng, index = np.random.default_rng(seed), _bin_numbers(confidence, bins)
    member = np.zeros((n, bins))
    member[np.arange(n), index] = 1
    draws = (rng.random((RESAMPLES // 4, n)) < confidence) - confidence
    errors = np.abs(draws @ member).sum(1) / n
    low, high = np.quantile(errors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(errors.mean()), float(low), float(high), n)


def _bin_numbers(confidence: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    """Number of the bin of each confidence; 1 falls into the last."""
    return np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
