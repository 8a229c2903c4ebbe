"""What decides? Change a part of the image, see whether the answer changes; beside it, as much changed elsewhere.

A map says where evidence was found; only changing the image says what the answer hangs on. All of it happens to photos
as the model sees them, before scale, mean and std. Composites are images that no camera took: read them with their
controls, never alone. What is carried over never holds an object of its own (`remove_object`).
"""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from seewhy.metrics.imputation import impute_pixels

Photo = UInt8[np.ndarray, "h w 3"]
Mask = Bool[np.ndarray, "h w"]
DARKER = 0.4  # of the brightness is left: a deep shadow
STEPS = 8  # places along each side that are tried for the same area elsewhere
KINDS = {
    "swap": "replaced by another image",
    "blur": "blurred",
    "darken": "darkened",
    "paste": "pasted onto another image",
}


def change_region(kind: str, photo: Photo, mask: Mask, donor: Photo) -> Photo:
    """`photo` with the part under `mask` replaced by the donor's ("swap"), blurred, or darkened; or the donor with that
    part of `photo` pasted onto it ("paste")."""
    if kind == "paste":
        return np.where(mask[..., None], photo, donor)
    filling = {"swap": lambda: donor, "blur": lambda: blur_photo(photo), "darken": lambda: darken_photo(photo)}[kind]()
    return np.where(mask[..., None], filling, photo)


def remove_object(photo: Photo, mask: Mask) -> Photo:
    """`photo` with the pixels under `mask` filled in from around them, see `impute_pixels`; as it is where none is."""
    if not mask.any():
        return photo
    filled = impute_pixels(photo.transpose(2, 0, 1).astype(np.float32), mask)
    return np.clip(np.rint(filled), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def blur_photo(photo: Photo) -> Photo:
    """Details gone: two means over a quarter of the longer side."""
    side = 2 * (max(photo.shape) // 8) + 1
    return cv2.blur(cv2.blur(photo, (side, side)), (side, side))


def darken_photo(photo: Photo) -> Photo:
    """`DARKER` of its brightness."""
    return (photo * DARKER).astype(np.uint8)


def move_elsewhere(mask: Mask, avoid: Mask) -> Mask | None:
    """As many pixels that touch nothing of `avoid`: the mask moved, wrapped around the edges, to where it touches
    least, and what it still touches replaced by the nearest free pixels.

    None where too little is free, or the mask is empty.
    """
    height, width = mask.shape
    if not 0 < mask.sum() <= (~avoid).sum():
        return None
    places = [(y * height // STEPS, x * width // STEPS) for y in range(STEPS) for x in range(STEPS)]
    moved = min((np.roll(mask, place, (0, 1)) for place in places), key=lambda one: (one & avoid).sum())
    distance = cv2.distanceTransform((~moved).astype(np.uint8), cv2.DIST_L2, 3)
    order = np.argsort(np.where(avoid, np.inf, distance), axis=None, kind="stable")
    found = np.zeros(mask.size, bool)
    found[order[: mask.sum()]] = True
    return found.reshape(mask.shape)
