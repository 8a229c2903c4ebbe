"""Classes side by side: mean photo, mean map on it, and what sets the class's map apart from the others."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from seewhy.report.plots.grids import draw_signed
from seewhy.report.plots.maps import draw_overlay, photo_aspect
from seewhy.report.plots.sheet import LINE, SMOOTH, WIDTH, Sheet, check_lengths, house_style, most_lines, wrap_text

ROWS = ("mean photo", "mean map", "apart")
MEAN, APART = "mean share\nof maximum", "others ← 0 → this"


def class_means(
    photos: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    apart: Sequence[np.ndarray],
    titles: Sequence[str],
    cmap: str = "viridis",
    opacity: float = 0.6,
) -> Figure:
    """One column a class. photos: k of uint8 (H, W, 3); maps: k of (h, w) >= 0, on one scale from 0 to the largest
    value of all; apart: k of (h, w) signed, on one symmetric scale, or NaN where there is nothing to compare with:
    that panel is left out, and the row where it has no other.

    Raises SeewhyError when their numbers differ.
    """
    check_lengths(photos=photos, maps=maps, apart=apart, titles=titles)
    most = float(np.max(maps)) or 1.0
    far = float(np.nanmax(np.abs(apart), initial=0)) or 1.0
    panel = min((WIDTH - 1.95) / len(photos) - 0.08, 1.9)
    with house_style():
        told = [wrap_text(title, panel) for title in titles]
        rows = ROWS if np.isfinite(apart).any() else ROWS[:2]
        top = most_lines(told) * LINE
        sheet = Sheet(len(rows), len(photos), panel, photo_aspect(photos), 0.08, left=0.95, right=1.0, top=top)
        fig = sheet.empty_sheet()
        for column, (photo, mean, other, title) in enumerate(zip(photos, maps, apart, told, strict=True)):
            sheet.add_panel(fig, 0, column).imshow(photo, **SMOOTH)
            draw_overlay(sheet.add_panel(fig, 1, column), photo, mean / most, cmap, opacity)
            if np.isfinite(other).any():
                draw_signed(sheet.add_panel(fig, 2, column), photo, other, far)
            x, _ = sheet.panel_corner(0, column)
            sheet.add_text(fig, x + panel / 2, sheet.top - 0.02, title, centre=True, size=9)
        for row, name in enumerate(rows):
            _, y = sheet.panel_corner(row, 0)
            sheet.add_text(fig, 0.05, y + panel * sheet.aspect / 2, name, size=9)
        sheet.add_colour_bar(fig, ScalarMappable(Normalize(0, most), cmap), MEAN, row=1)
        if len(rows) > 2:
            sheet.add_colour_bar(fig, ScalarMappable(Normalize(-far, far), "coolwarm"), APART, row=2)
    return fig
