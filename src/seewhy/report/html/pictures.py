"""Pictures of a notebook as HTML: alt text, size, and a look for the dark.

In the dark theme the page turns the paper of a figure dark and its ink bright, but not its panels: photos and maps keep
their colours. A figure carries its panels as an SVG path; the page draws the same picture twice, once clipped to them.
"""

import base64
import io
from hashlib import sha256
from html import escape
from typing import Any

from seewhy.errors import SeewhyError

LARGE = 60_000  # bytes: above this a PNG is tried as WebP, which photos take much better
SMALL = 600  # CSS pixels: figures up to this width shrink on a phone; wider ones scroll sideways, at two thirds
SVG, WEBP, PNG = KINDS = ("image/svg+xml", "image/webp", "image/png")


def picture_html(kind: str, content: str, about: dict[str, Any]) -> str:
    """A picture of a notebook (SVG, or base64) as HTML, by what `draw_picture` and the notebook say about it."""
    alt = str(about.get("alt", "")).strip()
    if not alt:
        raise SeewhyError("a notebook shows a figure without alt text: show it with show.figure(fig, alt)")
    width, height, panels = about.get("width"), about.get("height"), about.get("panels")
    small = " small" if width and width <= SMALL else ""
    white = " white" if panels is None else ""  # from elsewhere: nothing is known of it
    source = _picture_address(kind, content)
    if panels and width and height:
        inner = _picture_with_panels(source, alt, width, height, panels)
    else:
        size = f' width="{width}" height="{height}"' if width and height else ""
        inner = f'<img alt="{escape(alt)}"{size} src="{source}">'
    return (
        f'<figure class="plot{small}{white}" tabindex="0" role="group" aria-label="Figure">'
        f'<span class="sheet">{inner}</span></figure>'
    )


def _picture_with_panels(source: str, alt: str, width: int, height: int, panels: str) -> str:
    """The picture, stored once, and over it the same clipped to its panels."""
    name, view = "f" + sha256(source.encode()).hexdigest()[:12], f'viewBox="0 0 {width} {height}"'
    size = f'width="{width}" height="{height}"'
    return (
        f'<svg class="paper" role="img" aria-label="{escape(alt)}" {size} {view}>'
        f'<image id="{name}" {size} href="{source}"/></svg>'
        f'<svg class="panels" aria-hidden="true" {view}><clipPath id="{name}-p"><path d="{escape(panels)}"/></clipPath>'
        f'<use href="#{name}" clip-path="url(#{name}-p)"/></svg>'
    )


def _picture_address(kind: str, content: str) -> str:
    """The data address of a picture; a PNG from elsewhere as WebP where that is smaller."""
    if kind == SVG:
        return f"data:{SVG};base64,{base64.b64encode(content.encode()).decode()}"
    plain = "".join(content.split())
    if kind == PNG and len(plain) > LARGE:
        from PIL import Image

        buffer = io.BytesIO()
        pixels = Image.open(io.BytesIO(base64.b64decode(plain))).convert("RGB")
        pixels.save(buffer, "webp", quality=80, method=2)  # 4 takes half as long again, for 4 % less
        if buffer.tell() < 0.75 * len(plain):
            return f"data:{WEBP};base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return f"data:{kind};base64,{plain}"
