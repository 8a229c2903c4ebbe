"""Maps that know nothing of the model: what every figure of quality is held against."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from seewhy.audit.localisation import centre_map

NAMES = ("random", "centre", "edges")
TITLES = {"random": "noise", "centre": "a blob in the middle", "edges": "the picture's own edges"}


def controls(
    photos: UInt8[np.ndarray, "n h w 3"], shape: tuple[int, int], seed: int
) -> dict[str, Float[np.ndarray, "n a b"]]:
    """`random`, `centre` and `edges` for those photos, on a grid of `shape`, the maps' own: coarse maps have coarse
    controls."""
    n = len(photos)
    return {
        "random": np.random.default_rng(seed).random((n, *shape)),
        "centre": np.broadcast_to(centre_map(*shape), (n, *shape)),
        "edges": np.stack([edges(photo, shape) for photo in photos]) if n else np.empty((0, *shape)),
    }


def edges(photo: UInt8[np.ndarray, "h w 3"], shape: tuple[int, int]) -> Float[np.ndarray, "a b"]:
    """How much the brightness changes in each cell: mean length of the Sobel gradient."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    length = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return cv2.resize(length, shape[::-1], interpolation=cv2.INTER_AREA)
