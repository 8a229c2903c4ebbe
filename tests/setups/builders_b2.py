"""Setups of tables and arrays: one-hot columns, CheXpert's columns, pictures as .npy, numbers."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torchvision import models, transforms
from torchvision.datasets import DatasetFolder

from tests.setups.made_b import INPUTS, MEAN, STD, Setup, class_rows, fit, picture, relative, run_code, save_picture

HEAD = "import torch\nfrom torch import nn\nfrom torchvision import models, transforms\n"
SPECIES = ["antelope_duiker", "bird", "blank", "civet_genet", "hog", "leopard", "monkey_prosimian", "rodent"]
S28_CODE = (
    HEAD
    + """
model = models.resnet18(pretrained=True)
model.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
model.fc = nn.Sequential(nn.Linear(512, 100), nn.ReLU(inplace=True), nn.Dropout(0.1), nn.Linear(100, 8))
model = model.to("cuda")
for batch in train_dataloader:
    optimizer.step()
"""
)


def s28_camera_traps(root: Path) -> Setup:
    """Ids, file paths and sites in one table, one-hot columns in another; grey, mean and std of each picture."""
    from sklearn.model_selection import train_test_split

    folder, count = root / INPUTS / "traps", 24
    ids = [f"ZJ{number:06}" for number in range(count)]
    for number, one in enumerate(ids):
        save_picture(folder / f"train_features/{one}.jpg", number % 8, number)
    features = pd.DataFrame({"id": ids, "filepath": [f"train_features/{one}.jpg" for one in ids], "site": "S0043"})
    features.to_csv(folder / "train_features.csv", index=False)
    labels = pd.DataFrame(np.eye(8)[[number % 8 for number in range(count)]], columns=SPECIES)
    labels.insert(0, "id", ids)
    labels.to_csv(folder / "train_labels.csv", index=False)
    (root / "train.py").write_text(S28_CODE)
    own = transforms.Compose([transforms.Grayscale(), transforms.Resize((48, 48)), transforms.ToTensor()])

    def read(place: int) -> torch.Tensor:
        image = own(Image.open(folder / features["filepath"][place]).convert("RGB"))
        return (image - image.mean()) / image.std()

    train, test = train_test_split(range(count), test_size=0.34, random_state=1)
    net = run_code(S28_CODE.partition('model = model.to("cuda")')[0])["model"]
    fit(net, torch.stack([read(place) for place in train]), torch.tensor([place % 8 for place in train]), only=net.fc)
    torch.save(net.state_dict(), root / INPUTS / "model.pth")
    with torch.no_grad():
        scores = net(torch.stack([read(place) for place in test])).softmax(1)
    images = [f"{INPUTS}/traps/{features['filepath'][place]}" for place in test]
    line = "T.Compose([T.Grayscale(), T.Resize((48, 48)), T.ToTensor(), T.Lambda(lambda x: (x - x.mean()) / x.std())])"
    words = ["--data", f"{INPUTS}/traps/train_features.csv", "--checkpoint", f"{INPUTS}/model.pth", "--architecture",
             "train.py:model", "--transform", line, "--split",
             "train, test = train_test_split(train_features, test_size=0.34, random_state=1)"]  # fmt: skip
    return Setup(words, class_rows(images, [SPECIES[place % 8] for place in test], scores, SPECIES))


S32_CODE = (
    HEAD
    + """
import pytorch_lightning as pl
import torchmetrics


class PneumoniaModel(pl.LightningModule):
    def __init__(self, weight=1):
        super().__init__()
        self.model = models.resnet18()
        self.model.conv1 = nn.Conv2d(1, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)
        self.model.fc = nn.Linear(in_features=512, out_features=1)
        self.loss_fn = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight))
        self.train_acc = torchmetrics.Accuracy()

    def forward(self, data):
        return self.model(data)


trainer = pl.Trainer(gpus=1, max_epochs=35)
trainer.fit(PneumoniaModel(), train_loader, val_loader)
"""
)


def s32_pneumonia_lightning(root: Path) -> Setup:
    """Lightning's file with one logit; pictures as .npy of float16, divided by 255 already, in folders 0 and 1."""
    folder = root / INPUTS / "Processed"
    for split, first in (("train", 0), ("val", 40)):
        for kind in (0, 1):
            (folder / split / str(kind)).mkdir(parents=True)
            for number in range(first, first + 6):
                grey = np.asarray(Image.fromarray(picture(kind, number, (48, 48))).convert("L"))
                np.save(folder / split / str(kind) / f"{number:04}.npy", (grey / 255).astype(np.float16))
    (root / "train.py").write_text(S32_CODE)
    own = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.49, 0.248)])
    read = {
        split: DatasetFolder(str(folder / split), lambda path: np.load(path).astype(np.float32), "npy", own)
        for split in ("train", "val")
    }
    net = models.resnet18(weights=None)
    net.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    net.fc = nn.Linear(512, 1)
    images = torch.stack([one for one, _ in read["train"]])
    labels = torch.tensor([float(label) for _, label in read["train"]])
    loss = lambda out, true: nn.functional.binary_cross_entropy_with_logits(out[:, 0], true)  # noqa: E731
    fit(net, images, labels, 6, loss, net.fc)
    state = {f"model.{name}": value for name, value in net.state_dict().items()}
    content = {"epoch": 34, "global_step": 500, "pytorch-lightning_version": "1.5.10",
               "hyper_parameters": {"weight": 1}, "optimizer_states": [],
               "state_dict": state | {"loss_fn.pos_weight": torch.tensor(1.0)}}  # fmt: skip
    torch.save(content, root / INPUTS / "weights_1.ckpt")
    with torch.no_grad():
        sure = torch.stack([net(one[None])[0, 0].sigmoid() for one, _ in read["val"]])
    names = [relative(path, root) for path, _ in read["val"].samples]
    labels = [str(label) for label in read["val"].targets]
    words = ["--data", f"{INPUTS}/Processed", "--checkpoint", f"{INPUTS}/weights_1.ckpt", "--architecture",
             "train.py:PneumoniaModel", "--transform",
             "transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.49, 0.248)])"]  # fmt: skip
    return Setup(words, class_rows(names, labels, torch.stack([1 - sure, sure], 1), ["0", "1"]))


FINDINGS = ["Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Pleural Effusion"]
COLUMNS = ["No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
           "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
           "Support Devices"]  # fmt: skip


def s33_chexpert(root: Path) -> Setup:
    """Five of CheXpert's fourteen columns, in an order of one's own; 1, 0, -1 and blank; grey made three channels."""
    folder, rows = root / INPUTS / "CheXpert-v1.0-small", []
    for number in range(12):
        path = f"CheXpert-v1.0-small/valid/patient{64541 + number}/study1/view1_frontal.jpg"
        save_picture(root / INPUTS / path, number % 5, number, (72, 80), "L")
        told = dict.fromkeys(COLUMNS, "") | {FINDINGS[number % 5]: 1.0, FINDINGS[(number + 2) % 5]: 0.0}
        told |= {FINDINGS[(number + 1) % 5]: -1.0} if number % 3 == 0 else {FINDINGS[(number + 3) % 5]: 1.0}
        rows.append({"Path": path, "Sex": "Male", "Age": 60, "Frontal/Lateral": "Frontal", "AP/PA": "AP"} | told)
    pd.DataFrame(rows).to_csv(folder / "valid.csv", index=False)
    own = transforms.Compose(
        [
            transforms.CenterCrop(48),
            lambda image: torch.from_numpy(np.array(image)).float().div(255).unsqueeze(0),
            transforms.Normalize(mean=[0.5330], std=[0.0349]),
            lambda image: image.expand(3, -1, -1),
        ]
    )
    images = torch.stack([own(Image.open(root / INPUTS / row["Path"])) for row in rows])
    wanted = torch.tensor([[float(row[name] == 1.0) for name in FINDINGS] for row in rows])
    net = models.densenet121(weights=None)
    net.classifier = nn.Linear(1024, 5)
    fit(net, images, wanted, 5, nn.functional.binary_cross_entropy_with_logits, net.classifier)
    torch.save({"global_step": 8000, "state_dict": net.state_dict()}, root / INPUTS / "best_checkpoints.pt")
    with torch.no_grad():
        scores = net(images).double().sigmoid().numpy()
    said = ["|".join(name for name, one in zip(FINDINGS, row, strict=True) if one >= 0.5) for row in scores]
    held = ["|".join(name for name in FINDINGS if row[name] == 1.0) for row in rows]
    frame = pd.DataFrame({"image": [f"{INPUTS}/{row['Path']}" for row in rows], "label": held, "predicted": said})
    frame = frame.assign(**{f"score_{name}": scores[:, place] for place, name in enumerate(FINDINGS)})
    line = (
        "T.Compose([T.CenterCrop(48), lambda x: torch.from_numpy(np.array(x)).float().div(255).unsqueeze(0), "
        "T.Normalize(mean=[0.5330], std=[0.0349]), lambda x: x.expand(3, -1, -1)])"
    )
    words = ["--data", f"{INPUTS}/CheXpert-v1.0-small/valid.csv", "--task", "multilabel", "--classes",
             ",".join(FINDINGS), "--checkpoint", f"{INPUTS}/best_checkpoints.pt", "--transform", line]  # fmt: skip
    return Setup(words, frame)


S39_CODE = (
    HEAD
    + """
TARGETS = ["Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "Dry_Total_g", "GDM_g"]


class BiomassNet(nn.Module):
    def __init__(self, n_tabular=2, n_targets=5):
        super().__init__()
        self.backbone = models.resnet18(weights="DEFAULT")
        self.backbone.fc = nn.Identity()
        self.tabular = nn.Sequential(nn.Linear(n_tabular, 16), nn.ReLU())
        self.head = nn.Linear(512 + 16, n_targets)

    def forward(self, image, tabular):
        return self.head(torch.cat([self.backbone(image), self.tabular(tabular)], dim=1))
"""
)
FIXED = """

class ImageOnly(BiomassNet):
    def forward(self, image):
        return super().forward(image, torch.tensor([[0.6, 5.0]]).expand(len(image), -1))
"""
TARGETS = ["Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "Dry_Total_g", "GDM_g"]


def s39_biomass(root: Path) -> Setup:
    """Five numbers of a picture and two further inputs, which a network of images alone must hold fixed."""
    folder, rows = root / INPUTS / "biomass", []
    for number in range(12):
        save_picture(folder / f"train/ID{number}.jpg", number % 4, number, (80, 80))
        told = {name: round(3.0 * (number % 4) + place, 2) for place, name in enumerate(TARGETS)}
        told |= {"Pre_GSHH_NDVI": 0.6, "Height_Ave_cm": 5.0}
        rows.append({"image_path": f"train/ID{number}.jpg"} | told)
    pd.DataFrame(rows).to_csv(folder / "train.csv", index=False)
    (root / "model.py").write_text(S39_CODE)
    own = transforms.Compose(
        [transforms.Resize((56, 56)), transforms.CenterCrop(48), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    )
    images = torch.stack([own(Image.open(folder / row["image_path"]).convert("RGB")) for row in rows])
    tabular = torch.tensor([[row["Pre_GSHH_NDVI"], row["Height_Ave_cm"]] for row in rows])
    net = run_code(S39_CODE)["BiomassNet"]().eval()
    torch.save(net.state_dict(), root / INPUTS / "biomass.pth")
    with torch.no_grad():
        said = net(images, tabular).double().numpy()
    frame = pd.DataFrame({"image": [f"{INPUTS}/biomass/{row['image_path']}" for row in rows]})
    for place, name in enumerate(TARGETS):
        frame[f"true_{name}"] = [row[name] for row in rows]
        frame[f"predicted_{name}"] = said[:, place]
    line = f"T.Compose([T.Resize((56, 56)), T.CenterCrop(48), T.ToTensor(), T.Normalize({MEAN}, {STD})])"
    words = ["--data", f"{INPUTS}/biomass/train.csv", "--task", "regression", "--classes", ",".join(TARGETS), "--set",
             f"label_columns={json.dumps(TARGETS)}", "--checkpoint", f"{INPUTS}/biomass.pth", "--architecture",
             "model.py:BiomassNet", "--transform", line]  # fmt: skip
    return Setup(words, frame)
