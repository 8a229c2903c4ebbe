"""Estimates with their uncertainty: proportions, means over images, calibration."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.special import stdtrit

from seewhy.checks.status import FEWEST
from seewhy.formatting import FORMS, format_value

LEVEL = 0.95
ODDS = 0.05  # p from which on chance is not ruled out
RESAMPLES = 4000
AT_ONCE = 1_000_000  # indices that are drawn in one go


Hits = Bool[np.ndarray, " n"] | Float[np.ndarray, " n"]  # 1 and 0, or parts of a hit


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval, and the number of images it rests on. NaN where there were too few to measure."""

    value: float
    low: float
    high: float
    n: int

    def metric_entries(self, name: str) -> dict[str, float]:
        """Flat keys for a metrics file: name, name_low, name_high, name_n."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_n": self.n}

    def text(self, unit: str = "") -> str:
        """'0.91 (95 % interval 0.86 to 0.94, n = 173)'; `unit` as in `format_value`."""
        if not self.measured:
            return f"not measured (n = {self.n})"
        value, low, high = (format_value(x, unit) for x in (self.value, self.low, self.high))
        return f"{value} (95 % interval {low.removesuffix(FORMS[unit][2])} to {high}, n = {self.n})"

    @property
    def measured(self) -> bool:
        """Whether there were enough images."""
        return bool(np.isfinite(self.value))


NAN = float("nan")
NOTHING = Estimate(NAN, NAN, NAN, 0)


def proportion(hits: Hits, effective: float = math.inf) -> Estimate:
    """Share of hits with the Wilson score interval (Wilson 1927), which stays inside 0 to 1 for small n.

    A hit may count in part, 0 to 1, as a tie does: such values vary less than hits and misses of the same mean, so that
    the interval is wide enough. effective: how many independent hits they are worth, where that is less than n.
    """
    n = len(hits)
    if not n:
        return NOTHING
    z, p, m = NormalDist().inv_cdf(0.5 + LEVEL / 2), float(np.mean(hits)), min(n, effective)
    centre = (p + z**2 / (2 * m)) / (1 + z**2 / m)
    half = z / (1 + z**2 / m) * np.sqrt(p * (1 - p) / m + z**2 / (4 * m**2))
    low, high = (0.0 if p == 0 else float(centre - half)), (1.0 if p == 1 else float(centre + half))  # not 1 - 2e-16
    return Estimate(p, low, high, n)


def share_of_hits(values: Float[np.ndarray, " n"]) -> Estimate:
    """Share of hits, 0 to 1 each, as `proportion`; what is not finite is left out, and fewer than `FEWEST` of the
    others are not measured."""
    there = np.asarray(values, dtype=float)
    there = there[np.isfinite(there)]
    return proportion(there) if len(there) >= FEWEST else Estimate(NAN, NAN, NAN, len(there))


def smallest_share(n: float) -> float:
    """The smallest share that n images can tell from none: the upper end of the interval where not one of them is hit.

    It is the same for Wilson's interval of a share and for Newcombe's of a difference of two shares that are both 0.

    >>> smallest_share(34) > 0.1 > smallest_share(35)
    True
    """
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    return z**2 / (n + z**2)


def paired_shares(first: Hits, second: Hits, effective: float = math.inf) -> Estimate:
    """Share of hits in `first` less that in `second`, of the same images, with Newcombe's hybrid score interval for
    paired proportions (Newcombe 1998), without continuity correction.

    Where outcomes go together and images are few it is too narrow: of 20 it holds 77 % instead of 95. So it is at least
    as wide as that of the two kinds of pairs that differ, joined alike. A bootstrap of outcomes that are all alike
    would have no width; this has that of the Wilson intervals. With fewer than `FEWEST` images it is not measured.
    effective: as of `proportion`.
    """
    n = len(first)
    if n < FEWEST:
        return Estimate(NAN, NAN, NAN, n)
    pair = [np.asarray(some, float) for some in (first, second)]
    shares = [proportion(some, effective) for some in pair]
    differing = [proportion(np.maximum(some, 0), effective) for some in (pair[0] - pair[1], pair[1] - pair[0])]
    phi = _phi_coefficient(*pair)
    below, above = (
        max(_lower_arm(shares[k], shares[1 - k], phi), _lower_arm(differing[k], differing[1 - k], 0.0)) for k in (0, 1)
    )
    apart = shares[0].value - shares[1].value
    return Estimate(apart, max(-1.0, apart - below), min(1.0, apart + above), n)


def _lower_arm(one: Estimate, two: Estimate, phi: float) -> float:
    """How far the interval of the first share less the second reaches below it; of the two swapped, above."""
    a, b = one.value - one.low, two.high - two.value
    return math.sqrt(max(0.0, a**2 - 2 * phi * a * b + b**2))


def _phi_coefficient(first: Hits, second: Hits) -> float:
    """Correlation of two outcomes; 0 where one of them never changes."""
    steady = np.ptp(first.astype(float)) == 0 or np.ptp(second.astype(float)) == 0
    return 0.0 if steady else float(np.corrcoef(first, second)[0, 1])


def mean(values: Float[np.ndarray, " n"], seed: int) -> Estimate:
    """Mean over images with an expanded percentile bootstrap interval (see `bootstrap`).

    Values that are not finite are left out; fewer than `FEWEST` of the others are not measured.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    return _bootstrap_interval(lambda resamples: values[resamples].mean(1), len(values), seed)


def mean_difference(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " m"]) -> Estimate:
    """Mean of `first` minus mean of `second`, of different images, with Welch's interval (Welch 1947); n counts both.

    Values that are not finite are left out; with fewer than `FEWEST` on either side it is not measured.
    """
    groups = [values[np.isfinite(values)] for values in (np.asarray(first, float), np.asarray(second, float))]
    n = [len(values) for values in groups]
    if min(n) < FEWEST:
        return Estimate(NAN, NAN, NAN, sum(n))
    parts = [values.var(ddof=1) / count for values, count in zip(groups, n, strict=True)]
    apart, squared = float(groups[0].mean() - groups[1].mean()), sum(parts)
    freedom = squared**2 / sum(part**2 / (count - 1) for part, count in zip(parts, n, strict=True)) if squared else 1
    half = float(stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(squared))
    return Estimate(apart, apart - half, apart + half, sum(n))


def rank_correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"], seed: int) -> Estimate:
    """Spearman's correlation over images with a bootstrap interval; pairs that are not finite are left out.

    Not measured for fewer than `FEWEST` pairs, or where one of the two never changes.
    """
    from scipy.stats import rankdata  # only here: importing it takes a second

    there = np.isfinite(first) & np.isfinite(second)
    pair = np.stack([np.asarray(first, float)[there], np.asarray(second, float)[there]])
    if there.sum() < FEWEST or (np.ptp(pair, axis=1) == 0).any():
        return Estimate(NAN, NAN, NAN, int(there.sum()))

    def spearman(drawn: Int[np.ndarray, " n"]) -> float:
        ranks = rankdata(pair[:, drawn], axis=1)
        ranks -= ranks.mean(1, keepdims=True)
        size = np.sqrt((ranks**2).sum(1).prod())
        return float((ranks[0] * ranks[1]).sum() / size) if size else 0.0  # a resample of equals has no order

    return bootstrap(spearman, pair.shape[1], seed)


def ratio(above: Float[np.ndarray, " n"], below: Float[np.ndarray, " n"], seed: int) -> Estimate:
    """Sum over sum, resampled by images as in `mean`; `below` is above 0 everywhere."""
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    return bootstrap(lambda drawn: float(above[drawn].sum() / below[drawn].sum()), len(below), seed)


def sign_flip_p(differences: Float[np.ndarray, " n"], seed: int) -> float:
    """Two-sided p of paired differences, by flipping their signs at random (Fisher's randomisation test).

    How often a mean at least as far from 0 comes about where either sign is equally likely. Values that are not finite
    are left out; NaN for fewer than `FEWEST` of the others.
    """
    values = np.asarray(differences, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) < FEWEST:
        return NAN
    flips = np.random.default_rng(seed).integers(0, 2, (RESAMPLES, len(values))) * 2 - 1
    beyond = np.abs(flips @ values) >= abs(values.sum()) - 1e-12 * np.abs(values).sum()
    return float((beyond.sum() + 1) / (RESAMPLES + 1))


def bootstrap(statistic: Callable[[Int[np.ndarray, " n"]], float], n: int, seed: int) -> Estimate:
    """`statistic` of all n images, given as their indices, with the interval of `mean`."""
    return _bootstrap_interval(lambda resamples: np.array([statistic(drawn) for drawn in resamples]), n, seed)


def _bootstrap_interval(
    statistic: Callable[[Int[np.ndarray, "r n"]], Float[np.ndarray, " r"]], n: int, seed: int
) -> Estimate:
    """The statistic of all n images, and its percentile interval over `RESAMPLES` resamples, given as rows of indices.

    Expanded (Hesterberg 2015, section 4.3): plain percentiles are too narrow by sqrt(1 - 1/n) and by the step from
    Student's t to the normal distribution, which at n = 8 leaves 88 % of 95; so the percentiles are taken further out.
    """
    if n < FEWEST:
        return Estimate(NAN, NAN, NAN, n)
    rng, rows = np.random.default_rng(seed), max(1, AT_ONCE // n)
    parts = [min(rows, RESAMPLES - begin) for begin in range(0, RESAMPLES, rows)]
    found = np.concatenate([statistic(rng.integers(0, n, (part, n))) for part in parts])
    outside = NormalDist().cdf(-float(np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + LEVEL) / 2)))
    low, high = np.quantile(found, [outside, 1 - outside])
    return Estimate(float(statistic(np.arange(n)[None])[0]), float(low), float(high), n)


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
    confidence: Float[np.ndarray, " n"], correct: Bool[np.ndarray, " n"], bins: int, seed: int
) -> Estimate:
    """ECE: mean |accuracy - confidence| over the bins of `calibration_bins`, weighted by count (Naeini et al. 2015).

    Chance scatter inside a bin can only add to it, so the bootstrap interval leans upwards where images are few.
    """
    index, missed = _bin_numbers(confidence, bins), np.asarray(correct, float) - confidence

    def drawn_error(drawn: Int[np.ndarray, " n"]) -> float:
        return float(np.abs(np.bincount(index[drawn], missed[drawn], bins)).sum() / len(drawn))

    return bootstrap(drawn_error, len(index), seed)


def _bin_numbers(confidence: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    """Number of the bin of each confidence; 1 falls into the last."""
    return np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
