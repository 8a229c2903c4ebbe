"""Does a map stay where it is when the image changes in ways that nobody would notice?"""

import io
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

Photo = UInt8[np.ndarray, "h w 3"]
NOISE = 5  # standard deviation, of 255 grey values: hardly seen
QUALITY = 75  # of a JPEG: what PIL and most cameras' software take for granted


def add_noise(photo: Photo, seed: int) -> Photo:
    """Normal noise on every value."""
    drawn = np.random.default_rng([seed, int(photo.sum())]).normal(0, NOISE, photo.shape)
    return (photo + drawn).round().clip(0, 255).astype(np.uint8)


def shift_photo(photo: Photo, _seed: int) -> Photo:
    """One pixel to the right; the left column stands twice."""
    return np.concatenate([photo[:, :1], photo[:, :-1]], 1)


def shift_back(answers: Float[Tensor, "n k h w"]) -> Float[Tensor, "n k h w"]:
    """Answers to shifted photos, each where it was before; the right column stands twice."""
    return torch.cat([answers[..., 1:], answers[..., -1:]], -1)


def compress_jpeg(photo: Photo, _seed: int) -> Photo:
    """Written as a JPEG and read again."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, format="jpeg", quality=QUALITY)
    return np.asarray(Image.open(buffer).convert("RGB"))


CHANGES: dict[str, Callable[[Photo, int], Photo]] = {"noise": add_noise, "shift": shift_photo, "jpeg": compress_jpeg}
TITLES = {
    "noise": f"noise of {NOISE} grey values",
    "shift": "one pixel to the right",
    "jpeg": f"JPEG of quality {QUALITY}",
}
