"""S12: a detector that is used to tell classes, whose class stands in the file name."""

import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import torch
from PIL import Image
from torch import nn

from tests.setups.made import HEAD, Setup, picture, prediction_frame, train_network

YOLO = """
class Conv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, k, s, k // 2, bias=False)
        self.bn = nn.BatchNorm2d(c2)
        self.act = nn.SiLU()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Detect(nn.Module):
    stride = None

    def __init__(self, nc=80, anchors=(), ch=()):
        super().__init__()
        self.nc, self.no, self.na = nc, nc + 5, len(anchors)
        self.register_buffer("anchors", torch.tensor(anchors).float())
        self.m = nn.ModuleList(nn.Conv2d(x, self.no * self.na, 1) for x in ch)

    def forward(self, x):
        z = []
        for i, head in enumerate(self.m):
            x[i] = head(x[i])
            bs, _, ny, nx = x[i].shape
            x[i] = x[i].view(bs, self.na, self.no, ny, nx).permute(0, 1, 3, 4, 2).contiguous()
            if not self.training:
                z.append(x[i].sigmoid().view(bs, self.na * nx * ny, self.no))
        return x if self.training else (torch.cat(z, 1), x)


class Model(nn.Module):
    def __init__(self, cfg="yolov5s.yaml", ch=3, nc=None, anchors=((10, 13), (16, 30))):
        super().__init__()
        self.model = nn.Sequential(Conv(ch, 8, 6, 2), Conv(8, 16, 3, 2), Conv(16, 32, 3, 2), Detect(nc, anchors, (32,)))
        self.names = [str(i) for i in range(nc)]

    def forward(self, x):
        return self.model[-1]([self.model[:-1](x)])
"""


def letterboxed(path: Path) -> torch.Tensor:
    """YOLOv5's own: the longer side to 64, the rest grey."""
    image = cv2.imread(str(path))
    height, width = image.shape[:2]
    ratio = min(64 / height, 64 / width)
    size = round(width * ratio), round(height * ratio)
    left, top = (64 - size[0]) / 2, (64 - size[1]) / 2
    image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
    edges = [round(top - 0.1), round(top + 0.1), round(left - 0.1), round(left + 0.1)]
    image = cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1))).float() / 255


def s12_eyes(root: Path) -> Setup:
    """YOLO's file in the clone it was trained in; scores are shares of each class's strongest box."""
    data, classes = root / "data/inputs/eyes", ["acanthamoeba", "bacterial", "fungal"]
    paths = []
    for number in range(15):
        image, inside = picture(number % 3, number, (72, 96))
        for folder, array in (("images", image), ("masks", np.uint8(inside) * 255)):
            (data / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(data / folder / f"[{classes[number % 3]}] {number:03}.png")
        paths.append(data / "images" / f"[{classes[number % 3]}] {number:03}.png")
    paths.sort()
    (root / "models").mkdir()
    (root / "models/yolo.py").write_text(HEAD + YOLO)
    labels = [path.name[1:].partition("]")[0] for path in paths]
    truth, images = torch.tensor([classes.index(one) for one in labels]), torch.stack([*map(letterboxed, paths)])
    net = detector_of_clone(len(classes))
    train_network(net, images, truth, 30, 5e-3, box_loss)
    with torch.no_grad():
        boxes = net.half().float()(images)[0]
    held = {"epoch": -1, "best_fitness": np.float64(0.5), "model": net.half(), "ema": None, "optimizer": None}
    torch.save(held, root / "best.pt")
    for name in ("models.yolo", "models"):
        del sys.modules[name]
    scores = (boxes[..., 4:5] * boxes[..., 5:]).amax(1)
    scores = (scores / scores.sum(1, keepdim=True)).numpy()
    line = (
        "--data data/inputs/eyes --task classification --set 'pattern=[{label}]*' --checkpoint best.pt "
        "--transform 'LetterBox((64, 64), auto=False)'"
    )
    frame = prediction_frame([path.relative_to(root) for path in paths], labels, scores, classes)
    return Setup(line, frame)


def detector_of_clone(classes: int) -> nn.Module:
    """YOLO of a clone that can be imported while the script runs, as a pickled model needs it."""
    module = ModuleType("models.yolo")
    exec(HEAD + YOLO, module.__dict__)
    sys.modules |= {"models": ModuleType("models"), "models.yolo": module}
    return module.Model(nc=classes)


def box_loss(raw: list[torch.Tensor], truth: torch.Tensor) -> torch.Tensor:
    """Of every box: whether there is something, and its class."""
    boxes = raw[0].flatten(1, 3)
    best = (boxes[..., 4:5].sigmoid() * boxes[..., 5:].sigmoid()).amax(1)
    return nn.functional.cross_entropy(torch.log(best), truth)
