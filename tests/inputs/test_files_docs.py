"""Every line of the table in docs/files.md makes a study of files as its row says."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy.config.project import Project
from seewhy.errors import SeewhyError
from seewhy.inputs.new_study import propose_study
from seewhy.inputs.new_study_request import Request
from tests.inputs import layout_files as files

TEXT = (Path(__file__).parents[2] / "docs/files.md").read_text(encoding="utf-8")
OPTIONS = {"--set": "settings"}
LINE = "T.Compose([T.Resize((32, 32)), T.ToTensor()])"


def lines_of_table() -> list[str]:
    """The lines, whole: what stands after "or" in a row goes with the row's own `--data`."""
    part = TEXT.partition("## Datasets")[2].partition("| what I have |")[2].partition("\n\n")[0]
    found = []
    for row in part.splitlines()[2:]:
        own = re.findall(r"`(--[^`]+)`", re.split(r"(?<!\\)\|", row)[2])
        kept = {key: value for key, value in pairs_of(own[0]) if key in ("--data", "--task")}
        for line in own:
            missing = [shlex.join(pair) for pair in kept.items() if pair[0] not in line]
            found.append(line if line.startswith("--data") else " ".join([*missing, line]))
    return found


def pairs_of(line: str) -> list[tuple[str, str]]:
    words = shlex.split(line)
    return list(zip(words[::2], words[1::2], strict=True))


def request_of(line: str) -> Request:
    """As the command line has it; an option that does not exist is a TypeError."""
    given: dict[str, object] = {"settings": ()}
    for option, value in pairs_of(line):
        name = OPTIONS.get(option, option.removeprefix("--"))
        given[name] = (*given["settings"], value) if name == "settings" else value  # type: ignore[misc]
    words = {"study": "mine", "checkpoint": "tiny.pth", "architecture": "my_nets:Tiny", "transform": LINE}
    return Request(**words | given)  # type: ignore[arg-type]


def images(folder: Path, count: int = 6, ending: str = "png", name: str = "{}") -> list[str]:
    return [files.save(folder / f"{name.format(n)}.{ending}", n).name for n in range(count)]


def rows(file: Path, folder: str = "", count: int = 6, ending: str = "png", **columns: Callable[[int], object]) -> None:
    """A table of images that lie in `folder` beside it."""
    names = images(file.parent / folder, count, ending)
    made = [{key: value(n) for key, value in columns.items()} for n in range(count)]
    names = [f"{folder}/{name}".lstrip("/") for name in names]
    pd.DataFrame([{"image": name} | one for name, one in zip(names, made, strict=True)]).to_csv(file, index=False)


def label(n: int) -> str:
    return files.NAMES[n % 3]


def listed(root: Path, folder: Path) -> None:
    files.class_folders(folder)
    every = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    place = root / "lists" if root != folder else folder
    place.mkdir(exist_ok=True)
    for name, part in (("train", every[1::2]), ("test", every[::2])):
        (place / f"{name}.txt").write_text("\n".join(part))


def crops(folder: Path) -> None:
    for name in files.NAMES:
        images(folder / name / name / "CROPPED", 3, name=f"{name}-{{}}")
        images(folder / name / name, 3, name=f"{name}-whole-{{}}")


def two_folders(folder: Path) -> None:
    files.class_folders(folder, ["positive", "negative"])


def arrays(folder: Path, masks: bool = False) -> None:
    draw = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for split, n in (("train", 4), ("test", 5)):
        held = draw.integers(0, 256, (n, 16, 16, 3), dtype=np.uint8)
        if masks:
            torch.save(torch.from_numpy(held).permute(0, 3, 1, 2).float() / 255, folder / f"{split}_images.pt")
            torch.save(torch.arange(n * 256).reshape(n, 16, 16) % 3, folder / f"{split}_masks.pt")
        else:
            np.save(folder / f"x_{split}.npy", held)
            np.save(folder / f"y_{split}.npy", np.arange(n) % 2)


def one_array_an_image(folder: Path) -> None:
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for n in range(3):
            np.save(folder / name / f"{n}.npy", files.picture(n))


def bands(folder: Path) -> None:
    import tifffile

    for name in ("crop", "town"):
        (folder / name).mkdir(parents=True)
        for n in range(3):
            values = np.random.default_rng(n).integers(0, 3000, (16, 16, 6), dtype=np.uint16)
            tifffile.imwrite(folder / name / f"{name}{n}.tif", values, planarconfig="contig")


def captions(folder: Path, coco: bool) -> None:
    names = images(folder if not coco else folder / "val2014", 3, "jpg")
    if coco:
        held = {"images": [{"id": n, "file_name": name} for n, name in enumerate(names)]}
        held["annotations"] = [{"image_id": n, "id": n, "caption": "a thing"} for n in range(3)]
        (folder / "captions_val2014.json").write_text(json.dumps(held))
    else:
        (folder / "Flickr8k.token.txt").write_text("".join(f"{name}#0\tA thing .\n" for name in names))


def value_masks(folder: Path, values: tuple[int, ...]) -> None:
    files.mask_folders(folder)
    for n in range(4):
        mask = np.array(values, np.uint8)[(np.arange(256).reshape(16, 16) + n) % len(values)]
        Image.fromarray(mask).save(folder / f"masks/{n}.png")


def object_masks(folder: Path) -> None:
    for n in range(6):
        name = f"[{'cg'[n % 2]}]{n}"
        files.save(folder / f"images/{name}.jpg", n)
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray((np.arange(256).reshape(16, 16) < 40).astype(np.uint8) * 255).save(folder / f"masks/{name}.png")


def spread_breeds(folder: Path) -> None:
    names = [path for n in range(6) for path in [files.save(folder / f"train/part{n % 2}/id{n}.jpg", n)]]
    files.table(folder / "labels.csv", [{"id": path.stem, "label": label(n)} for n, path in enumerate(names)])


def traps(folder: Path) -> None:
    images(folder / "train_features", 6, "jpg", "ZJ{}")
    files.table(
        folder / "train_features.csv",
        [{"id": f"ZJ{n}", "filepath": f"train_features/ZJ{n}.jpg", "site": f"S{n % 2}"} for n in range(6)],
    )
    hot = [{"id": f"ZJ{n}"} | {name: float(n % 3 == k) for k, name in enumerate(files.NAMES)} for n in range(6)]
    files.table(folder / "train_labels.csv", hot)


def cats(folder: Path) -> None:
    images(folder, 3, "jpg", "cat.{}")
    images(folder, 3, "jpg", "dog.{}")


def test_a_table_without_a_known_column_of_labels_is_refused_with_the_option(project):
    rows(project.root / "dogs.csv", breed=label)
    with pytest.raises(SeewhyError, match=r"of image, breed; add --set columns.label=NAME, or --classes a,b,c"):
        propose_study(Project(project.root), request_of("--data dogs.csv"))
    found = propose_study(Project(project.root), request_of("--data dogs.csv --set columns.label=breed"))
    assert ("images", "6 images") in {(what, value) for what, value, _ in found.facts}


BUILDERS: dict[str, Callable[[Path, Path], object]] = {  # start of the line -> makes its files; root, place of --data
    "--data data/inputs/birds": lambda _, place: files.split_folders(place),
    "--data data/inputs/birds --split": lambda _, place: files.class_folders(place, each=6),
    "--data data/inputs/birds --classes": lambda _, place: two_folders(place),
    "--data data/inputs/cells": lambda _, place: crops(place),
    "--data data/inputs/eurosat": lambda _, place: listed(place, place),
    "--data data/inputs/eurosat --set": lambda root, place: listed(root, place),
    "--data data/inputs/cats": lambda _, place: cats(place),
    "--data data/inputs/cats --set": lambda _, place: [
        images(place, 3, "jpg", f"{{}}_{one}") for one in ("cat", "dog")
    ],
    "--data data/inputs/birds/test.csv": lambda _, place: rows(place, label=label),
    "--data test.csv": lambda _, place: pd.DataFrame(
        [{"file": name, "species": label(n)} for n, name in enumerate(images(place.parent))]
    ).to_csv(place, index=False),
    "--data birds.csv": lambda _, place: rows(place, label=label, fold=lambda n: n % 4),
    "--data data/inputs/breeds": lambda _, place: spread_breeds(place.parent),
    "--data data/inputs/traps": lambda _, place: traps(place.parent),
    "--data data/inputs/chest": lambda _, place: rows(
        place / "labels.csv", labels=lambda n: ["a|b", "a", "b|c", "", "c", "a|c"][n]
    ),
    "--data biomass.csv --task regression --classes": lambda _, place: rows(
        place, Dry_g=lambda n: 1.5 * n, Clover_g=lambda n: n / 4
    ),
    "--data biomass.csv --task regression --set": lambda _, place: rows(
        place, Dry_g=lambda n: 1.5 * n, Clover_g=lambda n: n / 4
    ),
    "--data data/inputs/labels.json": lambda _, place: place.write_text(
        json.dumps({name: label(n) for n, name in enumerate(images(place.parent))})
    ),
    "--data data/inputs/lungs": lambda _, place: files.mask_folders(place),
    "--data data/inputs/camvid": lambda _, place: files.coloured_masks(place),
    "--data data/inputs/x": lambda _, place: value_masks(place, (0, 50, 100)),
    "--data data/inputs/eyes": lambda _, place: object_masks(place),
    "--data data/inputs/VOCdevkit": lambda _, place: files.voc(place),
    "--data data/inputs/VOCdevkit --task": lambda _, place: files.voc(place),
    "--data data/inputs/coco": lambda _, place: place.parent.rmdir() or files.coco(place.parents[1]),
    "--data data/inputs/coco/annotations/instances_val2017.json --task": lambda _, place: (
        place.parent.rmdir() or files.coco(place.parents[1])
    ),
    "--data data/inputs/streaks": lambda _, place: files.yolo(place),
    "--data data/inputs/captions_val2014.json": lambda _, place: captions(place.parent, True),
    "--data data/inputs/flickr8k": lambda _, place: captions(place, False),
    "--data data/inputs/pathmnist.npz": lambda _, place: files.medmnist(place),
    "--data data/inputs/arrays": lambda _, place: arrays(place),
    "--data data/inputs/patches": lambda _, place: arrays(place, masks=True),
    "--data data/inputs/Processed": lambda _, place: one_array_an_image(place),
    "--data data/inputs/cifar": lambda _, place: files.cifar(place),
    "--data data/inputs/fer2013.csv": lambda _, place: files.fer(place),
    "--data data/inputs/cifar10": lambda _, place: files.hub(place),
    "--data data/inputs/sentinel": lambda _, place: bands(place),
    "--data data/inputs/rsna": lambda *_: pytest.skip("pydicom is an extra: tests/inputs/test_layouts.py"),
    "--data data/inputs/photos": lambda _, place: images(place),
}
SEVERAL = {"adipose,background,debris,...": "adipose,background,debris"}  # what the docs leave to the reader


def builder_of(line: str) -> str:
    """The builder whose start goes furthest into the line."""
    return max((start for start in BUILDERS if f"{line} ".startswith((f"{start} ", f"{start}/"))), key=len)


def test_every_line_has_its_files_and_no_files_are_without_a_line():
    assert {builder_of(line) for line in lines_of_table()} == set(BUILDERS)
    assert len(lines_of_table()) == len(BUILDERS)


@pytest.mark.parametrize("line", lines_of_table())
def test_a_line_makes_a_study_of_such_files(line, project):
    for docs, written in SEVERAL.items():
        line = line.replace(docs, written)
    request = request_of(line)
    place = project.root / request.data
    place.parent.mkdir(parents=True, exist_ok=True)
    BUILDERS[builder_of(line)](project.root, place)
    found = propose_study(Project(project.root), request)
    facts = {what: value for what, value, _ in found.facts}
    assert re.search(r"[1-9]", facts["images"]), facts
    assert found.dataset["task"] == (request.task or found.dataset["task"])
    if request.classes:
        assert found.dataset["classes"] == request.classes.split(",")
    if request.split:
        assert found.settings["split"] == request.split
