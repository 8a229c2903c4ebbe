"""What real users bring, in their own files: a project with these and our notebooks, and no demonstration."""

import json
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from ruamel.yaml import YAML
from skimage import data
from torchvision import models

from seewhy.params import find_project
from tests.conftest import ROOT
from tests.seeds import nets

SMALL: dict[str, dict[str, int]] = {  # settings of the notebooks: every figure is drawn, of as little as can be
    "model": {"samples": 2, "bins": 3},
    "grad_cam": {"steps": 2, "gallery": 4, "examples": 2},
    "cam_variants": {"images": 2, "layers": 2, "cells": 8},
    "shap": {"images": 2, "samples": 2, "background": 2, "cells": 2, "checked": 1, "evaluations": 10},
    "features": {"images": 4, "channels": 2, "patches": 2, "layers": 2},
    "misclassification": {"shown": 2, "pairs": 3},
}
STEMS = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
WASTE = [
    "batteries", "books", "cardboard", "clothes", "electronics", "food", "glass jars", "green glass", "medicine",
    "metal cans", "newspaper", "paint", "paper cups", "plastic bags", "plastic bottles", "shoes", "tyres", "wood",
]  # fmt: skip
EMOTIONS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def photos(count: int, side: int) -> list[Image.Image]:
    """Different crops of real photos."""
    sources = (data.coffee(), data.chelsea(), data.rocket(), data.astronaut())
    draw, found = np.random.default_rng(0), []
    for number in range(count):
        windows = sliding_window_view(sources[number % len(sources)], (side, side, 3))[:, :, 0]
        found.append(Image.fromarray(windows[draw.integers(windows.shape[0]), draw.integers(windows.shape[1])]))
    return found


def own_net(name: str, classes: int, seed: int) -> torch.nn.Module:
    """torchvision's network with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return models.get_model(name, weights=None, num_classes=classes)


def waste(folder: Path) -> None:
    """A manifest with a user's own columns, class names as an array of objects, and three training scripts' output."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, photo in enumerate(photos(8, 64)):
        name = WASTE[number % 3]
        photo.save(folder / f"images/{name.replace(' ', '_')}_{number}.jpg")
        place = f"images/{name.replace(' ', '_')}_{number}.jpg"
        rows.append({"image_path": place, "category": "recyclable", "subcategory": name, "file_size": 4096})
    pd.DataFrame(rows).to_csv(folder / "test_split.csv", index=False)
    np.save(folder / "label_classes.npy", np.array(WASTE, dtype=object), allow_pickle=True)
    for seed, name in enumerate(("resnet50", "efficientnet_b0", "mobilenet_v2")):
        config = {"MODEL_NAME": name, "NUM_CLASSES": 18, "IMAGE_SIZE": 64, "IMAGENET_MEAN": MEAN, "IMAGENET_STD": STD}
        content = {"epoch": 25, "model_state_dict": own_net(name, 18, seed).state_dict(), "config": config}
        torch.save(content | {"val_acc": np.float64(91.25)}, folder / f"best_model_{name}.pth")


def one_image(folder: Path) -> None:
    """A single photo, and a plain file of weights."""
    (folder / "image").mkdir(parents=True)
    photos(1, 64)[0].save(folder / "image/image.jpg")
    torch.save(own_net("resnet50", 1000, 0).state_dict(), folder / "resnet50.pth")
    (folder / "imagenet.txt").write_text("\n".join(f"class {number}" for number in range(1000)))


def solar(folder: Path) -> None:
    """Tiles without labels, and what Lightning saves of a module that holds the network, its loss and its scaling."""
    import segmentation_models_pytorch as smp

    (folder / "tiles").mkdir(parents=True)
    for number, photo in enumerate(photos(3, 64)):
        photo.save(folder / f"tiles/Sample_{number}.png")
    net = nets.made(smp.FPN, encoder_name="resnet18", encoder_weights=None, classes=4)
    weights = {f"model.{name}": value for name, value in net.state_dict().items()}
    weights |= {"std": torch.tensor(STD).view(1, 3, 1, 1), "mean": torch.tensor(MEAN).view(1, 3, 1, 1)}
    content = {"state_dict": weights | {"ce_loss.weight": torch.ones(4)}, "epoch": 38, "global_step": 8151}
    torch.save(content | {"pytorch-lightning_version": "2.5.0", "hyper_parameters": {}}, folder / "pv-model.ckpt")


def faces(folder: Path) -> None:
    """A pickled dict of tables, and two networks of one's own."""
    (folder / "faces").mkdir(parents=True)
    rows = []
    for number, photo in enumerate(photos(8, 64)):
        photo.save(folder / f"faces/{number}.png")
        label = number % len(EMOTIONS)
        rows.append({"image_path": f"faces/{number}.png", "label": label, "emotion": EMOTIONS[label]})
    tables = {"test_df": pd.DataFrame(rows), "train_df": pd.DataFrame(rows[:0]), "classes": EMOTIONS}
    (folder / "processed_data.pkl").write_bytes(pickle.dumps(tables))
    for name, kind in (("custom_cnn", nets.CustomCNN), ("transfer_learning", nets.TransferLearningModel)):
        content = {"epoch": 12, "model_state_dict": nets.made(kind).state_dict(), "val_acc": 0.62}
        torch.save(content, folder / f"{name}_best.pth")


def scenes(folder: Path) -> None:
    """A folder of photos, and a network with the words it knows in an object of one's own class."""
    (folder / "Images").mkdir(parents=True)
    for number, photo in enumerate(photos(3, 64)):
        photo.save(folder / f"Images/{number}_ab12.jpg")
    words = ["<PAD>", "<START>", "<END>", "<UNK>", "a", "dog", "runs", "on", "the", "left", "grass"]
    net = nets.made(nets.CNNLSTMModel, 8, 16, len(words))
    net.decoder.fc.bias.data[4:] += 2  # it says something
    content = {"model_state_dict": net.state_dict(), "vocab": nets.Vocabulary(words), "epoch": 9, "val_loss": 2.75}
    torch.save(content, folder / "cnn_lstm_best.pth")


def here(stem: str, study: str) -> None:
    """Runs a notebook's cells in this process: what papermill would run, without the seconds that a kernel takes."""
    project = find_project()
    notebook = next(one for one in project.notebooks if one.stem == stem).of(project.params.task(study))
    known = {"study": study, **notebook.parameters, **project.params.sections[notebook.section]}
    names: dict[str, Any] = known | {"study": study, "__name__": stem}
    for cell in json.loads(notebook.path.read_text())["cells"]:
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            exec("".join(cell["source"]), names)


Start = Callable[[Callable[[Path], None], dict[str, Any], dict[str, Any]], Path]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """start(files, datasets, studies): a project with the files in data/inputs/mine, and the working folder in it."""

    def made(files: Callable[[Path], None], datasets: dict[str, Any], studies: dict[str, Any]) -> Path:
        fixed = {
            "base": {"device": "cpu", "batch_size": 8, "threads": torch.get_num_threads()},
            "demo": {},
            "datasets": datasets,
            "studies": studies,
            "attributions": {"methods": ["activation", "gradcam"]},
            "comparisons": {},
        }
        sections = {stem.partition("_")[2]: SMALL.get(stem.partition("_")[2], {}) for stem in STEMS}
        YAML().dump(fixed | sections, tmp_path / "params.yaml")
        shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
        shutil.copy(Path(nets.__file__), tmp_path / "my_nets.py")
        files(tmp_path / "data/inputs/mine")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.delitem(sys.modules, "my_nets", raising=False)
        monkeypatch.setenv("SEEWHY_PROGRESS", "off")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # the kernel finds what we find
        return tmp_path

    return made
