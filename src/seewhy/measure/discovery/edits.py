"""What is carried from a donor into a picture: a square, a part, or a property of the whole picture."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from seewhy.measure.discovery.transfer import Edit, Photo

Place = tuple[float, float, float, float]  # x0, y0, x1, y1 in shares of the picture's width and height
FRAME = 1 / 12  # of the shorter side: how wide the border is that is carried over
DARK = 0.1  # share of pixels that count as the ground of a picture, the darkest or the brightest


def square_edit(photos: UInt8[np.ndarray, "n h w c"], place: Place) -> Edit:
    """The same square of the donor, pasted."""
    height, width = photos.shape[1:3]
    x0, y0, x1, y1 = (round(share * side) for share, side in zip(place, (width, height, width, height), strict=True))

    def paste_square(base: int, donor: int) -> Photo:
        changed = photos[base].copy()
        changed[y0:y1, x0:x1] = photos[donor, y0:y1, x0:x1]
        return changed

    return paste_square


def part_edit(photos: UInt8[np.ndarray, "n h w c"], masks: Bool[np.ndarray, "n h w"]) -> Edit:
    """The donor's pixels wherever the base or the donor has the part."""
    return lambda base, donor: np.where((masks[base] | masks[donor])[..., None], photos[donor], photos[base])


def whole_edits(photos: UInt8[np.ndarray, "n h w c"]) -> dict[str, Edit]:
    """An edit for each property of a whole picture, by name."""
    return {name: _carry_edit(photos, carry) for name, carry in PROPERTIES.items()}


def _carry_edit(photos: UInt8[np.ndarray, "n h w c"], carry: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Edit:
    def edit_photo(base: int, donor: int) -> Photo:
        changed = carry(photos[base].astype(np.float32), photos[donor].astype(np.float32))
        return np.clip(np.rint(changed), 0, 255).astype(np.uint8)

    return edit_photo


def carry_brightness(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base, lighter or darker by one number, so that its mean is the donor's."""
    return base + (donor.mean() - base.mean())


def carry_ground(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base with the donor's darkest level: what is darker is lifted to it, its own level sinks to it."""
    own, theirs = np.quantile(base, DARK), np.quantile(donor, DARK)
    if theirs >= own:
        return np.maximum(base, theirs)
    return np.where(base <= own + 1, np.minimum(base, theirs), base)


def carry_colour(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base with the donor's colour cast: each channel's mean relative to the mean of all, brightness kept."""
    cast = [one.mean((0, 1)) - one.mean() for one in (donor, base)]
    return base + (cast[0] - cast[1])


def carry_contrast(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base, stretched about its mean so that its standard deviation is the donor's."""
    spread = base.std()
    return base.mean() + (base - base.mean()) * (donor.std() / spread if spread else 1)


def carry_sharpness(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base with its fine detail as strong as the donor's: blurred where the donor is softer, else strengthened."""
    details = [one - cv2.GaussianBlur(one, (0, 0), 1.5).reshape(one.shape) for one in (base, donor)]
    own, theirs = (float(one.std()) for one in details)
    return base + details[0] * (min(theirs / own, 4.0) - 1 if own else 0)


def carry_border(base: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The base within the donor's border."""
    wide = max(1, round(FRAME * min(base.shape[:2])))
    changed = donor.copy()
    changed[wide:-wide, wide:-wide] = base[wide:-wide, wide:-wide]
    return changed


PROPERTIES = {
    "brightness": carry_brightness,
    "ground": carry_ground,
    "colour": carry_colour,
    "contrast": carry_contrast,
    "sharpness": carry_sharpness,
    "border": carry_border,
}
