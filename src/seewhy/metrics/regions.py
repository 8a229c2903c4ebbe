"""Which parts of the picture matter: named regions with controls, and the mean map of each class.

Both compare places across images, so they mean something only where the images are aligned, as faces cut alike are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.metrics.baselines import blind, enlarged
from seewhy.metrics.localisation import box_masks, energy_inside
from seewhy.stats import FEWEST, mean

Box = tuple[float, float, float, float]
EVERY = "all"  # the first row of a region, over all classes; a class of that name has its own


def region_masks(regions: Mapping[str, Box], height: int, width: int) -> dict[str, Bool[np.ndarray, "h w"]]:
    """Each region (x0 y0 x1 y1, shares of the picture's sides) as a mask; a pixel counts when its centre is inside."""
    sides = np.array([width, height, width, height])
    return {name: box_masks([np.array([box]) * sides], height, width)[0] for name, box in regions.items()}


def measure(
    maps: Float[np.ndarray, "n h w"], regions: Mapping[str, Box], grid: tuple[int, int], seed: int
) -> dict[str, pd.DataFrame]:
    """For each region, map by map: `share` of the evidence in it, its `lift`, and the lifts of two controls.

    `maps` at the input's resolution; `grid` is the layer's, from which the controls are enlarged, too. NaN where a map
    has no evidence.
    """
    n, height, width = maps.shape
    known = {name: enlarged(some, (height, width)) for name, some in blind(n, grid, seed).items()}
    found = {}
    for name, mask in region_masks(regions, height, width).items():
        area = float(mask.mean()) or 1.0
        inside = [
            energy_inside(some, np.broadcast_to(mask, maps.shape)) for some in (maps, known["centre"], known["random"])
        ]
        share, blob, random = inside
        found[name] = pd.DataFrame(
            {"share": share, "lift": share / area, "centre": blob / area, "random": random / area}
        )
    return found


def table(found: Mapping[str, pd.DataFrame], classes: Sequence[str], seed: int) -> pd.DataFrame:
    """One row a region and class, and a row for all: n, mean share and lift with intervals, controls, and the
    difference from the centre control, image by image, with its interval. NaN where n is below `FEWEST`."""
    labels = np.asarray(classes, dtype=object)
    groups = [(EVERY, np.ones(len(labels), bool)), *((name, labels == name) for name in sorted(set(classes)))]
    return pd.DataFrame(
        [
            {"region": region, "class": name, **_figures(rows[chosen], seed)}
            for region, rows in found.items()
            for name, chosen in groups
        ]
    )


def _figures(rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    share, lift = (mean(rows[key].to_numpy(), seed) for key in ("share", "lift"))
    over = mean((rows["lift"] - rows["centre"]).to_numpy(), seed)
    there = rows[rows["lift"].notna()]
    return {
        "n": lift.n,
        "share": share.value,
        "lift": lift.value,
        "low": lift.low,
        "high": lift.high,
        "centre": mean(there["centre"].to_numpy(), seed).value,
        "random": mean(there["random"].to_numpy(), seed).value,
        "over centre": over.value,
        "from": over.low,
        "to": over.high,
    }


def mean_maps(
    shares: Float[np.ndarray, "n h w"], classes: Sequence[str]
) -> tuple[dict[str, tuple[Float[np.ndarray, "h w"], int]], dict[str, int]]:
    """Mean of the maps (shares of their own maximum) of each class with its n, the most frequent first; and the
    classes with fewer than `FEWEST` maps with evidence, with their n: a mean of those is not shown."""
    labels = np.asarray(classes, dtype=object)
    there = np.isfinite(shares).all((1, 2))
    counts = {name: int((there & (labels == name)).sum()) for name in sorted(set(classes))}
    enough = sorted((name for name in counts if counts[name] >= FEWEST), key=lambda name: -counts[name])
    means = {name: (shares[there & (labels == name)].mean(0), counts[name]) for name in enough}
    return means, {name: count for name, count in counts.items() if count < FEWEST}
