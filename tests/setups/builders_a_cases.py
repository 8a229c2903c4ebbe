"""What people have that used to go wrong in silence: one logit, several outputs, EMA weights, lying photos, numbers."""

from argparse import Namespace
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image, ImageOps
from torchvision import datasets, transforms

from tests.setups.builders_a_masks import region_frame
from tests.setups.made import HEAD, Setup, batch_of, class_tree, folder_frame, picture, run_code, train_network
from tests.setups.own_networks import UNET

NETS = """
class Net(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 12, 5, 2, 2), nn.BatchNorm2d(12), nn.ReLU(),
                                      nn.Conv2d(12, 24, 3, 2, 1), nn.BatchNorm2d(24), nn.ReLU())
        self.fc = nn.Linear(24, num_classes)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class WithFeatures(Net):
    def forward(self, x):
        pooled = self.features(x).mean((2, 3))
        return pooled, self.fc(pooled)
"""
READ = transforms.Compose([transforms.Resize((40, 40)), transforms.ToTensor()])
LINE = "--transform 'transforms.Compose([transforms.Resize((40, 40)), transforms.ToTensor()])'"


def trained_net(root: Path, samples, outputs: int, name: str = "Net", loss=None):
    """The user's network in net.py, trained on these samples."""
    (root / "net.py").write_text(HEAD + NETS)
    return train_network(run_code(HEAD + NETS)[name](outputs), *batch_of(samples), steps=40, rate=5e-3, loss=loss)


def one_logit(root: Path) -> Setup:
    """Two class folders, BCE: the one output speaks for the second class."""
    data = datasets.ImageFolder(class_tree(root / "data/inputs/lungs", ["healthy", "ill"], 6), READ)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    net = trained_net(root, data, 1, loss=lambda out, y: bce(out[:, 0], y.float()))
    torch.save(net.state_dict(), root / "net.pth")
    with torch.no_grad():
        ill = net(batch_of(data)[0]).sigmoid().numpy()
    frame = folder_frame(data, root, np.concatenate([1 - ill, ill], 1))
    return Setup(f"--data data/inputs/lungs --checkpoint net.pth --architecture net.py:Net {LINE}", frame)


def features_and_logits(root: Path) -> Setup:
    """The features come first; their number is not that of the classes."""
    data = datasets.ImageFolder(class_tree(root / "data/inputs/things", ["a", "b", "c"], 4), READ)
    loss = torch.nn.functional.cross_entropy
    net = trained_net(root, data, 3, "WithFeatures", lambda out, y: loss(out[1], y))
    torch.save({"net": net.state_dict()}, root / "net.pth")
    with torch.no_grad():
        scores = net(batch_of(data)[0])[1].softmax(1).numpy()
    line = f"--data data/inputs/things --checkpoint net.pth --architecture net.py:WithFeatures {LINE}"
    return Setup(line, folder_frame(data, root, scores))


def ema_of_timm(root: Path) -> Setup:
    """timm's training file: the means of the weights are meant, and its arguments are the preprocessing."""
    tree = class_tree(root / "data/inputs/things", ["a", "b"], 5)
    data = datasets.ImageFolder(tree, timm.data.create_transform(
        (3, 48, 48), mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.8, interpolation="bicubic"))  # fmt: skip
    net = train_network(timm.create_model("test_efficientnet", num_classes=2), *batch_of(data), steps=8, rate=3e-3)
    live = {
        key: value + 0.3 * torch.randn_like(value) if value.ndim > 1 else value
        for key, value in net.state_dict().items()
    }
    args = Namespace(model="test_efficientnet", num_classes=2, img_size=48, mean=[0.5] * 3, std=[0.5] * 3, crop_pct=0.8,
                     interpolation="bicubic", model_ema=True)  # fmt: skip
    held = {
        "epoch": 12,
        "arch": "test_efficientnet",
        "state_dict": live,
        "state_dict_ema": net.state_dict(),
        "args": args,
    }
    torch.save(held, root / "model_best.pth.tar")
    with torch.no_grad():
        scores = net(batch_of(data)[0]).softmax(1).numpy()
    return Setup("--data data/inputs/things --checkpoint model_best.pth.tar", folder_frame(data, root, scores))


def numbers_and_lying_photos(root: Path) -> Setup:
    """Class folders 1, 10, 2; photos that EXIF turns, which the user's loader turns, too."""
    names = ["1", "10", "2"]
    for kind, name in enumerate(names):
        for number in range(4):
            exif = Image.Exif()
            exif[0x0112] = 6
            path = root / f"data/inputs/numbers/{name}/{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture(kind, number)[0]).rotate(90, expand=True).save(path, exif=exif, quality=95)
    loader = lambda path: ImageOps.exif_transpose(Image.open(path)).convert("RGB")  # noqa: E731 (as users write it)
    data = datasets.ImageFolder(root / "data/inputs/numbers", READ, loader=loader)
    net = trained_net(root, data, 3)
    torch.save(net.state_dict(), root / "net.pth")
    with torch.no_grad():
        scores = net(batch_of(data)[0]).softmax(1).numpy()
    line = f"--data data/inputs/numbers --checkpoint net.pth --architecture net.py:Net {LINE}"
    return Setup(line, folder_frame(data, root, scores))


def mask_of_one_channel(root: Path) -> Setup:
    """Masks of 0 and 255, and a network with one output channel."""
    data, images, masks, names = root / "data/inputs/lungs", [], [], []
    for number in range(8):
        image, inside = picture(2, number, (40, 40))
        for folder, array in (("images", image), ("masks", np.uint8(inside) * 255)):
            (data / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(data / folder / f"{number}.png")
        images.append(READ(Image.fromarray(image)))
        masks.append(torch.tensor(inside))
        names.append(f"data/inputs/lungs/images/{number}.png")
    (root / "unet.py").write_text(HEAD + UNET)
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    net = run_code(HEAD + UNET)["UNet"](1)
    train_network(net, torch.stack(images), torch.stack(masks), 12, 1e-2, lambda out, y: bce(out[:, 0], y.float()))
    torch.save({"epoch": 3, "model_state": net.state_dict()}, root / "unet.pth")
    with torch.no_grad():
        lung = net(torch.stack(images)).sigmoid()
    frame = region_frame(names, torch.cat([1 - lung, lung], 1), torch.stack(masks).long(), ["background", "lung"])
    line = (
        f"--data data/inputs/lungs --classes background,lung --checkpoint unet.pth --architecture unet.py:UNet {LINE}"
    )
    return Setup(line, frame)


SETUPS = {
    "mask of one channel": mask_of_one_channel,
    "one logit": one_logit,
    "features and logits": features_and_logits,
    "ema of timm": ema_of_timm,
    "numbers and lying photos": numbers_and_lying_photos,
}
