"""How much of a map's evidence lies on the object, against maps that know nothing."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.metrics.baselines import blind_maps, enlarge_to_input
from seewhy.metrics.registry import metric

Maps = Float[np.ndarray, "*n h w"]
Masks = Bool[np.ndarray, "*n h w"]
Values = Float[np.ndarray, "*n"]


@metric(
    "object_share",
    family="localisation",
    title="Attribution on the object",
    unit="%",
    better="higher",
    question="How much of the positive attribution lies on the object?",
)
def energy_inside(attribution: Maps, object_mask: Masks) -> Values:
    """Share of the positive part of each map inside its mask (Wang et al. 2020, Score-CAM, energy-based pointing game).

    attribution: (..., H, W); object_mask: bool, the same shape. Returns (...), 0 to 1; NaN where the mask is empty or
    everything, so that no map could do otherwise, and where the map has no positive value: neither a hit nor a miss.

    >>> float(energy_inside(np.eye(2), np.array([[True, False], [False, False]])))
    0.5
    """
    positive = np.clip(np.nan_to_num(attribution.astype(float)), 0, None)
    total, inside = positive.sum((-2, -1)), (positive * object_mask).sum((-2, -1))
    defined = (total > 0) & object_mask.any((-2, -1)) & ~object_mask.all((-2, -1))
    return np.where(defined, inside / np.where(total > 0, total, 1), np.nan)


@metric(
    "lift",
    family="localisation",
    title="Lift",
    unit="×",
    better="higher",
    question="Does the map lie on the object?",
    chance=1.0,
)
def lift(attribution: Maps, object_mask: Masks) -> Values:
    """Energy inside the mask over the mask's share of the image: 1 is chance. Shapes and NaN as in `energy_inside`.

    >>> float(lift(np.eye(2), np.array([[True, False], [False, False]])))
    2.0
    """
    area = object_mask.mean((-2, -1))
    return energy_inside(attribution, object_mask) / np.where(area > 0, area, 1)


@metric(
    "pointing_game",
    family="localisation",
    title="Pointing game",
    unit="%",
    better="higher",
    question="Is the strongest point of the map on the object?",
    is_share=True,
)
def pointing_game(attribution: Maps, object_mask: Masks) -> Values:
    """1 where the strongest pixel lies inside the mask, else 0 (Zhang et al. 2018, pointing game, without its margin).

    Shapes and NaN as in `energy_inside`. Of several strongest pixels, the share inside.

    >>> float(pointing_game(np.eye(2), np.array([[True, False], [False, False]])))
    0.5
    """
    highest = attribution == attribution.max((-2, -1), keepdims=True)
    defined = np.isfinite(energy_inside(attribution, object_mask))
    inside = (highest & object_mask).sum((-2, -1)) / np.maximum(highest.sum((-2, -1)), 1)
    return np.where(defined, inside, np.nan)


def box_masks(boxes: list[Float[np.ndarray, "k 4"]], height: int, width: int) -> Bool[np.ndarray, "n h w"]:
    """Union of each image's boxes (pixel xyxy) as a mask; a pixel counts when its centre is inside."""
    masks = np.zeros((len(boxes), height, width), dtype=bool)
    y, x = np.arange(height) + 0.5, np.arange(width) + 0.5
    for mask, some in zip(masks, boxes, strict=True):
        for x0, y0, x1, y1 in some:
            mask |= ((y >= y0) & (y < y1))[:, None] & ((x >= x0) & (x < x1))[None, :]
    return masks


def method_lifts(
    maps: Mapping[str, Float[np.ndarray, "n h w"]], masks: Bool[np.ndarray, "n h w"], grid: tuple[int, int], seed: int
) -> pd.DataFrame:
    """Lift of each method, image by image (columns), with the controls `centre` and `random` beside them.

    `maps` are at the masks' resolution; `grid` is that of the layer, from which the controls are enlarged, too.
    """
    n, *size = masks.shape
    known = {name: enlarge_to_input(some, (size[0], size[1])) for name, some in blind_maps(n, grid, seed).items()}
    return pd.DataFrame({name: lift(some, masks) for name, some in {**maps, **known}.items()})
