"""Tiny networks with answers that can be worked out by hand."""

import torch
from torch import Tensor, nn


class Pooled(nn.Module):
    """A layer that passes its input on, global average pooling, one linear layer: logit_t = sum_k w_tk mean(A_k)."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.layer = nn.Identity()
        self.head = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        with torch.no_grad():
            self.head.weight.copy_(weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x).mean((2, 3)))


class Small(nn.Module):
    """A convolutional net with batch norm and an in-place ReLU behind the explained layer."""

    def __init__(self, classes: int = 3, output: str = "tensor"):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2))
        self.layer = nn.Conv2d(6, 8, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.mix = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, classes)
        self.output = output

    def forward(self, x: Tensor) -> object:
        x = self.mix(self.act(self.layer(self.stem(x))))
        logits = self.head(x.relu().mean((2, 3)))
        return {"tensor": logits, "tuple": (logits, x), "dict": {"out": logits, "aux": x}}[self.output]


def small(seed: int = 0, **options: object) -> Small:
    torch.manual_seed(seed)
    return Small(**options).eval()  # type: ignore[arg-type]


def close(found: Tensor, expected: Tensor, share: float = 1e-4) -> None:
    """Equal to a share of the largest value expected: maps are small numbers, an absolute tolerance says nothing."""
    assert found.shape == expected.shape
    largest = float(expected.abs().max())
    assert largest > 0
    assert float((found - expected).abs().max()) <= share * largest
