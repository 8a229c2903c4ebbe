import json
from urllib.error import URLError

import pytest
import torch
from ruamel.yaml import YAML
from torchvision import models
from torchvision.models import _api

from seewhy.inputs.checkpoint import load_checkpoint


@pytest.fixture
def net():
    return models.squeezenet1_1()


def test_hub_weights_become_a_checkpoint(project, cli, monkeypatch, net):
    monkeypatch.setattr(_api, "load_state_dict_from_url", lambda *_, **__: net.state_dict())
    assert cli("weights", "torchvision:squeezenet1_1", "DEFAULT", "mine/squeeze.pth") == (0, "")
    found = load_checkpoint(project.root / "mine/squeeze.pth", "x")
    assert torch.equal(found.weights["features.0.weight"], net.features[0].weight)
    assert found.config["MODEL_NAME"] == "squeezenet1_1"
    assert (found.config["IMAGE_SIZE"], found.config["IMAGENET_MEAN"]) == (224, [0.485, 0.456, 0.406])
    assert found.classes[:2] == ["tench", "goldfish"]
    assert json.loads((project.root / "mine/squeeze.classes.json").read_text()) == found.classes


def test_the_lines_to_paste(project, monkeypatch, net):
    from seewhy.inputs.hub import fetch_weights

    monkeypatch.setattr(_api, "load_state_dict_from_url", lambda *_, **__: net.state_dict())
    lines = YAML(typ="safe").load(
        fetch_weights("torchvision:squeezenet1_1", "DEFAULT", project.root / "a.pth", project.root)
    )
    assert lines["datasets"]["FOLDER"]["classes"] == "a.classes.json"
    assert lines["studies"]["a"] == {
        "dataset": "FOLDER",
        "checkpoint": "a.pth",
        "architecture": "torchvision:squeezenet1_1",
        "preprocessing": {"resize": "crop", "crop": 0.875, "interpolation": "bilinear"},
    }


def test_timm_weights_become_a_checkpoint(project, cli, monkeypatch):
    import timm

    made = timm.create_model("resnet10t")
    monkeypatch.setattr(timm, "create_model", lambda name, pretrained: made if pretrained else name)
    assert cli("weights", "timm:resnet10t", "c3_in1k", "a.pth") == (0, "")
    found = load_checkpoint(project.root / "a.pth", "x")
    assert torch.equal(found.weights["fc.weight"], made.fc.weight)
    assert len(found.classes) == 1000
    names = json.loads((project.root / "a.classes.json").read_text())
    assert len(set(names)) == 1000
    assert {"crane", "crane (2)"} <= set(names)  # ImageNet has two


def test_without_a_network_it_is_one_line(project, refused, monkeypatch):
    def away(*_, **__):
        raise URLError("no route\nto host")

    monkeypatch.setattr(_api, "load_state_dict_from_url", away)
    line = refused("weights", "torchvision:resnet50", "DEFAULT", "a.pth")
    assert "torchvision:resnet50 cannot be fetched: <urlopen error no route to host>; needed: a network" in line
    assert not (project.root / "a.pth").exists()


@pytest.mark.parametrize(
    ("architecture", "which", "line"),
    [
        ("resnet50", "DEFAULT", "architecture 'resnet50'; allowed: torchvision:NAME or timm:NAME"),
        ("smp:FPN", "DEFAULT", "architecture 'smp:FPN'; allowed: torchvision:NAME or timm:NAME"),
        ("torchvision:resnet51", "DEFAULT", "unknown architecture 'torchvision:resnet51'; did you mean"),
        ("torchvision:resnet50", "IMAGENET", "unknown weights 'IMAGENET' in torchvision:resnet50; did you mean"),
        ("timm:resnet51", "DEFAULT", "unknown architecture 'timm:resnet51'; did you mean"),
        ("timm:resnet50", "a9_in1k", "unknown weights 'a9_in1k' in timm:resnet50; did you mean"),
    ],
)
def test_names_that_do_not_exist(project, refused, architecture, which, line):
    assert line in refused("weights", architecture, which, str(project.root / "a.pth"))
