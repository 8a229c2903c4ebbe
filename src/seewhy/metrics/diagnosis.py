"""What one map looks like, in one word, by a stated rule: on the object, on the background, diffuse, too narrow.

The thresholds are a convention, not a law: a page prints them, and how often maps that know nothing get each word.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

WORDS = (
    "on the object",
    "partly on the object",
    "on the background",
    "focused",
    "diffuse",
    "too narrow",
    "no evidence",
)
FLAT = 1e-6  # a map whose values differ by less than this share of its maximum points nowhere


@dataclass(frozen=True)
class Rule:
    """The thresholds, in the order in which they are asked.

    `background`: lift on the object below it. `diffuse`: spread from it on. `narrow`: spread below this share of the
    object (of the picture, where no object is known). `on_object`: share of the evidence inside the boxes from it on.
    """

    background: float
    diffuse: float
    narrow: float
    on_object: float


def evidence_spread(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """The smallest share of the picture that holds half of each map's positive evidence; NaN where there is none.

    0.5 for a constant map, 0.5 / cells for a single cell; the same for a map and any multiple or rearrangement of it.
    The last cell counts by the part of it that is needed.
    """
    n, height, width = maps.shape
    positive = np.clip(np.nan_to_num(maps.astype(float)), 0, None).reshape(n, height * width)
    ordered = -np.sort(-positive, axis=1)
    sums = np.cumsum(ordered, axis=1)
    half = sums[:, -1:] / 2
    whole = (sums < half).sum(1, keepdims=True)
    last = np.take_along_axis(ordered, whole, 1)
    before = np.take_along_axis(sums, whole, 1) - last
    cells = whole + (half - before) / np.where(last > 0, last, 1)
    return np.where(half > 0, cells / (height * width), np.nan)[:, 0]


def diagnose_maps(
    maps: Float[np.ndarray, "n h w"], inside: Float[np.ndarray, " n"], area: Float[np.ndarray, " n"], rule: Rule
) -> pd.DataFrame:
    """`word`, `inside`, `lift` and `spread` of each map, by `rule`.

    maps: at their own resolution; inside: share of the evidence on the object, NaN where it is not known (see
    `localisation.energy_inside`); area: share of the picture that the boxes cover.
    """
    wide, boxed = evidence_spread(maps), np.isfinite(inside)
    positive = np.clip(np.nan_to_num(maps), 0, None)
    peak = positive.max((1, 2))
    lift = np.where(boxed, inside / np.where(area > 0, area, 1), np.nan)
    fits = {
        "no evidence": (peak == 0) | (peak - positive.min((1, 2)) <= FLAT * peak),
        "on the background": boxed & (lift < rule.background),
        "diffuse": wide >= rule.diffuse,
        "too narrow": wide < rule.narrow * np.where(boxed, area, 1),
        "focused": ~boxed,
        "on the object": boxed & (inside >= rule.on_object),
    }
    words = np.select([*fits.values()], [*fits], "partly on the object")
    return pd.DataFrame({"word": words, "inside": inside, "lift": lift, "spread": wide})
