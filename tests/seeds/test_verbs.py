"""Doctor and export on what users of every task bring."""

import pandas as pd
import pytest

from seewhy.doctor import examine
from seewhy.params import find_project
from tests.seeds.conftest import EMOTIONS, MEAN, STD, faces, scenes, solar

FED = {"size": 64, "mean": MEAN, "std": STD}
MINE = "data/inputs/mine"
FACES = {"task": "classification", "manifest": f"{MINE}/processed_data.pkl", "table": "test_df", "classes": EMOTIONS,
         "columns": {"image": "image_path", "label": "label"}}  # fmt: skip
SOLAR = {"task": "segmentation", "images": f"{MINE}/tiles",
         "classes": ["background", "Solar_Panel", "Water_heater", "Pool_heater"]}  # fmt: skip
CASES = {
    "faces-cnn": (faces, FACES, f"{MINE}/custom_cnn_best.pth", "my_nets:CustomCNN", {}),
    "faces-resnet": (faces, FACES, f"{MINE}/transfer_learning_best.pth", "my_nets:TransferLearningModel", {}),
    "solar-fpn": (solar, SOLAR, f"{MINE}/pv-model.ckpt", "smp:FPN",
                  {"arguments": {"encoder_name": "resnet18", "classes": 4}, "layer": "encoder.layer4"}),
    "captions": (scenes, {"task": "captioning", "images": f"{MINE}/Images"}, f"{MINE}/cnn_lstm_best.pth",
                 "my_nets:CNNLSTMModel", {"layer": "encoder.resnet.7"}),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CASES))
def test_every_task_is_looked_at_and_exported(name, start, cli, tmp_path):
    files, dataset, checkpoint, architecture, more = CASES[name]
    study = {"dataset": "mine", "checkpoint": checkpoint, "architecture": architecture, "preprocessing": FED}
    start(files, {"mine": dataset}, {name: study | more})
    lines = list(examine(find_project(), name))
    assert [line for line in lines if line.mark == "problem"] == []
    assert lines[-1].what == "forecast"
    aside = [line.text for line in lines if line.mark == "warning" and line.what == "model"]
    assert all("ce_loss.weight" in text and "mean" in text for text in aside)
    assert len(aside) == (name == "solar-fpn")
    pattern = f"{find_project().root}/{MINE}/*/*"
    assert cli("export", name, "--images", pattern, "--methods", "gradcam", "--out", str(tmp_path / "out")) == (0, "")
    table = pd.read_csv(tmp_path / "out/maps.csv")
    assert table["image"].nunique() == len(list((tmp_path / "data/inputs/mine").glob("*/*")))
    assert all((tmp_path / "out" / place).is_file() for place in [*table["overlay"], *table["map"]])
    if name == "captions":
        assert len(list((tmp_path / "out/strips/gradcam").glob("*.png"))) == table["image"].nunique()
