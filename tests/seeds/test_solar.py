"""Rooftop solar: a segmentation network out of Lightning, which takes pixels of 0 to 255, and tiles without masks."""

import json

import numpy as np
import pandas as pd
from PIL import Image

from tests.seeds.conftest import MEAN, STD

CLASSES = ["Solar_Panel", "Water_heater", "Pool_heater"]


def test_a_lightning_checkpoint_passes_through_every_page(start, pages):
    root = start("solar")
    found = pages("solar", "solar-fpn")
    pixels = np.stack([np.asarray(Image.open(path)) for path in (root / "data/inputs/solar/tiles").glob("*.png")])
    largest = (pixels.max((0, 1, 2)) - np.array(MEAN)) / np.array(STD)
    assert largest.max() > 1000
    assert all(f">{value:,.0f}</td>" in found["01_model"] for value in largest)
    assert "No image has a mask" in found["01_model"]
    assert "IoU and confused classes" in found["01_model"].partition("Not run here:")[2]
    assert "Fewer than five images of each class have a region" in found["02_grad_cam"]
    assert "no pixel can be called wrong" in found["06_misclassification"]
    metrics = json.loads((root / "reports/solar-fpn/metrics/model.json").read_text())
    assert (metrics["images"], metrics["masks"]) == (4, 0)
    rows = pd.read_csv(root / "reports/solar-fpn/predictions.csv")
    assert set(rows["predicted"]) == set(CLASSES)
    assert rows["correct"].isna().all()
