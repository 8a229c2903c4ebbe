"""What the index quotes from executed notebooks: findings, and gallery cards as thumbnails."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image

from seewhy.report.plots.gallery import MARKS
from seewhy.report.plots.overlay import SPAN, thumbnail

THUMB = 160  # pixels: three for each study fit the index's 300 KB for a dozen studies
FINDING = re.compile(r'<div class="finding">(.*?)</div>', re.DOTALL)
BASIS = re.compile(r'<p class="basis">.*?</p>', re.DOTALL)
CARD = re.compile(r'<figure class="card (\w+)".*?data-confidence="([\d.]+)">(.*?)</figure>', re.DOTALL)
PHOTO = re.compile(r"data:image/webp;base64,([A-Za-z0-9+/=]+)")
STRIP = re.compile(r'<figure class="strip">(.*?)</figure>', re.DOTALL)
CAPTION = re.compile(r'role="radiogroup" aria-label="([^"]*)"')
NOUN = re.compile(
    r'<label class="(\w+)"[^>]*>(?:(?!<label).)*?<use href="#[^>]*/>(?:<svg class="map"[^>]*>((?:(?!</svg>).)*)</svg>)?'
    r"</svg><p [^>]*><bdi>([^<]*)</bdi> ([\d.]+) · noun",
    re.DOTALL,
)
SIGNS = dict(MARKS.values())
LATER = re.compile(r'<g class="m m[1-9]\d*".*?</g>|<span class="m m[1-9]\d* none">.*?</span>', re.DOTALL)


def shown(notebook: Path) -> str:
    """All HTML that an executed notebook shows; empty when it has not been run."""
    if not notebook.is_file():
        return ""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    html = [output["data"].get("text/html", "") for c in cells for output in c.get("outputs", []) if "data" in output]
    return "\n".join("".join(part) for part in html)


def finding(html: str) -> str:
    """The first finding among outputs, as HTML, without what stands under it; empty when there is none."""
    found = FINDING.search(html)
    return BASIS.sub("", found[1]) if found else ""


def has_cards(html: str) -> bool:
    """Whether the outputs hold a gallery, or the word strips of captions."""
    return CARD.search(html) is not None or STRIP.search(html) is not None


def thumbs(html: str) -> list[dict[str, str]]:
    """Up to three cards of a gallery, or nouns of word strips, and why they are shown: of its sample the first, the
    surest mistake, the least sure; a card that is two of these is shown once."""
    gallery = html.split("</section>", 1)[0]
    found = CARD.findall(gallery) or [word for strip in STRIP.findall(gallery) for word in _nouns(strip)]
    cards = [(mark, float(confidence), inner) for mark, confidence, inner in found]
    wrong = [card for card in cards if card[0] == "wrong"]
    reasons: dict[str, list[tuple[str, float, str]]] = {
        "first of the sample": cards[:1],
        "surest mistake in it": [max(wrong, key=lambda card: card[1])] if wrong else [],
        "least sure in it": [min(cards, key=lambda card: card[1])] if cards else [],
    }
    chosen: dict[tuple[str, float, str], str] = {}
    for why, some in reasons.items():
        for card in some:
            chosen.setdefault(card, why)
    return [{"why": why, "mark": card[0], "html": _thumb(card[2])} for card, why in chosen.items()]


def _nouns(strip: str) -> list[tuple[str, str, str]]:
    """Mark, confidence and content of a card for each noun of a word strip."""
    photo, caption = PHOTO.search(strip), CAPTION.search(strip)
    if not photo or not caption:
        return []
    return [
        (mark, confidence, _card(photo[0], caption[1], word, layer, mark, confidence))
        for mark, layer, word, confidence in NOUN.findall(strip)
    ]


def _card(photo: str, caption: str, word: str, layer: str, mark: str, confidence: str) -> str:
    """What a gallery's card holds, of a word of a caption; what is given is HTML already."""
    over = layer and f'<svg viewBox="0 0 {SPAN} {SPAN}" preserveAspectRatio="none" aria-hidden="true">{layer}</svg>'
    return (
        f'<span class="stack"><img alt="What speaks for {word} in {caption}" src="{photo}">{over}</span>'
        f'<figcaption><span class="said"><i class="mark" aria-hidden="true">{SIGNS[mark]}</i> '
        f'<bdi class="name">{word}</bdi> <b>{confidence}</b></span>'
        f'<span class="within">in: <bdi>{caption}</bdi></span></figcaption>'
    )


def _thumb(inner: str) -> str:
    """A card of a gallery as a thumbnail: a smaller photo, the first method's map, mark and prediction."""
    stack = re.sub(r"</?button[^>]*>", "", inner.split("<figcaption>")[0])
    photo = PHOTO.search(stack)
    if photo:
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(photo[1]))).convert("RGB"))
        small, _, _ = thumbnail(pixels, THUMB, 72)
        stack = stack.replace(photo[0], small)
    said = re.search(r'<span class="said">.*?</span>(?:<span class="(?:true|within)">.*?</span>)?', inner, re.DOTALL)
    return f"{LATER.sub('', stack)}<figcaption>{said[0] if said else ''}</figcaption>"
