import json
import pickle
import sys

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML
from torch import nn
from torchvision import models

from seewhy.config.params import Preprocessing
from seewhy.inputs.inspect import inspect_file
from tests.conftest import CLASSES

NAMES = ["anger", "fear", "no", "7", "it's"]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@pytest.fixture
def shown(tmp_path):
    """Write something, look at it: facts, and its lines as YAML reads them."""

    def call(content, name="best model.pth"):
        path = tmp_path / name
        torch.save(content, path) if not isinstance(content, bytes) else path.write_bytes(content)
        found = inspect_file(path, tmp_path)
        return found.facts, YAML(typ="safe").load(found.lines)

    return call


def test_a_checkpoint_of_a_training_script(shown):
    config = {"MODEL_NAME": "mobilenet_v2", "IMAGE_SIZE": 160, "IMAGENET_MEAN": np.array(MEAN), "IMAGENET_STD": STD}
    content = {"model_state_dict": models.mobilenet_v2(num_classes=5).state_dict(), "config": config}
    facts, lines = shown(content | {"epoch": 12, "val_acc": np.float64(93.5), "classes": NAMES})
    assert facts["architecture"].startswith("torchvision:mobilenet_v2")
    assert (facts["epoch"], facts["claimed accuracy"]) == ("12", "93.5%")
    assert facts["classes"] == "5: anger, fear, no, 7, it's"
    entry = lines["studies"]["best-model"]
    assert (entry["checkpoint"], entry["architecture"]) == ("best model.pth", "torchvision:mobilenet_v2")
    assert entry["preprocessing"] == {"size": 160, "mean": MEAN, "std": STD}
    assert Preprocessing(**entry["preprocessing"]).size == 160


def test_bare_weights_of_a_known_network(shown):
    facts, lines = shown(models.resnet18(num_classes=7).state_dict())
    assert facts["architecture"] == "torchvision:resnet18"
    assert (facts["classes"], facts["epoch"], facts["claimed accuracy"]) == ("7", "not stated", "not stated")
    assert lines["studies"]["best-model"]["preprocessing"] == {"size": 224, "mean": MEAN, "std": STD}


def test_a_segmentation_model_in_a_training_module(shown):
    smp = pytest.importorskip("segmentation_models_pytorch")
    net = smp.FPN("resnet18", encoder_weights=None, classes=4).state_dict()
    file = {f"model.{name}": value for name, value in net.items()}
    file |= {"ce_loss.weight": torch.ones(4), "mean": torch.tensor(MEAN).view(1, 3, 1, 1)}
    file |= {"std": torch.tensor(STD).view(1, 3, 1, 1)}
    facts, lines = shown({"state_dict": file, "hyper_parameters": {"arch": "fpn"}, "epoch": 38}, "pv=0.95.ckpt")
    assert facts["architecture"] == "smp:FPN with encoder resnet18 under 'model.'"
    assert facts["classes"] == "4"
    entry = lines["studies"]["pv-0-95"]
    assert (entry["architecture"], entry["arguments"]) == ("smp:FPN", {"encoder_name": "resnet18"})
    assert entry["preprocessing"] == {"size": 224, "mean": MEAN, "std": STD}


def test_a_wrapper_is_told_as_one(shown):
    net = models.resnet18()
    net.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 7))
    facts, lines = shown({"model_state_dict": {f"backbone.{name}": value for name, value in net.state_dict().items()}})
    assert facts["architecture"].startswith(
        "a class of your own: 100 of 102 tensors of torchvision:resnet18 under 'back"
    )
    assert lines["studies"]["best-model"]["architecture"] == "my_package.nets:MyNet"


def test_a_network_nobody_knows(shown):
    facts, _ = shown({"model": nn.Linear(3, 4).state_dict(), "vocab": ["a", "tree"], "config": {"IMAGE_SIZE": "large"}})
    assert facts["architecture"] == "none of torchvision, timm or smp that is known here: a class of your own"
    assert facts["vocabulary"] == "2 words: a, tree"
    assert facts["size, mean, std"] == "not stated"


def test_a_pickled_module_is_data_and_not_imported(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text("from torch import nn\nclass Net(nn.Linear): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import theirs

    torch.save(theirs.Net(2, 2), tmp_path / "a.pth")
    monkeypatch.delitem(sys.modules, "theirs")
    assert (
        "a whole model of class theirs.Net, read as data" in inspect_file(tmp_path / "a.pth", tmp_path).facts["taken"]
    )
    assert "theirs" not in sys.modules


def test_tables_with_their_columns(project):
    frame = project.manifest.rename(columns={"image": "image_path", "label": "subcategory"})
    frame.to_csv(project.root / "test_split.csv", index=False)
    found = inspect_file(project.root / "test_split.csv", project.root)
    assert found.facts["rows"] == "12"
    assert YAML(typ="safe").load(found.lines)["datasets"]["test-split"] == {
        "task": "classification",
        "manifest": "test_split.csv",
        "classes": sorted(CLASSES),
        "columns": {"image": "image_path", "label": "subcategory"},
    }
    frame["label"] = np.arange(12) % 7
    (project.root / "data.pkl").write_bytes(pickle.dumps({"train_df": frame, "test_df": frame.head(3), "n": 1}))
    found = inspect_file(project.root / "data.pkl", project.root)
    assert found.facts["tables"] == "train_df (12 rows), test_df (3 rows)"
    entry = YAML(typ="safe").load(found.lines)["datasets"]["data"]
    assert (entry["table"], entry["classes"], entry["columns"]) == ("test_df", "NAMES", {"image": "image_path"})


def test_class_names_and_folders(project):
    np.save(project.root / "names.npy", np.array(NAMES, dtype=object))
    found = inspect_file(project.root / "names.npy", project.root)
    assert found.facts == {"what": "class names", "classes": "5: anger, fear, no, 7, it's"}
    assert YAML(typ="safe").load(found.lines)["datasets"]["names"]["classes"] == "names.npy"
    (project.root / "mine/._cup-0.png").write_bytes(b"left by a Mac; the dataset skips it")
    found = inspect_file(project.root / "mine", project.root)
    assert found.facts == {"what": "a folder", "images": "12"}
    assert YAML(typ="safe").load(found.lines)["datasets"]["mine"]["task"] == "TASK"  # nothing in a folder tells
    (project.root / "captions.txt").write_text("image,caption\na.jpg,a tree\n")
    found = inspect_file(project.root / "captions.txt", project.root)
    assert found.facts["columns"] == "image, caption"
    entry = {"task": "captioning", "manifest": "captions.txt"}
    assert YAML(typ="safe").load(found.lines)["datasets"]["captions"] == entry


def test_a_pickle_may_be_a_checkpoint(tmp_path):
    for legacy in (False, True):
        content = {"network": nn.Linear(3, 4).state_dict()}
        torch.save(content, tmp_path / "main_model.pkl", _use_new_zipfile_serialization=not legacy)
        assert (
            inspect_file(tmp_path / "main_model.pkl", tmp_path).facts["what"] == "a checkpoint: 2 tensors, 16 numbers"
        )


def test_the_command_prints_facts_and_lines(project, capsys, cli, monkeypatch):
    from seewhy.cli import main

    monkeypatch.setattr(sys, "argv", ["seewhy", "inspect", "tiny.pth"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    assert "claimed accuracy  91.5%" in said
    lines = YAML(typ="safe").load(said[said.index("# for params.yaml") :])
    assert lines["studies"]["tiny"]["preprocessing"]["size"] == 32
    assert cli("inspect", "no.pth") == (1, "seewhy: there is no file 'no.pth'\n")
    (project.root / "bad.pth").write_bytes(b"hello")
    assert "'bad.pth' (5 bytes) is damaged, truncated or no checkpoint" in cli("inspect", "bad.pth")[1]
    (project.root / "bad.json").write_text(json.dumps({"a": 1}))
    assert "'bad.json': allowed: a JSON list of names" in cli("inspect", "bad.json")[1]
