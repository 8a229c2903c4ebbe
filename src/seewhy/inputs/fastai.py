"""Networks as fastai's `vision_learner` and `cnn_learner` make them: a torchvision body and a head of their own.

Source: `create_body` and `create_head` of fastai 1 and 2 (Howard & Gugger 2020, arXiv:2002.04688), which is not needed.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.errors import SeewhyError, unknown_name


class AdaptiveConcatPool2d(nn.Module):
    """Largest values and means over the map, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.ap, self.mp = nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 2c 1 1"]:
        """(n, 2 c, 1, 1): the largest first."""
        return torch.cat([self.mp(x), self.ap(x)], 1)


def learner_network(name: str, weights: Mapping[str, Tensor], where: str) -> nn.Module:
    """Sequential(body of torchvision's `name`, head), with the head's sizes from the weights.

    Raises SeewhyError for a name that torchvision does not have, and for weights that are no such head's.
    """
    from torchvision import models

    if name not in models.list_models():
        raise unknown_name("architecture", f"fastai:{name}", [f"fastai:{one}" for one in models.list_models()], where)
    parts = dict(models.get_model(name, weights=None).named_children())
    last = next((key for key in ("avgpool", "classifier", "fc") if key in parts), None)
    names = list(parts)
    body = nn.Sequential(*(parts[key] for key in names[: names.index(last)] if last))
    prefix = next((key.removesuffix("1.2.running_mean") for key in weights if key.endswith("1.2.running_mean")), None)
    if prefix is None:
        raise SeewhyError(f"{where}: the weights have no head as fastai makes it (1.2 a norm, 1.4 and 1.8 linear)")
    head = {key.removeprefix(f"{prefix}1."): value for key, value in weights.items() if key.startswith(f"{prefix}1.")}
    return nn.Sequential(body, nn.Sequential(*_learner_head(head)))


def _learner_head(weights: Mapping[str, Tensor]) -> list[nn.Module]:
    """Pool, flatten, then norm, dropout and linear layer for each size, with ReLU between."""
    layers: list[nn.Module] = [AdaptiveConcatPool2d(), nn.Flatten()]
    linear = sorted(int(key.partition(".")[0]) for key, value in weights.items() if value.ndim == 2)
    for place in linear:
        outputs, inputs = weights[f"{place}.weight"].shape
        layers += [nn.BatchNorm1d(inputs), nn.Dropout()]
        layers.append(nn.Linear(inputs, outputs, bias=f"{place}.bias" in weights))
        layers += [nn.ReLU()] if place != linear[-1] else []
    return layers
