"""The sides of the rows that go through a whole data set: files on disk, decoded, explained, stored."""

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torchvision
from PIL import Image
from ruamel.yaml import YAML
from sides import CLASSES, FAMILY, Sides
from skimage import data
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as Images

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.inputs import dataset
from seewhy.maps.driver import attribute_all
from seewhy.study import Study

WORKERS = 2


class Decoded(Images[Tensor]):
    """What a training script has: an image file as the network's input."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __len__(self) -> int:
        return len(self.study.dataset.frame)

    def __getitem__(self, index: int) -> Tensor:
        return self.study.inputs(self.study.dataset.frame.iloc[[index]])[0]


def driver(size: int, images: int = 192) -> Sides:
    """Five variants of a whole data set, stored, against a DataLoader and the plain forward pass."""
    study = _study("resnet50", size, images)
    loader = DataLoader(Decoded(study), batch_size=study.base.batch_size, num_workers=WORKERS)

    def plain() -> Tensor:
        with torch.inference_mode():
            return torch.cat([study.model(batch) for batch in loader])

    def difference() -> float:
        """Between the scores that were stored and the plain model's."""
        return float((_stored(study, "score") - plain().amax(1)).abs().max() / plain().abs().max())

    return Sides(lambda: _explained(study), plain, difference)


def driver_memory(size: int, images: int = 4000, fewer: int = 1000) -> Sides:
    """The same of `images` small images and of `fewer`, which are the first of them."""
    many, few = (_study("resnet18", size, n) for n in (images, fewer))

    def difference() -> float:
        first = _explained(few)
        return float((_explained(many)[:fewer] - first).abs().max() / first.abs().max())

    return Sides(lambda: _explained(many), lambda: _explained(few), difference)


def _explained(study: Study) -> Tensor:
    shutil.rmtree(artifacts.attributions_folder(study.root, study.name), ignore_errors=True)
    attribute_all(study, WORKERS)
    return _stored(study, "map")


def _stored(study: Study, column: str) -> Tensor:
    table = pd.read_parquet(artifacts.attributions_folder(study.root, study.name) / "gradcam.parquet", columns=[column])
    return torch.from_numpy(np.array(table[column].tolist(), np.float32))


@functools.cache
def _study(network: str, size: int, images: int) -> Study:
    """A project of its own: crops of photos as JPEG files, a seeded network, and its predictions."""
    root = Path(tempfile.mkdtemp(prefix="seewhy-bench-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    photo, draw = data.astronaut(), np.random.default_rng(0)
    for number in range(images):
        y, x = draw.integers(0, 512 - 256, 2)
        Image.fromarray(photo[y : y + 256, x : x + 256]).save(root / f"{number:05d}.jpg", quality=90)
    names = [path.name for path in sorted(root.glob("*.jpg"))]
    pd.DataFrame({"image": names}).to_csv(root / "manifest.csv", index=False)
    (root / "classes.json").write_text(json.dumps([f"class {index}" for index in range(CLASSES)]))
    torch.manual_seed(0)
    torch.save(torchvision.models.get_model(network, num_classes=CLASSES).state_dict(), root / "weights.pth")
    YAML().dump(_params(network, size), root / "params.yaml")
    project = Project(root)
    dataset.check_dataset("photos", project.params.datasets["photos"], root)
    study = Study("bench", project.params.studies["bench"], project)
    study.save_predictions(study.predict())
    return study


def _params(network: str, size: int) -> dict[str, object]:
    seen = {"size": size, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    study = {"dataset": "photos", "checkpoint": "weights.pth", "architecture": f"torchvision:{network}"}
    return {
        "base": {"device": "cpu", "batch_size": 16},
        "datasets": {"photos": {"task": "classification", "manifest": "manifest.csv", "classes": "classes.json"}},
        "studies": {"bench": {**study, "preprocessing": seen}},
        "attributions": {"methods": FAMILY},
    }
