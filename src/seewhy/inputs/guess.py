"""Which known network a checkpoint's weights belong to, by their names and shapes alone; no weights are made."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch

from seewhy.errors import SeewhyError
from seewhy.inputs.architecture import empty_network
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.weights import COUNTER, Shape, possible_prefixes

TORCHVISION = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "wide_resnet50_2", "efficientnet_b0"),
    *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "vgg16", "vgg16_bn", "vgg19", "alexnet"),
    *("squeezenet1_1", "densenet121", "convnext_tiny", "vit_b_16", "swin_t"),
)
TIMM = (
    *("efficientnet_b0", "tf_efficientnet_b0", "tf_efficientnet_lite0", "mobilenetv3_large_100", "mobilenetv2_100"),
    *("convnext_tiny", "vit_small_patch16_224", "vit_base_patch16_224", "swin_tiny_patch4_window7_224"),
)
SMP = ("FPN", "Unet", "UnetPlusPlus", "DeepLabV3", "DeepLabV3Plus", "Linknet", "MAnet", "PAN", "PSPNet")
ENCODERS = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "efficientnet-b0", "mobilenet_v2"),
    *("timm-tf_efficientnet_lite0", "densenet121", "vgg16"),
)
NAMES = ("MODEL_NAME", "model_name", "arch", "architecture", "model", "backbone")  # where a config says it itself
HEAD = 1009  # of classes in the candidates: as long as no layer of any network, so that it marks the head


@dataclass(frozen=True)
class Guess:
    """A network that the weights may be of: `matched` of its `total` tensors are there, under `prefix`."""

    architecture: str
    arguments: dict[str, Any]
    prefix: str
    matched: int
    total: int
    classes: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the whole network is there."""
        return self.matched == self.total


def guess_networks(checkpoint: Checkpoint) -> list[Guess]:
    """The networks that fit best, all alike well, the one that the config names first; none below half a network."""
    shapes = {key: tuple(value.shape) for key, value in checkpoint.weights.items() if not key.endswith(COUNTER)}
    found: list[Guess] = []
    for names, arguments in _candidate_groups(checkpoint, shapes):
        found += [_compare_network(name, arguments, shapes) for name in names]
        if any(one.is_exact for one in found):
            break
    best = max(found, key=lambda one: (one.matched / one.total, one.total))
    if best.matched * 2 < best.total:
        return []
    return [one for one in found if (one.matched, one.total) == (best.matched, best.total)]


def _candidate_groups(
    checkpoint: Checkpoint, shapes: Mapping[str, Shape]
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Architectures to be tried together, and their arguments; what the config names comes first."""
    told = [name for key in NAMES if isinstance(name := checkpoint.config.get(key), str)]
    if any("segmentation_head." in key for key in shapes):
        encoder = _likeliest_encoder(checkpoint.config.get("encoder_name"), shapes)
        yield [f"smp:{name}" for name in dict.fromkeys([*told, *SMP])], {"encoder_name": encoder}
        return
    yield [f"{zoo}:{name}" for name in told for zoo in ("torchvision", "timm")], {}
    yield [f"torchvision:{name}" for name in TORCHVISION], {}
    yield [f"timm:{name}" for name in TIMM], {}


def _likeliest_encoder(told: Any, shapes: Mapping[str, Shape]) -> str:
    """The encoder that most of the weights are of; the one that the config tells, if it does."""
    if isinstance(told, str):
        return told
    found = [_compare_network("smp:FPN", {"encoder_name": name}, shapes) for name in ENCODERS]
    return max(found, key=lambda one: one.matched).arguments["encoder_name"]


def _compare_network(architecture: str, arguments: dict[str, Any], shapes: Mapping[str, Shape]) -> Guess:
    own = _network_shapes(architecture, **arguments)
    guesses = [_fit_under_prefix(prefix, own, shapes) for prefix in possible_prefixes(own, shapes)]
    prefix, matched, classes = max(guesses, key=lambda one: one[1])
    return Guess(architecture, arguments, prefix, matched, max(1, len(own)), classes)


@cache
def _network_shapes(architecture: str, **arguments: Any) -> dict[str, Shape]:
    """Shapes of that network's weights; none for a name that is none, or a net that needs values to be made."""
    with suppress(SeewhyError), warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # smp's on encoders of old, which old files have
        model = empty_network(architecture, HEAD, arguments, Checkpoint({}, ""), Path(), "")
        return {key: tuple(value.shape) for key, value in model.state_dict().items() if not key.endswith(COUNTER)}
    return {}


def _fit_under_prefix(
    prefix: str, own: Mapping[str, Shape], shapes: Mapping[str, Shape]
) -> tuple[str, int, int | None]:
    """Tensors that fit under that prefix, and the number of classes that its head has; None where the file's head goes
    on behind it."""
    ends = [key for key, shape in own.items() if shape[:1] == (HEAD,) and prefix + key in shapes]
    heads = [shapes[prefix + key][:1] for key in ends]
    count = heads[0] if heads else (HEAD,)
    fitted = {key: (*count, *shape[1:]) if shape[:1] == (HEAD,) else shape for key, shape in own.items()}
    matched = sum(shapes.get(prefix + key) == shape for key, shape in fitted.items())
    parts = tuple(f"{prefix}{key.partition('.')[0]}." for key in ends)
    deeper = any(key.startswith(parts) and key.removeprefix(prefix) not in own for key in shapes)
    return prefix, matched, count[0] if heads and not deeper else None
