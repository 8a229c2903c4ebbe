"""What a person sees of a candidate: crops of pictures that have it, and one picture with all around it."""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from seewhy.measure.discovery.candidates import Candidate
from seewhy.measure.discovery.edits import Place
from seewhy.measure.discovery.transfer import Photo

CROPS = 8
SIDE = 72  # pixels of a crop along the picture's longer side
WINDOW = 0.3  # of the picture's sides: the crop around a part


def find_examples(one: Candidate, donors: Sequence[int], masks: Sequence[Bool[np.ndarray, "n h w"]]) -> list[int]:
    """At most `CROPS` different pictures of the class, in the order in which they were donors; of a part those in which
    it takes most room."""
    different = list(dict.fromkeys(donors))
    if one.kind == "part":
        area = masks[int(one.name) - 1].mean((1, 2))
        different.sort(key=lambda number: -area[number])
    return different[:CROPS]


def crop_picture(photo: Photo, place: Place | None) -> Photo:
    """That place of a picture, or all of it, at the size of a crop: `crop_size` of the picture."""
    height, width = photo.shape[:2]
    x0, y0, x1, y1 = place or (0.0, 0.0, 1.0, 1.0)
    left, top = min(int(x0 * width), width - 1), min(int(y0 * height), height - 1)
    own = photo[top : max(top + 1, round(y1 * height)), left : max(left + 1, round(x1 * width))]
    shape = crop_size(height, width)
    larger = own.shape[0] < shape[0]
    return cv2.resize(own, shape[::-1], interpolation=cv2.INTER_NEAREST if larger else cv2.INTER_AREA)


def crop_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of a crop of pictures of that shape.

    >>> crop_size(100, 200)
    (36, 72)
    """
    longer = max(height, width)
    return max(1, round(SIDE * height / longer)), max(1, round(SIDE * width / longer))


def seen_place(one: Candidate, number: int, masks: Sequence[Bool[np.ndarray, "n h w"]]) -> Place | None:
    """Where to look in that picture: the square itself, a window around the strongest place of a part, or all."""
    if one.kind != "part":
        return one.place
    own = cv2.blur(masks[int(one.name) - 1][number].astype(np.float32), (9, 9))
    y, x = np.unravel_index(int(own.argmax()), own.shape)
    x0 = float(np.clip(x / own.shape[1] - WINDOW / 2, 0, 1 - WINDOW))
    y0 = float(np.clip(y / own.shape[0] - WINDOW / 2, 0, 1 - WINDOW))
    return x0, y0, x0 + WINDOW, y0 + WINDOW


def seen_hash(one: Candidate, crops: UInt8[np.ndarray, "k h w 3"], images: Sequence[str]) -> str:
    """Twelve hex digits of what a person judges: kind, name, place and crops with their images' names."""
    place = None if one.place is None else [round(side, 6) for side in one.place]
    told = repr((one.kind, one.name, place, list(images))).encode()
    return hashlib.sha256(told + np.ascontiguousarray(crops).tobytes()).hexdigest()[:12]
