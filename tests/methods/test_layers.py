import torch
from torch import nn

from seewhy.engine.layers import depth_layers, rising_layers

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


class Listed(nn.Module):
    """An encoder whose list of features begins with the image, as those of segmentation_models_pytorch do."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1)

    def forward(self, x):
        half = self.first(x)
        return [x, half, self.second(half)]


class Last(nn.Module):
    """Reads the last of these features; the answer has the image's size."""

    def __init__(self):
        super().__init__()
        self.encoder, self.head = Listed(), nn.Sequential(nn.Conv2d(4, 2, 1), nn.Upsample(scale_factor=4))

    def forward(self, x):
        return self.head(self.encoder(x)[-1])


def test_neither_the_image_handed_on_nor_the_answer_is_a_layer():
    assert depth_layers(Last().eval(), IMAGES) == ["encoder.first", "head.0"]
    assert depth_layers(Last().eval(), IMAGES, own="head.0") == ["encoder.first", "head.0"]
    assert depth_layers(Last().eval(), IMAGES, own="nowhere") == ["encoder.first", "head.0"]


def test_the_studys_own_layer_stands_among_the_stages_in_its_place():
    stages = depth_layers(Pyramid().eval(), IMAGES, 1)
    assert depth_layers(Pyramid().eval(), IMAGES, 1, "down.0") == ["down.0", *stages]


def test_a_border_is_no_layer():
    stages = [
        nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(a, b, 3, 2), nn.ReLU()) for a, b in ((3, 4), (4, 8), (8, 8))
    ]
    net = nn.Sequential(*stages, nn.Flatten(), nn.Linear(8 * 16, 2)).eval()
    assert depth_layers(net, IMAGES, 4) == ["0", "1", "2"]  # and neither "1.0" nor "2.0", which are as large
