"""Text from notebooks as HTML: escaped, with the few marks that a sentence may have."""

import re
from html import escape

REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # would turn a sentence's own words round
UNBROKEN = re.compile(r"(?<=\d) (?=%)|(?<=\b[np]) (?=(?:=|&[lg]t;) \d)|(?<=\b[np] =) (?=\d)|(?<=&[lg]t;) (?=\d)")
LINK = re.compile(r"\[([^\[\]]+)\]\(((?!//)[\w./-]*(?:#[\w-]+)?)\)")  # to a page or a heading, never to another site


def inline_html(text: str) -> str:
    """Escaped text with **bold**, *emphasis*, `code` and [links](07_audit.html) to pages; figures do not break.

    What the brackets of an interval hold is said at the first interval only.

    >>> inline_html("**No**: n = 8 & `lift`")
    '<strong>No</strong>: n\\xa0=\\xa08 &amp; <code>lift</code>'
    """
    before, interval, after = text.translate(REORDERING).partition("(95 % interval ")
    once = before + interval + after.replace(interval, "(") if interval else before
    html = UNBROKEN.sub("\N{NO-BREAK SPACE}", escape(once, quote=False))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"(?<![*\w])\*(?!\s)([^*]+?)(?<!\s)\*(?![*\w])", r"<em>\1</em>", html)
    return LINK.sub(r'<a href="\2">\1</a>', html)
