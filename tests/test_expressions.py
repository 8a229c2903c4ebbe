"""Facial expressions as two notebooks leave them: own classes, {model_state_dict, ...}, a pickled dict of tables."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch.nn import functional

from seewhy import open_study
from seewhy.attributions import attribute

CLASSES = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NETS = """
import torch.nn as nn
import torch.nn.functional as F
from torchvision import models


class ConvBlock(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(outside)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        return self.pool(F.relu(self.bn(self.conv(x))))


class CustomCNN(nn.Module):
    def __init__(self, num_classes=7, dropout=0.5):
        super().__init__()
        self.conv1, self.conv2 = ConvBlock(3, 32), ConvBlock(32, 64)
        self.conv3, self.conv4 = ConvBlock(64, 128), ConvBlock(128, 256)
        self.global_pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc1 = nn.Linear(256, 128)
        self.dropout = nn.Dropout(dropout)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, x):
        x = self.global_pool(self.conv4(self.conv3(self.conv2(self.conv1(x)))))
        return self.fc2(self.dropout(F.relu(self.fc1(x.view(x.size(0), -1)))))


class TransferLearningModel(nn.Module):
    def __init__(self, num_classes=7, freeze_backbone=False):
        super().__init__()
        self.backbone = models.resnet18(weights=None)
        self.backbone.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.backbone.fc.in_features, num_classes))

    def forward(self, x):
        return self.backbone(x)
"""
STUDIES = {
    "faces-cnn": ("CustomCNN", "custom_cnn_best.pth", "conv4"),
    "faces-resnet": ("TransferLearningModel", "transfer_learning_best.pth", "backbone.layer4"),
}


@pytest.fixture
def faces(project, cli):
    """The project with both studies on one dataset of seven pictures."""
    (project.root / "my_nets.py").write_text(NETS)
    folder = project.root / "data/inputs/faces"
    (folder / "test").mkdir(parents=True)
    rows = []
    for label, name in enumerate(CLASSES):
        pixels = np.random.default_rng(label).integers(0, 256, (24, 20, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"test/{name}.png")
        rows.append({"image_path": f"test/{name}.png", "emotion": name, "label": label})
    tables = {"train_df": pd.DataFrame(rows[:1]), "test_df": pd.DataFrame(rows), "num_classes": 7}
    (folder / "processed_data.pkl").write_bytes(pickle.dumps(tables))
    dataset = {"task": "classification", "manifest": "data/inputs/faces/processed_data.pkl", "table": "test_df"}
    columns = {"image": "image_path", "label": "label"}
    project.set("datasets.faces", {**dataset, "classes": CLASSES, "columns": columns})
    names: dict = {}
    exec(NETS, names)
    for study, (net, file, _) in STUDIES.items():
        torch.manual_seed(0)
        state = {"model_state_dict": names[net]().state_dict(), "epoch": 7, "val_acc": np.float64(61.5)}
        torch.save(state, folder / file)
        project.set(
            f"studies.{study}",
            {
                "dataset": "faces",
                "checkpoint": f"data/inputs/faces/{file}",
                "architecture": f"my_nets:{net}",
                "preprocessing": {"size": 64, "mean": MEAN, "std": STD},
            },
        )
    assert cli("dataset", "faces") == (0, "")


def as_the_notebook_does(model, layer, image, target):
    """The author's own heat map: hooks, a backward from one output, mean gradients, ReLU."""
    seen = {}
    module = model.get_submodule(layer)
    handles = [
        module.register_forward_hook(lambda _m, _i, out: seen.update(maps=out.detach())),
        module.register_full_backward_hook(lambda _m, _i, grad: seen.update(gradients=grad[0].detach())),
    ]
    model(image)[0, target].backward()
    for handle in handles:
        handle.remove()
    weights = seen["gradients"].mean(dim=[2, 3], keepdim=True)
    cam = functional.relu((weights * seen["maps"]).sum(1))[0].numpy()
    return cam / cam.max() if cam.max() > 0 else np.full_like(cam, np.nan)


@pytest.mark.usefixtures("faces")
@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_the_users_own_network_gives_the_users_own_maps(name):
    this = open_study(name)
    assert (this.layer, this.checkpoint.epoch, this.checkpoint.claim) == (STUDIES[name][2], 7, 0.615)
    assert this.dataset.frame["label"].tolist() == CLASSES
    rows = this.predict()
    found = attribute(this, rows, ["gradcam"]).shares("gradcam")
    for row in (0, 3):
        image = this.inputs(rows.iloc[[row]]).clone()
        wanted = as_the_notebook_does(this.model, this.layer, image, int(rows["target"][row]))
        np.testing.assert_allclose(found[row], wanted, atol=1e-4)
    assert np.isfinite(found).any()
