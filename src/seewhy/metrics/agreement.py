"""Do methods say the same? Rank correlation between maps, and methods that coincide by construction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from seewhy.stats import Estimate, mean

COINCIDE = 1e-4  # largest difference, as a share of the map's maximum, that float sums explain
ALIKE = 0.99  # mean rank correlation from which two methods count as one


def spearman(first: Float[np.ndarray, "n h w"], second: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Rank correlation over the cells of each image; NaN where a map is constant."""
    x, y = (rankdata(maps.reshape(len(maps), -1), axis=1) for maps in (first, second))
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    below = np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.where(below > 0, (x * y).sum(1) / np.where(below > 0, below, 1), np.nan)


def rank_vectors(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n c"]:
    """The ranks of each map's cells, centred and of length 1: the product of two is their rank correlation. NaN
    throughout for a constant map."""
    order = rankdata(maps.reshape(len(maps), -1), axis=1)
    centred = order - order.mean(1, keepdims=True)
    length = np.sqrt((centred**2).sum(1, keepdims=True))
    return np.asarray(centred / np.where(length > 0, length, np.nan))


def correlation_pairs(maps: Mapping[str, Float[np.ndarray, "n h w"]], same: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Rank correlation of each pair of methods (columns), image by image (rows); one of each group in `same` counts."""
    spare = {name for group in same for name in group[1:]}
    names = [name for name in maps if name not in spare]
    return pd.DataFrame({f"{a} and {b}": spearman(maps[a], maps[b]) for a, b in combinations(names, 2)})


def furthest_pair(pairs: pd.DataFrame, seed: int) -> tuple[str, Estimate] | None:
    """The column of `pairs` with the lowest mean, and that mean; None without columns."""
    if not pairs.shape[1]:
        return None
    name = str(pairs.mean().fillna(np.inf).idxmin())
    return name, mean(pairs[name].to_numpy(), seed)


def coinciding_maps(maps: Mapping[str, Float[np.ndarray, "n h w"]]) -> list[list[str]]:
    """Groups of methods that give the same maps up to a positive factor: comparing them says nothing."""
    return group_names(maps, lambda one, other: bool(largest_difference(maps[one], maps[other]).max() < COINCIDE))


def duplicate_methods(table: pd.DataFrame) -> list[list[str]]:
    """Groups of methods whose mean rank correlation in `table` (see `agreement`) is at least `ALIKE`: in a mean over
    pairs they would count the same map twice, whether they coincide exactly or not."""
    return group_names(map(str, table.index), lambda one, other: bool(table.loc[one, other] >= ALIKE))


def group_names(names: Iterable[str], alike: Callable[[str, str], bool]) -> list[list[str]]:
    """Each name with the first group whose first member it is alike; groups of one are left out.

    >>> group_names(["tree", "cat", "toy"], lambda one, other: one[0] == other[0])
    [['tree', 'toy']]
    """
    groups: list[list[str]] = []
    for name in names:
        group = next((group for group in groups if alike(group[0], name)), None)
        groups.append([name]) if group is None else group.append(name)
    return [group for group in groups if len(group) > 1]


def largest_difference(
    first: Float[np.ndarray, "n h w"], second: Float[np.ndarray, "n h w"]
) -> Float[np.ndarray, " n"]:
    """Largest difference of two maps of each image, each a share of its own largest absolute value.

    >>> largest_difference(np.array([[[1.0, 2.0]]]), np.array([[[3.0, 3.0]]]))
    array([0.5])
    """
    one, two = (maps / np.maximum(np.abs(maps).max((1, 2), keepdims=True), 1e-30) for maps in (first, second))
    return np.asarray(np.abs(one - two).max((1, 2)))
