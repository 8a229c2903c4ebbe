"""Faces: two networks of one's own, tables in a pickled dict, and regions of the picture."""

import json

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from tests.seeds.conftest import EMOTIONS


@pytest.mark.parametrize("study", ["faces-cnn", "faces-resnet"])
def test_networks_of_ones_own_pass_through_every_page(start, pages, study):
    root = start("faces")
    found = pages("faces", study)
    rows = pd.read_csv(root / "reports" / study / "predictions.csv").sort_values("image")
    assert rows["label"].tolist() == [EMOTIONS[number % 7] for number in range(8)]
    metrics = json.loads((root / "reports" / study / "metrics/model.json").read_text())
    assert (metrics["images"], metrics["accuracy_n"]) == (8, 8)
    assert "12 epochs" in " ".join(BeautifulSoup(found["01_model"], "html.parser").get_text().split())
    assert all(region in found["02_grad_cam"] for region in ("eyes and brows", "mouth"))
    wrong = rows[rows["label"] != rows["predicted"]]
    assert json.loads((root / "reports" / study / "metrics/misclassification.json").read_text())["wrong"] == len(wrong)
    surest = wrong.sort_values("confidence").iloc[-1]
    assert surest["label"] in found["06_misclassification"]
