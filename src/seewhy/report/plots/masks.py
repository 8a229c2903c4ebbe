"""Segments in colour: masks over photos, what is missed and what invented, and maps beside them.

A class has one colour on all pages of all studies: that of its index. The background (index 0) is not painted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from seewhy.report.plots.grids import grid_sheet
from seewhy.report.plots.maps import SHARE, draw_outline, draw_overlay
from seewhy.report.plots.sheet import INK, LINE, Sheet, check_lengths, house_style, maps_by_name, shorten_text

COLOURS = ("#8a929b", "#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#009e73", "#d55e00", "#0072b2")  # Okabe and Ito 2008
# no class's; between any two of them dE 27 or more for all kinds of colour vision, mixed with grey as here
OUTCOMES = {"right": "#e8ffb0", "missed": "#7b00ff", "invented": "#ff0033"}
TINT = 0.55  # how much of a painted pixel is the class's colour
GOLDEN = 0.618  # turns of the colour circle between classes beyond the named colours: neighbours differ


def class_colours(count: int) -> list[str]:
    """A colour for each of `count` classes, by index; the background's is grey, for charts."""
    from colorsys import hsv_to_rgb

    more = [to_hex(hsv_to_rgb((k * GOLDEN) % 1, 0.7, 0.85)) for k in range(count - len(COLOURS))]
    return [*COLOURS, *more][:count]


def paint_labels(photos: np.ndarray, labels: np.ndarray, colours: Sequence[str]) -> np.ndarray:
    """Photos, uint8 (n, H, W, 3), in grey under the colours of their labels (n, H, W).

    Label 0 and values without a colour are not painted.
    """
    grey = np.repeat(photos.mean(-1, keepdims=True), 3, -1)
    inks = np.array([to_rgb(colour) for colour in colours]) * 255
    seen = (labels > 0) & (labels < len(colours))
    mixed = (1 - TINT) * grey + TINT * inks[np.where(seen, labels, 0)]
    return np.where(seen[..., None], mixed, grey).round().astype(np.uint8)


def pixel_outcomes(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Of one class's regions (bool): uint8 index into ("", *OUTCOMES): 1 right, 2 missed, 3 invented, 0 neither."""
    return np.where(predicted & true, 1, np.where(true, 2, np.where(predicted, 3, 0))).astype(np.uint8)


def segment_grid(
    photos: Sequence[np.ndarray],
    columns: Mapping[str, np.ndarray],
    titles: Sequence[str],
    legend: Mapping[str, str],
    regions: np.ndarray | None = None,
    inks: Sequence[str] = (),
    correct: Sequence[bool | None] | None = None,
    cmap: str = "viridis",
    opacity: float = 0.6,
) -> Figure:
    """Images down: the photo, then a column for each name, under a legend of names and colours.

    A column is pictures, uint8 (n, H, W, 3), or maps (n, h, w), shares of their maximum, which are laid over the photo
    with image i's `regions[i]` (bool) outlined in `inks[i]`. Raises SeewhyError when the numbers of images differ.
    """
    check_lengths(photos=photos, titles=titles, **maps_by_name(dict(columns)))
    has_maps = any(column.ndim == 3 for column in columns.values())
    with house_style():
        sheet, fig = grid_sheet(photos, list(columns), titles, correct, above=LINE + 0.15)
        for place, column in enumerate(columns.values(), start=1):
            for row, (photo, one) in enumerate(zip(photos, column, strict=True)):
                ax = sheet.add_panel(fig, row, place)
                if one.ndim == 3:
                    ax.imshow(one, aspect="auto")
                    continue
                draw_overlay(ax, photo, one, cmap, opacity)
                if regions is not None:
                    draw_outline(ax, regions[row], inks[row])
        _draw_legend(sheet, fig, legend)
        if has_maps:
            sheet.add_colour_bar(fig, ScalarMappable(Normalize(0, 1), cmap), SHARE)
    return fig


def _draw_legend(sheet: Sheet, fig: Figure, legend: Mapping[str, str]) -> None:
    """Squares of colour with their names, on the first line of a sheet."""
    x = sheet.left
    for name, colour in legend.items():
        told = shorten_text(name, 24)
        place = (x / sheet.width, 1 - 0.16 / sheet.height)
        size = (0.13 / sheet.width, 0.13 / sheet.height)
        fig.add_artist(Rectangle(place, *size, color=colour, transform=fig.transFigure))
        sheet.add_text(fig, x + 0.2, 0.15, told, size=9, color=INK)
        x += 0.45 + 0.078 * len(told)
