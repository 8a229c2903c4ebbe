"""Mean map of each predicted class over its mean photo, and what sets it apart from the other classes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from seewhy.maps.attributions import attribute_rows
from seewhy.metrics import regions
from seewhy.stats import FEWEST
from seewhy.study import Study

PHOTOS = 60  # that a mean photo is made of


@dataclass(frozen=True)
class MeanMaps:
    """Means of the most frequent predicted classes.

    Args:
        photos: k mean photos.
        maps: k mean maps, each map a share of its own maximum.
        apart: those minus the mean over all other images; NaN where these are fewer than five.
        counts: by class, how many maps its mean is of.
        few: classes left out since they have fewer than five maps, with their numbers.
        alone: classes with fewer than five maps of other classes, with their numbers.
        total: how many classes have five maps.
    """

    photos: list[UInt8[np.ndarray, "h w 3"]]
    maps: Float[np.ndarray, "k h w"]
    apart: Float[np.ndarray, "k h w"]
    counts: Mapping[str, int]
    few: Mapping[str, int] = field(default_factory=dict)
    alone: Mapping[str, int] = field(default_factory=dict)
    total: int = 0

    @property
    def class_titles(self) -> list[str]:
        """The classes with their n, over the columns of a figure."""
        return [f"{name}\nn = {n}" for name, n in self.counts.items()]

    @property
    def alt_text(self) -> str:
        """The classes with their n, for alternative text."""
        return "; ".join(f"{name} (n = {n})" for name, n in self.counts.items())


def mean_maps(study: Study, most: int, method: str = "hirescam") -> MeanMaps:
    """Means of the maps of the `most` frequent predicted classes.

    method: HiResCAM keeps places apart, and is Grad-CAM where the network pools.
    """
    rows = study.predictions
    shares, names = attribute_rows(study, rows, [method]).shares(method), rows["predicted"].to_numpy(object)
    by_class, few = regions.mean_maps(shares, names.tolist())
    kept = dict(list(by_class.items())[:most])
    others = {name: nonempty_maps(shares[names != name]) for name in kept}
    maps = np.array([one for one, _ in kept.values()]).reshape(len(kept), *shares.shape[1:])
    rest = np.array([mean_of_enough(some) for some in others.values()]).reshape(maps.shape)
    photos = [study.photos(rows[names == name].head(PHOTOS)).mean(0).round().astype(np.uint8) for name in kept]
    counts = {name: n for name, (_, n) in kept.items()}
    alone = {name: len(some) for name, some in others.items() if len(some) < FEWEST}
    return MeanMaps(photos, maps, maps - rest, counts, few, alone, len(by_class))


def nonempty_maps(shares: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "k h w"]:
    """The maps that have any positive attribution."""
    return shares[np.isfinite(shares).all((1, 2))]


def mean_of_enough(shares: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "h w"]:
    """Mean of the maps; NaN where those are fewer than `FEWEST`."""
    return shares.mean(0) if len(shares) >= FEWEST else np.full(shares.shape[1:], np.nan)
