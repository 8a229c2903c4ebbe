"""A picture beside others that are like it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from seewhy.report.plots.maps import photo_aspect
from seewhy.report.plots.sheet import (
    LINE,
    SMOOTH,
    WIDTH,
    Sheet,
    check_lengths,
    house_style,
    mark_frame,
    mark_title,
    most_lines,
    title_colour,
    wrap_text,
)


def nearest_images(
    photos: Sequence[np.ndarray],
    titles: Sequence[str],
    others: Sequence[Sequence[np.ndarray]],
    names: Sequence[Sequence[str]],
) -> Figure:
    """One row a mistake, framed as wrong, and right of it, framed as right, the pictures in `others`, under `names`.

    photos, others: uint8 (H, W, 3). Raises SeewhyError when their numbers differ.
    """
    check_lengths(photos=photos, titles=titles, others=others, names=names)
    columns = 1 + max(map(len, others))
    panel = min(WIDTH / columns - 0.14, 1.5)
    with house_style():
        told = [
            [wrap_text(text, panel, lines=3, size=8.5) for text in (mark_title(title, False), *some)]
            for title, some in zip(titles, names, strict=True)
        ]
        head = max(most_lines(row) for row in told) * LINE + 0.16
        sheet = Sheet(len(photos), columns, panel, photo_aspect(photos), head=head, gap=0.12)
        fig = sheet.empty_sheet()
        for row, (photo, some) in enumerate(zip(photos, others, strict=True)):
            for column, (picture, text) in enumerate(zip((photo, *some), told[row], strict=True)):
                ax = sheet.add_panel(fig, row, column)
                ax.imshow(picture, **SMOOTH)
                mark_frame(ax, column > 0)
                x, y = sheet.panel_corner(row, column)
                sheet.add_text(fig, x, y - 0.07, text, color=title_colour(column > 0), size=8.5)
    return fig
