"""What real users bring, in their own files: a project with these and our notebooks, and no demonstration."""

import base64
import copy
import os
import pickle
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from ruamel.yaml import YAML
from skimage import data
from torchvision import models

from seewhy.pipeline import notebooks
from tests.conftest import ROOT
from tests.seeds import nets

SMALL: dict[str, dict[str, int]] = {  # settings of the notebooks: every figure is drawn, of as little as can be
    "model": {"samples": 2, "bins": 3},
    "grad_cam": {"steps": 2, "gallery": 4, "examples": 2},
    "cam_variants": {"images": 2, "layers": 2, "cells": 8},
    "shap": {"images": 2, "samples": 2, "background": 2, "cells": 2, "checked": 1, "evaluations": 10},
    "features": {"images": 1, "channels": 2, "patches": 2, "layers": 2},
    "misclassification": {"shown": 2, "pairs": 3},
    "audit": {"steps": 2, "depths": 1, "work": 1},
}
NOTEBOOKS = notebooks.find_notebooks(ROOT)
STEMS = [one.stem for one in NOTEBOOKS if one.subject_parameter == notebooks.STUDY]
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


def waste(inputs: Path) -> None:
    """A manifest with a user's own columns, class names as an array of objects, and three training scripts' output."""
    folder = inputs / "waste"
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


def solar(inputs: Path) -> None:
    """Tiles without labels, and what Lightning saves of a module that holds the network, its loss and its scaling."""
    folder = inputs / "solar"
    import segmentation_models_pytorch as smp

    (folder / "tiles").mkdir(parents=True)
    tiles = photos(4, 64)
    for number, photo in enumerate(tiles):
        photo.save(folder / f"tiles/Sample_{number}.png")
    net = nets.made(smp.FPN, encoder_name="resnext50_32x4d", encoder_weights=None, classes=4).eval()
    with torch.no_grad():
        pixels = torch.tensor(np.stack(tiles)).permute(0, 3, 1, 2).float()  # 0 to 255, as that module takes them
        seen = net((pixels - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1))
        net.segmentation_head[0].bias -= seen.mean((0, 2, 3))  # so that it marks something of each class
    weights = {f"model.{name}": value for name, value in net.state_dict().items()}
    weights |= {"std": torch.tensor(STD).view(1, 3, 1, 1), "mean": torch.tensor(MEAN).view(1, 3, 1, 1)}
    content = {"state_dict": weights | {"ce_loss.weight": torch.ones(4)}, "epoch": 38, "global_step": 8151}
    torch.save(content | {"pytorch-lightning_version": "2.5.0", "hyper_parameters": {}}, folder / "pv-model.ckpt")


def faces(inputs: Path) -> None:
    """A pickled dict of tables, and two networks of one's own."""
    folder = inputs / "faces"
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


def scenes(inputs: Path) -> None:
    """A folder of photos, and a network with the words it knows in an object of one's own class."""
    folder = inputs / "scenes"
    (folder / "Images").mkdir(parents=True)
    for number, photo in enumerate(photos(3, 64)):
        photo.save(folder / f"Images/{number}_ab12.jpg")
    captions = [f"{number}_ab12.jpg,a dog runs {side} .\n" for number in range(3) for side in ("left", "on grass")]
    (folder / "captions.txt").write_text("image,caption\n" + "".join(captions))
    words = ["<PAD>", "<START>", "<END>", "<UNK>", "a", "dog", "runs", "on", "the", "left", "grass"]
    net = nets.made(nets.CNNLSTMModel, 8, 16, len(words))
    net.decoder.fc.bias.data[4:] += 2  # it says something
    content = {"model_state_dict": net.state_dict(), "vocab": nets.Vocabulary(words), "epoch": 9, "val_loss": 2.75}
    torch.save(content, folder / "cnn_lstm_best.pth")


MAKERS = {"waste": waste, "solar": solar, "one-image": one_image, "scenes": scenes, "faces": faces}
TEXT = (ROOT / "docs/seeds.md").read_text()
BLOCKS = [
    YAML(typ="safe").load(textwrap.dedent(block))
    for block in re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE)
    if block.startswith("    datasets:")
]


def here(notebook: str, executed: str, parameters: dict[str, Any], **_others: Any) -> None:
    """What papermill does, in this process: without the seconds that a kernel takes."""
    found, names = nbformat.read(notebook, as_version=4), {"__name__": Path(notebook).stem}
    for cell in (one for one in found.cells if one.cell_type == "code"):

        def keep(data: dict[str, Any], metadata: Any, raw: bool, cell: Any = cell) -> None:
            assert raw
            plain = {
                kind: base64.b64encode(one).decode() if isinstance(one, bytes) else one for kind, one in data.items()
            }
            cell.outputs.append(nbformat.v4.new_output("display_data", plain, metadata=metadata or {}))

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("IPython.display.display", keep)
            patched.setattr("IPython.core.interactiveshell.InteractiveShell.initialized", lambda: True)
            exec(cell.source, names)
        names |= parameters if "parameters" in cell.metadata.get("tags", []) else {}
    found.metadata["language_info"] = {"name": "python"}
    nbformat.write(found, executed)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """start(dataset, block=0): a project with a user's files and the lines of docs/seeds.md about them, of which only
    the size of the pictures is another one; the working folder in it. `block`: which of the lines on that dataset."""

    def made(dataset: str, block: int = 0) -> Path:
        blocks = [copy.deepcopy(one) for one in BLOCKS if dataset in one["datasets"]]
        for study in blocks[0]["studies"].values():
            study.get("preprocessing", {}).update({"size": 64} if "preprocessing" in study else {})
        fixed = {
            "base": {"device": "cpu", "batch_size": 8, "threads": torch.get_num_threads()},
            **blocks[0],
            **blocks[block],
            "attributions": {"methods": ["activation", "gradcam"]},
        }
        sections = {one.section: SMALL.get(one.section, {}) for one in NOTEBOOKS}
        YAML().dump(fixed | sections, tmp_path / "params.yaml")
        shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
        shutil.copy(Path(nets.__file__), tmp_path / "my_nets.py")
        MAKERS[dataset](tmp_path / "data/inputs")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [*sys.path])
        monkeypatch.delitem(sys.modules, "my_nets", raising=False)
        monkeypatch.setenv("SEEWHY_PROGRESS", "off")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # the kernel finds what we find
        return tmp_path

    return made


@pytest.fixture
def pages(cli: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], dict[str, str]]:
    """pages(dataset, study): what the doctor has no problem with goes through every verb; the pages by their stems."""

    def made(dataset: str, study: str) -> dict[str, str]:
        monkeypatch.setattr("papermill.execute_notebook", here)
        monkeypatch.setattr("seewhy.pipeline.forked_kernels.kernel_template", nullcontext)
        verbs = ("doctor", "explain", "measure", "pages", "render")
        for words in (("dataset", dataset), *((verb, study) for verb in verbs)):
            code, said = cli(*words)
            assert (code, said) == (0, ""), f"{words}: {said}"
        folder = Path("reports", study)
        assert {path.stem for path in folder.glob("metrics/*.json")} == {stem.partition("_")[2] for stem in STEMS}
        found = {path.stem: path.read_text() for path in folder.glob("*.html")}
        assert sorted(found) == STEMS
        return found

    return made
