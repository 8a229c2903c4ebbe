"""When a figure passes a limit: the one rule of the verdict and of the gates."""

import math

FEWEST = 5  # images below which nothing is decided: resampling fewer says nothing


def status(value: float, low: float, high: float, n: int, limit: float, least: bool) -> str:
    """pass only if the whole interval lies on the passing side of the limit (`least`: above it), fail only if wholly on
    the other, else unsure, as where too few images were measured (not finite); not run where there were none."""
    if not n:
        return "not run"
    if not math.isfinite(value) or n < FEWEST:
        return "unsure"
    side = 1 if least else -1
    near, far = sorted((side * low, side * high))
    return "pass" if near > side * limit else "fail" if far < side * limit else "unsure"
