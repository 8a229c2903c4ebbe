import torch
from torch import nn

from seewhy.methods.layers import rising_layers

IMAGES = torch.rand(1, 3, 32, 32)


class Pyramid(nn.Module):
    """32 -> 16 -> 8 -> 4 and back to 16, with a branch that begins at 8 again, and an answer at 32."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList(nn.Conv2d(3 if k == 0 else 4, 4, 3, 2, 1) for k in range(3))
        self.middle = nn.Conv2d(4, 4, 1)
        self.low, self.high = (nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 1)) for _ in range(2))
        self.branch = nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2))
        self.head = nn.Sequential(nn.Conv2d(4, 2, 1), nn.Upsample(scale_factor=2))

    def forward(self, x):
        for one in self.down:
            x = one(x)
        return self.head(self.branch(self.high(self.low(self.middle(x)))))


def test_layers_rise_from_the_coarsest_and_leave_out_the_answer():
    assert rising_layers(Pyramid().eval(), IMAGES) == ["middle", "low", "high"]
    assert rising_layers(Pyramid().eval(), IMAGES, 2) == ["middle", "low"]


def test_where_nothing_gets_finer_the_depths_are_given():
    net = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert rising_layers(net.eval(), IMAGES) == ["0", "1"]
