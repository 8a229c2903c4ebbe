"""Figures of matplotlib as a notebook keeps them: charts as SVG, what holds photos as WebP, always the same bytes."""

import base64
import io
import re
import warnings
from typing import TYPE_CHECKING, Any

import matplotlib

from seewhy.report.html.pictures import SVG, WEBP
from seewhy.report.plots.sheet import house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

DECLARED = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>\s*", re.DOTALL)  # what a data address has no use for
DPI, SHOWN_DPI = 200, 100  # pixels drawn, and CSS pixels shown, for each inch of a figure
RIM = 0.07  # inches left around what is drawn
FRAME = 1.5  # points: a thicker frame says right or wrong, and its outer half belongs to the panel
QUALITY = {"quality": 60, "method": 4}  # at twice the pixels that are shown nothing of it is seen
MOST = 150_000  # bytes of an SVG: of thousands of marks it would be larger than a picture
STEADY = {
    "svg.hashsalt": "seewhy",
    "svg.fonttype": "path",
}  # the same bytes on each run, and no font that may be missing


def draw_picture(fig: "Figure") -> tuple[str, str, dict[str, Any]]:
    """A matplotlib figure, cut to what is drawn, always as the same bytes.

    Returns its MIME type, its content (a chart as SVG; what holds photos as WebP in base64, of twice the size at which
    it is shown), and its `width`, `height` in CSS pixels and `panels`.
    """
    with house_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a class name may hold any character
        box = fig.get_tightbbox().padded(RIM)
        kind, content = _vector_picture(fig, box) or _raster_picture(fig, box)
    size = {"width": round(box.width * SHOWN_DPI), "height": round(box.height * SHOWN_DPI)}
    parts = [*filter(_holds_colours, fig.axes), *fig.artists]  # a legend's colours stay those of what it explains
    panels = "".join(_panel_path(part, box, SHOWN_DPI / fig.dpi) for part in parts)
    return kind, content, size | {"panels": panels}


def _vector_picture(fig: "Figure", box: "Bbox") -> tuple[str, str] | None:
    """The figure as SVG; None where it holds pictures or too many marks."""
    if any(ax.images for ax in fig.axes):
        return None
    buffer = io.StringIO()
    with matplotlib.rc_context(STEADY):  # type: ignore[arg-type]
        fig.savefig(
            buffer, format="svg", bbox_inches=box, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    svg = DECLARED.sub("", buffer.getvalue())
    return (SVG, svg) if len(svg) <= MOST else None


def _raster_picture(fig: "Figure", box: "Bbox") -> tuple[str, str]:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="webp", dpi=DPI, bbox_inches=box, pil_kwargs=QUALITY)
    return WEBP, base64.b64encode(buffer.getvalue()).decode()


def _holds_colours(ax: "Axes") -> bool:
    """Whether these axes hold a photo, a map, a matrix or a colour scale."""
    from matplotlib.collections import QuadMesh

    return bool(ax.images) or any(isinstance(one, QuadMesh) for one in ax.collections)


def _panel_path(part: Any, box: "Bbox", scale: float) -> str:
    """Where in the picture a part of the figure lies, with its frame, as a path in CSS pixels."""
    place, spines = part.get_window_extent(), getattr(part, "spines", {})
    rim = 1 if any(spine.get_linewidth() > FRAME for spine in spines.values()) else 0
    x, y = place.x0 * scale - box.x0 * SHOWN_DPI, box.y1 * SHOWN_DPI - place.y1 * scale
    width, height = (round(side * scale) + 2 * rim for side in (place.width, place.height))
    return f"M{round(x) - rim} {round(y) - rim}h{width}v{height}h{-width}z"
