"""Maps over photos: colours, opacity, the contour at half maximum, and small images as data addresses.

A map is (h, w) float, 0 to 1, a share of its own maximum, at its own resolution. A map that is all NaN or constant
holds no evidence, and whoever draws it has to say so: scaling it would turn rounding noise into a picture.
"""

import base64
import io
from hashlib import sha256

import numpy as np
from matplotlib import colormaps
from PIL import Image

LEVELS = 64  # steps of the palette of a stored map: finer than the eye tells apart at 60 % opacity
SPAN = 400  # user units across a drawing over a photo
SIDE = 28  # longest side of a stored map: 46 dB from the full one, at about 1 KB
FLAT = 1e-6  # a map whose values span less than this is constant


def has_evidence(cam: np.ndarray) -> bool:
    """Whether the map says anything: not all NaN, and not the same value everywhere."""
    finite = cam[np.isfinite(cam)]
    return bool(finite.size and np.ptp(finite) > FLAT)


def resize_map(cam: np.ndarray, height: int, width: int) -> np.ndarray:
    """The map at another size (bilinear; averaged when it shrinks), float32 (height, width), NaN read as 0."""
    plain = Image.fromarray(np.nan_to_num(np.asarray(cam, np.float32), nan=0.0))
    return np.asarray(plain.resize((width, height), Image.Resampling.BILINEAR))


def overlay_map(photo: np.ndarray, cam: np.ndarray, cmap: str = "viridis", opacity: float = 0.6) -> np.ndarray:
    """The photo, uint8 (H, W, 3), under the map: opacity * sqrt(value) of the map's colour at each pixel.

    The square root lets weak evidence show without painting what has none: a value of 0 leaves the photo as it is, and
    so does an all-NaN map.
    """
    value = np.clip(resize_map(cam, *photo.shape[:2]), 0, 1)
    alpha = opacity * np.sqrt(value)[..., None]
    colour = colormaps[cmap](value)[..., :3] * 255
    return np.round(photo * (1 - alpha) + colour * alpha).astype(np.uint8)


def map_drawing(cam: np.ndarray, cmap: str = "viridis", opacity: float = 0.6, lined: bool = True) -> tuple[str, str]:
    """The map as it is drawn over a photo, SVG of `SPAN` units: colours and the contour at half maximum, if `lined`.

    (what is drawn, to be put into <defs>; how it is drawn). Both are empty without evidence.
    """
    if not has_evidence(cam):
        return "", ""
    small = stored_map(cam)
    source = map_layer(small, cmap)
    name = content_id(source)
    path = outline_path(small) if lined else ""
    lines = double_stroke(path, "halo", "line") if path else ("", "")
    picture = f'<image id="{name}" href="{source}" width="{SPAN}" height="{SPAN}" preserveAspectRatio="none"/>'
    return picture + lines[0], f'<use class="tint" opacity="{opacity:g}" href="#{name}"/>' + lines[1]


def double_stroke(path: str, under: str, over: str, ink: str = "") -> tuple[str, str]:
    """A path stored once and drawn dark below and bright above, of these two classes; ink: the colour above."""
    name = content_id(path)
    colour = f' stroke="{ink}"' if ink else ""
    uses = f'<use class="{under}" href="#{name}"/><use class="{over}" href="#{name}"{colour}/>'
    return f'<path id="{name}" class="thin" d="{path}"/>', uses


def content_id(content: str, kind: str = "i") -> str:
    """An id that is the content's own, behind its kind: parts of one page can be copied into another."""
    return kind + sha256(content.encode()).hexdigest()[:12]


def outline_path(cam: np.ndarray, span: int = SPAN) -> str:
    """The contour at half maximum as an SVG path in a span x span square; empty without evidence."""
    return "".join(_path_steps(line * span) for line in half_contours(cam))


def half_contours(cam: np.ndarray) -> list[np.ndarray]:
    """The contour at half maximum: lines (k, 2) of x and y as shares of width and height; none without evidence.

    A line that meets the border ends there: along it, it would look like a second frame.
    """
    from contourpy import contour_generator

    if not has_evidence(cam):
        return []
    height, width = cam.shape
    lines = contour_generator(z=np.pad(cam, 1, mode="edge")).lines(0.5 * float(cam.max()))
    return [np.clip((np.asarray(line) - 0.5) / (width, height), 0, 1) for line in lines]


def _path_steps(points: np.ndarray) -> str:
    """Points (k, 2) as a path of whole steps: relative numbers are short, and a page holds hundreds.

    Points that lie within a unit of the line without them are left out. Its start is absolute: a relative one would
    count from the start of the path before it.
    """
    import cv2

    closed = bool(np.allclose(points[0], points[-1]))
    few = cv2.approxPolyDP(points.astype(np.float32), 1.0, closed=closed)[:, 0]
    whole = np.round(few).astype(int)
    steps = np.diff(whole, axis=0)
    steps = steps[np.any(steps != 0, axis=1)]
    if not len(steps):
        return ""  # smaller than a unit
    return f"M{whole[0, 0]} {whole[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps) + "z" * closed


def stored_map(cam: np.ndarray) -> np.ndarray:
    """The map as a page keeps it: its longest side is `SIDE`, values in 0 to 1."""
    height, width = cam.shape
    shrink = SIDE / max(height, width)
    return np.clip(resize_map(cam, max(2, round(height * shrink)), max(2, round(width * shrink))), 0, 1)


def map_layer(cam: np.ndarray, cmap: str = "viridis") -> str:
    """A stored map as a small PNG with its own transparency (square root of the value), as a data address."""
    picture = Image.fromarray(np.round(cam * (LEVELS - 1)).astype(np.uint8), "P")
    levels = np.linspace(0, 1, LEVELS)
    picture.putpalette((colormaps[cmap](levels)[:, :3] * 255).round().astype(np.uint8).tobytes())
    alpha = (np.sqrt(levels) * 255).round().astype(np.uint8).tobytes()
    return data_address(picture, "png", optimize=True, transparency=alpha)


def colour_ramp(cmap: str = "viridis") -> str:
    """The colour scale from 0 to 1 as a one-pixel-high PNG, as a data address."""
    colours = (colormaps[cmap](np.linspace(0, 1, LEVELS))[None, :, :3] * 255).round().astype(np.uint8)
    return data_address(Image.fromarray(colours), "png", optimize=True)


def photo_thumbnail(photo: np.ndarray, side: int = 224, quality: int = 80) -> tuple[str, int, int]:
    """The photo as a WebP of at most `side` pixels: (data address, width, height)."""
    picture = Image.fromarray(np.ascontiguousarray(photo))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return data_address(picture, "webp", quality=quality, method=6), picture.width, picture.height


def data_address(picture: Image.Image, kind: str, **options: object) -> str:
    """The picture as a `data:image/...` address: a page carries what it shows."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()
