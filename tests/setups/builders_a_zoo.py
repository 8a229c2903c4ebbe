"""Setups whose network is torchvision's or timm's with another head: S04, S13, S14, S16, S17, S18, S22."""

from pathlib import Path

import numpy as np
import pandas as pd
import timm
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import random_split
from torchvision import datasets, models, transforms

from tests.setups.made import (
    HEAD,
    TRAINING,
    Setup,
    batch_of,
    class_tree,
    folder_frame,
    picture,
    prediction_frame,
    run_code,
    save_picture,
    softmax_of,
    train_head,
    train_network,
)

IMAGENET = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
IMAGENET_TEXT = "transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"
SQUASHED = transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), IMAGENET])
SQUASHED_TEXT = f"'transforms.Compose([transforms.Resize((48, 48)), transforms.ToTensor(), {IMAGENET_TEXT}])'"


def fine_tuned(net: nn.Module, images: Tensor, truth: Tensor, loss=nn.functional.cross_entropy, steps: int = 200):
    """One step for all of the network, then some for its head."""
    return train_head(train_network(net, images, truth, 1, 1e-4, loss), images, truth, loss, steps)


def split_trees(data: Path, splits: tuple[str, str], classes: list[str], read, each: int = 4, ending: str = "jpg"):
    """torchvision's ImageFolder of the training split, and of the other."""
    for place, split in enumerate(splits):
        class_tree(data / split, classes, each + 1 - place, ending, 20 * place)
    return [datasets.ImageFolder(data / split, read) for split in splits]


def s04_x_rays(root: Path) -> Setup:
    """EfficientNet with a deeper head, saved with its optimizer."""
    train, test = split_trees(root / "data/inputs/chest_xray", ("train", "test"), ["Normal", "Pneumonia"], SQUASHED)
    net = models.efficientnet_b0(weights=None)
    net.classifier = nn.Sequential(nn.Dropout(p=0.4, inplace=True), nn.Linear(1280, 2))
    fine_tuned(net, *batch_of(train))
    optimizer = torch.optim.AdamW(net.classifier.parameters())
    held = {"epoch": 11, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
            "val_loss": torch.tensor(0.21)}  # fmt: skip
    torch.save(held, root / "best_model.pth")
    line = (
        "--data data/inputs/chest_xray --checkpoint best_model.pth --architecture torchvision:efficientnet_b0 "
        f"--transform {SQUASHED_TEXT}"
    )
    return Setup(line, folder_frame(test, root, softmax_of(net, batch_of(test)[0])))


FINDINGS = [
    *("Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax"),
    *("Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia"),
]


def s13_findings(root: Path) -> Setup:
    """Several labels in one cell, images in several folders, lists of the splits; DenseNet of torchvision."""
    data, rows = root / "data/inputs/CXR8", []
    for number in range(24):
        own = [FINDINGS[number % 14], FINDINGS[(number * 5 + 3) % 14]][: number % 3]
        name = f"{number:08}_000.png"
        save_picture(data / f"images_{number % 3 + 1:03}/images/{name}", number % 14, number, (64, 64))
        rows.append(
            {"Image Index": name, "Finding Labels": "|".join(dict.fromkeys(own)) or "No Finding", "Patient Age": 50}
        )
    table = pd.DataFrame(rows)
    table.to_csv(data / "Data_Entry_2017.csv", index=False)
    for split, names in (("train_val", table["Image Index"][:14]), ("test", table["Image Index"][14:])):
        (data / f"{split}_list.txt").write_text("\n".join(names) + "\n")
    paths = {path.name: path for path in data.glob("images_*/images/*.png")}
    images = torch.stack([SQUASHED(Image.open(paths[name]).convert("RGB")) for name in table["Image Index"]])
    truth = torch.tensor([[float(one in cell.split("|")) for one in FINDINGS] for cell in table["Finding Labels"]])
    net = models.densenet121(weights=None)
    net.classifier = nn.Linear(1024, 14)
    fine_tuned(net, images, truth, nn.BCEWithLogitsLoss(pos_weight=torch.tensor(9.0)), steps=30)
    torch.save(net.state_dict(), root / "densenet121_nih.pth")
    with torch.no_grad():
        scores = net(images[14:]).sigmoid().numpy()
    line = (
        "--data data/inputs/CXR8/Data_Entry_2017.csv --task multilabel --checkpoint densenet121_nih.pth "
        f"--architecture torchvision:densenet121 --classes {','.join(FINDINGS)} --transform {SQUASHED_TEXT}"
    )
    names = [paths[name].relative_to(root) for name in table["Image Index"][14:]]
    frame = prediction_frame(names, ["|".join(join_names(row)) for row in truth[14:]], scores, FINDINGS)
    frame = frame.assign(predicted=["|".join(join_names(row)) for row in scores]).drop(columns="confidence")
    return Setup(line, frame)


def join_names(row) -> list[str]:
    """The findings of at least one half."""
    return [name for name, one in zip(FINDINGS, row, strict=True) if one >= 0.5]


def s14_bones(root: Path) -> Setup:
    """ResNet made with two classes; a mean and std of one's own; no test split. The network is found in the file."""
    read = transforms.Compose(
        [transforms.Resize((48, 48)), transforms.ToTensor(), transforms.Normalize([0.7] * 3, [0.25] * 3)]
    )
    train, test = split_trees(root / "data/inputs/bones", ("train", "val"), ["fractured", "not fractured"], read)
    net = fine_tuned(models.resnet18(num_classes=2), *batch_of(train))
    torch.save(net.state_dict(), root / "resnet18_fracture.pth")
    line = (
        "--data data/inputs/bones --checkpoint resnet18_fracture.pth --transform 'transforms.Compose([transforms."
        "Resize((48, 48)), transforms.ToTensor(), transforms.Normalize([0.7, 0.7, 0.7], [0.25, 0.25, 0.25])])'"
    )
    return Setup(line, folder_frame(test, root, softmax_of(net, batch_of(test)[0])))


def s16_cells(root: Path) -> Setup:
    """Crops in folders inside of doubled class folders, whole slides and outlines beside them."""
    data = root / "data/inputs/SIPaKMeD"
    classes = ["im_Dyskeratotic", "im_Koilocytotic", "im_Metaplastic", "im_Parabasal", "im_Superficial-Intermediate"]
    samples = []
    for kind, name in enumerate(classes):
        for number in range(4):
            path = save_picture(data / f"{name}/{name}/CROPPED/{number:03}_01.bmp", kind, number, (50 + number, 60))
            samples.append((path, kind))
            (path.parent / f"{number:03}_01_cyt.dat").write_text("10.5,12.0\n20.5,30.0\n")
            save_picture(data / f"{name}/{name}/{number:03}.bmp", kind, 50 + number, (90, 120))
    images, labels = batch_of([(SQUASHED(Image.open(path)), kind) for path, kind in samples])
    net = models.resnet18()
    net.fc = nn.Linear(net.fc.in_features, 5)
    fine_tuned(net, images, labels)
    torch.save(net.state_dict(), root / "resnet_sipakmed.pth")
    line = (
        "--data data/inputs/SIPaKMeD --set 'files=**/CROPPED/*' --checkpoint resnet_sipakmed.pth "
        f"--architecture torchvision:resnet18 --transform {SQUASHED_TEXT}"
    )
    paths, kinds = [path.relative_to(root) for path, _ in samples], [classes[kind] for _, kind in samples]
    return Setup(line, prediction_frame(paths, kinds, softmax_of(net, images), classes))


def s17_pets(root: Path, name: str) -> Setup:
    """torchvision's OxfordIIITPet, and one of two networks that are compared."""
    data = root / "data/inputs/oxford-iiit-pet"
    breeds = ["Abyssinian", "american_bulldog", "Bengal", "great_pyrenees", "wheaten_terrier"]
    (data / "annotations/trimaps").mkdir(parents=True)
    for split, each, first in (("trainval", 4, 0), ("test", 3, 100)):
        lines = []
        for kind, breed in enumerate(breeds):
            for number in range(first, first + each):
                path = save_picture(data / f"images/{breed}_{number}.jpg", kind, number, (60 + number % 9, 80))
                inside = picture(kind, number, (60 + number % 9, 80))[1]
                Image.fromarray(np.where(inside, 1, 2).astype(np.uint8)).save(
                    data / f"annotations/trimaps/{path.stem}.png"
                )
                lines.append(f"{path.stem} {kind + 1} {1 + (breed[0].islower())} 1")
        (data / f"annotations/{split}.txt").write_text("\n".join(lines) + "\n")
    train, test = (datasets.OxfordIIITPet(data.parent, one, transform=SQUASHED) for one in ("trainval", "test"))
    net = getattr(models, name)(weights=None)
    if name == "resnet18":
        net.fc = nn.Linear(512, 5)
    else:
        net.classifier[1] = nn.Linear(1280, 5)
    fine_tuned(net, *batch_of(list(train)))
    torch.save(net.state_dict(), root / f"{name}.pt")
    line = (
        f"--data data/inputs/oxford-iiit-pet --checkpoint {name}.pt --architecture torchvision:{name} "
        f"--transform {SQUASHED_TEXT}"
    )
    paths = [Path(path).relative_to(root) for path in test._images]
    images, labels = batch_of(list(test))
    kinds = [test.classes[one] for one in labels]
    return Setup(line, prediction_frame(paths, kinds, softmax_of(net, images), test.classes))


BIRD_NET = """
class BirdCNN(nn.Module):
    def __init__(self, num_classes=200):
        super(BirdCNN, self).__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(4))
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(512, 32), nn.ReLU(),
                                        nn.Linear(32, num_classes))

    def forward(self, x):
        return self.classifier(self.features(x))
"""


def s18_birds(root: Path, kind: str) -> Setup:
    """One tree of class folders that is split by a seed; the whole model is saved."""
    classes = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Sooty_Albatross", "010.Red_winged_Blackbird"]
    class_tree(root / "data/inputs/CUB/images", classes, 7)
    read = transforms.Compose([transforms.Resize(72), transforms.CenterCrop(64), transforms.ToTensor(), IMAGENET])
    every = datasets.ImageFolder(root / "data/inputs/CUB/images", read)
    torch.manual_seed(42)
    train, test = random_split(every, [0.6, 0.4])
    if kind == "own":
        space = run_code(HEAD + BIRD_NET)
        (root / "train.py").write_text(HEAD + BIRD_NET + TRAINING)
        net, network = space["BirdCNN"](num_classes=4), "--architecture train.py:BirdCNN"
        space["BirdCNN"].__module__ = "__main__"
    else:
        net, network = models.efficientnet_b0(weights=None), "--architecture torchvision:efficientnet_b0"
        net.classifier = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(1280, 24), nn.ELU(0.5), nn.Dropout(0.1), nn.Linear(24, 4)
        )
    fine_tuned(net, *batch_of(train))
    save_whole(net, root / "bird_model.pth")
    line = (
        f"--data data/inputs/CUB/images --checkpoint bird_model.pth {network} "
        "--split 'torch.manual_seed(42); train, test = random_split(dataset, [0.6, 0.4])' --transform "
        "'transforms.Compose([transforms.Resize(72), transforms.CenterCrop(64), transforms.ToTensor(), "
        f"{IMAGENET_TEXT}])'"
    )
    return Setup(line, folder_frame(every, root, softmax_of(net, batch_of(test)[0]), test.indices))


def save_whole(net: nn.Module, path: Path) -> None:
    """torch.save(model) of a script, whose classes are those of __main__."""
    import __main__

    kind = type(net)
    own = kind.__module__ == "__main__"
    if own:
        setattr(__main__, kind.__name__, kind)
    torch.save(net, path)
    if own:
        delattr(__main__, kind.__name__)


def s22_deepfakes(root: Path) -> Setup:
    """timm's Xception by its old name."""
    read = transforms.Compose([transforms.Resize((75, 75)), transforms.ToTensor(), IMAGENET])
    train, test = split_trees(root / "data/inputs/images", ("train", "test"), ["fake", "real"], read, 3)
    net = fine_tuned(timm.create_model("xception", num_classes=2), *batch_of(train))
    torch.save(net.state_dict(), root / "xception.pth")
    line = (
        "--data data/inputs/images --checkpoint xception.pth --architecture timm:xception --transform "
        f"'transforms.Compose([transforms.Resize((75, 75)), transforms.ToTensor(), {IMAGENET_TEXT}])'"
    )
    return Setup(line, folder_frame(test, root, softmax_of(net, batch_of(test)[0])))


SETUPS = {
    "s04 x-rays": s04_x_rays,
    "s13 findings": s13_findings,
    "s14 bones": s14_bones,
    "s16 cells": s16_cells,
    **{f"s17 {name}": lambda root, name=name: s17_pets(root, name) for name in ("resnet18", "efficientnet_b0")},
    **{f"s18 {kind}": lambda root, kind=kind: s18_birds(root, kind) for kind in ("own", "zoo")},
    "s22 deepfakes": s22_deepfakes,
}
