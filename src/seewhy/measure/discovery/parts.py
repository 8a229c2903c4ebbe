"""Parts that a layer knows, wherever they lie: factors of its activations, as masks over the pictures.

Non-negative factors of non-negative activations (Fel et al. 2023, CRAFT, arXiv:2211.10154); elsewhere k-means.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float

from seewhy.measure.discovery.edits import Place

COVERED = 0.05  # share of all pictures' area that a part takes
ROWS = 20_000  # places that the factors are learnt from


def find_parts(
    activation: Float[np.ndarray, "n c h w"], parts: int, size: tuple[int, int], seed: int
) -> list[Bool[np.ndarray, "n H W"]]:
    """Masks of `parts` recurring parts at the size (height, width) of the pictures; fewer where the layer has fewer."""
    n, channels, height, width = activation.shape
    rows = activation.transpose(0, 2, 3, 1).reshape(-1, channels).astype(np.float32)
    some = np.random.default_rng(seed).permutation(len(rows))[:ROWS]
    strength = _part_strengths(rows, rows[some], min(parts, channels), seed).reshape(n, height, width, -1)
    masks = []
    for k in range(strength.shape[-1]):
        large = np.stack([cv2.resize(one, size[::-1], interpolation=cv2.INTER_LINEAR) for one in strength[..., k]])
        limit = np.quantile(large, 1 - COVERED)
        if limit > 0:
            masks.append(large > limit)
    return masks


def _part_strengths(
    rows: Float[np.ndarray, "p c"], some: Float[np.ndarray, "q c"], parts: int, seed: int
) -> np.ndarray:
    """How strong each part is at each place (p, parts)."""
    if rows.min() >= 0 and some.any():
        from sklearn.decomposition import NMF

        model = NMF(parts, init="nndsvda", max_iter=150, tol=1e-3, random_state=seed).fit(some)
        return model.transform(rows)
    from sklearn.cluster import KMeans

    spread = np.where(some.std(0) > 0, some.std(0), 1)
    model = KMeans(parts, n_init=4, random_state=seed).fit(some / spread)
    return 1 / (1 + model.transform(rows / spread))


def main_place(masks: Bool[np.ndarray, "n h w"]) -> Place:
    """The box that holds the middle 80 % of a part over all pictures, across and down."""
    mass = masks.mean(0)
    ends = []
    for axis, side in ((0, mass.shape[1]), (1, mass.shape[0])):
        total = np.cumsum(mass.sum(axis))
        low, high = np.searchsorted(total, [0.1 * total[-1], 0.9 * total[-1]])
        ends.append((float(low / side), float((high + 1) / side)))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]
