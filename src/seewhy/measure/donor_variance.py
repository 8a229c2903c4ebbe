"""How donors widen an interval: images that are changed with the same donor are not independent of each other.

Several donors an image average their luck out; a donor that serves several images makes their values alike. Both are
crossed, so that neither the images nor the donors alone tell the variance.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from seewhy.stats import LEVEL, NAN, Estimate

DONOR = "donor"  # facet: the image that a part was taken from; empty where there is none


def effective_donors(rows: pd.DataFrame) -> float:
    """How many donors that served equally often the rows are worth (Kish 1965); infinite where none was needed.

    A share over images never varies more than one over that many independent images: the variance between images is
    divided by the images, that between donors by the donors, and the two together are at most p (1 - p).

    >>> effective_donors(pd.DataFrame({"donor": ["a", "a", "b", "b"], "value": [0, 1, 0, 1]}))
    2.0
    """
    if DONOR not in rows:
        return math.inf
    used = rows.loc[rows["value"].notna() & (rows[DONOR].fillna("") != ""), DONOR].value_counts().to_numpy(float)
    return float(used.sum() ** 2 / (used**2).sum()) if len(used) else math.inf


def effective_pairs(own: pd.DataFrame, away: pd.DataFrame) -> float:
    """As `effective_donors`, of a difference: the fewer of those on either side."""
    return min(effective_donors(own), effective_donors(away))


def widen_interval(one: Estimate, own: pd.DataFrame, away: pd.DataFrame | None = None) -> Estimate:
    """The interval of a mean over images, or of the difference of two, widened by what donors add to its variance.

    The variance is that of two crossed clusters, images and donors (Cameron, Gelbach and Miller 2011), with Student's
    t for the donors. own, away: rows with image, donor and value. Of one donor nothing is known: not measured.
    """
    if math.isinf(effective_donors(own)) or not one.measured:
        return one
    sides = [(own, 1)] if away is None else [(own, 1), (away, -1)]
    parts = pd.concat(
        [_mean_parts(rows).assign(part=lambda frame, sign=sign: sign * frame["part"]) for rows, sign in sides]
    )
    donors = parts[DONOR].nunique()
    if donors < 2:
        return Estimate(NAN, NAN, NAN, one.n)
    images, given = (float((parts.groupby(name)["part"].sum() ** 2).sum()) for name in ("image", DONOR))
    both = images + given * donors / (donors - 1) - float((parts["part"] ** 2).sum())
    spread = math.sqrt(max(1.0, both / images)) if images > 0 else 1.0
    few, all_images = (float(stdtrit(number - 1, (1 + LEVEL) / 2)) for number in (min(donors, one.n), one.n))
    below, above = ((end - one.value) * spread * few / all_images for end in (one.low, one.high))
    return replace(one, low=one.value + below, high=one.value + above)


def _mean_parts(rows: pd.DataFrame) -> pd.DataFrame:
    """Image, donor, and what each row adds to how far the mean over images is off (`part`): an image counts once, with
    the mean of its rows."""
    there = rows[np.isfinite(rows["value"])]
    values = there.groupby("image")["value"]
    means, size = values.mean(), values.transform("size")
    return there[["image", DONOR]].assign(part=(there["value"] - means.mean()) / (size * len(means)))
