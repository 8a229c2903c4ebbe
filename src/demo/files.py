"""The files that recipes write, whole or not at all; equal content gives equal bytes."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from seewhy.config import artifacts


def write_manifest(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows as CSV, the columns of the first row."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    artifacts.write_text(path, text.getvalue())


def write_png(path: Path, pixels: np.ndarray) -> None:
    """A picture: (h, w) grey or class indices, or (h, w, 3), from 0 to 255."""
    with artifacts.atomic_file(path) as scratch:
        Image.fromarray(pixels).save(scratch, format="png")


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """What torch.save writes, through memory: saved to a file, its bytes would hold the file's name."""
    import torch  # only here: datasets are made without it

    buffer = io.BytesIO()
    torch.save(content, buffer)
    with artifacts.atomic_file(path) as scratch:
        scratch.write_bytes(buffer.getvalue())
