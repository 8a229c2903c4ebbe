"""Candidates of a class: one picture with the place marked, then crops of what a person judges."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seewhy.report.plots.sheet import LINE, WIDTH, WRONG, Sheet, wrap_text


@dataclass(frozen=True)
class CandidateRow:
    """One candidate: what stands over it, a whole picture, the place in it, and crops (k, h, w, 3)."""

    title: str
    example: UInt8[np.ndarray, "h w 3"]
    place: tuple[float, float, float, float] | None
    crops: Sequence[UInt8[np.ndarray, "h w 3"]]


def candidate_rows(rows: Sequence[CandidateRow]) -> Figure:
    """A row for each candidate, its title over it, the marked picture first."""
    columns = 1 + max(len(row.crops) for row in rows)
    height, width = rows[0].example.shape[:2]
    panel = min(WIDTH / columns - 0.08, 1.0)
    sheet = Sheet(len(rows), columns, panel, height / width, head=LINE + 0.12)
    fig = sheet.empty_sheet()
    for number, row in enumerate(rows):
        x, y = sheet.panel_corner(number, 0)
        sheet.add_text(fig, x, y - 0.06, wrap_text(row.title, sheet.width - 0.1, 1))
        for column, picture in enumerate([row.example, *row.crops]):
            sheet.add_panel(fig, number, column).imshow(picture, aspect="auto")
        if row.place:
            x0, y0, x1, y1 = (side * n for side, n in zip(row.place, (width, height, width, height), strict=True))
            box = Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor=WRONG, linewidth=1.8)
            fig.axes[-1 - len(row.crops)].add_patch(box)
    return fig
