"""Which parts of the picture matter: named regions with controls, and the mean map of each class.

Both compare places across images, so they mean something only where the images are aligned, as faces cut alike are.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from seewhy.metrics.localisation import box_masks
from seewhy.stats import FEWEST

Box = tuple[float, float, float, float]


def region_masks(regions: Mapping[str, Box], height: int, width: int) -> dict[str, Bool[np.ndarray, "h w"]]:
    """Each region (x0 y0 x1 y1, shares of the picture's sides) as a mask; a pixel counts when its centre is inside."""
    sides = np.array([width, height, width, height])
    return {name: box_masks([np.array([box]) * sides], height, width)[0] for name, box in regions.items()}


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
