"""photos: ten real photos that scikit-image and scikit-learn ship, with labels and boxes made by hand.

A photo has a label only where one of ImageNet's classes truly names it: there is none for a dahlia, a motorcycle, a
space rocket or a person. Boxes mark the object the label (or the eye) is about, in pixels of the file.
"""

import csv
import io
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from seewhy import artifacts

SKIMAGE, SKLEARN = ("skimage", "data"), ("sklearn", "datasets/images")


@dataclass(frozen=True)
class Photo:
    """A file of an installed package, its label (empty: none fits), and the object's box."""

    home: tuple[str, str]
    file: str
    label: str
    box: tuple[int, int, int, int]


PHOTOS = (
    Photo(SKIMAGE, "coffee.png", "espresso", (180, 8, 424, 300)),
    Photo(SKIMAGE, "camera.png", "tripod", (234, 120, 416, 510)),
    Photo(SKIMAGE, "chelsea.png", "tabby", (10, 0, 410, 300)),
    Photo(SKLEARN, "china.jpg", "palace", (84, 28, 368, 384)),
    Photo(SKIMAGE, "clock_motion.png", "analog clock", (140, 92, 288, 218)),
    Photo(SKIMAGE, "rocket.jpg", "", (304, 120, 344, 416)),
    Photo(SKIMAGE, "motorcycle_left.png", "", (112, 68, 692, 456)),
    Photo(SKIMAGE, "motorcycle_right.png", "", (92, 68, 674, 456)),
    Photo(SKLEARN, "flower.jpg", "", (168, 82, 450, 366)),
    Photo(SKIMAGE, "astronaut.png", "", (18, 8, 512, 512)),
)


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/, manifest.csv and classes.json into `entry["out"]`."""
    folder = root / entry["out"]
    for photo in PHOTOS:
        with artifacts.whole(folder / "images" / photo.file) as scratch:
            scratch.write_bytes(files(photo.home[0]).joinpath(photo.home[1], photo.file).read_bytes())
    artifacts.write_json(folder / "classes.json", class_names())
    write_manifest(
        folder / "manifest.csv",
        [
            {"image": f"images/{photo.file}", "label": photo.label, "split": "test", "boxes": json.dumps([photo.box])}
            for photo in PHOTOS
        ],
    )


def class_names() -> list[str]:
    """The 1000 names of ImageNet's classes in index order."""
    from torchvision.models import MobileNet_V2_Weights

    return list(MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])


def write_manifest(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows as CSV, the columns of the first row."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with artifacts.whole(path) as scratch:
        scratch.write_text(text.getvalue())
