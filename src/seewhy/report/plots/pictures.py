"""Figures as SVG or WebP in a notebook, and these as HTML: alt text, size, a look for the dark.

In the dark theme the page turns the paper of a figure dark and its ink bright, but not its panels: photos and maps keep
their colours. A figure carries its panels as an SVG path; the page draws the same picture twice, once clipped to them.
"""

import base64
import io
import re
import warnings
from html import escape
from typing import TYPE_CHECKING, Any

import matplotlib
from PIL import Image

from seewhy.errors import SeewhyError
from seewhy.report.plots.overlay import ident
from seewhy.report.plots.sheet import look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

LARGE = 60_000  # bytes: above this a PNG is tried as WebP, which photos take much better
DECLARED = re.compile(r"^.*?(?=<svg)|<metadata>.*?</metadata>\s*", re.DOTALL)  # what a data address has no use for
SMALL = 600  # CSS pixels: figures up to this width shrink on a phone; wider ones scroll sideways, at two thirds
DPI, SHOWN_DPI = 200, 100  # pixels drawn, and CSS pixels shown, for each inch of a figure
RIM = 0.07  # inches left around what is drawn
FRAME = 1.5  # points: a thicker frame says right or wrong, and its outer half belongs to the panel
QUALITY = {"quality": 60, "method": 4}  # at twice the pixels that are shown nothing of it is seen
MOST = 150_000  # bytes of an SVG: of thousands of marks it would be larger than a picture
SVG, WEBP, PNG = KINDS = ("image/svg+xml", "image/webp", "image/png")
STEADY = {
    "svg.hashsalt": "seewhy",
    "svg.fonttype": "path",
}  # the same bytes on each run, and no font that may be missing


def draw_picture(fig: "Figure") -> tuple[str, str, dict[str, Any]]:
    """A matplotlib figure, cut to what is drawn, always as the same bytes.

    Returns its MIME type, its content (a chart as SVG; what holds photos as WebP in base64, of twice the size at which
    it is shown), and its `width`, `height` in CSS pixels and `panels`.
    """
    with look(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a class name may hold any character
        box = fig.get_tightbbox().padded(RIM)
        kind, content = _vector(fig, box) or _raster(fig, box)
    size = {"width": round(box.width * SHOWN_DPI), "height": round(box.height * SHOWN_DPI)}
    parts = [*filter(_coloured, fig.axes), *fig.artists]  # a legend's colours stay those of what it explains
    panels = "".join(_panel(part, box, SHOWN_DPI / fig.dpi) for part in parts)
    return kind, content, size | {"panels": panels}


def _vector(fig: "Figure", box: "Bbox") -> tuple[str, str] | None:
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


def _raster(fig: "Figure", box: "Bbox") -> tuple[str, str]:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="webp", dpi=DPI, bbox_inches=box, pil_kwargs=QUALITY)
    return WEBP, base64.b64encode(buffer.getvalue()).decode()


def _coloured(ax: "Axes") -> bool:
    """Whether these axes hold a photo, a map, a matrix or a colour scale."""
    from matplotlib.collections import QuadMesh

    return bool(ax.images) or any(isinstance(one, QuadMesh) for one in ax.collections)


def _panel(part: Any, box: "Bbox", scale: float) -> str:
    """Where in the picture a part of the figure lies, with its frame, as a path in CSS pixels."""
    place, spines = part.get_window_extent(), getattr(part, "spines", {})
    rim = 1 if any(spine.get_linewidth() > FRAME for spine in spines.values()) else 0
    x, y = place.x0 * scale - box.x0 * SHOWN_DPI, box.y1 * SHOWN_DPI - place.y1 * scale
    width, height = (round(side * scale) + 2 * rim for side in (place.width, place.height))
    return f"M{round(x) - rim} {round(y) - rim}h{width}v{height}h{-width}z"


def picture_html(kind: str, content: str, about: dict[str, Any]) -> str:
    """A picture of a notebook (SVG, or base64) as HTML, by what `draw_picture` and the notebook say about it."""
    alt = str(about.get("alt", "")).strip()
    if not alt:
        raise SeewhyError("a notebook shows a figure without alt text: show it with show.figure(fig, alt)")
    width, height, panels = about.get("width"), about.get("height"), about.get("panels")
    small = " small" if width and width <= SMALL else ""
    white = " white" if panels is None else ""  # from elsewhere: nothing is known of it
    source = _address(kind, content)
    if panels and width and height:
        inner = _twice(source, alt, width, height, panels)
    else:
        size = f' width="{width}" height="{height}"' if width and height else ""
        inner = f'<img alt="{escape(alt)}"{size} src="{source}">'
    return (
        f'<figure class="plot{small}{white}" tabindex="0" role="group" aria-label="Figure">'
        f'<span class="sheet">{inner}</span></figure>'
    )


def _twice(source: str, alt: str, width: int, height: int, panels: str) -> str:
    """The picture, stored once, and over it the same clipped to its panels."""
    name, view = ident(source, "f"), f'viewBox="0 0 {width} {height}"'
    size = f'width="{width}" height="{height}"'
    return (
        f'<svg class="paper" role="img" aria-label="{escape(alt)}" {size} {view}>'
        f'<image id="{name}" {size} href="{source}"/></svg>'
        f'<svg class="panels" aria-hidden="true" {view}><clipPath id="{name}-p"><path d="{escape(panels)}"/></clipPath>'
        f'<use href="#{name}" clip-path="url(#{name}-p)"/></svg>'
    )


def _address(kind: str, content: str) -> str:
    """The data address of a picture; a PNG from elsewhere as WebP where that is smaller."""
    if kind == SVG:
        return f"data:{SVG};base64,{base64.b64encode(content.encode()).decode()}"
    plain = "".join(content.split())
    if kind == PNG and len(plain) > LARGE:
        buffer = io.BytesIO()
        pixels = Image.open(io.BytesIO(base64.b64decode(plain))).convert("RGB")
        pixels.save(buffer, "webp", quality=80, method=2)  # 4 takes half as long again, for 4 % less
        if buffer.tell() < 0.75 * len(plain):
            return f"data:{WEBP};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return f"data:{kind};base64,{plain}"
