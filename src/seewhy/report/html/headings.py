"""Headings of a page: an id for each, and links to them."""

import re
import unicodedata
from html import unescape
from urllib.parse import unquote

HEADING = re.compile(r"<h([1-3])\b[^>]*>(.*?)</h\1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")


def anchor_headings(body: str) -> tuple[str, list[tuple[int, str, str]]]:
    """The body with an id of its own on each heading, and the headings as (level, id, text).

    Links that JupyterLab understands ("#What-is-it?") lead to the ids.

    >>> anchor_headings("<h2>What is it?</h2>")
    ('<h2 id="s-what-is-it">What is it?</h2>', [(2, 's-what-is-it', 'What is it?')])
    """
    found: list[tuple[int, str, str]] = []

    def add_id(match: re.Match[str]) -> str:
        level, text = int(match[1]), unescape(TAG.sub("", match[2])).strip()
        name = base = heading_id(text)
        number = 1
        while name in {other for _, other, _ in found}:
            number += 1
            name = f"{base}-{number}"
        found.append((level, name, text))
        return f'<h{level} id="{name}">{match[2]}</h{level}>'

    body = HEADING.sub(add_id, body)
    known = {text.replace(" ", "-"): name for _, name, text in found}  # JupyterLab's id -> ours

    def relink_heading(match: re.Match[str]) -> str:
        return f'href="#{known.get(unescape(unquote(match[1])), match[1])}"'

    return re.sub(r'href="#([^"]+)"', relink_heading, body), found


def heading_id(text: str) -> str:
    """A heading as an id: plain lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "s-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "part")
