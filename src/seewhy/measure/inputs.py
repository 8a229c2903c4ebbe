"""What map families measure on: maps of methods and baselines at the input's size, masks and photos of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, UInt8

from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.measure.family import PLACE
from seewhy.metrics import baselines
from seewhy.study import Study


@dataclass(frozen=True)
class MapInputs:
    """Maps (n, h, w) of methods and baselines on the layer's grid and, where asked for, at the input's size; masks of
    the objects and photos."""

    raw: dict[str, Float[np.ndarray, "n h w"]]
    large: dict[str, Float[np.ndarray, "n H W"]]
    masks: Bool[np.ndarray, "n H W"] | None
    photos: UInt8[np.ndarray, "n H W 3"] | None

    @classmethod
    def of_rows(cls, study: Study, rows: pd.DataFrame, methods: Sequence[str], arguments: Sequence[str]) -> "MapInputs":
        """What a metric with those `arguments` asks of some rows."""
        raw = maps_and_baselines(study, rows, methods)
        large = enlarge_maps(study, raw) if "attribution" in arguments else {}
        masks = study.object_masks(rows) if "object_mask" in arguments else None
        photos = study.photos(rows) if "photo" in arguments else None
        return cls(raw, large, masks, photos)

    def function_arguments(self, method: str, number: int, names: Sequence[str]) -> dict[str, Any]:
        """What a function of one map is given."""
        sources = {
            "attribution": self.large.get(method),
            "raw_attribution": self.raw[method],
            "object_mask": self.masks,
            "photo": self.photos,
        }
        return {name: source[number] for name in names if (source := sources[name]) is not None}


def maps_and_baselines(
    study: Study, rows: pd.DataFrame, methods: Sequence[str]
) -> dict[str, Float[np.ndarray, "n h w"]]:
    """Raw maps of the methods for each row's target, and of those baselines that are among them, on the maps' grid."""
    own = [name for name in methods if name not in baselines.NAMES]
    found = attribute_rows(study, rows, own or ["activation"])
    maps = {name: found.maps[name] for name in own}
    if asked := [name for name in methods if name in baselines.NAMES]:
        places = rows[PLACE].tolist() if PLACE in rows else list(range(len(rows)))
        photos = study.photos(rows) if "edges" in asked else None
        maps |= baselines.baseline_maps(asked, places, found.grid, study.base.seed, photos)
    return {name: maps[name] for name in methods}


def enlarge_maps(study: Study, maps: dict[str, Float[np.ndarray, "n h w"]]) -> dict[str, Float[np.ndarray, "n H W"]]:
    """Positive attribution at the input's size."""
    methods = {name: some for name, some in maps.items() if name not in baselines.NAMES}
    holder = Attributions(pd.DataFrame(), methods, study.size)
    large = {name: holder.upsampled(name) for name in methods}
    known = {
        name: baselines.enlarge_to_input(some, study.size) for name, some in maps.items() if name in baselines.NAMES
    }
    return {name: (large | known)[name] for name in maps}
