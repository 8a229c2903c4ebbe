"""Setups whose network is a class of the user's own: S01, S05, S07, S08, S10."""

import pickle
import struct
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import datasets, transforms

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
from tests.setups.own_networks import CIFAR_RESNET, DRIVER_NET, MRI_NETS, SATELLITE_RESNET, SMALL_CNN

IMAGENET = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
IMAGENET_TEXT = "transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"


def s01_medmnist(root: Path) -> Setup:
    """An array file, and a CNN that is pasted into each script."""
    names = ["adipose", "background", "debris", "lymphocytes", "mucus"]
    arrays = {}
    for split, each, first in (("train", 6, 0), ("val", 1, 50), ("test", 3, 60)):
        kinds = [(kind, first + number) for number in range(each) for kind in range(5)]
        arrays[f"{split}_images"] = np.stack([picture(kind, seed, (28, 28))[0] for kind, seed in kinds])
        arrays[f"{split}_labels"] = np.array([[kind] for kind, _ in kinds])
    np.savez(root / "data/inputs/pathmnist.npz", **arrays)
    (root / "gradcam_pathmnist.py").write_text(
        HEAD + "import medmnist\nfrom medmnist import INFO\n" + SMALL_CNN + TRAINING
    )
    read = transforms.ToTensor()
    train, test = (
        batch_of(
            [
                (read(image), int(label[0]))
                for image, label in zip(arrays[f"{one}_images"], arrays[f"{one}_labels"], strict=True)
            ]
        )
        for one in ("train", "test")
    )
    net = train_network(run_code(HEAD + SMALL_CNN)["SimpleCNN"](num_classes=5), *train, steps=40, rate=3e-3)
    torch.save(net.state_dict(), root / "pathmnist_cnn.pth")
    images = [f"data/inputs/pathmnist.npz#test_images/{row}" for row in range(len(test[1]))]
    line = (
        "--data data/inputs/pathmnist.npz --checkpoint pathmnist_cnn.pth --architecture gradcam_pathmnist.py:SimpleCNN "
        f"--transform 'transforms.Compose([transforms.ToTensor()])' --classes {','.join(names)}"
    )
    return Setup(line, prediction_frame(images, [names[one] for one in test[1]], softmax_of(net, test[0]), names))


def s05_drivers(root: Path) -> Setup:
    """A table with index and name of the class; timm's backbone in a class of the user's own."""
    data = root / "data/inputs/state-farm"
    rows = []
    for number in range(20):
        label = number % 10
        rows.append(
            {"image_path": f"imgs/train/c{label}/img_{number}.jpg", "label": label, "class_name": f"behaviour {label}"}
        )
        save_picture(data / rows[-1]["image_path"], label, number, (72, 96))
    frame = pd.DataFrame(rows)
    frame.to_csv(data / "manifest_test.csv", index=False)
    (root / "model.py").write_text(HEAD + DRIVER_NET)
    read = transforms.Compose([transforms.Resize((72, 72)), transforms.CenterCrop(64), transforms.ToTensor(), IMAGENET])
    images, labels = batch_of([(read(Image.open(data / row.image_path)), row.label) for row in frame.itertuples()])
    net = train_network(run_code(HEAD + DRIVER_NET)["DriverNet"](num_classes=10), images, labels, steps=8, rate=3e-3)
    held = {"model_state_dict": net.state_dict(), "architecture": "efficientnet_b0", "num_classes": 10, "epoch": 7,
            "metrics": {"val_acc": 0.91, "val_loss": np.float64(0.3)}}  # fmt: skip
    torch.save(held, root / "best_model.pth")
    line = (
        "--data data/inputs/state-farm/manifest_test.csv --checkpoint best_model.pth --architecture model.py:DriverNet "
        "--transform 'transforms.Compose([transforms.Resize((72, 72)), transforms.CenterCrop(64), "
        f"transforms.ToTensor(), {IMAGENET_TEXT}])'"
    )
    names = [f"behaviour {label}" for label in range(10)]
    paths = [f"data/inputs/state-farm/{one}" for one in frame["image_path"]]
    return Setup(line, prediction_frame(paths, frame["class_name"].tolist(), softmax_of(net, images), names))


def s07_mri(root: Path, name: str) -> Setup:
    """One of three networks in one file: own classes over a zoo's, loaded with strict=False."""
    classes = ["glioma", "meningioma", "notumor"]
    for split, each, first in (("train", 4, 0), ("val", 1, 20), ("test", 4, 30)):
        class_tree(root / "data/inputs/mri" / split, classes, each, "png", first)
    (root / "models_def.py").write_text(HEAD + MRI_NETS)
    read = transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), IMAGENET])
    train, test = (datasets.ImageFolder(root / "data/inputs/mri" / one, read) for one in ("train", "test"))
    net = train_network(run_code(HEAD + MRI_NETS)[name](num_classes=3), *batch_of(train), steps=1, rate=1e-4)
    train_head(net, *batch_of(train))
    torch.save(net.state_dict(), root / "best.pth")
    line = (
        f"--data data/inputs/mri --checkpoint best.pth --architecture models_def.py:{name} --transform "
        f"'transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), {IMAGENET_TEXT}])'"
    )
    return Setup(line, folder_frame(test, root, softmax_of(net, batch_of(test)[0])))


class Python2Pickler(pickle._Pickler):
    """Writes text as Python 2 did, in which CIFAR is published."""

    def save_text(self, value):
        self.write(pickle.BINSTRING + struct.pack("<i", len(value)) + value)

    dispatch: ClassVar = {**pickle._Pickler.dispatch, bytes: save_text}


def write_pickle(path: Path, value: object) -> None:
    with path.open("wb") as stream:
        Python2Pickler(stream, protocol=2).dump(value)


class Cifar(datasets.CIFAR10):
    """torchvision's, which would refuse files of another hash."""

    train_list = (("data_batch_1", None),)
    test_list = (("test_batch", None),)
    meta: ClassVar = {"filename": "batches.meta", "key": "label_names", "md5": None}


def s08_cifar(root: Path) -> Setup:
    """CIFAR's pickles, a network for 32 pixels in a package beside the script, normalised by albumentations."""
    folder = root / "data/inputs/cifar/cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    for file, each, first in (("data_batch_1", 3, 0), ("test_batch", 2, 50)):
        kinds = [(kind, first + number) for number in range(each) for kind in range(10)]
        planes = np.stack([picture(kind, seed, (32, 32))[0].transpose(2, 0, 1).ravel() for kind, seed in kinds])
        held = {b"data": planes, b"labels": [kind for kind, _ in kinds], b"filenames": [b"x.png"] * len(kinds)}
        write_pickle(folder / file, held)
    write_pickle(folder / "batches.meta", {b"label_names": [name.encode() for name in names]})
    (root / "models").mkdir()
    (root / "models/__init__.py").write_text("from .resnet import *\n")
    (root / "models/resnet.py").write_text(HEAD + CIFAR_RESNET)
    mean, std = np.array([0.4914, 0.4822, 0.4465], np.float32), np.array([0.2471, 0.2435, 0.2616], np.float32)

    def read(image):
        return torch.from_numpy(((np.array(image) / 255.0 - mean) / std).transpose(2, 0, 1)).float()

    train, test = (batch_of(Cifar(folder.parent, is_train, transform=read)) for is_train in (True, False))
    net = train_network(run_code(HEAD + CIFAR_RESNET)["ResNet18"](), *train, steps=10, rate=3e-3)
    torch.save(net.state_dict(), root / "resnet18_cifar.pth")
    line = (
        "--data data/inputs/cifar --checkpoint resnet18_cifar.pth --architecture models/resnet.py:ResNet18 --transform "
        "'A.Compose([A.Normalize(mean=(0.4914, 0.4822, 0.4465), std=(0.2471, 0.2435, 0.2616)), ToTensorV2()])'"
    )
    images = [f"data/inputs/cifar/cifar-10-batches-py/test_batch#data/{row}" for row in range(20)]
    return Setup(line, prediction_frame(images, [names[one] for one in test[1]], softmax_of(net, test[0]), names))


def s10_eurosat(root: Path) -> Setup:
    """Class folders with lists of the splits; a subclass of torchvision's network; safetensors named .st."""
    classes = ["AnnualCrop", "Forest", "River", "SeaLake"]
    data = class_tree(root / "data/inputs/EuroSAT/2750", classes, 6)
    for split, numbers in (("train", range(3)), ("val", range(3, 4)), ("test", range(4, 6))):
        lines = [f"{name}/{name}_{number:03}.jpg" for name in classes for number in numbers]
        (data.parent / f"{split}.txt").write_text("\n".join(lines) + "\n")
    (root / "src").mkdir()
    (root / "src/models.py").write_text(HEAD + SATELLITE_RESNET)
    read = transforms.Compose(
        [transforms.Resize((64, 64)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    )
    every = datasets.ImageFolder(data, read)
    rows = {
        split: [row for row, (path, _) in enumerate(every.samples) if "/".join(Path(path).parts[-2:]) in listed]
        for split in ("train", "test")
        if (listed := (data.parent / f"{split}.txt").read_text().split())
    }
    net = run_code(HEAD + SATELLITE_RESNET)["ResNet"](num_classes=4)
    samples = batch_of([every[row] for row in rows["train"]])
    train_head(train_network(net, *samples, steps=1, rate=1e-4), *samples)
    save_file(net.state_dict(), root / "eurosat_resnet.st")
    line = (
        "--data data/inputs/EuroSAT --checkpoint eurosat_resnet.st --architecture src/models.py:ResNet --transform "
        "'transforms.Compose([transforms.Resize((64, 64)), transforms.ToTensor(), "
        "transforms.Normalize([0.5] * 3, [0.5] * 3)])'"
    )
    scores = softmax_of(net, batch_of([every[row] for row in rows["test"]])[0])
    return Setup(line, folder_frame(every, root, scores, rows["test"]))


SETUPS = {
    "s01 medmnist": s01_medmnist,
    "s05 drivers": s05_drivers,
    **{
        f"s07 {name}": lambda root, name=name: s07_mri(root, name)
        for name in ("ResNetModel", "ViTModel", "HybridModel")
    },
    "s08 cifar": s08_cifar,
    "s10 eurosat": s10_eurosat,
    **{f"s19 {kind}": lambda root, kind=kind: s19_two_outputs(root, kind) for kind in ("weights", "script")},
}
