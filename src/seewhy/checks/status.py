"""When a figure meets a limit: the one rule of the verdict and of the checks of params.yaml.

An effect is a figure that is above its limit. From the estimate, its interval and the limit follows one of four
outcomes, and every word of a page follows from the outcome.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal

FEWEST = 5  # images below which nothing is decided: resampling fewer says nothing
CERTAIN = 0.05  # p below which something is decided: as that of a 95 % interval
POWER = 0.8  # how often an effect of the smallest size that is told would be shown
STATUSES = ("fail", "unsure", "not run", "pass")  # from the worst to the best
Outcome = Literal["shown", "excluded", "too few", "not tested"]


def decide_outcome(value: float, low: float, high: float, n: int | None, limit: float) -> Outcome:
    """Whether a figure above its limit is shown or excluded, or too few images were measured, or none.

    `shown` only if the whole interval lies above the limit, `excluded` only if wholly below it. An interval without
    width, of values that are all equal, decides nothing: it does not say how others would differ.

    Args:
        value, low, high: the estimate and its 95 % interval, in the unit of the limit.
        n: images that it rests on; None for a plain figure without interval, as a count.
        limit: what the estimate is compared with.

    >>> decide_outcome(0.76, 0.71, 0.79, 272, limit=0.7), decide_outcome(0.76, 0.71, 0.79, 272, limit=0.75)
    ('shown', 'too few')
    """
    if n is None:
        return "shown" if value > limit else "excluded"
    if not n:
        return "not tested"
    if n < FEWEST or not math.isfinite(value) or not low < high:
        return "too few"
    return "shown" if low > limit else "excluded" if high < limit else "too few"


def name_status(outcome: Outcome, least: bool) -> str:
    """What an outcome means for a check whose passing side is above its limit (`least`), or below it.

    >>> name_status("shown", least=True), name_status("shown", least=False), name_status("too few", least=True)
    ('pass', 'fail', 'unsure')
    """
    passes = {"shown": least, "excluded": not least}
    if outcome in passes:
        return "pass" if passes[outcome] else "fail"
    return "unsure" if outcome == "too few" else "not run"


def chance_of_difference(value: float, low: float, high: float, limit: float) -> float:
    """Two-sided p of a figure that equals its limit, from its interval: below 0.05 just where the interval excludes it.

    The estimate's distance from the limit in half widths of the interval on that side, as a normal score. NaN where
    there is no interval.
    """
    reach = value - low if value > limit else high - value
    if not (math.isfinite(reach) and reach > 0):
        return math.nan
    normal = NormalDist()
    return 2 * normal.cdf(-abs(value - limit) / reach * normal.inv_cdf(1 - CERTAIN / 2))


def smallest_effect(low: float, high: float) -> float:
    """How far from its limit a figure has to be so that as many images would show it in `POWER` of all cases: by the
    width of the interval. NaN where there is none.

    >>> round(smallest_effect(0.4, 0.6), 3)
    0.143
    """
    normal = NormalDist()
    certain = normal.inv_cdf(1 - CERTAIN / 2)
    return (high - low) / 2 * (certain + normal.inv_cdf(POWER)) / certain if low < high else math.nan


def adjust_chances(chances: Sequence[float]) -> list[float]:
    """The p of several checks, each raised so that 5 % is the chance that any of them is below 0.05 by chance alone
    (Holm 1979). NaN stays, and does not count.

    >>> adjust_chances([0.01, 0.04, math.nan, 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    order = sorted((number for number, one in enumerate(chances) if one == one), key=lambda number: chances[number])
    adjusted, most = [math.nan] * len(chances), 0.0
    for rank, number in enumerate(order):
        most = max(most, min(1.0, chances[number] * (len(order) - rank)))
        adjusted[number] = most
    return adjusted


def worst_status(statuses: "list[str]") -> str:
    """The worst of some statuses, as none makes up for another; `not run` where there are none."""
    return next((status for status in STATUSES if status in statuses), "not run")
