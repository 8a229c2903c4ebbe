"""Two models on the same images: who is right where the other is not, and whether their maps are alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.metrics.agreement import rank_vectors, spearman
from seewhy.resampling import Groups
from seewhy.stats import sign_flip_p

Boxes = Float[np.ndarray, "n 4"]  # x0, y0, x1, y1 in shares of the file's sides
Maps = Float[np.ndarray, "n h w"]


@dataclass(frozen=True)
class Discordant:
    """Images that exactly one of two models names right: `fixed`, the second; `broken`, the first. `p` is two-sided."""

    fixed: int
    broken: int
    p: float


def mcnemar(
    first: Bool[np.ndarray, " n"], second: Bool[np.ndarray, " n"], groups: Groups = None, seed: int = 0
) -> Discordant:
    """McNemar's test of equal accuracy, exact (McNemar 1947): images on which both are right or both wrong say nothing,
    and of the others either model would win half if they were equally good. p is 1 where there are no others, NaN where
    there are no images. With groups of images the signs of whole groups are flipped at random (`stats.sign_flip_p`)."""
    from scipy.stats import binomtest  # only here: importing it takes a second

    fixed, broken = int((~first & second).sum()), int((first & ~second).sum())
    if not fixed + broken:
        return Discordant(0, 0, 1.0 if len(first) else float("nan"))
    if groups is not None:
        return Discordant(fixed, broken, sign_flip_p(second.astype(float) - first, seed, groups))
    return Discordant(fixed, broken, float(binomtest(fixed, fixed + broken, 0.5).pvalue))


@dataclass(frozen=True)
class Pair:
    """Positive evidence of two models in the same n images. A map may have its own number of cells, and covers the part
    of the file that its model was shown: `seen`."""

    maps: tuple[Maps, Maps]
    seen: tuple[Boxes, Boxes]

    @property
    def shared_box(self) -> Boxes:
        """The part of each file that both models were shown."""
        first, second = self.seen
        low = np.maximum(np.maximum(first[:, :2], second[:, :2]), 0)
        high = np.minimum(np.minimum(first[:, 2:], second[:, 2:]), 1)
        return np.concatenate([low, high], 1)

    @property
    def common_shape(self) -> tuple[int, int]:
        """The coarser grid: the fewer cells along each side."""
        first, second = (maps.shape[1:] for maps in self.maps)
        return min(first[0], second[0]), min(first[1], second[1])

    def common_maps(self) -> tuple[Maps, Maps]:
        """Both on the coarser grid, over the part of the file that both models were shown."""
        first, second = (
            resample_maps(maps, seen, self.shared_box, self.common_shape)
            for maps, seen in zip(self.maps, self.seen, strict=True)
        )
        return first, second

    def shown_maps(self) -> tuple[Maps, Maps]:
        """Each with its own number of cells, over that part, as a share of its own maximum; NaN: no evidence."""
        first, second = (
            _own_shares(resample_maps(maps, seen, self.shared_box, maps.shape[1:]))
            for maps, seen in zip(self.maps, self.seen, strict=True)
        )
        return first, second

    def rank_likeness(self, groups: Sequence[str]) -> pd.DataFrame:
        """Rank correlation of the two maps of each image (`same`), and its control (`other`): see
        `different_image_likeness`. NaN for both where either map is constant, as one without evidence is."""
        first, second = self.common_maps()
        same = spearman(first, second)
        return pd.DataFrame({"same": same, "other": different_image_likeness(first, second, groups)})


def _own_shares(maps: Maps) -> Maps:
    largest = maps.max((1, 2), keepdims=True) if maps.size else np.ones((len(maps), 1, 1))
    return np.where(largest > 0, maps / np.where(largest > 0, largest, 1), np.nan)


def different_image_likeness(first: Maps, second: Maps, groups: Sequence[str]) -> Float[np.ndarray, " n"]:
    """Mean rank correlation of each image's map of one model with the other model's maps of *different* images of its
    group, both ways: what two models have in common because of where things lie in pictures, not because of this image.

    Groups of one image are joined to one. NaN where either of the image's maps is constant, or there is no other image.
    """
    one, other = rank_vectors(first), rank_vectors(second)
    there = np.isfinite(one).all(1) & np.isfinite(other).all(1)
    one, other, names = one[there], other[there], pd.Series(list(groups), dtype=object)[there].reset_index(drop=True)
    names = names.where(names.map(names.value_counts()) > 1, "")
    sums = [pd.DataFrame(vectors).groupby(names.to_numpy()).transform("sum").to_numpy() for vectors in (one, other)]
    others = names.map(names.value_counts()).to_numpy(float) - 1
    both = (one * (sums[1] - other)).sum(1) + (other * (sums[0] - one)).sum(1)
    found = np.full(len(first), np.nan)
    found[there] = np.where(others > 0, both / np.where(others > 0, 2 * others, 1), np.nan)
    return found


def resample_maps(maps: Maps, seen: Boxes, wanted: Boxes, shape: tuple[int, ...]) -> Float[np.ndarray, "n H W"]:
    """Mean of each map over the cells of a grid of `shape` (rows, columns): the map covers the box `seen` of its file,
    the grid the box `wanted` inside that. Where the two are one, as a rule, a map on its own grid stays what it is."""
    down = _cell_weights(seen[:, 1::2], maps.shape[1], wanted[:, 1::2], shape[0])
    across = _cell_weights(seen[:, ::2], maps.shape[2], wanted[:, ::2], shape[1])
    return np.asarray(down @ maps @ across.swapaxes(1, 2))


def _cell_weights(
    seen: Float[np.ndarray, "n 2"], cells: int, wanted: Float[np.ndarray, "n 2"], steps: int
) -> Float[np.ndarray, "n steps cells"]:
    """Along one side: which share of each step of the grid lies in each cell of the map."""
    have, want = _cell_edges(seen, cells), _cell_edges(wanted, steps)
    high = np.minimum(want[:, 1:, None], have[:, None, 1:])
    low = np.maximum(want[:, :-1, None], have[:, None, :-1])
    return np.clip(high - low, 0, None) / (want[:, 1:] - want[:, :-1])[:, :, None]


def _cell_edges(ends: Float[np.ndarray, "n 2"], cells: int) -> Float[np.ndarray, "n edges"]:
    return ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * np.linspace(0, 1, cells + 1)
