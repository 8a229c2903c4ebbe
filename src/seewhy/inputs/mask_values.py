"""What the values or colours of a segmentation's masks stand for: class indices, 0 and 255, or a table of colours."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from seewhy.config.dataset import Dataset
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import sources
from seewhy.inputs.layouts.mask_pairs import read_colours
from seewhy.inputs.sources import MARK, NO_CLASS
from seewhy.progress import show_progress

LOSSY = (".jpg", ".jpeg")
MOST = 400  # colours that are kept in mind: a photo given as a mask has more


@dataclass
class Values:
    """In how many masks each value occurs, and each colour where masks are coloured."""

    values: Counter[int] = field(default_factory=Counter)
    colours: Counter[int] = field(default_factory=Counter)
    is_lossy: bool = False

    def add_mask(self, address: Path) -> None:
        """Counts the values of a mask; a damaged one is left to the check of its row."""
        try:
            mask = sources.open_source(address)
            if _is_coloured(mask):
                self.colours.update(np.unique(sources.packed_colours(mask))[:MOST].tolist())
            else:
                self.values.update(np.unique(sources.plain_values(mask)).tolist())
        except Exception:  # whatever a damaged file raises
            return
        self.is_lossy |= sources.source_file(address).suffix.lower() in LOSSY


def mask_reading(
    masks: Sequence[Path], classes: list[str], settings: Dataset, root: Path, where: str
) -> tuple[str, list[str]]:
    """What is added to the address of each mask so that its values are class indices, and what was taken for what.

    Raises SeewhyError where colours stand for no class that is known.
    """
    if settings.mask_values:
        return _by_values(settings.mask_values, classes, where), [
            f"mask values {settings.mask_values} are the classes, in order"
        ]
    if settings.colours:
        return _by_colours(root / settings.colours, classes, where)
    seen = Values()
    for one in show_progress(masks, len(masks), "looking at masks"):
        seen.add_mask(one)
    if seen.colours:
        shown = list_names(f"#{one:06x}" for one, _ in seen.colours.most_common(6))
        raise SeewhyError(
            f"the masks of {where} are coloured ({shown}); `colours: FILE`, a table name, r, g, b, tells their classes"
        )
    return _by_what_occurs(seen, max(2, len(classes)))


def _by_what_occurs(seen: Values, count: int) -> tuple[str, list[str]]:
    """The reading of masks of `count` classes: two values are two classes, also 0 and 255."""
    found = sorted(seen.values)
    told = list_names(f"{value} in {seen.values[value]:,}" for value in found)
    if count == 2 and len(found) == 2 and found[0] == 0 and found[1] > 1:
        return f"{MARK}values=0,{found[1]}", [f"masks hold the values 0 and {found[1]}: {found[1]} is read as class 1"]
    if count == 2 and seen.is_lossy and len(found) > 2:
        return f"{MARK}above=127", [f"masks are JPEG and hold {len(found)} values: above 127 is read as class 1"]
    if NO_CLASS in found and found != [NO_CLASS]:
        note = f"masks hold 255, which is no class ({told} masks)"
        return "", [note + ("; nothing but it and 0: is 255 a class?" if found == [0, NO_CLASS] else "")]
    return "", []


def _by_values(values: list[int], classes: list[str], where: str) -> str:
    if len(values) != len(classes) or len(set(values)) != len(values):
        raise SeewhyError(
            f"mask_values of {where}: found {values}; allowed: one value for each of {len(classes)} classes"
        )
    return f"{MARK}values={','.join(map(str, values))}"


def _by_colours(file: Path, classes: list[str], where: str) -> tuple[str, list[str]]:
    table = read_colours(file)
    missing = [name for name in classes if name not in table]
    if missing:
        raise SeewhyError(
            f"colours of {where}: '{file.name}' has no colour for {list_names(missing)}; found: {list_names(table)}"
        )
    colours = ",".join(table[name] for name in classes)
    return f"{MARK}colours={colours}", [
        f"mask colours are those of {file.name}; a colour that is not in it is of no class"
    ]


def _is_coloured(mask: Image.Image | np.ndarray) -> bool:
    """Whether a mask has three channels that differ."""
    if isinstance(mask, np.ndarray):
        return mask.ndim == 3 and mask.shape[2] > 2 and bool((mask[..., 0] != mask[..., 1]).any())
    if mask.mode in ("P", "1", "L", "F", "LA") or mask.mode.startswith("I"):
        return False
    red, green, blue = np.asarray(mask.convert("RGB")).transpose(2, 0, 1)
    return bool((red != green).any() or (red != blue).any())
