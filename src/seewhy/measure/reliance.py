"""Where the object, its background and what the study suspects are, and which of these can be put to the test."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool

from seewhy.inputs import images
from seewhy.measure.discovery.judged import judged_masks
from seewhy.metrics.regions import region_masks
from seewhy.study import Study

Masks = dict[str, Bool[np.ndarray, "n h w"]]
Reasons = dict[str, list[str]]  # by region, for each image why it cannot be tested; empty where it can
WHOLE = 0.7  # share of the picture from which on a mark sets nothing apart: nearly all that could decide lies inside it
OVERLAP = 0.1  # share of a suspect's mask on the object from which on the two cannot be told apart
FULL = "the mark covers nearly the whole picture"
ON_OBJECT = "the mask overlaps the object"


def find_regions(study: Study, rows: pd.DataFrame) -> Masks:
    """Where in the network's input the object, its background, the study's suspects and its regions are; empty where
    unknown."""
    objects = study.object_masks(rows)
    known = objects.any((1, 2), keepdims=True) & ~objects.all((1, 2), keepdims=True)
    found = {"object": objects & known, "background": ~objects & known}
    boxes = region_masks(study.settings.regions, *study.size)
    found |= {name: np.broadcast_to(mask, objects.shape) for name, mask in boxes.items()}
    found |= {name: _suspect_mask(study, rows, name) for name in study.settings.suspects}
    return found | judged_masks(study, rows)


@dataclass(frozen=True)
class Regions:
    """Regions of some rows as interventions take them: masks, empty where one cannot be tested, then with the reason;
    and `avoid`, all pixels that a control keeps off: object, suspects and the study's own regions."""

    masks: Masks
    reasons: Reasons
    avoid: Bool[np.ndarray, "n h w"]


def decidable_regions(study: Study, rows: pd.DataFrame) -> Regions:
    """`find_regions` without those that could convict or acquit by definition.

    A suspect is tested without the pixels that it shares with the object, so that none of the object is carried along.
    """
    regions, objects = find_regions(study, rows), study.object_masks(rows)
    masks, reasons, avoid = Masks(), Reasons(), objects.copy()
    for name, own in regions.items():
        if name in ("object", "background"):
            reasons[name] = [FULL if one.mean() > WHOLE else "" for one in objects]
        else:
            is_suspect = name in study.settings.suspect_names
            reasons[name] = [_mask_reason(*pair, is_suspect) for pair in zip(own, objects, strict=True)]
            avoid |= own & ~(own.mean((1, 2), keepdims=True) > WHOLE)  # off the whole picture nothing is left
        able = np.array([not reason for reason in reasons[name]], bool)[:, None, None]
        masks[name] = (own & ~objects if name in study.settings.suspect_names else own) & able
    return Regions(masks, reasons, avoid)


def _mask_reason(own: Bool[np.ndarray, "h w"], objects: Bool[np.ndarray, "h w"], is_suspect: bool) -> str:
    """Why a suspect or a region cannot be tested in an image; empty where it can, or where the image has none."""
    if own.mean() > WHOLE:
        return FULL
    overlap = (own & objects).sum() if is_suspect else 0
    return ON_OBJECT if overlap > OVERLAP * own.sum() else ""


def _suspect_mask(study: Study, rows: pd.DataFrame, name: str) -> Bool[np.ndarray, "n h w"]:
    column = study.settings.suspects[name]
    empty = np.zeros(study.size, bool)
    pairs = [(one, study.root / image) for one, image in zip(rows[column], rows["image"], strict=True)]
    seen = study.preprocessing
    found = [empty if pd.isna(one) else images.fitted_mask(study.root / one, seen, photo) > 0 for one, photo in pairs]
    return np.array(found).reshape(-1, *study.size)
