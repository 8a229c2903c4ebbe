"""The gallery: up to 60 samples as cards, each one photo with a small layer for each map over it.

Maps of methods come first, then controls: maps that know nothing of the model. The HTML reads without a script (first
method, all cards). With template/script it gets filters, a switch between maps, an opacity slider and an enlarged
view. Everything that comes from data is escaped here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from seewhy.errors import SeewhyError, unknown_name
from seewhy.formatting import format_value
from seewhy.report.plots.overlay import (
    SPAN,
    colour_ramp,
    double_stroke,
    has_evidence,
    map_drawing,
    outline_path,
    photo_thumbnail,
    resize_map,
)

MOST = 60  # cards in a gallery: beyond it a page grows past its budget and nobody looks
RIM = 96  # cells across, at which the rim of a region is traced
MARKS = {True: ("right", "✓"), False: ("wrong", "✗"), None: ("unlabelled", "?")}
SAID = {"right": "right", "wrong": "wrong", "unlabelled": "no label"}


@dataclass(frozen=True, eq=False)
class Card:
    """One sample.

    photo: uint8 (H, W, 3) as the model saw it; confidence: 0..1; true: None without a label; maps: method -> float32
    (h, w) >= 0, a share of its own maximum (all NaN = no evidence); boxes: (x0, y0, x1, y1) as fractions of the photo;
    peak: method -> the map's maximum before it was scaled; word: what the first method's map looks like; controls: as
    maps, by name; region: bool (H, W), whose rim is drawn in `ink`, a colour; fact: what is known of the answer where
    that is no class's name (an IoU): it is said instead of the true class, by which the cards cannot be filtered then;
    target: the class that the maps are for, where that is not the predicted one.
    """

    id: str
    photo: np.ndarray
    predicted: str
    confidence: float
    true: str | None = None
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    boxes: Sequence[tuple[float, float, float, float]] = ()
    peak: dict[str, float] = field(default_factory=dict)
    word: str = ""
    controls: dict[str, np.ndarray] = field(default_factory=dict)
    region: np.ndarray | None = None
    ink: str = "#ffffff"
    fact: str = ""
    target: str = ""

    @property
    def correct(self) -> bool | None:
        """Whether the prediction is the label; None without a label."""
        return None if self.true is None else self.predicted == self.true


def gallery_html(
    cards: Sequence[Card], methods: Sequence[str], label: str, cmap: str = "viridis", opacity: float = 0.6
) -> str:
    """The gallery as HTML; the first method is shown first, controls can be switched to where the cards have them.

    label: what the samples are, said to screen readers. Raises SeewhyError for more than `MOST` cards and for a method
    that a card has no map of.
    """
    if len(cards) > MOST:
        raise SeewhyError(f"a gallery holds at most {MOST} cards, not {len(cards)}: draw a sample")
    for card in cards:
        for name in methods:
            if name not in card.maps:
                raise unknown_name("map", name, card.maps, f"card {card.id}")
    layers = [*methods, *(cards[0].controls if cards else ())]
    # no line around what a control marks: it would be looked at as if it meant something
    drawn = [[map_drawing(_named_map(card, name), cmap, opacity, name in methods) for name in layers] for card in cards]
    kept = "".join(_take_out_shared(drawn, k) for k in range(len(methods), len(layers)))
    figures = "\n".join(_card_html(card, layers, some) for card, some in zip(cards, drawn, strict=True))
    return (
        f'<section class="gallery" data-m="0" data-opacity="{opacity:g}" aria-label="{escape(label)}" '
        f'data-methods="{escape(json.dumps(layers, ensure_ascii=False))}" data-controls="{len(layers) - len(methods)}">'
        f'\n{_legend_html(cards, methods, cmap)}{kept}\n<div class="cards">\n{figures}\n</div></section>'
    )


def _named_map(card: Card, name: str) -> np.ndarray:
    """The map of a method or control."""
    return card.maps[name] if name in card.maps else card.controls[name]


def _take_out_shared(drawn: Sequence[list[tuple[str, str]]], k: int) -> str:
    """Take out what layer k draws where it is the same on all cards, as noise and a blob are: to be stored once."""
    parts = {some[k][0] for some in drawn}
    if len(parts) > 1:
        return ""
    for some in drawn:
        some[k] = ("", some[k][1])
    return f'<svg class="kept" width="0" height="0" aria-hidden="true"><defs>{parts.pop()}</defs></svg>'


def _legend_html(cards: Sequence[Card], methods: Sequence[str], cmap: str) -> str:
    """What the marks, lines and colours mean."""
    marks = {MARKS[card.correct] for card in cards}
    parts = [
        f'<span class="key {word}"><i>{mark}</i> {SAID[word]}</span>'
        for word, mark in MARKS.values()
        if (word, mark) in marks
    ]
    if methods:
        parts.append(scale_html(cmap))
        parts += [] if any(card.target for card in cards) else ['<span class="key">maps for the predicted class</span>']
    if any(len(card.boxes) for card in cards):
        parts.append('<span class="key"><i class="k-box"></i> object</span>')
    if any(card.region is not None for card in cards):
        parts.append('<span class="key"><i class="k-rim"></i> rim of its region, in the colour of its class</span>')
    return f'<p class="legend">{"".join(parts)}</p>'


def scale_html(cmap: str) -> str:
    """What the colours of a map and its line mean."""
    bar = f'<img class="ramp" alt="dark to bright" src="{colour_ramp(cmap)}">'
    return (
        f'<span class="key">0 {bar} 1 share of the map\'s maximum</span>'
        '<span class="key"><i class="k-line"></i> half of it</span>'
    )


def _card_html(card: Card, layers: Sequence[str], drawn: Sequence[tuple[str, str]]) -> str:
    """One sample: photo, layers, rim, boxes, caption."""
    word, mark = MARKS[card.correct]
    source, width, height = photo_thumbnail(card.photo)
    maps = "".join(_layer_html(card, name, k, drawn[k]) for k, name in enumerate(layers))
    badges = "".join(f'<span class="m m{k} none">no evidence</span>' for k in range(len(layers)) if not drawn[k][1])
    lines = card_lines(card)
    return (
        f'<figure class="card {word}" data-mark="{word}" data-predicted="{escape(card.predicted)}" '
        f'data-true="{escape("" if card.fact else card.true or "")}" data-confidence="{card.confidence:.4f}">'
        f'<button type="button" class="zoom"><span class="stack">'
        f'<img alt="{escape(card_alt(card, layers))}" width="{width}" height="{height}" src="{source}">'
        f'<svg viewBox="0 0 {SPAN} {SPAN}" preserveAspectRatio="none" aria-hidden="true">{maps}{lines}</svg>'
        f"{badges}</span></button>{_caption_html(card, mark, layers)}</figure>"
    )


def card_lines(card: Card) -> str:
    """What is drawn around the objects and the region of a card, as SVG."""
    return "".join(_box_html(*box) for box in card.boxes) + _rim_html(card)


def card_outcome(card: Card) -> str:
    """What is known of a prediction, beside right or wrong: the true class of a wrong one, an IoU, no label."""
    return card.fact or {True: "", False: f"true: {card.true}", None: "no label"}[card.correct]


def _layer_html(card: Card, name: str, k: int, drawn: tuple[str, str]) -> str:
    """The map of one method or control, and where it lies in words."""
    return f'<g class="m m{k}" data-note="{escape(_map_note(card, name))}">{_svg_definitions(*drawn)}</g>'


def _svg_definitions(parts: str, uses: str) -> str:
    """What is drawn, and how."""
    return f"<defs>{parts}</defs>{uses}" if parts else uses


def _rim_html(card: Card) -> str:
    """The rim of the card's region."""
    if card.region is None or not card.region.any():
        return ""
    height, width = card.region.shape
    shrink = RIM / max(height, width)
    path = outline_path(resize_map(card.region, round(height * shrink), round(width * shrink)))
    return _svg_definitions(*double_stroke(path, "under", "rim", card.ink))


def _box_html(x0: float, y0: float, x1: float, y1: float) -> str:
    """An object's box, dark under bright dashes so that it shows on any photo."""
    place = f'x="{x0 * SPAN:.0f}" y="{y0 * SPAN:.0f}" width="{(x1 - x0) * SPAN:.0f}" height="{(y1 - y0) * SPAN:.0f}"'
    return f'<rect class="under" {place}/><rect class="box" {place}/>'


def _caption_html(card: Card, mark: str, layers: Sequence[str]) -> str:
    """Mark, prediction and confidence; the true class where it differs; the word, and whose it is where another map can
    be switched to; the sample's name."""
    true = {True: "", False: f'<span class="true">true: <bdi>{escape(card.true or "")}</bdi></span>',
            None: '<span class="true">no label</span>'}[card.correct]  # fmt: skip
    whose = f"{layers[0]}: " if len(layers) > 1 else ""
    word = f'<span class="word">{escape(whose + card.word)}</span>' if card.word else ""
    target = f'<span class="word">map for: <bdi>{escape(card.target)}</bdi></span>' if card.target else ""
    return (
        f'<figcaption><span class="said"><i class="mark" aria-hidden="true">{mark}</i> '
        f'<bdi class="name" title="{escape(card.predicted)}">{escape(card.predicted)}</bdi> '
        f"<b>{format_value(card.confidence)}</b></span>{_fact_html(card) or true}{target}{word}"
        f'<bdi class="id" title="{escape(card.id)}">{escape(card.id)}</bdi></figcaption>'
    )


def _fact_html(card: Card) -> str:
    return f'<span class="true">{escape(card.fact)}</span>' if card.fact else ""


def card_alt(card: Card, layers: Sequence[str]) -> str:
    """What is seen: sample, prediction, confidence, truth, and where the first map lies."""
    truth = {True: "right", False: "wrong" if card.fact else f"wrong, true {card.true}", None: "no label"}[card.correct]
    truth += f", {card.fact}" if card.fact else ""
    seen = f" Map for {card.target or card.predicted}." if layers else ""
    seen += (f" The map is: {card.word}." if card.word else "") + (f" {_map_note(card, layers[0])}" if layers else "")
    return f"{card.id}: predicted {card.predicted} at {format_value(card.confidence)}, {truth}.{seen}"


def _map_note(card: Card, name: str) -> str:
    """Where a map lies, how wide it is, and how strong it was before it was scaled."""
    cam = _named_map(card, name)
    if not has_evidence(cam):
        return f"{name}: no evidence."
    wide = float((cam >= 0.5 * np.nanmax(cam)).mean())
    raw = f", raw maximum {card.peak[name]:.3g}" if name in card.peak else ""
    return f"{name}: strongest {peak_place(cam)}, {100 * wide:.1f} % of the image above half of it{raw}."


def peak_place(cam: np.ndarray) -> str:
    """Where the maximum of a map (h, w) lies, in words: "in the upper left", "in the centre"."""
    row, column = np.unravel_index(np.nanargmax(cam), cam.shape)
    down = ("upper", "", "lower")[min(int(3 * (row + 0.5) / cam.shape[0]), 2)]
    across = ("left", "", "right")[min(int(3 * (column + 0.5) / cam.shape[1]), 2)]
    if not down and not across:
        return "in the centre"
    return f"in the {down or 'middle'} {across or 'middle'}"
