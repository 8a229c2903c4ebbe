"""trees-lite0, trees-cnn: two classifiers of aerial tiles, trained for a fixed number of steps from a fixed seed."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import typer
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from demo import lite0
from demo.learning import run_training
from demo.nets import CustomCNN
from demo.settings import Settings
from demo.trees import CLASSES
from seewhy.errors import unknown_name

NETWORKS = {"lite0": lite0.NETWORK, "cnn": CustomCNN.__name__}  # setting -> name written into the checkpoint


@dataclass(frozen=True)
class Recipe(Settings):
    """Settings of one training: `size` of the input in pixels, images a step, steps, peak learning rate."""

    network: str
    size: int
    batch: int
    steps: int
    rate: float
    seed: int

    def __post_init__(self) -> None:
        if self.network not in NETWORKS:
            raise unknown_name("network", self.network, NETWORKS, "a demo entry with recipe training")


def build(entry: dict[str, Any], root: Path) -> None:
    """Trains on the tiles in `entry["from"]` and writes a checkpoint with its validation accuracy to `entry["out"]`."""
    recipe = Recipe.from_entry(entry)
    torch.set_num_threads(2)
    torch.manual_seed(recipe.seed)
    model = _make_network(recipe.network, root).to(memory_format=torch.channels_last)
    images, labels, split = load_tiles(root / entry["from"], root, recipe.size)
    started = time.monotonic()
    train_classifier(model, images[split == "train"], labels[split == "train"], recipe)
    hits = predict_classes(model, images[split == "val"], recipe.batch) == labels[split == "val"]
    accuracy = round(100 * hits.float().mean().item(), 2)
    took = time.monotonic() - started
    typer.echo(f"{recipe.network}: {recipe.steps} steps in {took:.0f} s, validation accuracy {accuracy} %")
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    epochs = round(recipe.steps * recipe.batch / int((split == "train").sum()))
    name = NETWORKS[recipe.network]
    lite0.save_checkpoint(root / entry["out"], weights, name, len(CLASSES), recipe.size, epochs, val_acc=accuracy)


def _make_network(name: str, root: Path) -> nn.Module:
    """Lite0 with ImageNet's weights and a new head, or our own net from scratch."""
    if name == "cnn":
        return CustomCNN(len(CLASSES))
    import timm

    model = timm.create_model(lite0.NETWORK)
    model.load_state_dict(lite0.load_weights(root))
    model.reset_classifier(len(CLASSES))  # type: ignore[operator]
    return model


def load_tiles(
    dataset: Path, root: Path, size: int
) -> tuple[Float[Tensor, "n 3 size size"], Int[Tensor, " n"], np.ndarray]:
    """All tiles of a checked dataset as input (resized, mean and std 0.5), their class indices and splits."""
    frame = pd.read_parquet(dataset)
    photos = [
        np.asarray(Image.open(root / name).convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
        for name in frame["image"]
    ]
    images = torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    labels = torch.tensor([CLASSES.index(name) for name in frame["label"]])
    return images, labels, frame["split"].to_numpy()


def train_classifier(model: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    """Images are turned, flipped and lit at random; classes weigh alike."""
    weight = 1 / torch.bincount(labels).float()

    def batch_loss(random: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (recipe.batch,), generator=random)
        batch = augment_batch(images[chosen], random).contiguous(memory_format=torch.channels_last)
        return functional.cross_entropy(model(batch), labels[chosen], weight / weight.sum(), label_smoothing=0.05)

    run_training(model, recipe, recipe.network, batch_loss)


def augment_batch(batch: Tensor, random: torch.Generator) -> Tensor:
    """Each image turned and flipped at random, lighter or darker by up to 20 %."""
    return vary_brightness(turn_images(batch, random), random)


def turn_images(batch: Float[Tensor, "n c h h"], random: torch.Generator) -> Float[Tensor, "n c h h"]:
    """Each image turned and flipped at random, all channels alike: an aerial tile has no up."""
    turns = torch.randint(4, (len(batch),), generator=random)
    flips = torch.rand(len(batch), generator=random) < 0.5
    moved = [image.rot90(int(turn), (1, 2)) for image, turn in zip(batch, turns, strict=True)]
    return torch.stack([image.flip(2) if flip else image for image, flip in zip(moved, flips, strict=True)])


def vary_brightness(batch: Float[Tensor, "n c h w"], random: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Each image lighter or darker by up to 20 %."""
    light = 1 + 0.4 * (torch.rand(len(batch), 1, 1, 1, generator=random) - 0.5)
    return ((batch + 1) * light - 1).clamp(-1, 1)


def predict_classes(model: nn.Module, images: Tensor, batch: int) -> Int[Tensor, "n ..."]:
    """Class index of each image, or of each pixel."""
    with torch.inference_mode():
        return torch.cat([model(part).argmax(1) for part in images.split(batch)])
