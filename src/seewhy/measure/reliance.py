"""Where the evidence lies: on the object, outside it, on what the study suspects; and what swaps of these come to."""

import numpy as np
import pandas as pd
from jaxtyping import Bool

from seewhy.inputs import images
from seewhy.metrics.regions import region_masks
from seewhy.study import Study

Masks = dict[str, Bool[np.ndarray, "n h w"]]


def find_regions(study: Study, rows: pd.DataFrame) -> Masks:
    """Where in the network's input the object, its background, the study's suspects and its regions are; empty where
    unknown."""
    objects = study.object_masks(rows)
    known = objects.any((1, 2), keepdims=True) & ~objects.all((1, 2), keepdims=True)
    found = {"object": objects & known, "background": ~objects & known}
    boxes = region_masks(study.settings.regions, *study.size)
    found |= {name: np.broadcast_to(mask, objects.shape) for name, mask in boxes.items()}
    return found | {name: _suspect_mask(study, rows, name) for name in study.settings.suspects}


def _suspect_mask(study: Study, rows: pd.DataFrame, name: str) -> Bool[np.ndarray, "n h w"]:
    column = study.settings.suspects[name]
    empty = np.zeros(study.size, bool)
    pairs = [(one, study.root / image) for one, image in zip(rows[column], rows["image"], strict=True)]
    seen = study.preprocessing
    found = [empty if pd.isna(one) else images.fitted_mask(study.root / one, seen, photo) > 0 for one, photo in pairs]
    return np.array(found).reshape(-1, *study.size)
