"""lfw-faces: the hundred faces of scikit-image's lfw_subset, aligned crops of Labeled Faces in the Wild, no labels.

Nobody has said which expression these faces show: a study of them runs without labels. The other hundred pictures of
the file are no faces and stay out.
"""

import io
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from demo.files import write_manifest, write_png
from demo.photos import SKIMAGE
from seewhy.config import artifacts

FACES = 100  # the first hundred of the file
CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")  # in the order of PyEmotion's outputs


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes images/, manifest.csv and classes.json into `entry["out"]`."""
    folder, rows = root / entry["out"], []
    for number, face in enumerate(read_faces()):
        name = f"images/face-{number:02d}.png"
        write_png(folder / name, face)
        rows.append({"image": name, "split": "test"})
    artifacts.write_json(folder / "classes.json", list(CLASSES))
    write_manifest(folder / "manifest.csv", rows)


def read_faces() -> UInt8[np.ndarray, "100 25 25"]:
    """Grey faces of 25 x 25 pixels, from 0 to 255; the package stores shares of white."""
    content = files(SKIMAGE[0]).joinpath(SKIMAGE[1], "lfw_subset.npy").read_bytes()
    return np.round(255 * np.load(io.BytesIO(content), allow_pickle=False)[:FACES]).astype(np.uint8)
