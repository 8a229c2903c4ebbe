"""Parts that a layer knows, wherever they lie: factors of its activations, as masks over the pictures.

Non-negative factors of non-negative activations (Fel et al. 2023, CRAFT, arXiv:2211.10154); elsewhere k-means.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float

from seewhy.measure.discovery.edits import Place

COVERED = 0.05  # share of all pictures' area that a part takes
ROWS = 20_000  # places that the factors are learnt from


@dataclass(frozen=True)
class Part:
    """A part of a layer's activations.

    masks (n, H, W): where it is strong, at the size of the pictures. strength (n, h, w) and direction (c): their
    product is what it adds to the activations; no direction where the parts are clusters, which add up to nothing.
    """

    masks: Bool[np.ndarray, "n H W"]
    strength: Float[np.ndarray, "n h w"]
    direction: Float[np.ndarray, " c"] | None


def find_parts(activation: Float[np.ndarray, "n c h w"], parts: int, size: tuple[int, int], seed: int) -> list[Part]:
    """`parts` recurring parts, with masks at the size (height, width) of the pictures; fewer where the layer has
    fewer."""
    n, channels, height, width = activation.shape
    rows = activation.transpose(0, 2, 3, 1).reshape(-1, channels).astype(np.float32)
    some = np.random.default_rng(seed).permutation(len(rows))[:ROWS]
    strength, directions = _part_strengths(rows, rows[some], min(parts, channels), seed)
    strength = strength.reshape(n, height, width, -1)
    found = []
    for k in range(strength.shape[-1]):
        large = np.stack([cv2.resize(one, size[::-1], interpolation=cv2.INTER_LINEAR) for one in strength[..., k]])
        limit = np.quantile(large, 1 - COVERED)
        if limit > 0:
            direction = None if directions is None else directions[k]
            found.append(Part(large > limit, strength[..., k], direction))
    return found


def _part_strengths(
    rows: Float[np.ndarray, "p c"], some: Float[np.ndarray, "q c"], parts: int, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """How strong each part is at each place (p, parts), and of factors what one of them adds (parts, c)."""
    if rows.min() >= 0 and some.any():
        from sklearn.decomposition import NMF

        model = NMF(parts, init="nndsvda", max_iter=150, tol=1e-3, random_state=seed).fit(some)
        return model.transform(rows), model.components_
    from sklearn.cluster import KMeans

    spread = np.where(some.std(0) > 0, some.std(0), 1)
    model = KMeans(parts, n_init=4, random_state=seed).fit(some / spread)
    return 1 / (1 + model.transform(rows / spread)), None


def main_place(masks: Bool[np.ndarray, "n h w"]) -> Place:
    """The box that holds the middle 80 % of a part over all pictures, across and down."""
    mass = masks.mean(0)
    ends = []
    for axis, side in ((0, mass.shape[1]), (1, mass.shape[0])):
        total = np.cumsum(mass.sum(axis))
        low, high = np.searchsorted(total, [0.1 * total[-1], 0.9 * total[-1]])
        ends.append((float(low / side), float((high + 1) / side)))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]
