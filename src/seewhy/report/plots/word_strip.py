"""Word strips: a photo and what speaks for each word of its caption, as a figure and as a view to step through.

The view needs no script: each word is a radio button, so clicks, taps and the arrow keys step from word to word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from seewhy.formatting import format_value
from seewhy.report.plots.gallery import scale_html
from seewhy.report.plots.maps import draw_overlay
from seewhy.report.plots.overlay import SPAN, content_id, has_evidence, map_drawing, photo_thumbnail
from seewhy.report.plots.sheet import (
    INK,
    LINE,
    MUTE,
    WIDTH,
    Sheet,
    house_style,
    mark_frame,
    mark_title,
    title_colour,
    wrap_text,
)

ACROSS = 7  # panels in a row of a strip


@dataclass(frozen=True, eq=False)
class Word:
    """One word: its map (h, w) as a share of its own maximum (all NaN: no evidence), its probability, what kind of
    word it is, whether the reference has it (None: there is none)."""

    text: str
    cam: np.ndarray
    confidence: float
    kind: str
    correct: bool | None = None


@dataclass(frozen=True, eq=False)
class Strip:
    """One image, uint8 (H, W, 3), with the words of its caption, and the reference caption where there is one."""

    id: str
    photo: np.ndarray
    words: Sequence[Word]
    reference: str | None = None

    @property
    def caption(self) -> str:
        """What was written."""
        return " ".join(word.text for word in self.words)


def word_strip(shown: Strip, cmap: str = "viridis", opacity: float = 0.6) -> Figure:
    """The photo, then the photo under the map of each word, in reading order; words that the reference has not are
    framed as wrong."""
    count = len(shown.words) + 1
    rows = -(-count // ACROSS)
    columns = min(count, ACROSS)
    panel = (WIDTH - 1.0) / ACROSS - 0.08
    aspect = shown.photo.shape[0] / shown.photo.shape[1]
    reference = "" if shown.reference is None else f"\nreference: {shown.reference}"
    told = wrap_text(f"{shown.caption}{reference}", max(columns * panel, 4 * panel), 2)
    with house_style():
        sheet = Sheet(
            rows, max(columns, 4), panel, aspect, 2 * LINE + 0.1, right=0.95, top=(told.count("\n") + 1) * LINE + 0.1
        )
        fig = sheet.empty_sheet()
        for k, line in enumerate(told.split("\n")):
            sheet.add_text(fig, 0.05, (k + 1) * LINE, line, color=MUTE if k else INK, weight="normal" if k else "bold")
        sheet.add_panel(fig, 0, 0).imshow(shown.photo, aspect="auto")
        for number, word in enumerate(shown.words, start=1):
            place = divmod(number, ACROSS)
            ax = sheet.add_panel(fig, *place)
            draw_overlay(ax, shown.photo, word.cam, cmap, opacity)
            mark_frame(ax, word.correct)
            x, y = sheet.panel_corner(*place)
            said = wrap_text(mark_title(word.text, word.correct), panel, 1)
            sheet.add_text(
                fig, x + panel / 2, y - 0.06 - LINE, said, centre=True, color=title_colour(word.correct), weight="bold"
            )
            sheet.add_text(
                fig, x + panel / 2, y - 0.06, f"{format_value(word.confidence)}", centre=True, color=MUTE, size=8.5
            )
        sheet.add_colour_bar(fig, ScalarMappable(Normalize(0, 1), cmap), "share of\nits maximum", row=0)
    return fig


def strips_html(strips: Sequence[Strip], label: str, cmap: str = "viridis", opacity: float = 0.6) -> str:
    """All strips as HTML to step through: one word's map at a time over the photo. label: what they are."""
    parts = "\n".join(_strip_html(shown, label, cmap, opacity) for shown in strips)
    return (
        f'<section class="strips" data-opacity="{opacity:g}" aria-label="{escape(label)}">\n'
        f'<p class="legend">{scale_html(cmap)}</p>\n{parts}\n</section>'
    )


def _strip_html(shown: Strip, label: str, cmap: str, opacity: float) -> str:
    """One image: a radio button, its word and its layer for each word; the photo is stored once."""
    source, width, height = photo_thumbnail(shown.photo)
    name = content_id(f"{label}|{shown.id}", "strip-")
    photo = f'<image id="{name}" href="{source}" width="{width}" height="{height}"/>'
    words = "".join(_word_button(word, k, name, (width, height), cmap, opacity) for k, word in enumerate(shown.words))
    reference = "" if shown.reference is None else f"<span>reference: <bdi>{escape(shown.reference)}</bdi></span>"
    return (
        f'<figure class="strip"><svg class="kept" width="0" height="0" aria-hidden="true"><defs>{photo}</defs></svg>'
        f'<div class="steps" role="radiogroup" aria-label="{escape(shown.caption)}">{words}</div>'
        f'<figcaption>{reference}<span class="id">{escape(shown.id)}</span></figcaption></figure>'
    )


def _word_button(word: Word, k: int, name: str, size: tuple[int, int], cmap: str, opacity: float) -> str:
    """The button of a word and what it shows."""
    mark = {True: "right", False: "wrong", None: "unlabelled"}[word.correct]
    missing = " · not in the reference" if word.correct is False else ""
    checked = "" if k else " checked"
    width, height = size
    return (
        f'<input type="radio" name="{name}" id="{name}-{k}" '
        f'aria-describedby="{name}-{k}-said"{checked}><label class="{mark}" for="{name}-{k}">'
        f'{escape(word.text)}</label><div class="step"><svg viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<use href="#{name}"/>{_layer_html(word.cam, size, cmap, opacity)}</svg>'
        f'<p id="{name}-{k}-said"><bdi>{escape(word.text)}</bdi> {format_value(word.confidence)} · {word.kind}{missing}'
        f"{'' if has_evidence(word.cam) else ' · <b>no evidence</b>'}</p></div>"
    )


def _layer_html(cam: np.ndarray, size: tuple[int, int], cmap: str, opacity: float) -> str:
    """A map and its contour over a photo of `size`; empty without evidence."""
    parts, uses = map_drawing(cam, cmap, opacity)
    if not uses:
        return ""
    width, height = size
    place = f'width="{width}" height="{height}" viewBox="0 0 {SPAN} {SPAN}" preserveAspectRatio="none"'
    return f'<svg class="map" {place}><defs>{parts}</defs>{uses}</svg>'
