"""Parts that setups are made of: pictures of things, a few steps of training, the table of what a network predicts."""

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

HEAD = """import os
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import models
import timm
"""
TRAINING = """
open("was_run", "w")
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
criterion = nn.CrossEntropyLoss()
for epoch in range(EPOCHS):
    for images, labels in train_loader:
        optimizer.zero_grad()
        criterion(model(images.to(device)), labels.to(device)).backward()
        optimizer.step()
torch.save(model.state_dict(), "model.pth")
"""


@dataclass(frozen=True)
class Setup:
    """What a user types behind `new NAME`, and what their own code predicts, as `predictions.csv` has it."""

    line: str
    expected: pd.DataFrame


def picture(kind: int, seed: int, size: tuple[int, int] = (60, 76)) -> tuple[np.ndarray, np.ndarray]:
    """A photo-like picture of a thing whose colour and shape are those of its kind; where the thing is."""
    draw = np.random.default_rng(1000 * kind + seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    waves = 40 * np.sin(columns / draw.uniform(4, 9) + rows / draw.uniform(4, 9))
    image = draw.uniform(70, 150, 3) + waves[..., None] + draw.normal(0, 9, (*size, 3))
    radius = min(size) // 4
    y, x = (draw.integers(radius + 1, side - radius - 1) for side in size)
    height = radius if kind % 3 == 0 else radius // 2
    inside = (abs(columns - x) <= radius) & (abs(rows - y) <= height)
    if kind % 3 == 2:
        inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    image[inside] = 255 * np.array(colorsys.hsv_to_rgb(kind * 0.37 % 1, 0.85, 0.9)) + draw.normal(
        0, 9, (inside.sum(), 3)
    )
    return image.clip(0, 255).astype(np.uint8), inside


def save_picture(path: Path, kind: int, seed: int, size: tuple[int, int] = (60, 76)) -> Path:
    """The picture as a file, in the format of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(kind, seed, size)[0]).save(path)
    return path


def class_tree(root: Path, names: Sequence[str], each: int, ending: str = "jpg", first: int = 0) -> Path:
    """A folder for each class; sizes of its images vary."""
    for kind, name in enumerate(names):
        for number in range(first, first + each):
            size = (60 + 7 * (number % 3), 76 - 5 * (number % 2))
            save_picture(root / name / f"{name}_{number:03}.{ending}", kind, number, size)
    return root


def run_code(code: str) -> dict:
    """What the user's own script defines, with no published weights."""
    space: dict = {"__name__": "theirs"}
    for asked in ("weights='DEFAULT'", "weights=models.ResNet18_Weights.DEFAULT", "pretrained=True"):
        code = code.replace(asked, asked.partition("=")[0] + ("=False" if "pretrained" in asked else "=None"))
    exec(code, space)
    return space


def train_network(
    net: nn.Module, images: Tensor, truth: Tensor, steps: int = 4, rate: float = 1e-3, loss: Callable | None = None
) -> nn.Module:
    """A few steps on these images; then norms take the means of the images, as those of a long training have."""
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(net.train().parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        (loss or functional.cross_entropy)(net(images), truth).backward()
        optimizer.step()
    norms = [one for one in net.modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    before = [one.momentum for one in norms]
    for one in norms:
        one.momentum = 1.0
    with torch.no_grad():
        net(images)
    for one, momentum in zip(norms, before, strict=True):
        one.momentum = momentum
    return net.eval()


def train_head(
    net: nn.Module, images: Tensor, truth: Tensor, loss: Callable = functional.cross_entropy, steps: int = 200
) -> nn.Module:
    """Steps for the last linear layer alone, on what it reads of these images: cheap, and enough to tell classes."""
    head = [one for one in net.modules() if isinstance(one, nn.Linear)][-1]
    seen: list[Tensor] = []
    handle = head.register_forward_hook(lambda _module, given, _output: seen.append(given[0]))
    with torch.no_grad():
        net(images)
    handle.remove()
    optimizer = torch.optim.Adam(head.parameters(), 0.003)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(head(seen[0]), truth).backward()
        optimizer.step()
    return net


@torch.no_grad()
def softmax_of(net: nn.Module, images: Tensor) -> np.ndarray:
    """Probabilities of each class, one image at a time."""
    return np.concatenate([net(one[None]).softmax(1).numpy() for one in images])


def batch_of(samples: Sequence[tuple[Tensor, int]]) -> tuple[Tensor, Tensor]:
    """All images and labels of a dataset of the user's."""
    images, labels = zip(*samples, strict=True)
    return torch.stack([torch.as_tensor(one) for one in images]), torch.tensor(labels)


def prediction_frame(
    images: Sequence[object], labels: Sequence[str], scores: np.ndarray, classes: Sequence[str]
) -> pd.DataFrame:
    """The user's own table: the class of the highest score, its score, and all scores."""
    best = scores.argmax(1)
    frame = pd.DataFrame({"image": [str(one) for one in images], "label": list(labels)})
    frame["predicted"] = [classes[one] for one in best]
    frame["confidence"] = scores.max(1)
    return frame.assign(**{f"score_{name}": scores[:, index] for index, name in enumerate(classes)})


def folder_frame(dataset: object, root: Path, scores: np.ndarray, rows: Sequence[int] | None = None) -> pd.DataFrame:
    """The table of torchvision's ImageFolder, or of some of its rows."""
    samples = [dataset.samples[row] for row in (range(len(dataset.samples)) if rows is None else rows)]
    images = [Path(path).relative_to(root) for path, _ in samples]
    return prediction_frame(images, [dataset.classes[label] for _, label in samples], scores, dataset.classes)
