"""Estimates with their uncertainty: proportions, means over images, differences.

`groups` says of each value which group it belongs to, where images come in groups, as those of one patient: see
`seewhy.resampling`. Without groups images are taken to be independent.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import stdtrit

from seewhy import resampling
from seewhy.checks.status import FEWEST, Outcome, decide_outcome
from seewhy.formatting import FORMS, format_value
from seewhy.resampling import RESAMPLES, Groups

LEVEL = 0.95
ODDS = 0.05  # p from which on chance is not ruled out


Bounds = tuple[float, float] | None
Hits = Bool[np.ndarray, " n"] | Float[np.ndarray, " n"]  # 1 and 0, or parts of a hit


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval, and the number of images it rests on. NaN where there were too few to measure.

    groups: in how many groups the images are; 0 where they are taken to be independent.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int = 0

    def metric_entries(self, name: str) -> dict[str, float]:
        """Flat keys for a metrics file: name, name_low, name_high, name_n."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_n": self.n}

    def text(self, unit: str = "") -> str:
        """'0.91 (95 % interval 0.86 to 0.94, n = 173)'; `unit` as in `format_value`."""
        number = f"n = {self.n}" + (f" in {self.groups} groups" if self.groups else "")
        if not self.measured:
            return f"not measured ({number})"
        value, low, high = (format_value(x, unit) for x in (self.value, self.low, self.high))
        if not self.has_width:
            return f"{value} (all {self.n} values are equal, so no interval is known)"
        return f"{value} (95 % interval {low.removesuffix(FORMS[unit][2])} to {high}, {number})"

    @property
    def measured(self) -> bool:
        """Whether there were enough images."""
        return bool(np.isfinite(self.value))

    def outcome(self, limit: float) -> Outcome:
        """Whether a figure above the limit is shown or excluded by it: see `seewhy.checks.status.decide_outcome`."""
        return decide_outcome(self.value, self.low, self.high, self.groups or self.n, limit)

    @property
    def has_width(self) -> bool:
        """Whether its interval has two ends: equal values say nothing of how others would differ."""
        return self.low < self.high


NAN = float("nan")
NOTHING = Estimate(NAN, NAN, NAN, 0)


def _group_count(groups: Groups) -> int:
    return 0 if groups is None else len(set(np.asarray(groups, dtype=object).tolist()))


def too_few(n: int, groups: Groups = None) -> Estimate:
    """Not measured: so many images are too few, or their groups are."""
    return Estimate(NAN, NAN, NAN, n, _group_count(groups))


def finite_values(values: Sequence[float] | np.ndarray, groups: Groups) -> tuple[Float[np.ndarray, " n"], Groups]:
    """The values that are finite, and their groups."""
    given = np.asarray(values, dtype=float)
    there = np.isfinite(given)
    return given[there], None if groups is None else np.asarray(groups, dtype=object)[there]


def proportion(hits: Hits, groups: Groups = None, level: float = LEVEL, effective: float = math.inf) -> Estimate:
    """Share of hits with the Wilson score interval (Wilson 1927), which stays inside 0 to 1 for small n.

    A hit may count in part, 0 to 1, as a tie does: such values vary less than hits and misses of the same mean, so that
    the interval is wide enough. With groups n is the number of independent images that say as much, and no more than
    `effective`, where that is known.
    """
    if not len(hits):
        return NOTHING
    n = min(resampling.effective_number(np.asarray(hits, float), groups), effective)
    z, p = NormalDist().inv_cdf(0.5 + level / 2), float(np.mean(hits))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = (0.0 if p == 0 else float(centre - half)), (1.0 if p == 1 else float(centre + half))  # not 1 - 2e-16
    return Estimate(p, low, high, len(hits), _group_count(groups))


def share_of_hits(values: Float[np.ndarray, " n"], groups: Groups = None) -> Estimate:
    """Share of hits, 0 to 1 each, as `proportion`; what is not finite is left out, and fewer than `FEWEST` of the
    others are not measured."""
    there, own = finite_values(values, groups)
    return proportion(there, own) if len(there) >= FEWEST else too_few(len(there), own)


def smallest_share(n: float) -> float:
    """The smallest share that n images can tell from none: the upper end of the interval where not one of them is hit.

    It is the same for Wilson's interval of a share and for Newcombe's of a difference of two shares that are both 0.

    >>> smallest_share(34) > 0.1 > smallest_share(35)
    True
    """
    z = NormalDist().inv_cdf(0.5 + LEVEL / 2)
    return z**2 / (n + z**2)


def paired_shares(first: Hits, second: Hits, groups: Groups = None, effective: float = math.inf) -> Estimate:
    """Share of hits in `first` less that in `second`, of the same images, with Newcombe's hybrid score interval for
    paired proportions (Newcombe 1998), without continuity correction.

    Where outcomes go together and images are few it is too narrow: of 20 it holds 77 % instead of 95. So it is at least
    as wide as that of the two kinds of pairs that differ, joined alike. A bootstrap of outcomes that are all alike
    would have no width; this has that of the Wilson intervals. With fewer than `FEWEST` images it is not measured.
    effective: as of `proportion`.
    """
    n = len(first)
    if n < FEWEST:
        return too_few(n, groups)
    pair = [np.asarray(some, float) for some in (first, second)]
    shares = [proportion(some, groups, effective=effective) for some in pair]
    differing = [
        proportion(np.maximum(some, 0), groups, effective=effective) for some in (pair[0] - pair[1], pair[1] - pair[0])
    ]
    phi = _phi_coefficient(*pair)
    below, above = (
        max(_lower_arm(shares[k], shares[1 - k], phi), _lower_arm(differing[k], differing[1 - k], 0.0)) for k in (0, 1)
    )
    value = shares[0].value - shares[1].value
    return Estimate(value, max(-1.0, value - below), min(1.0, value + above), n, shares[0].groups)


def _lower_arm(one: Estimate, two: Estimate, phi: float) -> float:
    """How far the interval of the first share less the second reaches below it; of the two swapped, above."""
    a, b = one.value - one.low, two.high - two.value
    return math.sqrt(max(0.0, a**2 - 2 * phi * a * b + b**2))


def _phi_coefficient(first: Hits, second: Hits) -> float:
    """Correlation of two outcomes; 0 where one of them never changes."""
    steady = np.ptp(first.astype(float)) == 0 or np.ptp(second.astype(float)) == 0
    return 0.0 if steady else float(np.corrcoef(first, second)[0, 1])


def mean(
    values: Sequence[float] | np.ndarray,
    seed: int,
    groups: Groups = None,
    bounds: Bounds = None,
) -> Estimate:
    """Mean over images with an interval by `resampling.mean_interval`, which holds for skewed values, too.

    Values that are not finite are left out; fewer than `FEWEST` of the others, or of their groups, are not measured.
    Equal values have no spread: their interval reaches towards `bounds` by the share of other values that may have
    been missed, and has no width where bounds are not given.

    Args:
        values: one an image.
        seed: of the resamples.
        groups: the group of each value; None: images are independent.
        bounds: the least and the largest possible value.
    """
    there, own = finite_values(values, groups)
    codes = resampling.group_codes(own, len(there))
    counts = np.bincount(codes).astype(float)
    if len(counts) < FEWEST:
        return too_few(len(there), own)
    low, high = resampling.mean_interval(np.bincount(codes, there), counts, seed)
    value = float(there.mean())
    if low == high and bounds is not None:
        missed = proportion(np.zeros(len(counts))).high
        low, high = value - missed * (value - bounds[0]), value + missed * (bounds[1] - value)
    return Estimate(value, low, high, len(there), _group_count(own))


def crossed_mean(
    values: Float[np.ndarray, "n d"],
    seed: int,
    groups: Groups = None,
    bounds: Bounds = None,
) -> Estimate:
    """Mean over images and random draws, as of weights: each image is seen in each of d draws, NaN where it is not.

    The draws' own variance is part of the interval: squared half widths over images and over draws (Student's, of the
    draws' means) add up. With one draw nothing is known of it, so that only images count.
    """
    with np.errstate(all="ignore"):
        images = np.nanmean(values, axis=1) if values.size else np.full(len(values), NAN)
        draws = np.nanmean(values, axis=0) if values.size else np.empty(0)
    found, draws = mean(images, seed, groups, bounds), draws[np.isfinite(draws)]
    if len(draws) < 2 or not found.measured:
        return found
    half = float(stdtrit(len(draws) - 1, (1 + LEVEL) / 2) * draws.std(ddof=1) / np.sqrt(len(draws)))
    low, high = (float(np.hypot(end - found.value, half)) for end in (found.low, found.high))
    return Estimate(found.value, found.value - low, found.value + high, found.n, found.groups)


def independent_difference(one: Estimate, other: Estimate, sign: int = 1) -> Estimate:
    """`one` less `other`, of different images, with the interval that follows from theirs (Newcombe 1998; of any
    figures Zou and Donner 2008). n and groups are those of `one`; not measured where either has fewer than `FEWEST`.

    sign: -1 for the opposite, `other` less `one`.

    >>> one, other = proportion(np.repeat([1, 0], [20, 20])), proportion(np.repeat([1, 0], [36, 4]))
    >>> independent_difference(one, other).text("points")
    '−40 points (95 % interval −56 to −20 points, n = 40)'
    """
    if not (one.measured and other.measured) or min(one.n, other.n) < FEWEST:
        return Estimate(NAN, NAN, NAN, one.n if other.n >= FEWEST else min(one.n, other.n), one.groups)
    first, second = (one, other) if sign > 0 else (other, one)
    apart = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return Estimate(apart, apart - below, apart + above, one.n, one.groups)


def worst_estimate(estimates: Sequence[Estimate], sign: int = 1) -> Estimate:
    """The worst of several measured estimates, with an interval that holds for whichever of them it is.

    That all are on the good side of a limit is shown where each interval is (Berger 1982). That any is on the other
    side is tried as many times as there are estimates, so that the ends on that side are moved out to a level that
    makes up for it (Bonferroni).

    Args:
        estimates: at least one.
        sign: 1 where the smallest is the worst, -1 where the largest is.
    """
    turned = [one if sign > 0 else _negative(one) for one in estimates]
    worst, tries = min(turned, key=lambda one: one.value), len(turned)
    highs = []
    for one in turned:
        freedom = max(1, (one.groups or one.n) - 1)
        strict, plain = (float(stdtrit(freedom, 1 - (1 - LEVEL) / 2 / times)) for times in (tries, 1))
        highs.append(one.value + (one.high - one.value) * strict / plain)
    found = replace(worst, low=min(one.low for one in turned), high=max(worst.value, min(highs)))
    return found if sign > 0 else _negative(found)


def _negative(one: Estimate) -> Estimate:
    return replace(one, value=-one.value, low=-one.high, high=-one.low)


def rank_correlation(
    first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"], seed: int, groups: Groups = None
) -> Estimate:
    """Spearman's correlation over images with a bootstrap interval; pairs that are not finite are left out.

    Not measured for fewer than `FEWEST` pairs, or where one of the two never changes.
    """
    from scipy.stats import rankdata  # only here: importing it takes a second

    there = np.isfinite(first) & np.isfinite(second)
    pair = np.stack([np.asarray(first, float)[there], np.asarray(second, float)[there]])
    own = None if groups is None else np.asarray(groups, dtype=object)[there]
    if there.sum() < FEWEST or (np.ptp(pair, axis=1) == 0).any():
        return too_few(int(there.sum()), own)

    def spearman(drawn: Int[np.ndarray, " n"]) -> float:
        ranks = rankdata(pair[:, drawn], axis=1)
        ranks -= ranks.mean(1, keepdims=True)
        size = np.sqrt((ranks**2).sum(1).prod())
        return float((ranks[0] * ranks[1]).sum() / size) if size else 0.0  # a resample of equals has no order

    return bootstrap(spearman, pair.shape[1], seed, own)


def ratio(above: Float[np.ndarray, " n"], below: Float[np.ndarray, " n"], seed: int, groups: Groups = None) -> Estimate:
    """Sum over sum, resampled by images as in `mean`; `below` is above 0 everywhere."""
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    codes = resampling.group_codes(groups, len(below))
    if len(set(codes.tolist())) < FEWEST:
        return too_few(len(below), groups)
    interval = resampling.mean_interval(np.bincount(codes, above), np.bincount(codes, below), seed)
    return Estimate(float(above.sum() / below.sum()), *interval, len(below), _group_count(groups))


def sign_flip_p(differences: Float[np.ndarray, " n"], seed: int, groups: Groups = None) -> float:
    """Two-sided p of paired differences, by flipping their signs at random (Fisher's randomisation test), those of a
    group together.

    How often a mean at least as far from 0 comes about where either sign is equally likely. Values that are not finite
    are left out; NaN for fewer than `FEWEST` of the others, or of their groups.
    """
    there, own = finite_values(differences, groups)
    values = np.bincount(resampling.group_codes(own, len(there)), there)
    if len(values) < FEWEST:
        return NAN
    flips = np.random.default_rng(seed).integers(0, 2, (RESAMPLES, len(values))) * 2 - 1
    beyond = np.abs(flips @ values) >= abs(values.sum()) - 1e-12 * np.abs(values).sum()
    return float((beyond.sum() + 1) / (RESAMPLES + 1))


def bootstrap(
    statistic: Callable[[Int[np.ndarray, " k"]], float], n: int, seed: int, groups: Groups = None
) -> Estimate:
    """`statistic` of all n images, given as their indices, with its expanded percentile interval."""
    codes = resampling.group_codes(groups, n)
    if len(set(codes.tolist())) < FEWEST:
        return too_few(n, groups)
    interval = resampling.statistic_interval(statistic, codes, seed)
    return Estimate(float(statistic(np.arange(n))), *interval, n, _group_count(groups))
