"""Waste sorting: three torchvision networks, trained by one script, in one params.yaml."""

import json

import pytest

from tests.seeds.conftest import STEMS, here, waste

DATASETS = {
    "waste": {
        "task": "classification",
        "manifest": "data/inputs/mine/test_split.csv",
        "classes": "data/inputs/mine/label_classes.npy",
        "columns": {"image": "image_path", "label": "subcategory"},
    }
}
STUDIES = {
    f"waste-{name}": {
        "dataset": "waste",
        "checkpoint": f"data/inputs/mine/best_model_{name}.pth",
        "architecture": f"torchvision:{name}",
    }
    for name in ("resnet50", "efficientnet_b0", "mobilenet_v2")
}


@pytest.fixture
def ready(start, cli):
    root = start(waste, DATASETS, STUDIES)
    assert cli("dataset", "waste") == (0, "")
    return root


def held(folder):
    """The figures of a study whose weights know nothing: eight images looked at, all of them labelled."""
    metrics = json.loads((folder / "metrics/model.json").read_text())
    return {path.stem for path in (folder / "metrics").glob("*.json")}, metrics["images"], metrics["accuracy_n"]


def test_a_network_passes_through_every_page(ready, cli):
    assert cli("strip") == (0, "")
    for stem in STEMS:
        if stem == "02_grad_cam":
            assert cli("explain", "waste-mobilenet_v2") == (0, "")
        assert cli("run", stem, "waste-mobilenet_v2") == (0, ""), stem
    folder = ready / "reports/waste-mobilenet_v2"
    assert sorted(path.stem for path in folder.glob("*.html")) == STEMS
    first = (folder / "01_model.html").read_text()
    assert "falls short of</strong> the checkpoint's own claim of 91.2\N{NO-BREAK SPACE}%" in first
    assert "25 epochs" in first
    assert held(folder) == ({stem.partition("_")[2] for stem in STEMS}, 8, 8)


@pytest.mark.parametrize("study", ["waste-resnet50", "waste-efficientnet_b0"])
def test_so_do_the_others_in_the_same_file_of_settings(ready, study):
    for stem in STEMS:
        here(stem, study)
    assert held(ready / "reports" / study) == ({stem.partition("_")[2] for stem in STEMS}, 8, 8)
