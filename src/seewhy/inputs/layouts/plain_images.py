"""Images of which nothing else is known: a folder of them, or one file."""

from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import LEFT_OVER, Finding, Reading

NAME = "images"
ABOUT = "images without labels: a folder, with all folders in it"


def recognise(path: Path) -> Finding | None:
    """A folder with an image in it."""
    if not path.is_dir() or not walk.has_picture(path):
        return None
    return Finding(NAME, "a folder of images, and nothing that labels them", LEFT_OVER)


def read(path: Path, settings: Dataset) -> Reading:
    """One row an image, in the order of their names."""
    found = walk.list_pictures(path, settings.files)
    if not found:
        raise SeewhyError(f"there is no image in '{path.name}'; allowed: files ending in {list_names(walk.PICTURES)}")
    return Reading(pd.DataFrame({"image": [str(one) for one in found]}))
