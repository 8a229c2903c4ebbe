"""crowns-fpn: a feature pyramid network on EfficientNet-Lite0, trained here, saved as Lightning saves its modules.

A `.ckpt` of Lightning holds more than a network: every key of it stands behind `model.`, the loss's class weights and
the module's own `mean` and `std` lie beside, and so do the arguments it was made with.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from jaxtyping import Float, Int
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from demo import lite0, training
from demo.crowns import CLASSES
from demo.files import write_checkpoint
from demo.learning import run_training
from demo.settings import Settings
from seewhy.config import artifacts

ENCODER = "timm-tf_efficientnet_lite0"
ARGUMENTS = {"decoder_pyramid_channels": 96, "decoder_segmentation_channels": 64}  # small: trained in a minute and half


@dataclass(frozen=True)
class Recipe(Settings):
    """Settings of one training: images a step, steps, peak learning rate."""

    batch: int
    steps: int
    rate: float
    seed: int


def build(entry: dict[str, Any], root: Path) -> None:
    """Trains on the images and masks of the dataset table `entry["from"]`; writes a checkpoint to `entry["out"]`."""
    recipe = Recipe.from_entry(entry)
    torch.set_num_threads(2)
    torch.manual_seed(recipe.seed)
    images, masks, split = load_tiles(root / entry["from"], root)
    model = build_network(root).to(memory_format=torch.channels_last)
    weight = class_weights(masks[split == "train"])
    started = time.monotonic()
    train_network(model, images[split == "train"], masks[split == "train"], weight, recipe)
    found = class_overlaps(training.predict_classes(model, images[split == "val"], recipe.batch), masks[split == "val"])
    took = time.monotonic() - started
    told = ", ".join(f"{name} {value:.2f}" for name, value in zip(CLASSES, found.tolist(), strict=True))
    typer.echo(f"fpn: {recipe.steps} steps in {took:.0f} s, validation IoU {told}")
    epoch = round(recipe.steps * recipe.batch / int((split == "train").sum()))
    save_checkpoint(root / entry["out"], model, weight, epoch, recipe.steps)


def build_network(root: Path) -> nn.Module:
    """The pyramid with the ImageNet weights of Lite0 in its encoder."""
    import segmentation_models_pytorch as smp

    model = smp.FPN(ENCODER, encoder_weights=None, classes=len(CLASSES), **ARGUMENTS)
    model.encoder.load_state_dict(lite0.load_weights(root))  # smp's encoders leave the classifier's two tensors out
    return model


def load_tiles(table: Path, root: Path) -> tuple[Float[Tensor, "n 3 h w"], Int[Tensor, "n h w"], np.ndarray]:
    """All tiles of a dataset as input (mean and std 0.5), their class indices and splits."""
    frame, _ = artifacts.read_table(table, artifacts.dataset_stage(table.stem))
    photos, masks = (np.stack([np.asarray(Image.open(root / name)) for name in frame[k]]) for k in ("image", "mask"))
    images = torch.from_numpy(photos).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    return images, torch.from_numpy(masks).long(), frame["split"].to_numpy()


def class_weights(masks: Int[Tensor, "n h w"]) -> Float[Tensor, " k"]:
    """Rare classes weigh more, by the root of their rarity: weights inverse to area paint crowns over everything."""
    weight = torch.bincount(masks.flatten(), minlength=len(CLASSES)).float().rsqrt()
    return weight / weight.sum() * len(CLASSES)


def train_network(model: nn.Module, images: Tensor, masks: Tensor, weight: Tensor, recipe: Recipe) -> None:
    """Tiles are turned, flipped and lit at random."""

    def batch_loss(random: torch.Generator) -> Tensor:
        chosen = torch.randint(len(images), (recipe.batch,), generator=random)
        batch, truth = augment_tiles(images[chosen], masks[chosen], random)
        return functional.cross_entropy(model(batch.contiguous(memory_format=torch.channels_last)), truth, weight)

    run_training(model, recipe, "fpn", batch_loss)


def augment_tiles(images: Tensor, masks: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each tile turned and flipped at random together with its mask, then lit as in the other trainings."""
    both = training.turn_images(torch.cat([images, masks[:, None].float()], 1), random)
    return training.vary_brightness(both[:, :3], random), both[:, 3].long()


def class_overlaps(found: Int[Tensor, "n h w"], true: Int[Tensor, "n h w"]) -> Float[Tensor, " k"]:
    """IoU of each class over all pixels."""
    both = [((found == k) & (true == k)).sum() / ((found == k) | (true == k)).sum() for k in range(len(CLASSES))]
    return torch.stack(both)


def save_checkpoint(path: Path, model: nn.Module, weight: Tensor, epoch: int, step: int) -> None:
    """A checkpoint as Lightning leaves it."""
    state = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
    state |= {"ce_loss.weight": weight}
    state |= {
        name: torch.tensor(values).view(1, 3, 1, 1) for name, values in (("mean", lite0.MEAN), ("std", lite0.STD))
    }
    content = {
        "epoch": epoch,
        "global_step": step,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": state,
        "hyper_parameters": {"arch": "FPN", "encoder_name": ENCODER, "in_channels": 3, "out_classes": len(CLASSES)}
        | ARGUMENTS,
    }
    write_checkpoint(path, content)
