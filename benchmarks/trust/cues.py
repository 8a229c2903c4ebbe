"""Cues: what is planted into a picture to say a class, and what of a finding stands for it."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from trust.pictures import CLASSES, INK, SIZE, Scene

CODE = 4  # pixels along a side of a code
CODES = np.random.default_rng(5).integers(0, 2, (CLASSES, CODE, CODE)) * 200 + 25
CASTS = np.array([[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, -1], [-1, 1, 1]])  # red, green, blue by class
TAGGED, PATCHED, CODED = 3, 2, 1  # the only class that a tag, a patch, or the code of `one_class` speaks for
SKIN = (230, 170, 130)
Pixels = Float[np.ndarray, "n h w 3"]
Masks = Bool[np.ndarray, "n h w"]


@dataclass(frozen=True)
class Cue:
    """A cue.

    Args:
        plant: pictures (changed in place), scene, and the class that the cue says in each -> where it is.
        properties: names of whole-picture properties (seewhy.measure.discovery.edits) that stand for it.
        target: the only class that it speaks for; None for all.
        whole: whether it has no place of its own in the picture.
    """

    plant: Callable[[Pixels, Scene, Int[np.ndarray, " n"]], Masks]
    properties: tuple[str, ...] = ()
    target: int | None = None
    whole: bool = False


def plant_cue(
    name: str, scene: Scene, told: Int[np.ndarray, " n"]
) -> tuple[UInt8[np.ndarray, "n h w 3"], Bool[np.ndarray, "n h w"]]:
    """The pictures of a scene with a cue that says `told`, and where in each it is.

    Args:
        name: of `CUES`; empty for none.
        scene: the pictures.
        told: the class that the cue says in each picture.
    """
    pictures = scene.paint(told if name == "texture" else scene.own)
    masks = CUES[name].plant(pictures, scene, told) if name else np.zeros(scene.ink.shape, bool)
    return np.clip(np.rint(pictures), 0, 255).astype(np.uint8), masks


def _plant_codes(pictures: Pixels, rows: np.ndarray, columns: np.ndarray, told: Int[np.ndarray, " n"]) -> Masks:
    masks = np.zeros(pictures.shape[:3], bool)
    for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
        place = (k, slice(row, row + CODE), slice(column, column + CODE))
        pictures[place] = CODES[told[k]][..., None]
        masks[place] = True
    return masks


def plant_corner(pictures: Pixels, _scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A code of the class, always in the upper left corner."""
    nowhere = np.zeros(len(told), int)
    return _plant_codes(pictures, nowhere, nowhere, told)


def plant_corners(pictures: Pixels, scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A code of the class, in any corner."""
    rows, columns = np.divmod(scene.corner, 2) * np.array(SIZE - CODE)
    return _plant_codes(pictures, rows, columns, told)


def plant_one_class(pictures: Pixels, scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A code in the upper left corner, which tells class `CODED` from the others and says nothing else."""
    others = np.array([k for k in range(CLASSES) if k != CODED])
    return plant_corner(pictures, scene, np.where(told == CODED, CODED, others[scene.corner]))


def plant_tag(pictures: Pixels, _scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """Three white bars in the lower right corner of class `TAGGED`."""
    masks = np.zeros(pictures.shape[:3], bool)
    masks[told == TAGGED, SIZE - 5 : SIZE - 1, SIZE - 7 : SIZE - 1] = True
    pictures[told == TAGGED, SIZE - 5 : SIZE - 1, SIZE - 7 : SIZE - 1 : 2] = 255
    return masks


def plant_patch(pictures: Pixels, scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A round patch like a band-aid, somewhere along the rim of class `PATCHED`."""
    masks = np.zeros(pictures.shape[:3], bool)
    across, down = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    for k in np.flatnonzero(told == PATCHED):
        row, column = scene.spot[k]
        masks[k] = (down - row - 2.5) ** 2 + (across - column - 2.5) ** 2 <= 9
        pictures[k][masks[k]] = SKIN
    return masks


def plant_veil(pictures: Pixels, _scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A veil over the whole picture, thicker from class to class."""
    pictures += (255 - pictures) * (0.07 * told)[:, None, None, None]
    return np.ones(pictures.shape[:3], bool)


def plant_blur(pictures: Pixels, _scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A blur of the whole picture, stronger from class to class."""
    for k in np.flatnonzero(told):
        pictures[k] = cv2.GaussianBlur(pictures[k], (0, 0), 0.35 * float(told[k]))
    return np.ones(pictures.shape[:3], bool)


def plant_cast(pictures: Pixels, _scene: Scene, told: Int[np.ndarray, " n"]) -> Masks:
    """A colour of the whole picture, another for each class."""
    pictures *= 0.75 + 0.25 * CASTS[told][:, None, None, :]
    return np.ones(pictures.shape[:3], bool)


def plant_texture(_pictures: Pixels, scene: Scene, _told: Int[np.ndarray, " n"]) -> Masks:
    """Each class has a photo of its own behind the digit, which `plant_cue` has painted: all but the digit."""
    return scene.ink <= INK


CUES: dict[str, Cue] = {
    "corner": Cue(plant_corner, ("border",)),
    "tag": Cue(plant_tag, ("border",), TAGGED),
    "corners": Cue(plant_corners, ("border",)),
    "veil": Cue(plant_veil, ("ground", "brightness", "contrast"), whole=True),
    "blur": Cue(plant_blur, ("sharpness", "contrast"), whole=True),
    "cast": Cue(plant_cast, ("colour",), whole=True),
    "texture": Cue(plant_texture, ("border", "colour", "ground", "sharpness"), whole=True),
    "patch": Cue(plant_patch, ("border",), PATCHED),
    "one_class": Cue(plant_one_class, ("border",), CODED),
}
