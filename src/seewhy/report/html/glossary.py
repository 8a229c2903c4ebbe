"""Terms of template/glossary.yaml: marked at their first use on a page, with a tooltip, and listed at the page's end.

A term is a link to its line in the list, so it works by keyboard and without a script; the tooltip is CSS.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from html import escape

from seewhy.report.html import assets

PATH = assets.TEMPLATE / "glossary.yaml"
TAG = re.compile(r"(<[^>]*>)")
SILENT = {
    "a",
    "code",
    "pre",
    "h1",
    "h2",
    "h3",
    "summary",
    "b",
    "svg",
    "button",
    "script",
    "style",
    "bdi",
}  # no terms in these
NAME = re.compile(r"</?([a-z0-9]+)")


class Glossary:
    """The terms that one page has used so far."""

    def __init__(self) -> None:
        self.used: list[str] = []

    def mark_terms(self, html: str) -> str:
        """The HTML with a link on the first use of each term that was not used before.

        >>> Glossary().mark_terms("<p>Its lift is 2.</p>").partition('data-tip="')[0]
        '<p>Its <a class="term" href="#term-lift" aria-describedby="term-lift" '
        """
        parts, inside = TAG.split(html), list[str]()
        for k, part in enumerate(parts):
            if part.startswith("<"):
                _track_silent_tags(part, inside)
            elif part.strip() and not inside:
                parts[k] = _spelling_pattern().sub(self._link_first_use, part)
        return "".join(parts)

    @property
    def used_entries(self) -> list[dict[str, str]]:
        """Id, term and explanation of the terms that were used, in alphabetical order."""
        names = sorted(self.used, key=str.lower)
        return [{"id": _entry_id(name), "term": name, "text": term_explanations()[name]} for name in names]

    @property
    def _link_first_use(self) -> Callable[[re.Match[str]], str]:
        def mark(match: re.Match[str]) -> str:
            name = _spellings_of_terms()[match[0].replace("\N{NO-BREAK SPACE}", " ").lower()]
            if name in self.used:
                return match[0]
            self.used.append(name)
            ident, text = _entry_id(name), escape(term_explanations()[name])
            return f'<a class="term" href="#{ident}" aria-describedby="{ident}" data-tip="{text}">{match[0]}</a>'

        return mark


def _track_silent_tags(tag: str, inside: list[str]) -> None:
    """Keep `inside`, the silent elements around what comes next, up to date."""
    name = NAME.match(tag)
    if name and name[1] in SILENT:
        if not tag.startswith("</"):
            inside.append(name[1])
        elif name[1] in inside:
            inside.remove(name[1])


def _entry_id(name: str) -> str:
    return "term-" + re.sub(r"[^a-z0-9]+", "-", name.lower())


@cache
def term_explanations() -> Mapping[str, str]:
    """Each term with its explanation."""
    return {name: str(entry["text"]) for name, entry in _read_glossary().items()}


@cache
def _read_glossary() -> Mapping[str, Mapping[str, object]]:
    from ruamel.yaml import YAML

    return dict(YAML(typ="safe").load(PATH))  # type: ignore[no-untyped-call]


@cache
def _spellings_of_terms() -> Mapping[str, str]:
    """Each spelling in lower case, and its term."""
    return {form.lower(): name for name, entry in _read_glossary().items() for form in (name, *entry.get("forms", ()))}  # type: ignore[misc]


@cache
def _spelling_pattern() -> re.Pattern[str]:
    """Any spelling as a whole word, the longest first; spaces may be such that do not break."""
    forms = sorted(_spellings_of_terms(), key=len, reverse=True)
    spellings = (re.escape(form).replace(r"\ ", "[ \N{NO-BREAK SPACE}]") for form in forms)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(spellings)})(?![\w-])", re.IGNORECASE)
