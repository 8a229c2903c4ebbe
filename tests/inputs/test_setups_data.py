"""The data of people's own projects, small: each is read as it lies, with the rows, labels and classes that are right.

Each row: what lies there, task and keys of the section, classes, the split that is studied, its labels in order.
"""

import json

import numpy as np
import pytest
from PIL import Image

from seewhy.config.dataset import Dataset as Settings
from seewhy.config.validation import validate_settings
from seewhy.inputs.dataset import check_dataset, load_dataset
from tests.inputs import layout_files as files
from tests.inputs.layout_files import class_folders, save, split_folders, table

SHAPES = ["bar", "cup", "disc"]
THREE = [name for name in SHAPES for _ in range(3)]
TEN = [f"c{n}" for n in range(10)]


def drivers(root):
    rows = [
        {"image_path": f"imgs/c{n % 10}/{n}.jpg", "label": n % 10, "class_name": f"class{n % 10}"} for n in range(20)
    ]
    for n, row in enumerate(rows):
        save(root / row["image_path"], n)
    table(root / "manifest.csv", rows)


def satellite(root):
    class_folders(root / "2750", ["AnnualCrop", "Forest"])
    for split, n in (("train", 0), ("val", 1), ("test", 2)):
        (root / f"{split}.txt").write_text("".join(f"{name}/{name}-{n}.png\n" for name in ("AnnualCrop", "Forest")))


def corneas(root):
    for n in range(4):
        save(root / f"images/[{['ulcer', 'scar'][n % 2]}] {n}.jpg", n)
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.eye(16, dtype=np.uint8) * 255).save(root / f"masks/[{['ulcer', 'scar'][n % 2]}] {n}.png")


def chests(root):
    rows = [
        {"Image Index": f"{n:08}_000.png", "Finding Labels": ["No Finding", "Mass|Edema"][n % 2], "View": "PA"}
        for n in range(6)
    ]
    for n, row in enumerate(rows):
        save(root / f"images_{n % 3 + 1:03}/images/{row['Image Index']}", n)
    table(root / "Data_Entry_2017.csv", rows)
    (root / "train_val_list.txt").write_text("".join(f"{n:08}_000.png\n" for n in range(4)))
    (root / "test_list.txt").write_text("".join(f"{n:08}_000.png\n" for n in range(4, 6)))


def cells(root):
    for k, name in enumerate(("im_Dyskeratotic", "im_Koilocytotic")):
        for n in range(3):
            save(root / f"{name}/{name}/CROPPED/{n:03}_01.bmp", 10 * k + n)
            (root / f"{name}/{name}/{n:03}_cyt01.dat").write_text("1,2\n")


def cameras(root):
    ids = [f"ZJ{n:06}" for n in range(6)]
    for n, one in enumerate(ids):
        save(root / f"train_features/{one}.jpg", n)
    table(
        root / "train_features.csv", [{"id": one, "filepath": f"train_features/{one}.jpg", "site": "S1"} for one in ids]
    )
    marks = [
        {"id": one} | {name: float(n % 3 == k) for k, name in enumerate(("hog", "bird", "blank"))}
        for n, one in enumerate(ids)
    ]
    table(root / "train_labels.csv", marks)


def lungs(root):
    for n in range(4):
        path = root / f"Processed/val/{n % 2}/{n}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, np.full((12, 12), n / 255, np.float16))


def chexpert(root):
    rows = []
    for n in range(4):
        path = f"CheXpert-v1.0-small/valid/patient{n}/study1/view1_frontal.jpg"
        save(root / path, n)
        rows.append(
            {
                "Path": path,
                "Sex": "F",
                "Age": 40 + n,
                "Edema": [1.0, 0.0, -1.0, ""][n],
                "Cardiomegaly": [0.0, 1.0, 1.0, 0.0][n],
            }
        )
    table(root / "CheXpert-v1.0-small/valid.csv", rows)


def tiles(root):
    for tile in (1, 2):
        for n in range(2):
            save(root / f"Tile {tile}/images/image_part_{n:03}.jpg", n)
            mask = np.zeros((16, 16, 3), np.uint8)
            mask[:] = (226, 169, 41)
            mask[:4] = (60, 16, 152)
            (root / f"Tile {tile}/masks").mkdir(exist_ok=True)
            Image.fromarray(mask).save(root / f"Tile {tile}/masks/image_part_{n:03}.png")
    table(
        root / "class_dict.csv",
        [{"name": "Water", "r": 226, "g": 169, "b": 41}, {"name": "Building", "r": 60, "g": 16, "b": 152}],
    )


def biomass(root):
    rows = [{"image_path": f"train/ID{n}.jpg", "Dry_Clover_g": 0.5 * n, "GDM_g": n, "Height": 3} for n in range(4)]
    for n, row in enumerate(rows):
        save(root / row["image_path"], n)
    table(root / "train.csv", rows)


def flickr(root):
    lines = ["image,caption"]
    for n in range(3):
        save(root / f"Images/{n}_a.jpg", n)
        lines += [f"{n}_a.jpg,A child in a pink dress .", f'{n}_a.jpg,"A girl, climbing ."']
    (root / "captions.txt").write_text("\n".join(lines) + "\n")


SETUPS = {
    "medmnist": (
        lambda root: files.medmnist(root / "x.npz"),
        {"data": "set/x.npz"},
        ["0", "1", "2"],
        "test",
        ["0", "1", "2", "0"],
    ),
    "camvid": (files.coloured_masks, {"task": "segmentation"}, ["sky", "road", "car"], "test", None),
    "x-rays": (
        lambda root: split_folders(root, ("train", "test"), ["Normal", "Pneumonia"]),
        {},
        ["Normal", "Pneumonia"],
        "test",
        ["Normal"] * 3 + ["Pneumonia"] * 3,
    ),
    "drivers": (
        drivers,
        {"data": "set/manifest.csv"},
        [f"class{n}" for n in range(10)],
        "test",
        [f"class{n % 10}" for n in range(20)],
    ),
    "driver-folders": (lambda root: class_folders(root, TEN, 1), {}, TEN, "test", TEN),
    "tumours": (split_folders, {}, SHAPES, "test", THREE),
    "cifar10": (files.cifar, {}, SHAPES, "test", ["bar", "cup", "disc", "cup"]),
    "eurosat": (satellite, {}, ["AnnualCrop", "Forest"], "test", ["AnnualCrop", "Forest"]),
    "corneas": (corneas, {"pattern": "[{label}]*"}, ["scar", "ulcer"], "test", ["scar", "scar", "ulcer", "ulcer"]),
    "chest-x-rays": (chests, {"task": "multilabel"}, ["Edema", "Mass"], "test", ["[]", '["Edema", "Mass"]']),
    "bones": (
        lambda root: split_folders(root, ("train", "val"), ["fractured", "normal"]),
        {},
        ["fractured", "normal"],
        "val",
        ["fractured"] * 3 + ["normal"] * 3,
    ),
    "cervical-cells": (
        cells,
        {},
        ["im_Dyskeratotic", "im_Koilocytotic"],
        "test",
        ["im_Dyskeratotic"] * 3 + ["im_Koilocytotic"] * 3,
    ),
    "pets": (
        lambda root: files.pets(root / "oxford-iiit-pet"),
        {},
        ["Abyssinian", "Great Dane"],
        "test",
        ["Abyssinian", "Great Dane"],
    ),
    "birds": (
        lambda root: class_folders(root / "images", ["001.Albatross", "002.Auklet"]),
        {},
        ["001.Albatross", "002.Auklet"],
        "test",
        ["001.Albatross"] * 3 + ["002.Auklet"] * 3,
    ),
    "brain-mri": (lambda root: split_folders(root, ("Training", "Testing")), {}, SHAPES, "test", THREE),
    "deepfakes": (
        lambda root: split_folders(root / "images", ("train", "test"), ["fake", "real"]),
        {},
        ["fake", "real"],
        "test",
        ["fake"] * 3 + ["real"] * 3,
    ),
    "fundus": (
        lambda root: split_folders(root, ("train", "valid"), ["cataract", "normal"]),
        {},
        ["cataract", "normal"],
        "val",
        ["cataract"] * 3 + ["normal"] * 3,
    ),
    "hugging-face": (files.hub, {}, SHAPES, "test", SHAPES),
    "hugging-face-saved": (lambda root: files.hub(root, "arrow"), {}, SHAPES, "test", SHAPES),
    "camera-traps": (
        cameras,
        {"data": "set/train_features.csv"},
        ["hog", "bird", "blank"],
        "test",
        ["hog", "bird", "blank"] * 2,
    ),
    "waste": (class_folders, {}, SHAPES, "test", THREE),
    "streaks": (files.yolo, {}, ["streak", "star"], "val", ["streak", "star", "streak"]),
    "pneumonia-arrays": (lungs, {"data": "set/Processed"}, ["0", "1"], "val", ["0", "0", "1", "1"]),
    "chexpert": (
        chexpert,
        {"task": "multilabel", "data": "set/CheXpert-v1.0-small/valid.csv"},
        ["Edema", "Cardiomegaly"],
        "test",
        ['["Edema"]', '["Cardiomegaly"]', '["Cardiomegaly"]', "[]"],
    ),
    "tiles": (tiles, {"task": "segmentation"}, ["Water", "Building"], "test", None),
    "plant-village": (
        lambda root: split_folders(root / "plant/dataset", ("train", "val"), ["Apple___scab", "Apple___healthy"]),
        {},
        ["Apple___healthy", "Apple___scab"],
        "val",
        ["Apple___healthy"] * 3 + ["Apple___scab"] * 3,
    ),
    "biomass": (
        biomass,
        {"task": "regression", "data": "set/train.csv", "label_columns": ["Dry_Clover_g", "GDM_g"]},
        ["Dry_Clover_g", "GDM_g"],
        "test",
        ["[0.0, 0.0]", "[0.5, 1.0]", "[1.0, 2.0]", "[1.5, 3.0]"],
    ),
    "captions": (flickr, {"task": "captioning"}, [], "test", None),
    "trash": (
        lambda root: class_folders(root / "dataset-resized", ["cardboard", "glass"], ending="jpg"),
        {},
        ["cardboard", "glass"],
        "test",
        ["cardboard"] * 3 + ["glass"] * 3,
    ),
}


@pytest.mark.parametrize("name", SETUPS)
def test_data_are_read_as_they_lie(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    make, keys, classes, split, labels = SETUPS[name]
    make(tmp_path / "set") if name != "medmnist" else ((tmp_path / "set").mkdir(), make(tmp_path / "set"))
    settings = validate_settings(Settings, {"task": "classification", "data": "set"} | keys, "params.yaml")
    check_dataset("set", settings, tmp_path)
    found = load_dataset("set", tmp_path)
    assert found.classes == classes
    own = found.frame[found.frame["split"] == split]
    assert len(own)
    if labels is not None:
        assert own["label"].tolist() == labels
    if settings.task == "segmentation":
        assert own["mask"].notna().all()
    if settings.task == "captioning":
        assert own["caption"].tolist()[0] == "A child in a pink dress .\nA girl, climbing ."


def test_uncertain_labels_are_known_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    chexpert(tmp_path)
    settings = Settings(task="multilabel", data="CheXpert-v1.0-small/valid.csv")
    check_dataset("set", settings, tmp_path)
    assert [json.loads(one) for one in load_dataset("set", tmp_path).frame["uncertain"]] == [
        [],
        [],
        ["Edema"],
        ["Edema"],
    ]


def test_columns_that_a_split_needs_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    for n in range(4):
        save(tmp_path / f"{n}.png", n)
    table(
        tmp_path / "folds.csv", [{"image": f"{n}.png", "label": "ab"[n % 2], "fold": n, "site": "x"} for n in range(4)]
    )
    check_dataset("set", Settings(task="classification", data="folds.csv", keep=["fold"]), tmp_path)
    frame = load_dataset("set", tmp_path).frame
    assert (frame["fold"].tolist(), "site" in frame) == (["0", "1", "2", "3"], False)
