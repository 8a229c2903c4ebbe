"""Maps that know nothing of the model: what every figure of quality is held against."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

NAMES = ("random", "centre", "edges")
TITLES = {"random": "noise", "centre": "a blob in the middle", "edges": "the picture's own edges"}
Maps = Float[np.ndarray, "n h w"]


def controls(photos: UInt8[np.ndarray, "n h w 3"], grid: tuple[int, int], seed: int) -> dict[str, Maps]:
    """`blind` and `edges` for those photos, on the maps' own grid: coarse maps have coarse controls."""
    n = len(photos)
    drawn = np.stack([edges(photo, grid) for photo in photos]) if n else np.empty((0, *grid))
    return {**blind(n, grid, seed), "edges": drawn}


def blind(n: int, grid: tuple[int, int], seed: int) -> dict[str, Maps]:
    """Controls that do not see the image either: uniform noise, and a blob in the middle; `n` of each."""
    noise = np.random.default_rng(seed).random((n, *grid))
    return {"random": noise, "centre": np.broadcast_to(centre_map(*grid), (n, *grid))}


def centre_map(height: int, width: int, spread: float = 0.25) -> Float[np.ndarray, "h w"]:
    """Control: a Gaussian blob in the middle, its standard deviation `spread` of each side. It knows only that
    photographers centre their subject."""
    y = (np.arange(height) + 0.5) / height - 0.5
    x = (np.arange(width) + 0.5) / width - 0.5
    return np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * spread**2))


def edges(photo: UInt8[np.ndarray, "h w 3"], grid: tuple[int, int]) -> Float[np.ndarray, "a b"]:
    """How much the brightness changes in each cell: mean length of the Sobel gradient."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    length = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return cv2.resize(length, grid[::-1], interpolation=cv2.INTER_AREA)


def enlarged(maps: Maps, size: tuple[int, int]) -> Float[np.ndarray, "n H W"]:
    """Maps at the input's resolution, bilinear as those of the methods are."""
    large = [cv2.resize(one.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR) for one in maps]
    return np.array(large, np.float32).reshape(len(maps), *size)
