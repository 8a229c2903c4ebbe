"""Rows of small pictures cut from photos, each with a word over it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from seewhy.report.plots.sheet import LINE, WIDTH, Sheet, wrap_text


def patch_rows(rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str], names: Sequence[Sequence[str]]) -> Figure:
    """One row of patches for each title; `names` stand over the patches, where there are any.

    rows: uint8 (h, w, 3), for each title equally many.
    """
    room, columns = 1.05, max(map(len, rows))
    panel = min((WIDTH - room) / columns - 0.08, 1.3)
    aspect = rows[0][0].shape[0] / rows[0][0].shape[1]
    sheet = Sheet(len(rows), columns, panel, aspect, head=LINE * any(names) + 0.1, left=room)
    fig = sheet.empty_sheet()
    for row, (pictures, title) in enumerate(zip(rows, titles, strict=True)):
        x, y = sheet.panel_corner(row, 0)
        told = wrap_text(title, room - 0.2, lines=3, size=9)
        sheet.add_text(fig, 0.05, y + (panel * aspect + (told.count("\n") + 0.5) * LINE) / 2, told, size=9)
        for column, picture in enumerate(pictures):
            ax = sheet.add_panel(fig, row, column)
            ax.imshow(picture, aspect="auto")
            x, y = sheet.panel_corner(row, column)
            name = names[row][column] if names[row] else ""
            sheet.add_text(fig, x + panel / 2, y - 0.05, wrap_text(name, panel, 1, 8), centre=True, size=8)
    return fig
