"""Noisy linear imputation (Rong et al. 2022, ROAD): what is removed becomes what its neighbours would have it be.

A baseline colour draws the outline of what it hides, and a network may read that outline. Here each removed pixel is
the weighted mean of its eight neighbours, plus a little noise, so that the shape of the removed part is hard to see.
"""

import cv2
import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

NOISE = 0.01  # standard deviation, in units of the network's input: that of the paper's code
SIDE = 64  # pixels: a larger image is solved on a grid of at most this many a side, where it takes milliseconds
WEIGHTS = {
    (y, x): 1 / 6 if 0 in (y, x) else 1 / 12 for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)
}  # section 4.2: direct neighbours count twice


def impute_pixels(
    image: Float[np.ndarray, "c h w"], removed: Bool[np.ndarray, "h w"], noise: Float[np.ndarray, "c h w"] | float = 0.0
) -> Float[np.ndarray, "c h w"]:
    """`image` with the `removed` pixels filled in, `noise` added there; exact up to `SIDE` pixels a side.

    A larger one is solved on a coarser grid, whose cells are the means of the pixels that were kept, and what that
    gives is enlarged: inside a removed part the solution is smooth, so that little is lost. All removed: the mean.
    """
    factor = -(-max(removed.shape) // SIDE)
    if removed.all():
        filled = np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape)
    elif factor == 1:
        filled = _solve_pixels(image, removed)
    else:
        filled = _enlarge_image(*_reduce_image(image, removed, factor), removed.shape)
    return np.where(removed, filled.astype(np.float32) + noise, image).astype(np.float32)


def _reduce_image(
    image: Float[np.ndarray, "c h w"], removed: Bool[np.ndarray, "h w"], factor: int
) -> tuple[Float[np.ndarray, "c a b"], Bool[np.ndarray, "a b"]]:
    """Means over the kept pixels of each square of `factor` pixels, and the squares where none was kept."""
    height, width = removed.shape
    edge = ((0, -height % factor), (0, -width % factor))
    kept = np.pad(~removed, edge).astype(np.float32)
    values = np.pad(image, ((0, 0), *edge)) * kept
    squares = (kept.shape[0] // factor, factor, kept.shape[1] // factor, factor)
    counts, sums = kept.reshape(squares).sum((1, 3)), values.reshape(len(image), *squares).sum((2, 4))
    return sums / np.maximum(counts, 1), counts == 0


def _enlarge_image(
    image: Float[np.ndarray, "c a b"], removed: Bool[np.ndarray, "a b"], shape: tuple[int, int]
) -> Float[np.ndarray, "c h w"]:
    solved = _solve_pixels(image, removed) if removed.any() else image
    return np.stack([cv2.resize(one.astype(np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR) for one in solved])


def _solve_pixels(image: Float[np.ndarray, "c h w"], removed: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "c h w"]:
    """One linear equation a removed pixel: its value times the weights of its neighbours = their weighted sum."""
    place = np.full(removed.shape, -1)
    place[removed] = np.arange(removed.sum())
    y, x = np.nonzero(removed)
    own, total, right = place[removed], np.zeros(len(y)), np.zeros((len(y), len(image)))
    rows, columns, entries = [], [], []
    for (down, across), weight in WEIGHTS.items():
        inside = (y + down >= 0) & (y + down < removed.shape[0]) & (x + across >= 0) & (x + across < removed.shape[1])
        there = place[(y + down)[inside], (x + across)[inside]]
        total[inside] += weight
        rows.append(own[inside][there >= 0])
        columns.append(there[there >= 0])
        entries.append(np.full(len(rows[-1]), -weight))
        known = np.flatnonzero(inside)[there < 0]
        right[known] += weight * image[:, (y + down)[known], (x + across)[known]].T
    indices = (np.concatenate([*rows, own]), np.concatenate([*columns, own]))
    matrix = coo_matrix((np.concatenate([*entries, total]), indices), (len(y), len(y))).tocsc()
    filled = image.astype(np.float64)
    filled[:, removed] = splu(matrix).solve(right).T
    return filled
