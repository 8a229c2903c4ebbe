"""The demonstration's networks, named in params.yaml as a user names theirs."""

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


class PyEmotionNet(nn.Module):
    """The network of the package PyEmotion 1.0.0: four convolutions, flattened, two linear layers, a sigmoid a class.

    Names are those of its weights. 48 grey pixels in give maps of 6 x 6 cells at `conv_4`; another size does not fit.
    """

    def __init__(self, num_classes: int = 7):
        super().__init__()
        self.conv_1 = _mirrored_convolution(1, 32, stride=1)
        self.conv_2 = _mirrored_convolution(32, 64)
        self.conv_3 = _mirrored_convolution(64, 128)
        self.conv_4 = _mirrored_convolution(128, 256)
        hidden = nn.Linear(256 * 6 * 6, 256)
        self.linear = nn.Sequential(hidden, nn.ReLU(inplace=True), nn.Linear(256, num_classes), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 48, 48) -> (n, num_classes), each 0..1; they need not add up to 1."""
        return self.linear(self.conv_4(self.conv_3(self.conv_2(self.conv_1(x)))).flatten(1))


def _mirrored_convolution(inside: int, outside: int, stride: int = 2) -> nn.Sequential:
    """Mirrored border, convolution, batch norm, ReLU."""
    conv = nn.Conv2d(inside, outside, 3, stride)
    return nn.Sequential(nn.ReflectionPad2d(1), conv, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))
