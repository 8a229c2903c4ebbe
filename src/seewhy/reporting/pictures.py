"""A notebook's PNG figures as HTML: alt text, size, and WebP where that is smaller."""

import base64
import io
from html import escape
from typing import Any

from PIL import Image

from seewhy.errors import SeewhyError

LARGE = 60_000  # bytes: above this a PNG is tried as WebP, which photos take much better
SMALL = 520  # CSS pixels: figures up to this width shrink on a phone; wider ones scroll sideways, at three quarters


def picture(png: str, about: dict[str, Any]) -> str:
    """A figure of the notebook with its alt text and size."""
    alt = str(about.get("alt", "")).strip()
    if not alt:
        raise SeewhyError("a notebook shows a figure without alt text: show it with page.figure(fig, alt)")
    width, height = about.get("width"), about.get("height")
    size = f' width="{width}" height="{height}"' if width and height else ""
    small = " small" if width and width <= SMALL else ""
    return (
        f'<figure class="plot{small}" tabindex="0" role="group" aria-label="Figure">'
        f'<img alt="{escape(alt)}"{size} src="{_smaller(png)}"></figure>'
    )


def _smaller(png: str) -> str:
    """The data address of a PNG (base64), as WebP where that is smaller."""
    plain = "".join(png.split())
    if len(plain) > LARGE:
        buffer = io.BytesIO()
        pixels = Image.open(io.BytesIO(base64.b64decode(plain))).convert("RGB")
        pixels.save(buffer, "webp", quality=86, method=2)  # 4 takes half as long again, for 4 % less
        if buffer.tell() < 0.75 * len(plain):
            return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/png;base64,{plain}"
