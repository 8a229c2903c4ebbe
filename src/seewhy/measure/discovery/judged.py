"""Where the shortcuts lie that a person judged: masks, by which interventions test them as any suspect."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from seewhy.metrics.regions import region_masks
from seewhy.study import Study

FAMILY = "candidates"


def judged_masks(study: Study, rows: pd.DataFrame) -> dict[str, Bool[np.ndarray, "n h w"]]:
    """For each judged shortcut with a place: its square, or its part, in the images that have its class, label or
    number predicted; empty in others.

    A part is known in the images that its candidate was found in, as long as that is what was judged.
    """
    found = {}
    for name, (target, said) in study.settings.held_shortcuts.items():
        has = rows["predicted"].to_numpy() == target
        if "is_predicted" in rows:
            has &= rows["is_predicted"].to_numpy(bool)
        own = region_masks({name: said.place}, *study.size)[name] if said.place else _part_masks(study, rows, said.seen)
        found[name] = own & has[:, None, None]
    return found


def _part_masks(study: Study, rows: pd.DataFrame, seen: str) -> Bool[np.ndarray, "n h w"]:
    """Where the part with that hash is in some images; empty where it is not known."""
    from seewhy.measure.driver import measure_family  # which loads the families, and they this module

    arrays, masks = measure_family(study.whole_study, FAMILY).arrays, np.zeros((len(rows), *study.size), bool)
    hashes = arrays["part_seen"].tolist() if "part_seen" in arrays else []
    if seen not in hashes:
        return masks
    own = dict(zip(arrays["part_images"].tolist(), arrays["part_masks"][hashes.index(seen)], strict=True))
    for place, image in enumerate(rows["image"]):
        if image in own:
            masks[place] = unpack_mask(own[image], study.size)
    return masks


def pack_masks(masks: Bool[np.ndarray, "n h w"]) -> UInt8[np.ndarray, "n bytes"]:
    """Masks with a bit a pixel, image by image."""
    return np.packbits(masks.reshape(len(masks), -1), axis=1)


def unpack_mask(packed: UInt8[np.ndarray, " bytes"], size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """One of `pack_masks`, at that size.

    >>> int(unpack_mask(pack_masks(np.eye(3, dtype=bool)[None])[0], (3, 3)).sum())
    3
    """
    height, width = size
    return np.unpackbits(packed, count=height * width).astype(bool).reshape(size)
