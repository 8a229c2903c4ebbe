"""crowns: aerial tiles with a mask of class indices: background, crown, shadow.

Site, blocks and splits are those of the recipe `trees`. Crowns are the hand-drawn boxes, filled: their corners hold
ground too. The shadow mask is a threshold, not drawn by hand: a network that learns it relearns the threshold.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from demo import trees
from demo.files import write_manifest, write_png
from demo.settings import Settings
from seewhy.config import artifacts
from seewhy.progress import show_progress

CLASSES = ["background", "crown", "shadow"]


@dataclass(frozen=True)
class Tiles(Settings):
    """Settings of one dataset: `tile` and `train_stride` in pixels; measured tiles do not overlap."""

    site: str
    tile: int
    train_stride: int

    def __post_init__(self) -> None:
        trees.check_site(self.site)


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/, masks/, manifest.csv and classes.json into `entry["out"]`."""
    settings, folder = Tiles.from_entry(entry), root / entry["out"]
    photo, boxes = trees.load_site(settings.site, root)
    crowns = trees.crown_mask(boxes, photo.shape[:2])
    whole = class_indices(crowns, trees.shadow_mask(photo, crowns))
    spots = list(
        trees.tile_places(trees.Tiles(settings.site, settings.tile, settings.train_stride, 0, 0), photo.shape[:2])
    )
    rows = []
    for x, y, split in show_progress(spots, len(spots), f"tiles of site {settings.site}"):
        name, window = f"{y:04d}_{x:04d}.png", np.s_[y : y + settings.tile, x : x + settings.tile]
        for kind, pixels in (("images", photo), ("masks", whole)):
            write_png(folder / kind / name, pixels[window])
        rows.append({"image": f"images/{name}", "mask": f"masks/{name}", "split": split})
    artifacts.write_json(folder / "classes.json", CLASSES)
    write_manifest(folder / "manifest.csv", rows)


def class_indices(crowns: Bool[np.ndarray, "h w"], shade: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Class index of each pixel; a pixel that is both counts as crown."""
    return np.where(crowns, 1, np.where(shade, 2, 0)).astype(np.uint8)
