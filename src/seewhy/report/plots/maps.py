"""Figures of photos and maps: step by step, and the inputs as the model sees them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from seewhy.report.plots.overlay import half_contours, has_evidence, overlay_map, resize_map, stored_map
from seewhy.report.plots.sheet import (
    INK,
    LINE,
    MUTE,
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

SHARE = "share of this map's maximum"
OBJECT = "#ffe100"  # the outline of an object, as on the cards of a gallery
WEB = 4.0  # a contour of more sides of its panel, for each inch of the panel, is a web that hides the picture


def explanation_steps(
    photos: Sequence[np.ndarray],
    cams: Sequence[np.ndarray],
    titles: Sequence[str],
    correct: Sequence[bool | None] | None = None,
    cmap: str = "viridis",
    opacity: float = 0.6,
    originals: Sequence[np.ndarray] | None = None,
    outlines: Sequence[np.ndarray | None] | None = None,
) -> Figure:
    """Step by step for each image: the file, the input, the map at its own resolution, the map over the input.

    photos: n of uint8 (H, W, 3); cams: n of (h, w) 0..1; the contour on the overlay is at half of the map's maximum.
    originals: n of uint8 (any height, any width, 3), what was fitted to the input; without them their column is left
    out. outlines: where the object is, n of bool (H, W) or None; its outline is drawn on input and overlay.

    Raises SeewhyError when the numbers of photos, maps, titles and originals differ.
    """
    files = photos if originals is None else originals
    check_lengths(photos=photos, cams=cams, titles=titles, originals=files)
    steps = ["input", f"map {cams[0].shape[0]} × {cams[0].shape[1]}", "overlay"]
    names = steps if originals is None else ["file", *steps]
    panel = min(2.55, (WIDTH - 1.0) / len(names) - 0.08)
    with house_style():
        told = [wrap_text(title.replace("\n", " · "), len(names) * panel - 0.2) for title in titles]
        sheet = Sheet(len(photos), len(names), panel, head=most_lines(told) * LINE + 0.2, right=0.95, top=0.14)
        fig = sheet.empty_sheet()
        for row, (photo, cam, title, file) in enumerate(zip(photos, cams, told, files, strict=True)):
            _draw_triple(fig, sheet, row, len(names) - 3, photo, cam, cmap, opacity)
            for ax in (fig.axes[-3], fig.axes[-1]):
                draw_outline(ax, None if outlines is None else outlines[row])
            right = None if correct is None else correct[row]
            mark_frame(fig.axes[-3], right)
            if originals is not None:
                sheet.add_panel(fig, row, 0).imshow(file)
            x, y = sheet.panel_corner(row, 0)
            sheet.add_text(fig, x, y - 0.09, mark_title(title, right), color=title_colour(right), weight="bold")
        for column, name in enumerate(names):
            x, _ = sheet.panel_corner(0, column)
            sheet.add_text(fig, x + panel / 2, 0.17, name, centre=True, color=MUTE, size=9)
        sheet.add_colour_bar(fig, ScalarMappable(Normalize(0, 1), cmap), SHARE)
    return fig


def _draw_triple(
    fig: Figure, sheet: Sheet, row: int, first: int, photo: np.ndarray, cam: np.ndarray, cmap: str, opacity: float
) -> None:
    """Three panels of one image: photo, raw map, overlay."""
    sheet.add_panel(fig, row, first).imshow(photo, **SMOOTH)
    raw = sheet.add_panel(fig, row, first + 1)
    if has_evidence(cam):
        raw.imshow(cam, cmap=cmap, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    else:
        draw_no_evidence(raw)
    draw_overlay(sheet.add_panel(fig, row, first + 2), photo, cam, cmap, opacity)


def input_sheet(
    photos: Sequence[np.ndarray], titles: Sequence[str], correct: Sequence[bool | None] | None = None
) -> Figure:
    """A sheet of photos as the model sees them: n of uint8 (H, W, 3), each with its title: up to eight lines, the
    same number for each line of the title."""
    check_lengths(photos=photos, titles=titles)
    rows = -(-len(photos) // 6)
    columns = -(-len(photos) // rows)  # full rows look tidier than six and a rest
    panel = (WIDTH - 0.1) / max(columns, 4) - 0.12
    told = [wrap_text(title, panel - 0.2, lines=8) for title in titles]
    with house_style():
        sheet = Sheet(rows, columns, panel, photo_aspect(photos), head=most_lines(told) * LINE + 0.2, gap=0.12)
        fig = sheet.empty_sheet()
        for i, (photo, title) in enumerate(zip(photos, told, strict=True)):
            ax = sheet.add_panel(fig, i // columns, i % columns)
            ax.imshow(photo, aspect="auto")  # pixel by pixel: this is what is asked for
            right = None if correct is None else correct[i]
            mark_frame(ax, right)
            x, y = sheet.panel_corner(i // columns, i % columns)
            sheet.add_text(fig, x, y - 0.09, mark_title(title, right), color=title_colour(right))
    return fig


def draw_overlay(ax: Axes, photo: np.ndarray, cam: np.ndarray, cmap: str, opacity: float, lined: bool = True) -> None:
    """The overlay and, if `lined`, the contour at half maximum, white on black; or the photo and "no evidence".

    The line is thin on a small panel, and left out where it would be a web (see `WEB`).
    """
    ax.imshow(overlay_map(photo, cam, cmap, opacity), **SMOOTH)
    if not has_evidence(cam):
        ax.text(0.5, 0.5, "no evidence", transform=ax.transAxes, ha="center", va="center", size=9, color=INK,
                bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": MUTE, "linewidth": 0.5})  # fmt: skip
        return
    if not lined or _contour_length(cam) > WEB * panel_inches(ax):
        return
    full, thin = resize_map(cam, *photo.shape[:2]), line_scale(ax)
    for colour, width in (("black", 2.4), ("white", 1.1)):
        ax.contour(full, levels=[0.5 * float(full.max())], colors=colour, linewidths=thin * width)


def draw_outline(ax: Axes, region: np.ndarray | None, colour: str = OBJECT) -> None:
    """The outline of a region, bool (H, W) of the photo's size: dashed, so that it is not taken for a map's contour.

    Nothing is drawn where the region is not known, empty, or all of the photo.
    """
    if region is None or not region.any() or region.all():
        return
    thin = line_scale(ax)
    ax.contour(region, levels=[0.5], colors="black", linewidths=2.6 * thin, alpha=0.55)
    ax.contour(region, levels=[0.5], colors=colour, linewidths=1.5 * thin, linestyles="dashed")


def panel_inches(ax: Axes) -> float:
    """How wide a panel is."""
    return float(ax.get_position().width * ax.figure.get_figwidth())  # type: ignore[union-attr]


def line_scale(ax: Axes) -> float:
    """By how much a line is thinner on a small panel: a half to 1."""
    return min(max(panel_inches(ax) / 2, 0.5), 1.0)


def _contour_length(cam: np.ndarray) -> float:
    """How long the contour at half maximum is, in sides of the picture."""
    return float(sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in half_contours(stored_map(cam))))


def draw_no_evidence(ax: Axes) -> None:
    """An empty, hatched panel that says why it is empty."""
    ax.set_facecolor("#f1f3f5")
    ax.text(0.5, 0.5, "no evidence", transform=ax.transAxes, ha="center", va="center", size=9, color=MUTE)


def photo_aspect(photos: Sequence[np.ndarray]) -> float:
    """Height over width, of the first photo: the images of one model have one size."""
    return photos[0].shape[0] / photos[0].shape[1] if len(photos) else 1.0
