"""Small datasets in the layouts that people have, each with the labels and splits that are right for it."""

import csv
import gzip
import json
import pickle
import struct
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = ["bar", "cup", "disc"]


def picture(seed: int, size: int = 16) -> np.ndarray:
    """Noise, equal for equal seeds."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def save(path: Path, seed: int, size: int = 16) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture(seed, size)).save(path)
    return path


def table(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def class_folders(root: Path, names=NAMES, each: int = 3, first: int = 0, ending: str = "png") -> Path:
    for k, name in enumerate(names):
        for n in range(each):
            save(root / name / f"{name}-{n}.{ending}", first + 10 * k + n)
    return root


def split_folders(root: Path, splits=("train", "val", "test"), names=NAMES) -> Path:
    for k, split in enumerate(splits):
        class_folders(root / split, names, first=100 * k)
    return root


def medmnist(path: Path) -> Path:
    draw = np.random.default_rng(0)
    arrays = {}
    for split, n in (("train", 6), ("val", 3), ("test", 4)):
        arrays[f"{split}_images"] = draw.integers(0, 256, (n, 28, 28, 3), dtype=np.uint8)
        arrays[f"{split}_labels"] = (np.arange(n) % 3).astype(np.uint8)[:, None]
    np.savez(path, **arrays)
    return path


def cifar(root: Path) -> Path:
    """As it is published: pickles of Python 2, whose arrays are text."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        data = draw.integers(0, 256, (4, 3072), dtype=np.uint8)
        held = {b"data": data, b"labels": [0, 1, 2, 1], b"filenames": [b"a.png"] * 4}
        (folder / name).write_bytes(pickle.dumps(held, protocol=2))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}, protocol=2))
    return root


def idx(path: Path, array: np.ndarray, zipped: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if zipped else data)


def mnist(root: Path, zipped: bool = True) -> Path:
    draw = np.random.default_rng(0)
    for kind, n in (("train", 5), ("t10k", 4)):
        ending = ".gz" if zipped else ""
        idx(
            root / f"MNIST/raw/{kind}-images-idx3-ubyte{ending}",
            draw.integers(0, 256, (n, 28, 28), dtype=np.uint8),
            zipped,
        )
        idx(root / f"MNIST/raw/{kind}-labels-idx1-ubyte{ending}", (np.arange(n) % 3).astype(np.uint8), zipped)
    return root


def fer(path: Path) -> Path:
    rows = [
        {"emotion": n % 3, "pixels": " ".join(map(str, picture(n, 48)[..., 0].ravel())), "Usage": usage}
        for n, usage in enumerate(["Training", "Training", "PublicTest", "PrivateTest", "PrivateTest"])
    ]
    table(path, rows)
    return path


def coloured_masks(root: Path) -> Path:
    """CamVid's way: test/ and test_labels/, x.png and x_L.png, class_dict.csv."""
    colours = {"sky": (128, 128, 128), "road": (128, 64, 128), "car": (64, 0, 128)}
    for split in ("train", "test"):
        for n in range(3):
            save(root / split / f"{split}{n}.png", n)
            mask = np.zeros((16, 16, 3), np.uint8)
            mask[:] = colours["sky"]
            mask[8:] = colours["road"]
            mask[10:14, 2:6] = colours["car"]
            (root / f"{split}_labels").mkdir(exist_ok=True)
            Image.fromarray(mask).save(root / f"{split}_labels" / f"{split}{n}_L.png")
    rows = [{"name": name, "r": r, "g": g, "b": b} for name, (r, g, b) in colours.items()]
    table(root / "class_dict.csv", rows)
    return root


def mask_folders(root: Path, value: int = 255, ending: str = "png") -> Path:
    for n in range(4):
        save(root / "images" / f"{n}.jpg", n)
        mask = np.zeros((16, 16), np.uint8)
        mask[4 : 8 + n, 4:8] = value
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(root / "masks" / f"{n}.{ending}")
    return root


def voc(root: Path) -> Path:
    folder = root / "VOC2012"
    for n in range(4):
        save(folder / f"JPEGImages/{n}.jpg", n)
        mask = Image.fromarray(np.full((16, 16), 8, np.uint8)).convert("P")
        (folder / "SegmentationClass").mkdir(exist_ok=True)
        mask.save(folder / f"SegmentationClass/{n}.png")
        (folder / "Annotations").mkdir(exist_ok=True)
        box = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>10</xmax><ymax>12</ymax></bndbox>"
        (folder / f"Annotations/{n}.xml").write_text(f"<annotation><object><name>cat</name>{box}</object></annotation>")
    for kind in ("Main", "Segmentation"):
        (folder / "ImageSets" / kind).mkdir(parents=True)
        (folder / f"ImageSets/{kind}/train.txt").write_text("0\n1\n")
        (folder / f"ImageSets/{kind}/val.txt").write_text("2\n3\n")
    return root


def coco(root: Path) -> Path:
    held = {"images": [], "annotations": [], "categories": [{"id": 7, "name": "cup"}, {"id": 3, "name": "bar"}]}
    for n in range(3):
        save(root / f"val2017/{n:012}.jpg", n)
        held["images"].append({"id": n, "file_name": f"{n:012}.jpg", "width": 16, "height": 16})
        square = [2, 2, 10, 2, 10, 8, 2, 8]
        held["annotations"].append(
            {
                "id": n,
                "image_id": n,
                "category_id": 7 if n else 3,
                "bbox": [2, 2, 8, 6],
                "area": 48,
                "segmentation": [square],
            }
        )
    (root / "annotations").mkdir()
    (root / "annotations/instances_val2017.json").write_text(json.dumps(held))
    return root


def yolo(root: Path) -> Path:
    for split in ("train", "val"):
        for n in range(3):
            save(root / f"{split}/images/{split}-{n}.jpg", n, size=20)
            (root / f"{split}/labels").mkdir(exist_ok=True)
            (root / f"{split}/labels/{split}-{n}.txt").write_text(f"{n % 2} 0.5 0.5 0.2 0.4\n")
    (root / "data.yaml").write_text("train: train/images\nnames: {0: streak, 1: star}\nnc: 2\n")
    return root


def pets(root: Path) -> Path:
    lines = {"trainval": [("Abyssinian", 1), ("great_dane", 2)], "test": [("Abyssinian", 1), ("great_dane", 2)]}
    (root / "annotations/trimaps").mkdir(parents=True)
    for k, (name, breeds) in enumerate(lines.items()):
        text = []
        for breed, number in breeds:
            save(root / f"images/{breed}_{k}.jpg", 10 * k + number)
            Image.new("L", (16, 16), 1).save(root / f"annotations/trimaps/{breed}_{k}.png")
            text.append(f"{breed}_{k} {number} 1 1")
        (root / f"annotations/{name}.txt").write_text("\n".join(text) + "\n")
    return root


def hub(root: Path, kind: str = "parquet") -> Path:
    """A dataset of Hugging Face: images as bytes, names of labels in the schema's note."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    note = {"info": {"features": {"label": {"names": NAMES, "_type": "ClassLabel"}, "img": {"_type": "Image"}}}}
    for split, n in (("train", 4), ("test", 3)):
        images = []
        for row in range(n):
            stream = io.BytesIO()
            Image.fromarray(picture(row)).save(stream, "PNG")
            images.append({"bytes": stream.getvalue(), "path": None})
        held = pa.table({"img": images, "label": pa.array([row % 3 for row in range(n)], pa.int64())})
        held = held.replace_schema_metadata({b"huggingface": json.dumps(note).encode()})
        if kind == "parquet":
            (root / "data").mkdir(parents=True, exist_ok=True)
            pq.write_table(held, root / f"data/{split}-00000-of-00001.parquet")
        else:
            (root / split).mkdir(parents=True, exist_ok=True)
            with (
                pa.OSFile(str(root / split / "data-00000-of-00001.arrow"), "wb") as sink,
                pa.ipc.new_stream(sink, held.schema) as writer,
            ):
                writer.write_table(held)
            state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_indices_files": None}
            (root / split / "state.json").write_text(json.dumps(state))
    if kind == "arrow":
        (root / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return root
