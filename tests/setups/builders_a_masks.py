"""Setups whose network answers for each pixel, or for each pixel and the image: S03, S19."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torchvision import datasets

from tests.setups.made import (
    HEAD,
    TRAINING,
    Setup,
    batch_of,
    class_tree,
    folder_frame,
    picture,
    run_code,
    train_head,
    train_network,
)
from tests.setups.own_networks import TUMOUR_NET, UNET

COLOURS = {"Sky": (128, 128, 128), "Road": (128, 64, 128), "Car": (64, 0, 128), "Tree": (128, 128, 0)}


def street(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a street, and its mask in colours."""
    image, inside = picture(2, seed)
    mask = np.empty((*inside.shape, 3), np.uint8)
    mask[:], mask[30:] = COLOURS["Sky"], COLOURS["Road"]
    mask[15:40, : 10 + 3 * (seed % 4)] = COLOURS["Tree"]
    image[30:] //= 3
    image[15:40, : 10 + 3 * (seed % 4)] = (20, 160, 30)
    mask[inside] = COLOURS["Car"]
    image[inside] = (220, 30, 40)
    return image, mask


def s03_camvid(root: Path) -> Setup:
    """Masks in colours, matched by sorted order; albumentations with a division by 255 in the loop."""
    data = root / "data/inputs/CamVid"
    for split, numbers in (("train", range(6)), ("test", range(6, 11))):
        for seed in numbers:
            for folder, end, array in zip((split, f"{split}_labels"), ("", "_L"), street(seed), strict=True):
                (data / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(data / folder / f"0016E5_{seed:05}{end}.png")
    rows = [f"{name},{r},{g},{b}" for name, (r, g, b) in COLOURS.items()]
    (data / "class_dict.csv").write_text("\n".join(["name,r,g,b", *rows]) + "\n")
    (root / "train_unet.py").write_text(HEAD + "import albumentations as A\n" + UNET + TRAINING)

    def load(split):
        images, masks = [], []
        for name, label in zip(
            sorted((data / split).iterdir()), sorted((data / f"{split}_labels").iterdir()), strict=True
        ):
            image = cv2.resize(cv2.cvtColor(cv2.imread(str(name)), cv2.COLOR_BGR2RGB), (56, 40))
            mask = cv2.resize(cv2.cvtColor(cv2.imread(str(label)), cv2.COLOR_BGR2RGB), (56, 40), interpolation=0)
            images.append(torch.from_numpy(image).permute(2, 0, 1).float() / 255.0)
            masks.append(sum(np.all(mask == colour, -1) * index for index, colour in enumerate(COLOURS.values())))
        return torch.stack(images), torch.tensor(np.stack(masks))

    net = train_network(run_code(HEAD + UNET)["UNet"](n_classes=4), *load("train"), steps=25, rate=5e-3)
    torch.save(net.state_dict(), root / "unet_camvid.pth")
    images, masks = load("test")
    with torch.no_grad():
        scores = net(images).softmax(1)
    line = (
        "--data data/inputs/CamVid --checkpoint unet_camvid.pth --architecture train_unet.py:UNet "
        "--transform 'A.Compose([A.Resize(40, 56), ToTensorV2()]) / 255'"
    )
    names = [f"data/inputs/CamVid/test/{one.name}" for one in sorted((data / "test").iterdir())]
    return Setup(line, region_frame(names, scores, masks, list(COLOURS)))


def region_frame(images: list[str], scores: torch.Tensor, masks: torch.Tensor, classes: list[str]) -> pd.DataFrame:
    """For each class of an image but the first: mean probability and share of what is predicted, and its IoU."""
    rows = []
    for name, probability, true in zip(images, scores, masks, strict=True):
        for index, label in list(enumerate(classes))[1:]:
            said, real = probability.argmax(0) == index, true == index
            if said.any() or real.any():
                sure = probability[index][said if said.any() else real].mean()
                iou = float((said & real).sum() / (said | real).sum())
                row = {"image": name, "label": label if real.any() else None, "predicted": label}
                rows.append(
                    row | {"confidence": float(sure), "iou": iou, "predicted_share": float(said.float().mean())}
                )
    return pd.DataFrame(rows)


def s19_two_outputs(root: Path, kind: str) -> Setup:
    """A class and a mask from one network; albumentations; weights, or TorchScript."""
    classes = ["glioma", "meningioma", "notumor", "pituitary"]
    for split, each, first in (("Training", 4, 0), ("Testing", 3, 20)):
        class_tree(root / "data/inputs/brain" / split, classes, each, "png", first)
    (root / "train_joint.py").write_text(HEAD + TUMOUR_NET + TRAINING)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

    def read(image):
        array = cv2.resize(np.array(image), (64, 64), interpolation=cv2.INTER_LINEAR)
        return torch.from_numpy(((array / 255.0 - mean) / std).transpose(2, 0, 1)).float()

    train, test = (datasets.ImageFolder(root / "data/inputs/brain" / one, read) for one in ("Training", "Testing"))
    net = run_code(HEAD + TUMOUR_NET)["TumorNet"](num_classes=4)
    train_network(
        net, *batch_of(train), steps=1, rate=1e-4, loss=lambda out, y: torch.nn.functional.cross_entropy(out[0], y)
    )
    train_head(net, *batch_of(train))
    images, _ = batch_of(test)
    if kind == "weights":
        torch.save(net.state_dict(), root / "joint.pt")
    else:
        torch.jit.trace(net, images[:1]).save(root / "joint.pt")
    with torch.no_grad():
        scores = net(images)[0].softmax(1).numpy()
    network = "train_joint.py:TumorNet" if kind != "script alone" else "torchscript:joint.pt"
    line = (
        f"--data data/inputs/brain --checkpoint joint.pt --architecture {network} "
        "--transform 'A.Compose([A.Resize(64, 64), A.Normalize(), ToTensorV2()])'"
    )
    return Setup(line, folder_frame(test, root, scores))


SETUPS = {
    "s03 camvid": s03_camvid,
    **{f"s19 {kind}": lambda root, kind=kind: s19_two_outputs(root, kind) for kind in ("weights", "script")},
}
