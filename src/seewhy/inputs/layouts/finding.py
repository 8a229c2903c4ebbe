"""What a layout says of a path that it recognises, and what it reads there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from seewhy.config.dataset import Dataset

# strengths: a published set; what nothing else has; a common order; a hint; the rest
PUBLISHED, UNMISTAKABLE, USUAL, LAST, LEFT_OVER = 4, 3, 2, 1, 0


@dataclass(frozen=True)
class Finding:
    """A layout that fits: why, how surely, and what it means for the task and the section of params.yaml.

    `settings` are keys of the section that the reading rests on, as columns that were taken for ours.
    """

    layout: str
    reason: str
    strength: int = USUAL
    task: str = "classification"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What was read: one row an image, every cell text, and the class names in the layout's own order, if it has one.

    `frame` has the columns of a manifest: `image` (an address, absolute or as the user's table has it) and what is
    known of label, split, boxes, mask, caption. `folders` are where paths of a table start. `notes` are for doctor.
    `parts` are columns of 0 and 1 or of numbers, one for each class.
    """

    frame: pd.DataFrame
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folders: tuple[Path, ...] = ()
    parts: list[str] = field(default_factory=list)


class Layout(Protocol):
    """A module of this package."""

    NAME: str  # as `layout:` has it
    ABOUT: str  # what it looks like on disk, for people who choose

    def recognise(self, path: Path) -> Finding | None:
        """Whether that file or folder is laid out so, and why it seems so; nothing is decoded."""

    def read(self, path: Path, settings: Dataset) -> Reading:
        """Its images and what is known of them. Raises SeewhyError for what is not laid out so."""
