import json

import pandas as pd
import pytest
from PIL import Image

from demo import photos


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    photos.build({"out": "photos"}, root)
    return root / "photos"


@pytest.fixture(scope="module")
def manifest(folder):
    return pd.read_csv(folder / "manifest.csv", keep_default_na=False)


def test_class_names_are_imagenets(folder):
    names = json.loads((folder / "classes.json").read_text())
    assert len(names) == len(set(names)) == 1000
    assert (names[0], names[967], names[999]) == ("tench", "espresso", "toilet tissue")


def test_labels_are_classes_or_empty(folder, manifest):
    names = json.loads((folder / "classes.json").read_text())
    assert set(manifest["label"]) <= {"", *names}
    assert (manifest["label"] != "").sum() >= 5
    assert set(manifest["split"]) == {"test"}
    assert manifest["image"].is_unique


def test_boxes_lie_inside_their_photo(folder, manifest):
    for row in manifest.itertuples():
        width, height = Image.open(folder / row.image).size
        for x0, y0, x1, y1 in json.loads(row.boxes):
            assert 0 <= x0 < x1 <= width, row.image
            assert 0 <= y0 < y1 <= height, row.image
