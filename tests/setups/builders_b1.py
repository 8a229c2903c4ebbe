"""Setups of class folders: fastai, a split by a seed, wrappers round zoo networks, a deeper head, timm."""

from pathlib import Path

import torch
from torch import nn
from torch.utils.data import random_split
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

from tests.setups.made_b import (
    INPUTS,
    MEAN,
    STD,
    Setup,
    class_folders,
    fit,
    folder_rows,
    in_order,
    run_code,
    save_picture,
    stacked,
)

HEAD = "import timm\nimport torch\nfrom torch import nn\nfrom torchvision import models, transforms\n"


def s24_fundus_fastai(root: Path) -> Setup:
    """fastai 1: `learn.save` of a `cnn_learner`; pictures that have the size already, which fastai 1 leaves alone."""
    folder = root / INPUTS / "fundus"
    names = ["amd", "cataract", "diabetes", "glaucoma", "myopia", "normal"]
    for split, each, first in (("train", 3, 0), ("valid", 2, 50)):
        for kind, name in enumerate(names):
            for number in range(first, first + each):
                save_picture(folder / split / name / f"{number}.png", kind, number, (48, 48))
    net = _learner(len(names))
    own = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    fit(net, *stacked(ImageFolder(folder / "train", own)), only=net[1])
    torch.save({"model": net.state_dict(), "opt": {"state": {}, "param_groups": []}}, root / INPUTS / "stage-2.pth")
    line = "ImageDataBunch.from_folder(path, ds_tfms=get_transforms(), size=48).normalize(imagenet_stats)"
    words = ["--data", f"{INPUTS}/fundus", "--checkpoint", f"{INPUTS}/stage-2.pth", "--architecture", "fastai:resnet18",
             "--transform", line]  # fmt: skip
    return Setup(words, folder_rows(net, ImageFolder(folder / "valid", own), root))


def _learner(classes: int) -> nn.Module:
    """`create_body` and `create_head` of fastai 1: linear layers with a bias."""

    class Pool(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([x.amax((2, 3), keepdim=True), x.mean((2, 3), keepdim=True)], 1)

    body = nn.Sequential(*list(models.resnet18(weights=None).children())[:-2])
    head = [Pool(), nn.Flatten(), nn.BatchNorm1d(1024), nn.Dropout(0.25), nn.Linear(1024, 512), nn.ReLU()]
    return nn.Sequential(body, nn.Sequential(*head, nn.BatchNorm1d(512), nn.Dropout(), nn.Linear(512, classes)))


def s29_waste_by_seed(root: Path) -> Setup:
    """A tree that scikit-learn splits in two steps into Subsets; a resnet with dropout before its last layer."""
    from sklearn.model_selection import train_test_split

    folder = root / INPUTS / "waste"
    class_folders(folder, ["glass", "metal", "paper", "plastic", "trash"], 6)
    own = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    whole = ImageFolder(folder, own)
    indices, targets = list(range(len(whole))), whole.targets
    train_idx, temp_idx = train_test_split(indices, test_size=0.4, stratify=targets, random_state=42)
    kinds = [targets[i] for i in temp_idx]
    _, test_idx = train_test_split(temp_idx, test_size=0.5, stratify=kinds, random_state=42)
    net = models.resnet18(weights=None)
    net.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 5))
    fit(net, *stacked(whole, train_idx), only=net.fc)
    torch.save({"epoch": 3, "model_state_dict": net.state_dict(), "val_acc": 0.93}, root / INPUTS / "best.pth")
    split = (
        "indices = list(range(len(whole))); targets = whole.targets; "
        "train_idx, temp_idx = train_test_split(indices, test_size=0.4, stratify=targets, random_state=42); "
        "val_idx, test_idx = train_test_split(temp_idx, test_size=0.5, stratify=[targets[i] for i in temp_idx], "
        "random_state=42)"
    )
    line = f"transforms.Compose([Resize((48, 48)), ToTensor(), Normalize({MEAN}, {STD})])"
    words = ["--data", f"{INPUTS}/waste", "--checkpoint", f"{INPUTS}/best.pth", "--architecture",
             "torchvision:resnet18", "--transform", line, "--split", split]  # fmt: skip
    return Setup(words, folder_rows(net, whole, root, test_idx))


S35_CODE = (
    HEAD
    + """
IMG_SIZE = 64


class SkinNet(nn.Module):
    def __init__(self, num_classes=7):
        super().__init__()
        self.backbone = models.efficientnet_b0(weights="DEFAULT")
        features = self.backbone.classifier[1].in_features
        self.backbone.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(features, num_classes))

    def forward(self, x):
        return self.backbone(x)


if __name__ == "__main__":
    full = datasets.ImageFolder("HAM10000")
    train(SkinNet(len(full.classes)), full)
"""
)


def s35_skin_wrapper(root: Path) -> Setup:
    """A class of one's own round efficientnet_b0, a bare state_dict, one tree split by torch with a seed."""
    folder = root / INPUTS / "ham10000"
    class_folders(folder, ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"], 4)
    (root / "train.py").write_text(S35_CODE)
    own = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    whole = ImageFolder(folder, own)
    sizes = [int(0.7 * len(whole)), int(0.15 * len(whole))]
    sizes.append(len(whole) - sum(sizes))
    train_set, _, test_set = random_split(whole, sizes, generator=torch.Generator().manual_seed(42))
    net = run_code(S35_CODE)["SkinNet"]()
    fit(net, *stacked(whole, train_set.indices), only=net.backbone.classifier)
    torch.save(net.state_dict(), root / INPUTS / "best_model.pth")
    split = (
        "n_train = int(0.7 * len(full)); n_val = int(0.15 * len(full)); n_test = len(full) - n_train - n_val; "
        "train_set, val_set, test_set = random_split(full, [n_train, n_val, n_test], "
        "generator=torch.Generator().manual_seed(42))"
    )
    line = f"T.Compose([T.Resize((48, 48)), T.ToTensor(), T.Normalize(mean={MEAN}, std={STD})])"
    words = ["--data", f"{INPUTS}/ham10000", "--checkpoint", f"{INPUTS}/best_model.pth", "--architecture",
             "train.py:SkinNet", "--transform", line, "--split", split]  # fmt: skip
    return Setup(words, folder_rows(net, whole, root, test_set.indices))


def s37_plants_half_of_val(root: Path) -> Setup:
    """Half of val/ is the test set, by a seed; the checkpoint tells class names and the network's name."""
    folder = root / INPUTS / "plantvillage"
    names = ["Apple___Apple_scab", "Apple___healthy", "Corn_(maize)___healthy", "Tomato___healthy"]
    class_folders(folder / "train", names, 3, ending="JPG")
    class_folders(folder / "val", names, 5, first=50, ending="JPG")
    own = transforms.Compose(
        [transforms.Resize(56), transforms.CenterCrop(48), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    val = ImageFolder(folder / "val", own)
    half = len(val) // 2
    _, test = random_split(val, [half, len(val) - half], generator=torch.Generator().manual_seed(7))
    net = models.efficientnet_b0(weights=None)
    net.classifier = nn.Sequential(nn.Dropout(0.3), nn.Linear(1280, len(names)))
    fit(net, *stacked(ImageFolder(folder / "train", own)), only=net.classifier)
    facts = {"epoch": 4, "validation_accuracy": 0.99, "class_names": val.classes, "model_name": "efficientnet_b0"}
    torch.save({"model_state_dict": net.state_dict()} | facts, root / INPUTS / "plants.pt")
    line = (
        "transforms.Compose([transforms.Resize(56), transforms.CenterCrop(48), transforms.ToTensor(), "
        f"transforms.Normalize(mean={MEAN}, std={STD})])"
    )
    split = (
        "half = len(val) // 2; "
        "val, test = random_split(val, [half, len(val) - half], generator=torch.Generator().manual_seed(7))"
    )
    words = ["--data", f"{INPUTS}/plantvillage/val", "--checkpoint", f"{INPUTS}/plants.pt", "--transform", line,
             "--split", split]  # fmt: skip
    return Setup(words, folder_rows(net, val, root, test.indices))


S38_CODE = (
    HEAD
    + """
class MobileBlock(nn.Module):
    def __init__(self, channels, dim):
        super().__init__()
        self.local = nn.Sequential(nn.Conv2d(channels, dim, 3, 2, 1), nn.BatchNorm2d(dim), nn.SiLU())
        self.mixer = nn.TransformerEncoderLayer(dim, 2, 2 * dim, batch_first=True)

    def forward(self, x):
        x = self.local(x)
        tokens = self.mixer(x.flatten(2).transpose(1, 2))
        return tokens.transpose(1, 2).reshape(x.shape)


class DinoMobile(nn.Module):
    def __init__(self, num_classes, dim=16):
        super().__init__()
        self.dino = timm.create_model("test_vit", pretrained=True, num_classes=0, img_size=48)
        self.mobile = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), MobileBlock(8, dim))
        self.head = nn.Linear(self.dino.num_features + dim, num_classes)

    def forward(self, x):
        return self.head(torch.cat([self.dino(x), self.mobile(x).mean((2, 3))], 1))
"""
)


def s38_leaves_dino(root: Path) -> Setup:
    """A class over a ViT and a convolutional branch with attention; `model` and `meta` in the checkpoint."""
    folder = root / INPUTS / "leaves"
    names = ["rust", "blight", "healthy"]
    for split, each, first in (("train", 5, 0), ("val", 2, 30), ("test", 4, 60)):
        class_folders(folder / split, names, each, first)
    (root / "models.py").write_text(S38_CODE)
    own = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    train, test = (in_order(ImageFolder(folder / split, own), names) for split in ("train", "test"))
    net = fit(run_code(S38_CODE)["DinoMobile"](3), *stacked(train), steps=12)
    meta = {"classes": names, "img_size": 48, "epoch": 11, "best_val": 0.97}
    torch.save({"model": net.state_dict(), "meta": meta}, root / INPUTS / "best.pt")
    line = f"transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), Normalize({MEAN}, {STD})])"
    words = ["--data", f"{INPUTS}/leaves", "--checkpoint", f"{INPUTS}/best.pt", "--architecture",
             "models.py:DinoMobile", "--transform", line]  # fmt: skip
    return Setup(words, folder_rows(net, test, root))


def s41_trash_timm(root: Path) -> Setup:
    """timm's resnet with `model` and `classes`, in an order that is not that of the folders."""
    import timm

    folder = root / INPUTS / "dataset-resized"
    class_folders(folder, ["cardboard", "glass", "metal", "paper", "plastic", "trash"], 3)
    own = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    order = ["trash", "plastic", "paper", "metal", "glass", "cardboard"]
    whole = in_order(ImageFolder(folder, own), order)
    net = timm.create_model("resnet18", pretrained=False, num_classes=6)
    fit(net, *stacked(whole), only=net.fc)
    torch.save({"model": net.state_dict(), "classes": order}, root / INPUTS / "resnet18_trash.pt")
    line = f"transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), Normalize({MEAN}, {STD})])"
    words = ["--data", f"{INPUTS}/dataset-resized", "--checkpoint", f"{INPUTS}/resnet18_trash.pt", "--architecture",
             "timm:resnet18", "--transform", line]  # fmt: skip
    return Setup(words, folder_rows(net, whole, root))
