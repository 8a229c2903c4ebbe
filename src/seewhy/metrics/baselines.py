"""Maps that know nothing of the model: what every figure of quality is held against."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from jaxtyping import Float, UInt8

NAMES = ("random", "centre", "edges")
Maps = Float[np.ndarray, "n h w"]


def control_maps(photos: UInt8[np.ndarray, "n h w 3"], grid: tuple[int, int], seed: int) -> dict[str, Maps]:
    """`blind_maps` and `edge_map` for those photos, on the maps' own grid: coarse maps have coarse controls."""
    n = len(photos)
    drawn = np.stack([edge_map(photo, grid) for photo in photos]) if n else np.empty((0, *grid))
    return {**blind_maps(n, grid, seed), "edges": drawn}


def blind_maps(n: int, grid: tuple[int, int], seed: int) -> dict[str, Maps]:
    """Controls that do not see the image either: uniform noise, and a blob in the middle; `n` of each."""
    noise = np.random.default_rng(seed).random((n, *grid))
    return {"random": noise, "centre": np.broadcast_to(centre_map(*grid), (n, *grid))}


def baseline_maps(
    names: Sequence[str],
    places: Sequence[int],
    grid: tuple[int, int],
    seed: int,
    photos: UInt8[np.ndarray, "n h w 3"] | None = None,
) -> dict[str, Maps]:
    """Those baselines for some rows, on the maps' own grid. Row i is at `places[i]` of the noise that `blind_maps`
    draws for all of them at once. photos: for "edges".

    >>> some = baseline_maps(["random"], [2], (7, 7), seed=0)["random"]
    >>> bool((some[0] == blind_maps(3, (7, 7), seed=0)["random"][2]).all())
    True
    """
    makes: dict[str, Callable[[int], Maps]] = {
        "random": lambda number: random_map(places[number], grid, seed),
        "centre": lambda _number: centre_map(*grid),
        "edges": lambda number: edge_map(photos[number], grid) if photos is not None else np.full(grid, np.nan),
    }
    return {name: np.array([makes[name](k) for k in range(len(places))]).reshape(-1, *grid) for name in names}


def random_map(place: int, grid: tuple[int, int], seed: int) -> Float[np.ndarray, "h w"]:
    """Uniform noise: the map at that place of the stream of `seed`, whatever stands before it."""
    stream = np.random.PCG64(seed)
    stream.advance(place * grid[0] * grid[1])
    return np.random.Generator(stream).random(grid)


def centre_map(height: int, width: int, spread: float = 0.25) -> Float[np.ndarray, "h w"]:
    """Control: a Gaussian blob in the middle, its standard deviation `spread` of each side. It knows only that
    photographers centre their subject."""
    y = (np.arange(height) + 0.5) / height - 0.5
    x = (np.arange(width) + 0.5) / width - 0.5
    return np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * spread**2))


def edge_map(photo: UInt8[np.ndarray, "h w 3"], grid: tuple[int, int]) -> Float[np.ndarray, "a b"]:
    """How much the brightness changes in each cell: mean length of the Sobel gradient."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    length = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return cv2.resize(length, grid[::-1], interpolation=cv2.INTER_AREA)


def enlarge_to_input(maps: Maps, size: tuple[int, int]) -> Float[np.ndarray, "n H W"]:
    """Maps at the input's resolution, bilinear as those of the methods are."""
    large = [cv2.resize(one.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR) for one in maps]
    return np.array(large, np.float32).reshape(len(maps), *size)
