"""The demonstration's own network, named in params.yaml as a user names theirs."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Convolution, batch norm, ReLU, halved by max pooling."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outside)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inside, h, w) -> (n, outside, h / 2, w / 2)."""
        return self.pool(torch.relu(self.norm(self.conv(x))))


class CustomCNN(nn.Module):
    """Four blocks, global average pooling, two linear layers. 80 pixels in give maps of 5 x 5 cells at `block4`."""

    def __init__(self, num_classes: int = 2):
        super().__init__()
        self.block1 = Block(3, 32)
        self.block2 = Block(32, 64)
        self.block3 = Block(64, 128)
        self.block4 = Block(128, 192)
        self.hidden = nn.Linear(192, 64)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(64, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) -> logits (n, num_classes)."""
        x = self.block4(self.block3(self.block2(self.block1(x))))
        return self.head(self.dropout(torch.relu(self.hidden(x.mean((2, 3))))))
