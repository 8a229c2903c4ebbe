"""Images and masks: two folders (`images/` and `masks/`, `test/` and `test_labels/`), or one with `x_mask.png`."""

import csv
from collections import defaultdict
from pathlib import Path

import pandas as pd

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError
from seewhy.inputs.layouts import walk
from seewhy.inputs.layouts.finding import UNMISTAKABLE, Finding, Reading
from seewhy.inputs.layouts.roles import mask_stem, role_of, without_role

NAME = "masks"
ABOUT = "images and masks of the same stem: in two folders, or beside each other with _mask, _L or _gt in the name"
COLOURS = "class_dict.csv"
Key = tuple[tuple[str, ...], str]


def recognise(path: Path) -> Finding | None:
    """Folders named after masks, or files named after another file and `_mask`, for most of the images."""
    if not path.is_dir():
        return None
    images, masks = _images_and_masks(walk.list_pictures(path), path)
    if not masks or not images:
        return None
    matched = _match_masks(images, masks)
    if len(matched) * 2 < len(images):
        return None
    image, mask = next(iter(matched.items()))
    shown = walk.paths_shown([image, mask], path).replace(", ", " and ")
    told = f"{len(matched)} of {len(images)} images have a mask: {shown}"
    colours = colour_file(path)
    settings = {"colours": str(colours)} if colours else {}
    return Finding(NAME, told, UNMISTAKABLE, "segmentation", settings)


def read(path: Path, settings: Dataset) -> Reading:
    """Each image with its mask, and the split that a folder around it is named after."""
    images, masks = _images_and_masks(walk.list_pictures(path, settings.files), path)
    matched = _match_masks(images, masks)
    if not matched:
        raise SeewhyError(f"no image in '{path.name}' has a mask; allowed: {ABOUT}")
    files = [file for some in images.values() for file in some]
    rows = [
        {"image": str(one), "mask": str(matched.get(one, "")), "split": _split_of_file(one, path)}
        for one in sorted(files)
    ]
    frame = pd.DataFrame(rows)
    notes = [f"{without:,} of {len(files):,} images have no mask"] if (without := len(files) - len(matched)) else []
    stray = sum(map(len, masks.values())) - len(set(matched.values()))
    notes += [f"{stray:,} masks belong to no image"] if stray else []
    frame = frame if frame["split"].any() else frame.drop(columns="split")
    colours = (settings.colours and path / settings.colours) or colour_file(path)
    names = list(read_colours(colours)) if colours else []
    return Reading(frame, names, notes)


def colour_file(path: Path) -> Path | None:
    """The table name, r, g, b that lies with coloured masks."""
    places = [path / COLOURS, *(one / COLOURS for one in walk.subfolders(path))]
    return next((one for one in places if one.is_file()), None)


def read_colours(file: Path) -> dict[str, str]:
    """Class names and their colours as rrggbb, in the table's order.

    Raises SeewhyError for a table without a name and three numbers from 0 to 255 a row.
    """
    found: dict[str, str] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if any(row)]
        for name, *values in rows:
            if values[:3] and all(one.isdecimal() for one in values[:3]):
                red, green, blue = (int(one) for one in values[:3])
                found[name] = f"{red:02x}{green:02x}{blue:02x}"
    except (OSError, ValueError, csv.Error) as error:
        raise SeewhyError(f"'{file.name}' is no table of colours: {error}") from None
    if not found or any(len(one) != 6 for one in found.values()):
        raise SeewhyError(f"'{file.name}' is no table of colours; allowed: name, r, g, b in each row, from 0 to 255")
    return found


def _images_and_masks(files: list[Path], path: Path) -> tuple[dict[Key, list[Path]], dict[Key, list[Path]]]:
    """Files by what they are of: images, and masks."""
    images: dict[Key, list[Path]] = defaultdict(list)
    masks: dict[Key, list[Path]] = defaultdict(list)
    stems = {(one.parent, one.stem) for one in files}
    for file in files:
        parts = walk.parts_below(file, path)
        roles = [role_of(part) for part in parts]
        own = mask_stem(file.stem)
        beside = own is not None and (file.parent, own) in stems
        key = tuple(filter(None, (without_role(part) for part in parts)))
        if "masks" in roles or beside:
            masks[key, own or file.stem].append(file)
            if own:  # a stem may end so by chance
                masks[key, file.stem].append(file)
        else:
            images[key, file.stem].append(file)
    return images, masks


def _match_masks(images: dict[Key, list[Path]], masks: dict[Key, list[Path]]) -> dict[Path, Path]:
    """The mask of each image: of the same folders but for their roles, or else the only one of that stem."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for (_, stem), files in masks.items():
        by_stem[stem] += files
    same = len({stem for _, stem in images}) == sum(map(len, images.values()))
    found = {}
    for key, files in images.items():
        places = masks.get(key) or (by_stem.get(key[1], []) if same else [])
        if len(set(places)) == 1 and len(files) == 1:
            found[files[0]] = places[0]
        elif len(set(places)) > 1:
            exact = [one for one in places if one.suffix == ".png"]
            if len(set(exact)) == 1:
                found[files[0]] = exact[0]
    return found


def _split_of_file(file: Path, path: Path) -> str:
    named = [walk.split_of(without_role(part) or part) for part in walk.parts_below(file, path)]
    return next((one for one in named if one), "")
