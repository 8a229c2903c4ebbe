"""The cells of an executed notebook, sorted into what stands where on a page."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from seewhy.errors import SeewhyError
from seewhy.report.html import headings, kinds
from seewhy.report.html.glossary import Glossary
from seewhy.report.html.inline import inline_html
from seewhy.report.html.markdown import code_html, markdown_html, plain_text
from seewhy.report.html.pictures import KINDS, picture_html

EMBEDDED = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)  # an output brings them along for JupyterLab
INLINE = re.compile(r"""(<[^<>]*?)\sstyle=(?:"[^"]*"|'[^']*')""")  # the policy forbids it: tables of pandas' Styler
DEFINED = re.compile(r"<defs>.*?</defs>", re.DOTALL)
WITH_TERMS = (kinds.FINDING, kinds.TEXT, kinds.NOTE)
PROSE, CODE, OUTPUT = "prose", "code", "output"


@dataclass
class Section:
    """A heading and what follows it: parts as (PROSE, CODE or OUTPUT, HTML), and whether it was not run."""

    parts: list[tuple[str, str]] = field(default_factory=list)
    refused: bool = False

    @property
    def shown_parts(self) -> list[tuple[str, str]]:
        """Its parts; of a section that was not run the code only."""
        empty = self.refused and not any(kind == OUTPUT for kind, _ in self.parts)
        return [part for part in self.parts if part[0] == CODE] if empty else self.parts


@dataclass
class Page:
    """What a page shows, as HTML: top (finding and its checks), setup (code before the first section), body, the
    provenance; and toc, what was not run, the terms it explains."""

    question: str
    top: str
    setup: str
    body: str
    provenance: str
    not_run: list[dict[str, str]]
    toc: list[dict[str, str]]
    terms: list[dict[str, str]]


class _Reader:
    """Goes through the cells once."""

    def __init__(self) -> None:
        self.top: list[str] = []
        self.provenance: list[str] = []
        self.not_run: list[dict[str, str]] = []
        self.sections = [Section()]
        self.glossary = Glossary()
        self.found = False  # whether the current cell holds the finding

    def read_cell(self, cell: Mapping[str, Any]) -> None:
        """Sort one cell in."""
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            self.read_prose(markdown_html(source))
        elif cell["cell_type"] == "code":
            self.found = False
            if source.strip():
                self.sections[-1].parts.append((CODE, code_html(source)))
            for output in cell["outputs"]:
                self.read_output(output)

    def read_prose(self, html: str) -> None:
        """Prose; each heading of the second level begins a section."""
        for piece in re.split(r"(?=<h2\b)", html):
            if piece.startswith("<h2"):
                self.sections.append(Section())
            if piece.strip():
                self.sections[-1].parts.append((PROSE, piece))

    def read_output(self, output: Mapping[str, Any]) -> None:
        """What a cell has put out: to the page's ends or to its place."""
        data = output.get("data", {})
        kind, html = kinds.output_kind(data), output_html(output)
        if kind in WITH_TERMS:
            html = self.glossary.mark_terms(html)
        if kind == kinds.FINDING or (kind == kinds.CHECKS and self.found):
            self.found = True
            self.top.append(html)
        elif kind == kinds.PROVENANCE:
            self.provenance.append(html)
        elif kind == kinds.NOT_RUN:
            said = {key: inline_html(text) for key, text in data[kind].items()}
            self.not_run += [said] if said not in self.not_run else []
            self.sections[-1].refused = True
        elif html:
            self.sections[-1].parts.append((OUTPUT, html))


def read_page(notebook: Mapping[str, Any]) -> Page:
    """Everything that a page shows of an executed notebook. Raises SeewhyError for a picture without alt text."""
    reader = _Reader()
    for cell in notebook["cells"]:
        reader.read_cell(cell)
    first, *rest = reader.sections
    setup = [html for kind, html in first.parts if kind == CODE]
    intro = [part for part in first.parts if part[0] != CODE]
    body = _fold_code(intro, reader.glossary) + "".join(_fold_code(one.shown_parts, reader.glossary) for one in rest)
    body, titles = headings.anchor_headings(body)
    return Page(
        question=next((text for level, _, text in titles if level == 1), ""),
        top="\n".join(reader.top),
        setup="\n".join(setup),
        body=_defined_once(re.sub(r"<h1\b.*?</h1>", "", body, count=1, flags=re.DOTALL)),
        provenance="\n".join(reader.provenance),
        not_run=reader.not_run,
        toc=[{"id": name, "text": text} for level, name, text in titles if level == 2],
        terms=reader.glossary.used_entries,
    )


def output_html(output: Mapping[str, Any]) -> str:
    """One output of a code cell as HTML, without the styles and scripts that it brings along for JupyterLab."""
    if output["output_type"] == "stream":
        return f'<pre class="text">{escape(plain_text("".join(output["text"])))}</pre>'
    if output["output_type"] == "error":
        return f'<pre class="text error">{escape(plain_text(chr(10).join(output["traceback"])))}</pre>'
    data = output["data"]
    if "text/html" in data:
        return _check_html("".join(data["text/html"]))
    for kind in KINDS:
        if kind in data:
            return picture_html(kind, "".join(data[kind]), output.get("metadata", {}).get(kind, {}))
    if others := [kind for kind in data if kind.startswith("image/")]:
        raise SeewhyError(f"a notebook shows a picture as {others[0]}: show it with show.figure")
    if "text/markdown" in data:
        return f'<div class="prose">{markdown_html("".join(data["text/markdown"]))}</div>'
    return f'<pre class="text">{escape(plain_text("".join(data["text/plain"])))}</pre>' if "text/plain" in data else ""


def _check_html(html: str) -> str:
    """HTML of an output, without what the page has or forbids; every picture in it says what it shows."""
    html = INLINE.sub(r"\1", EMBEDDED.sub("", html))
    for image in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r'\balt="[^"]', image):
            raise SeewhyError("a notebook shows a picture without alt text in its HTML: say in alt what it shows")
    return html


def _fold_code(parts: Sequence[tuple[str, str]], glossary: Glossary) -> str:
    """Parts in order; code that follows code without an output between stands in one fold."""
    return "\n".join(
        html if kind == OUTPUT else f'<div class="prose">\n{glossary.mark_terms(html)}</div>' if kind == PROSE
        else f'<details class="code"><summary>Code</summary>\n{html}\n</details>'
        for kind, html in _join_code(parts)
    )  # fmt: skip


def _join_code(parts: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Parts with neighbouring code blocks as one part."""
    held: list[str] = []
    for kind, html in parts:
        if kind == CODE:
            held.append(html)
            continue
        if held:
            yield CODE, "\n".join(held)
            held = []
        yield kind, html
    if held:
        yield CODE, "\n".join(held)


def _defined_once(body: str) -> str:
    """Drawings that several cards use are defined where they are used first: their ids are hashes of what they hold."""
    seen = set[str]()

    def first(match: re.Match[str]) -> str:
        known = match[0] in seen
        seen.add(match[0])
        return "" if known else match[0]

    return DEFINED.sub(first, body)
