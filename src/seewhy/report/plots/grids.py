"""Images down, maps across: several maps of the same images on one scale, from 0 to 1 or signed."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from seewhy.errors import SeewhyError
from seewhy.metrics.baselines import NAMES
from seewhy.report.plots.maps import SHARE, draw_no_evidence, draw_outline, draw_overlay, photo_aspect
from seewhy.report.plots.overlay import has_evidence, resize_map
from seewhy.report.plots.sheet import (
    LINE,
    SMOOTH,
    WIDTH,
    Sheet,
    check_lengths,
    house_style,
    maps_by_name,
    mark_frame,
    mark_title,
    most_lines,
    title_colour,
    wrap_text,
)


def map_grid(
    photos: Sequence[np.ndarray],
    maps: dict[str, np.ndarray],
    titles: Sequence[str],
    cmap: str = "viridis",
    opacity: float = 0.6,
    correct: Sequence[bool | None] | None = None,
    raw: bool = False,
    label: str = SHARE,
    outlines: Sequence[np.ndarray | None] | None = None,
) -> Figure:
    """Images down, maps across: the photo first, then one column for each name, over the photo (or alone with `raw`).

    maps: name -> n of (h, w), all on one scale from 0 to 1; outlines: where the object is, n of bool (H, W) or None,
    drawn on photos and overlays. Raises SeewhyError when the numbers of images differ.
    """
    check_lengths(photos=photos, titles=titles, **maps_by_name(maps))
    with house_style():
        sheet, fig = grid_sheet(photos, list(maps), titles, correct, outlines=outlines)
        for column, (name, cams) in enumerate(maps.items(), start=1):
            for row, (photo, cam) in enumerate(zip(photos, cams, strict=True)):
                ax = sheet.add_panel(fig, row, column)
                if raw and has_evidence(cam):
                    ax.imshow(cam, cmap=cmap, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
                    continue
                draw_overlay(ax, photo, cam, cmap, opacity, lined=name not in NAMES)  # baselines have no contour
                draw_outline(ax, None if outlines is None else outlines[row])
        sheet.add_colour_bar(fig, ScalarMappable(Normalize(0, 1), cmap), label)
    return fig


def signed_grid(
    photos: Sequence[np.ndarray],
    maps: dict[str, np.ndarray],
    limit: float,
    titles: Sequence[str],
    correct: Sequence[bool | None] | None = None,
    label: str = "against  ←  0  →  for",
    outlines: Sequence[np.ndarray | None] | None = None,
) -> Figure:
    """Images down, signed maps across, over the photo's grey: red for, blue against, one symmetric scale for all.

    maps: name -> n of (h, w) signed; limit: the value at either end of the scale (larger ones are cut to it), > 0;
    outlines: as of `map_grid`.
    """
    if not limit > 0:
        raise SeewhyError(f"the limit of a signed scale must be above 0, not {limit}")
    check_lengths(photos=photos, titles=titles, **maps_by_name(maps))
    with house_style():
        sheet, fig = grid_sheet(photos, list(maps), titles, correct, outlines=outlines)
        for column, cams in enumerate(maps.values(), start=1):
            for row, (photo, cam) in enumerate(zip(photos, cams, strict=True)):
                ax = sheet.add_panel(fig, row, column)
                draw_signed(ax, photo, cam, limit)
                draw_outline(ax, None if outlines is None else outlines[row])
        sheet.add_colour_bar(fig, ScalarMappable(Normalize(-limit, limit), "coolwarm"), label)
    return fig


def draw_signed(ax: Axes, photo: np.ndarray, cam: np.ndarray, limit: float) -> None:
    """A signed map in the colours of its bar, shaded by the photo's grey: colours of the photo are no evidence."""
    if not has_evidence(cam):
        draw_no_evidence(ax)
        return
    grey = photo.astype(np.float32).mean(2, keepdims=True) / 255
    share = np.clip(resize_map(cam, *photo.shape[:2]) / limit, -1, 1)
    ax.imshow(colormaps["coolwarm"]((share + 1) / 2)[..., :3] * (0.7 + 0.3 * grey), **SMOOTH)


def grid_sheet(
    photos: Sequence[np.ndarray],
    names: list[str],
    titles: Sequence[str],
    correct: Sequence[bool | None] | None,
    above: float = 0.0,
    outlines: Sequence[np.ndarray | None] | None = None,
) -> tuple[Sheet, Figure]:
    """The sheet of a grid with its photos, the names over the columns and the titles over the rows: beside them they
    would take a third of what a phone shows.

    above: inches left free at the very top.
    """
    panel = min((WIDTH - 1.15) / (len(names) + 1) - 0.08, 1.9)
    heads = [wrap_text(name, panel + 0.06, size=9) for name in ("photo", *names)]
    top = above + most_lines(heads) * LINE + 0.05
    room = (len(names) + 1) * panel + 0.5
    told = [wrap_text(title.replace("\n", " · "), room, size=9) for title in titles]
    head = most_lines(told) * LINE + 0.16
    sheet = Sheet(len(photos), len(names) + 1, panel, photo_aspect(photos), head=head, right=1.1, top=top)
    fig = sheet.empty_sheet()
    for column, name in enumerate(heads):
        x, _ = sheet.panel_corner(0, column)
        sheet.add_text(fig, x + panel / 2, top - 0.05, name, centre=True, size=9)
    for row, (photo, title) in enumerate(zip(photos, told, strict=True)):
        right = None if correct is None else correct[row]
        ax = sheet.add_panel(fig, row, 0)
        ax.imshow(photo, **SMOOTH)
        draw_outline(ax, None if outlines is None else outlines[row])
        mark_frame(ax, right)
        x, y = sheet.panel_corner(row, 0)
        sheet.add_text(fig, x, y - 0.08, mark_title(title, right), color=title_colour(right), size=9)
    return sheet, fig
