"""A user's segmentation network on their own small images, through the pages' own cells."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import seewhy
from seewhy import stats
from seewhy.errors import SeewhyError
from seewhy.measure.families import region_maps
from seewhy.report.pages import masks
from tests.conftest import ROOT

NET = '''"""A user's network: a pixel is a roof where it is red, a road where it is blue."""

from torch import nn


class Colours(nn.Module):
    def __init__(self, num_classes=3):
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.down = nn.AvgPool2d(2)
        self.mix = nn.Conv2d(6, 6, 1)
        self.up = nn.Upsample(scale_factor=2)
        self.last = nn.Conv2d(6, num_classes, 1)

    def forward(self, x):
        return self.last(self.up(self.mix(self.down(self.first(x).relu())).relu()))
'''
CLASSES = ["sky", "roof", "road"]


@pytest.fixture
def town(project):
    """Ten images of 16 x 16 with red and blue squares and their masks; the network sees the colours."""
    names = {}
    exec(NET, names)
    (project.root / "my_town.py").write_text(NET)
    torch.manual_seed(0)
    net = names["Colours"]()
    with torch.no_grad():
        for weight in (net.first.weight, net.mix.weight, net.last.weight, net.first.bias, net.mix.bias, net.last.bias):
            weight.zero_()
        for k, channel in ((1, 0), (2, 2)):
            net.first.weight[k, channel, 1, 1], net.mix.weight[k, k], net.last.weight[k, k] = 1, 1, 4
        net.last.bias[0] = 1.6  # sky where neither colour is strong
    torch.save({"state_dict": net.state_dict()}, project.root / "town.pth")
    draw, rows = np.random.default_rng(0), []
    (project.root / "town").mkdir()
    for number in range(10):
        photo, mask = draw.integers(0, 60, (16, 16, 3), dtype=np.uint8), np.zeros((16, 16), np.uint8)
        for k, channel in ((1, 0), (2, 2)):
            y, x = draw.integers(0, 5, 2) * 2
            photo[y : y + 6, x : x + 6], mask[y : y + 6, x : x + 6] = 0, k
            photo[y : y + 6, x : x + 6, channel] = 230
        Image.fromarray(photo).save(project.root / f"town/{number}.png")
        Image.fromarray(mask).save(project.root / f"town/{number}-mask.png")
        rows.append({"image": f"{number}.png", "mask": f"{number}-mask.png"})
    pd.DataFrame(rows).to_csv(project.root / "town/manifest.csv", index=False)
    project.set("datasets.town", {"task": "segmentation", "manifest": "town/manifest.csv", "classes": CLASSES})
    seen = {"size": 16, "mean": [0, 0, 0], "std": [1, 1, 1]}
    study = {"dataset": "town", "checkpoint": "town.pth", "architecture": "my_town:Colours", "preprocessing": seen}
    project.set("studies.town", {**study, "layer": "mix"})
    return project


def opened(town, cli):
    assert cli("dataset", "town") == (0, ""), town.root
    this = seewhy.open_study("town")
    this.save_predictions(this.predict())
    return seewhy.open_study("town")


def test_contents_name_the_largest_first():
    frame = pd.DataFrame({"image": ["a", "a", "a", "b"], "predicted": ["roof", "road", "sky", "roof"]})
    frame["predicted_share"] = [0.1, 0.4, 0, 0]
    assert masks.predicted_contents(frame, pd.DataFrame({"image": ["a", "b"]})) == [
        "a\nroad 40 %\nroof 10 %",
        "b\nnothing",
    ]


def test_the_worst_cases_are_large_ones():
    rows = pd.DataFrame({"image": list("abcd"), "target": 1, "iou": [0.3, 0.0, 0.1, 0.9]})
    rows = rows.assign(correct=pd.array(rows["iou"] >= 0.5, "boolean"), true_share=[0.2, 0.001, 0, 0.5])
    rows["predicted_share"] = [0.1, 0.001, 0.1, 0.5]
    assert region_maps.worst_rows(rows, 5)["image"].tolist() == ["c", "a"]
    assert region_maps.worst_rows(rows, 1)["image"].tolist() == ["c"]
    assert region_maps.worst_rows(rows.head(0), 5).empty


def test_nothing_to_explain_is_said():
    with pytest.raises(SeewhyError, match="the model finds nothing but the first class"):
        region_maps.visible_rows(pd.DataFrame({"predicted_share": [], "true_share": []}))


def test_all_rows_of_a_drawn_image_come_along():
    rows = pd.DataFrame({"image": list("aabbcc"), "target": [1, 2] * 3})
    found = region_maps.sample_images(rows, 2, 0)
    assert len(found) == 4
    assert found["image"].nunique() == 2


PAGES = sorted((ROOT / "notebooks/segmentation").glob("0[1246]_*.ipynb"))


@pytest.mark.parametrize("masked", [True, False], ids=["masks", "no masks"])
def test_every_page_runs_with_and_without_masks(town, cli, masked, monkeypatch, capsys):
    if not masked:
        town.set("datasets.town", {"task": "segmentation", "manifest": "town/manifest.csv", "classes": CLASSES})
        pd.read_csv(town.root / "town/manifest.csv")[["image"]].to_csv(town.root / "town/manifest.csv", index=False)
    monkeypatch.setattr(stats, "RESAMPLES", 50)
    opened(town, cli)
    capsys.readouterr()
    for path in PAGES:
        _run(path, study="town", samples=3, images=8, cards=4, rows=2, layers=2, shown=2, evaluations=20, cells=4)
        told = capsys.readouterr().out
        assert "Finding." in told
        assert ("No image has a mask" in told) == ((not masked) and path.stem[:2] == "01")


def _run(path: Path, **settings):
    """The code cells of a notebook, one after the other, in this process."""
    names: dict = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names.update({key: value for key, value in settings.items() if key in names})
