"""captions: aerial tiles with a sentence each, made from the crown boxes: how many trees, how large, where, shadows.

The blocks of `demo.trees` keep neighbouring tiles in one split. A tile shows the trees whose box has its centre
inside; its boxes are these, cut to the tile.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo import trees
from demo.files import write_manifest, write_png
from demo.settings import Settings
from seewhy.progress import show_progress

NUMBERS = {1: "one", 2: "two"}  # of trees; more are "several"
LARGE, SMALL = 45, 28  # pixels: side of a square as large as the mean box
ASIDE = 0.1  # of the tile: how far from its middle the trees' common centre is "left", "right", "top" or "bottom"


@dataclass(frozen=True)
class Tiles(Settings):
    """Settings of the dataset: `tile` and the training tiles' stride in pixels, `shade`: share of a tile in shadow
    from which the caption says so."""

    tile: int
    train_stride: int
    shade: float


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/ and manifest.csv into `entry["out"]`."""
    settings, folder = Tiles.from_entry(entry), root / entry["out"]
    photo, boxes = trees.load_site("a", root)
    shadow = trees.shadow_mask(photo, trees.crown_mask(boxes, photo.shape[:2]))
    grid = trees.Tiles("a", settings.tile, settings.train_stride, 0, 0)
    rows, spots = [], list(trees.tile_places(grid, photo.shape[:2]))
    for x, y, split in show_progress(spots, len(spots), "tiles with captions"):
        name, window = f"images/{y:04d}_{x:04d}.png", np.s_[y : y + settings.tile, x : x + settings.tile]
        inside = boxes_in_tile(boxes, x, y, settings.tile)
        shaded = bool(shadow[window].mean() >= settings.shade)
        write_png(folder / name, photo[window])
        said = tile_caption(inside, settings.tile, shaded)
        rows.append({"image": name, "caption": said, "split": split, "boxes": json.dumps(inside.tolist())})
    write_manifest(folder / "manifest.csv", rows)


def boxes_in_tile(boxes: np.ndarray, x: int, y: int, tile: int) -> np.ndarray:
    """Boxes (k, 4) of the trees whose centre is in the tile at (x, y), in its pixels and cut to it."""
    moved = boxes - [x, y, x, y]
    centre = (moved[:, :2] + moved[:, 2:]) / 2
    return moved[((centre >= 0) & (centre < tile)).all(1)].clip(0, tile)


def tile_caption(boxes: np.ndarray, tile: int, shaded: bool) -> str:
    """The sentence for a tile with these boxes (k, 4): "two large trees at the top left casting shadows"."""
    if not len(boxes):
        return "open meadow with shadows" if shaded else "open meadow"
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    number, area = NUMBERS.get(len(boxes), "several"), width * height
    side = float(np.sqrt(area.mean()))
    size = "large" if side > LARGE else "small" if side < SMALL else ""
    things = "tree" if len(boxes) == 1 else "trees"
    centre = (((boxes[:, :2] + boxes[:, 2:]) / 2) * area[:, None]).sum(0) / area.sum() / tile - 0.5
    words = [number, size, things, *_place_words(*centre), *(["casting", "shadows"] if shaded else [])]
    return " ".join(filter(None, words))


def _place_words(right: float, down: float) -> list[str]:
    """Where the trees' common centre lies, in shares of the tile from its middle."""
    across = "left" if right < -ASIDE else "right" if right > ASIDE else ""
    along = "top" if down < -ASIDE else "bottom" if down > ASIDE else ""
    if along:
        return ["at", "the", along, across]
    return ["on", "the", across] if across else ["in", "the", "middle"]


def turn_boxes(boxes: np.ndarray, tile: int, turns: int, flip: bool) -> np.ndarray:
    """Boxes of a tile that is turned by `turns` quarters against the clock and then, or not, flipped left to right."""
    moved = np.asarray(boxes).reshape(-1, 4)
    for _ in range(turns):
        x0, y0, x1, y1 = moved.T
        moved = np.stack([y0, tile - x1, y1, tile - x0], 1)
    if flip:
        x0, y0, x1, y1 = moved.T
        moved = np.stack([tile - x1, y0, tile - x0, y1], 1)
    return moved
