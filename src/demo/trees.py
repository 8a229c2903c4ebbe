"""trees: aerial tiles with hand-drawn crown boxes, tree or no tree, and a mask of the shadows.

The images are NEON's of Yellowstone, as the package deepforest ships them. Site a is cut into blocks, each wholly in
one split: neighbouring tiles share light and ground, so tiles drawn at random would leak. Site b is never trained on.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image
from scipy.ndimage import uniform_filter

from demo import fetch
from demo.files import write_manifest, write_png
from demo.settings import Settings
from seewhy.config import artifacts
from seewhy.errors import unknown_name
from seewhy.progress import show_progress

PACKAGE = "deepforest"
SITES = {
    "a": "deepforest/data/2019_YELL_2_528000_4978000_image_crop2",
    "b": "deepforest/data/2019_YELL_2_541000_4977000_image_crop",
}
CLASSES = ["no tree", "tree"]
BLOCKS = 6  # along each side of site a
DARK = 95  # luminance below which a pixel may be shadow
SLIVER = 4  # pixels: a box that a tile cuts to less is dropped


@dataclass(frozen=True)
class Tiles(Settings):
    """Settings of one dataset: `tile` and strides in pixels, `tree` and `bare` as shares of the tile under crowns.

    Tiles between `bare` and `tree` are left out. Test and validation tiles do not overlap, so that n counts images.
    """

    site: str
    tile: int
    train_stride: int
    tree: float
    bare: float

    def __post_init__(self) -> None:
        check_site(self.site)


def check_site(site: str) -> None:
    """Raises SeewhyError for a site that the package does not have."""
    if site not in SITES:
        raise unknown_name("site", site, SITES, "a demo entry")


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/, masks/, manifest.csv and classes.json into `entry["out"]`."""
    settings, folder = Tiles.from_entry(entry), root / entry["out"]
    photo, boxes = load_site(settings.site, root)
    crowns = crown_mask(boxes, photo.shape[:2])
    shade = shadow_mask(photo, crowns)
    rows = []
    spots = list(tile_places(settings, photo.shape[:2]))
    for x, y, split in show_progress(spots, len(spots), f"tiles of site {settings.site}"):
        name, window = f"{y:04d}_{x:04d}.png", np.s_[y : y + settings.tile, x : x + settings.tile]
        label = tile_label(crowns[window].mean(), settings)  # slivers count here, though their boxes are dropped below
        if label is None:
            continue
        inside = clip_boxes(boxes, x, y, settings.tile)
        write_png(folder / "images" / name, photo[window])
        write_png(folder / "masks" / name, shade[window].astype(np.uint8) * 255)
        row = {"image": f"images/{name}", "label": label, "split": split, "boxes": json.dumps(inside.tolist())}
        rows.append({**row, "shadow_mask": f"masks/{name}"})
    artifacts.write_json(folder / "classes.json", CLASSES)
    write_manifest(folder / "manifest.csv", rows)


def load_site(site: str, root: Path) -> tuple[UInt8[np.ndarray, "h w 3"], np.ndarray]:
    """The aerial photo and its crown boxes (k, 4), pixel xyxy, from Pascal VOC xml."""
    photo = np.asarray(Image.open(io.BytesIO(fetch.read_member(PACKAGE, f"{SITES[site]}.png", root))).convert("RGB"))
    tree = ElementTree.fromstring(fetch.read_member(PACKAGE, f"{SITES[site]}.xml", root))
    corners = ("xmin", "ymin", "xmax", "ymax")
    boxes = [[int(float(box.findtext(corner, "0"))) for corner in corners] for box in tree.iter("bndbox")]
    return photo, np.array(boxes)


def tile_places(settings: Tiles, shape: tuple[int, int]) -> Iterator[tuple[int, int, str]]:
    """(x, y, split) of every tile; none crosses a block."""
    blocks = BLOCKS if settings.site == "a" else 1
    height, width = shape[0] // blocks, shape[1] // blocks
    for i in range(blocks):
        for j in range(blocks):
            split = split_of(i, j) if settings.site == "a" else "test"
            stride = settings.train_stride if split == "train" else settings.tile
            for y in range(0, height - settings.tile + 1, stride):
                for x in range(0, width - settings.tile + 1, stride):
                    yield j * width + x, i * height + y, split


def split_of(i: int, j: int) -> str:
    """Two blocks in five are for testing, one for validation, spread like a knight's moves over the site."""
    return ("test", "test", "val", "train", "train")[(2 * i + j) % 5]


def clip_boxes(boxes: np.ndarray, x: int, y: int, tile: int) -> np.ndarray:
    """Boxes in pixels of the tile at (x, y), cut to it; slivers are dropped."""
    moved = (boxes - [x, y, x, y]).clip(0, tile)
    return moved[((moved[:, 2:] - moved[:, :2]) >= SLIVER).all(1)]


def crown_mask(boxes: np.ndarray, shape: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    """Pixels under at least one box."""
    mask = np.zeros(shape, dtype=bool)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def tile_label(cover: float, settings: Tiles) -> str | None:
    """The label of a tile by its share under crowns; None where it is neither."""
    if cover >= settings.tree:
        return CLASSES[1]
    return CLASSES[0] if cover < settings.bare else None


def shadow_mask(photo: UInt8[np.ndarray, "h w 3"], crowns: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Dark and bluish pixels outside crowns: 3 x 3 mean luminance below `DARK` and more blue than red.

    A quarter of the pixels inside boxes are dark too: they count as crown, since the boxes do not tell.
    """
    luminance = uniform_filter(photo.astype(float) @ [0.299, 0.587, 0.114], 3)
    return (luminance < DARK) & (photo[..., 2] > photo[..., 0]) & ~crowns
