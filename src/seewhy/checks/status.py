"""When a figure meets a limit: the one rule of the verdict and of the checks of params.yaml."""

import math

FEWEST = 5  # images below which nothing is decided: resampling fewer says nothing
STATUSES = ("fail", "unsure", "not run", "pass")  # from the worst to the best


def decide_status(value: float, low: float, high: float, n: int | None, limit: float, least: bool) -> str:
    """`pass` only if the whole interval lies on the passing side of the limit, `fail` only if wholly on the other.

    Args:
        value, low, high: the estimate and its 95 % interval, in the unit of the limit.
        n: images that it rests on; None for a plain figure without interval, as a count, which may equal its limit.
        limit: what the estimate is compared with.
        least: whether the passing side is above the limit.

    Returns:
        `pass`, `fail`, `unsure` (neither, or too few images) or `not run` (no image to measure it on).

    >>> decide_status(0.76, 0.71, 0.79, 272, limit=0.7, least=True)
    'pass'
    >>> decide_status(0.76, 0.71, 0.79, 272, limit=0.75, least=True)
    'unsure'
    """
    side = 1 if least else -1
    if n is None:
        return "pass" if side * value >= side * limit else "fail"
    if not n:
        return "not run"
    if not math.isfinite(value) or n < FEWEST:
        return "unsure"
    near, far = sorted((side * low, side * high))
    return "pass" if near > side * limit else "fail" if far < side * limit else "unsure"


def worst_status(statuses: "list[str]") -> str:
    """The worst of some statuses, as none makes up for another; `not run` where there are none."""
    return next((status for status in STATUSES if status in statuses), "not run")
