"""The few cards of a gallery, or words of captions, that the index shows: a small photo, its map, its caption."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

import numpy as np

from seewhy.formatting import format_value
from seewhy.report.plots.gallery import MARKS, Card, card_alt, card_lines, card_outcome
from seewhy.report.plots.overlay import SPAN, map_drawing, photo_thumbnail
from seewhy.report.plots.word_strip import Strip, Word

SIDE, QUALITY = 160, 72  # pixels and WebP quality: three for each study fit the index's 300 KB for a dozen studies


@dataclass(frozen=True)
class Thumbnail:
    """What may be shown of a gallery: mark ("right", "wrong", "unlabelled"), confidence, and its picture as HTML."""

    id: str
    mark: str
    confidence: float
    name: str
    below: str
    html: str

    def output_entry(self, why: str) -> dict[str, str]:
        """As it stands in a notebook's output, and why it was chosen."""
        told = {"why": why, "id": self.id, "mark": self.mark, "name": self.name}
        return told | {"confidence": format_value(self.confidence), "below": self.below, "html": self.html}


def card_thumbnails(cards: Sequence[Card], methods: Sequence[str], cmap: str, opacity: float) -> list[dict[str, str]]:
    """Thumbnails of a gallery's cards, with the map of its first method."""
    chosen = _choose_positions([(MARKS[card.correct][0], card.confidence) for card in cards])
    return [_card_thumbnail(cards[k], methods, cmap, opacity).output_entry(why) for k, why in chosen.items()]


def strip_thumbnails(strips: Sequence[Strip], cmap: str, opacity: float) -> list[dict[str, str]]:
    """Thumbnails of the nouns of captions, each with its own map."""
    nouns = [(strip, word) for strip in strips for word in strip.words if word.kind == "noun"]
    chosen = _choose_positions([(MARKS[word.correct][0], word.confidence) for _, word in nouns])
    return [_word_thumbnail(*nouns[k], cmap, opacity).output_entry(why) for k, why in chosen.items()]


def _choose_positions(shown: Sequence[tuple[str, float]]) -> dict[int, str]:
    """Up to three positions and why: the first, the most confident mistake, the least confident; each once."""
    wrong = [k for k, (mark, _) in enumerate(shown) if mark == "wrong"]
    reasons = {
        "first of the sample": [0] if shown else [],
        "most confident mistake": [max(wrong, key=lambda k: shown[k][1])] if wrong else [],
        "least confident": [min(range(len(shown)), key=lambda k: shown[k][1])] if shown else [],
    }
    chosen: dict[int, str] = {}
    for why, some in reasons.items():
        for k in some:
            chosen.setdefault(k, why)
    return chosen


def _card_thumbnail(card: Card, methods: Sequence[str], cmap: str, opacity: float) -> Thumbnail:
    maps = [card.maps[methods[0]]] if methods else []
    alt = card_alt(replace(card, controls={}), methods[:1])
    html = _stack_html(card.photo, alt, maps, card_lines(card), cmap, opacity)
    return Thumbnail(card.id, MARKS[card.correct][0], card.confidence, card.predicted, card_outcome(card), html)


def _word_thumbnail(strip: Strip, word: Word, cmap: str, opacity: float) -> Thumbnail:
    alt = f"{strip.id}: the map for the word {word.text} in {strip.caption}"
    html = _stack_html(strip.photo, alt, [word.cam], "", cmap, opacity)
    return Thumbnail(strip.id, MARKS[word.correct][0], word.confidence, word.text, f"in: {strip.caption}", html)


def _stack_html(photo: np.ndarray, alt: str, maps: Sequence[np.ndarray], lines: str, cmap: str, opacity: float) -> str:
    """A photo, the map over it, and the lines over both."""
    source, width, height = photo_thumbnail(photo, SIDE, QUALITY)
    layers = "".join(f"<defs>{parts}</defs>{uses}" for parts, uses in (map_drawing(cam, cmap, opacity) for cam in maps))
    return (
        f'<span class="stack"><img alt="{escape(alt)}" width="{width}" height="{height}" src="{source}">'
        f'<svg viewBox="0 0 {SPAN} {SPAN}" preserveAspectRatio="none" aria-hidden="true">{layers}{lines}</svg></span>'
    )
