"""What the builders share: pictures of things that a few steps of training tell apart, training, and references."""

from collections.abc import Callable, Sequence
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

INPUTS = "data/inputs"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


@dataclass(frozen=True)
class Setup:
    """The words to type after `seewhy new STUDY`, and what the user's own code says of each image: a row an image,
    with `predicted` and `score_<class>`, or whatever columns of predictions.csv the task has."""

    words: Sequence[str]
    reference: pd.DataFrame
    key: Sequence[str] = field(default=("image",))


def picture(kind: int, number: int, size: tuple[int, int] = (72, 96)) -> np.ndarray:
    """A block in the colour of its kind, somewhere on noisy ground; `size` is height and width."""
    draw = np.random.default_rng(1000 * kind + number)
    made = draw.normal(110, 25, (*size, 3))
    high, wide = size[0] // 2, size[1] // 2
    top, left = draw.integers(0, size[0] - high), draw.integers(0, size[1] - wide)
    made[top : top + high, left : left + wide] = 255 * np.array(hsv_to_rgb(kind * 0.17 % 1, 0.9, 0.9))
    return (made + draw.normal(0, 12, made.shape)).clip(0, 255).astype(np.uint8)


def save_picture(path: Path, kind: int, number: int, size: tuple[int, int] = (72, 96), mode: str = "RGB") -> None:
    """Writes a picture in the format that the name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(kind, number, size)).convert(mode).save(path)


def class_folders(folder: Path, names: Sequence[str], each: int, first: int = 0, ending: str = "jpg") -> None:
    """`each` pictures of each class, of slightly different sizes."""
    for kind, name in enumerate(names):
        for number in range(first, first + each):
            size = (70 + number % 4, 90 - kind)
            save_picture(folder / name / f"{name}_{number:03}.{ending}", kind, number, size)


def fit(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    steps: int = 6,
    loss: Callable[[Any, Tensor], Tensor] = nn.functional.cross_entropy,
    only: nn.Module | None = None,
) -> nn.Module:
    """Trains for a few steps, `only` a head where one is named; norms end with the mean of what they saw."""
    for module in net.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = None
    torch.manual_seed(0)
    net.train()
    if only is not None:
        net.requires_grad_(False)
        only.requires_grad_(True)
    optimizer = torch.optim.Adam((net if only is None else only).parameters(), 1e-3 if only is None else 1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()
    return net.eval()


def relative(path: str | Path, root: Path) -> str:
    """A file as predictions.csv names it."""
    return Path(path).relative_to(root).as_posix()


def class_rows(images: Sequence[str], labels: Sequence[str], scores: Tensor, classes: Sequence[str]) -> pd.DataFrame:
    """The reference of a classification: probabilities (n, classes) of images with these labels."""
    values = scores.detach().double().numpy()
    predicted = [classes[index] for index in values.argmax(1)]
    frame = pd.DataFrame({"image": images, "label": labels, "predicted": predicted, "confidence": values.max(1)})
    return frame.assign(**{f"score_{name}": values[:, index] for index, name in enumerate(classes)})


@torch.no_grad()
def folder_rows(net: nn.Module, dataset: Any, root: Path, chosen: Sequence[int] | None = None) -> pd.DataFrame:
    """The reference of torchvision's `ImageFolder`, or of a subset of it, as its user loops over it."""
    rows = range(len(dataset)) if chosen is None else chosen
    scores = torch.cat([net(dataset[row][0][None]).softmax(1) for row in rows])
    images = [relative(dataset.samples[row][0], root) for row in rows]
    return class_rows(images, [dataset.classes[dataset.targets[row]] for row in rows], scores, dataset.classes)


def in_order(dataset: Any, names: Sequence[str]) -> Any:
    """The dataset with its classes numbered in an order of one's own."""
    dataset.samples = [(path, names.index(dataset.classes[label])) for path, label in dataset.samples]
    dataset.targets, dataset.classes = [label for _, label in dataset.samples], list(names)
    return dataset


def stacked(dataset: Any, rows: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
    """Images and labels of a dataset as one batch."""
    held = [dataset[row] for row in (range(len(dataset)) if rows is None else rows)]
    return torch.stack([one for one, _ in held]), torch.tensor([label for _, label in held])


def run_code(code: str) -> dict[str, Any]:
    """The names that a user's script defines, without weights of elsewhere."""
    space: dict[str, Any] = {"__name__": "theirs"}
    exec(code.replace("pretrained=True", "pretrained=False").replace('weights="DEFAULT"', "weights=None"), space)
    return space
