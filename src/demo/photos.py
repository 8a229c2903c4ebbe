"""photos: real photos that scikit-image, scikit-learn and matplotlib ship, with labels and boxes made by hand.

A photo has a label only where one of ImageNet's classes truly names it: there is none for a dahlia, a motorcycle, a
space rocket or an astronaut. Labels follow the photo and its source, not what the network says; a cat of this coat
could also be called tiger cat. Boxes mark the object that the label (or the eye) is about, in pixels of the file in
images/.
"""

import io
import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from PIL import Image

from demo.files import write_manifest
from seewhy.config import artifacts

SKIMAGE, SKLEARN = ("skimage", "data"), ("sklearn", "datasets/images")
MATPLOTLIB = ("matplotlib", "mpl-data/sample_data")
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Photo:
    """A file of an installed package, its label (empty: none fits), the object's boxes, and what to cut out of it.

    Both in pixels xyxy: `cut` of the package's file, `boxes` of what is left.
    """

    home: tuple[str, str]
    file: str
    label: str
    boxes: tuple[Box, ...]
    cut: Box | None = None
    name: str = ""

    @property
    def image_name(self) -> str:
        """File name in images/."""
        return self.name or self.file


PHOTOS = (
    Photo(SKIMAGE, "coffee.png", "espresso", ((170, 12, 420, 306),)),
    Photo(SKIMAGE, "camera.png", "tripod", ((230, 178, 410, 512),)),
    Photo(SKIMAGE, "chelsea.png", "tabby", ((0, 0, 414, 300),)),
    Photo(SKLEARN, "china.jpg", "palace", ((84, 28, 368, 384),)),
    Photo(SKIMAGE, "clock_motion.png", "wall clock", ((140, 92, 288, 218),)),  # blurred: its source says what it was
    Photo(MATPLOTLIB, "grace_hopper.jpg", "military uniform", ((152, 22, 374, 136), (6, 328, 512, 600))),
    Photo(SKIMAGE, "astronaut.png", "space shuttle", ((22, 0, 126, 220),), (330, 0, 512, 220), "shuttle.png"),
    Photo(SKIMAGE, "motorcycle_left.png", "disk brake", ((72, 92, 140, 172),), (480, 240, 741, 500), "front_wheel.png"),
    Photo(SKIMAGE, "astronaut.png", "", ((18, 12, 512, 512),)),
    Photo(SKIMAGE, "rocket.jpg", "", ((304, 120, 344, 416),)),
    Photo(SKIMAGE, "motorcycle_left.png", "", ((98, 68, 684, 456),)),
    Photo(SKLEARN, "flower.jpg", "", ((168, 82, 450, 366),)),
)


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/, manifest.csv and classes.json into `entry["out"]`."""
    folder = root / entry["out"]
    for photo in PHOTOS:
        with artifacts.atomic_file(folder / "images" / photo.image_name) as scratch:
            scratch.write_bytes(photo_bytes(photo))
    artifacts.write_json(folder / "classes.json", class_names())
    write_manifest(
        folder / "manifest.csv",
        [
            {
                "image": f"images/{photo.image_name}",
                "label": photo.label,
                "split": "test",
                "boxes": json.dumps(photo.boxes),
            }
            for photo in PHOTOS
        ],
    )


def photo_bytes(photo: Photo) -> bytes:
    """The photo's file as its package has it; a cut of it as PNG."""
    content = files(photo.home[0]).joinpath(photo.home[1], photo.file).read_bytes()
    if photo.cut is None:
        return content
    buffer = io.BytesIO()
    Image.open(io.BytesIO(content)).crop(photo.cut).save(buffer, format="png")
    return buffer.getvalue()


def class_names() -> list[str]:
    """The 1000 names of ImageNet's classes in index order."""
    from torchvision.models import MobileNet_V2_Weights

    return list(MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"])
