"""A user's segmentation network on their own small images, through the pages' own cells."""

import json
from dataclasses import replace
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
from seewhy.measure.families.region_maps import SCORES
from seewhy.report.pages import masks, views
from seewhy.report.plots import masks as colours
from seewhy.tasks import segmentation
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


@pytest.fixture
def look(town, cli):
    this = opened(town, cli)
    return regions.look(this, this.predictions, ["gradcam"])


def test_maps_of_a_network_that_reads_colours_lie_on_its_classes(look):
    assert look.rows["iou"].min() > 0.7
    assert (look.images, look.masked) == (10, 10)
    lifts, apart = look.lifts()
    assert list(lifts) == ["Grad-CAM", "random", "centre"]
    for name in CLASSES[1:]:
        assert lifts["Grad-CAM"][name].low > 3
        assert apart["Grad-CAM minus centre"][name].low > 0
    table = regions.crossed(look.crossed("gradcam"), CLASSES)
    assert table["roof on roof"].value > 3
    assert table["roof on road"].value < 1
    assert table["sky on roof"].n == 0  # the bias that says sky leaves no evidence at the layer


def test_the_scores_of_hidden_pictures_stand_beside_the_photos(look):
    table = regions.hidden(look.study, look.rows)
    assert list(table) == ["class", "photo", "SHAP (partition)", "LIME"]
    assert table["class"].tolist() == look.rows["predicted"].tolist()
    assert (table["photo"] > table["LIME"]).all()  # black has no red and no blue
    batch, targets = look.study.inputs(look.rows), torch.tensor(look.targets)
    expected = segmentation.score(look.study.model(batch), targets).tolist()
    assert table["photo"].tolist() == pytest.approx(expected, abs=1e-5)


def test_whose_regions_they_are_is_told(look):
    assert look.told == "Regions are the true ones, in all 10 images."
    assert replace(look, masked=0).told.startswith("Regions are what the model marks")
    assert "the true ones in 4 of 10 images, in the others" in replace(look, masked=4).told


def test_another_layer_gives_other_figures(look):
    first, _ = look.at("first")
    last, ranks = look.at("mix")
    assert last["roof"] == look.lifts()[0]["Grad-CAM"]["roof"]
    assert first["roof"].value != last["roof"].value
    assert ranks == look.surer_brighter(look.bright("gradcam"))


def test_the_three_kinds_of_score_share_a_place_but_not_a_map(look):
    found = region_maps.score_maps(look.study, look.rows)
    assert list(found) == list(SCORES)
    whole, region, pixel = found.values()
    assert np.allclose(whole, look.found.shares("gradcam"), atol=1e-5)
    assert whole.shape == region.shape == pixel.shape == (len(look.rows), 8, 8)
    assert np.isfinite(pixel).all()


def test_titles_say_how_well_or_that_it_is_not_there(look):
    rows = look.rows.head(2).assign(iou=[0.61, 0.0], confidence=[0.8, 0.5], label=["roof", None])
    first, second = (image.rpartition("/")[2] for image in rows["image"])
    assert masks.titles(rows) == [f"{first}\nroof 0.80\nIoU 0.61", f"{second}\nroad 0.50\nnot there"]
    assert masks.titles(rows.assign(iou=np.nan)) == [f"{first}\nroof 0.80", f"{second}\nroad 0.50"]
    assert masks.described(rows) == f"{first}, roof 0.80, IoU 0.61; {second}, road 0.50, not there"


def test_cards_of_wrong_cases_say_what_is_wrong(look):
    rows = look.rows.astype({"correct": object})
    rows.loc[0, ["correct"]] = False
    rows.loc[1, ["correct", "label"]] = [False, None]
    rows.loc[2, ["correct"]] = pd.NA
    plain = views.cards(look.study, look.found, range(len(rows)))
    found = masks.region_cards(look.study, rows, plain, look.marked)
    assert [found[k].fact for k in range(3)] == [f"IoU {rows['iou'][0]:.2f}", "not there", ""]
    assert [found[k].correct for k in range(4)] == [False, False, None, True]


def test_cards_have_the_rim_of_what_is_marked_in_the_colour_of_the_class(look):
    plain = views.cards(look.study, look.found, range(len(look.rows)))
    found = masks.region_cards(look.study, look.rows, plain, look.marked)
    assert [card.ink for card in found[:2]] == colours.palette(3)[1:]
    assert all((card.region == marked).all() for card, marked in zip(found, look.marked, strict=True))


def test_contents_name_the_largest_first():
    frame = pd.DataFrame({"image": ["a", "a", "a", "b"], "predicted": ["roof", "road", "sky", "roof"]})
    frame["predicted_share"] = [0.1, 0.4, 0, 0]
    assert masks.contents(frame, pd.DataFrame({"image": ["a", "b"]})) == ["road 40 %\nroof 10 %", "nothing found"]


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


def test_a_legend_has_no_background(look):
    assert masks.legend(look.study) == dict(zip(CLASSES[1:], colours.palette(3)[1:], strict=True))


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
        assert ("dataset has no masks" in told) == ((not masked) and path.stem[:2] not in ("02", "04"))


def _run(path: Path, **settings):
    """The code cells of a notebook, one after the other, in this process."""
    names: dict = {}
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names.update({key: value for key, value in settings.items() if key in names})
