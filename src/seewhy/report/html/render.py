"""An executed notebook as one HTML page that needs nothing else: no script to be read, no address outside.

The first markdown heading is the page's question. The output of `page.finding` moves under it with the gates of its
cell, that of `page.provenance` into the footer. Cells tagged `parameters`, `injected-parameters` or `setup` hide
their code.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any, Required, TypedDict
from urllib.parse import unquote

from seewhy.errors import SeewhyError
from seewhy.report.html import assets
from seewhy.report.plots.pictures import picture

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

HIDDEN = {"parameters", "injected-parameters", "setup"}
SHOWN = ("text/html", "image/png", "text/markdown", "text/plain")  # the first that an output has is rendered
HEADING = re.compile(r"<h([1-3])\b[^>]*>(.*?)</h\1>", re.DOTALL)
EMBEDDED = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
INLINE = re.compile(r"""(<[^<>]*?)\sstyle=(?:"[^"]*"|'[^']*')""")  # the policy forbids it: colours of tracebacks
LIFTED = re.compile(r'<div class="finding">.*?</div>|<dl class="provenance">.*?</dl>', re.DOTALL)
FOLDS = re.compile(r'</details>\s*<details class="code"><summary>Code</summary>')  # between cells that show nothing
DEFINED = re.compile(r"<defs>.*?</defs>", re.DOTALL)
ASIDE = re.compile(r"<!-- picture (\d+) -->")  # where a picture stood that nbconvert need not read
NOTHING = "'none'"  # a source expression
GATES = re.compile(r'<section class="verdict".*?</section>', re.DOTALL)


class Site(TypedDict, total=False):
    """What a page knows of its surroundings; static, so that a page does not depend on which others are built."""

    study: Required[str]  # or comparison
    pages: list[tuple[str, str]]  # (stem, title) of the study's pages, in order
    studies: list[str]  # other studies that have this page too
    compared: dict[str, list[tuple[str, str]]]  # of a comparison: its studies and their pages


def render(notebook: Any, stem: str, site: Site, failed: str = "") -> str:
    """The page as HTML. failed: what went wrong, for the page that is kept of a failure.

    Raises SeewhyError when a picture has no alt text or when no cell has a `#` heading.
    """
    notebook, pictures = deepcopy(notebook), list[str]()
    try:
        lifted = [part for cell in notebook.cells for part in _prepared(cell, pictures)]
    except SeewhyError as error:
        raise SeewhyError(f"{stem}: {error}") from None
    body, _ = _exporter().from_notebook_node(notebook)
    body, headings = _anchored(_guidance(FOLDS.sub("", INLINE.sub(r"\1", body))))
    body = ASIDE.sub(lambda found: "".join(pictures[int(found[1]) : int(found[1]) + 1]), body)
    question = next((text for level, _, text in headings if level == 1), stem if failed else None)
    if question is None:
        raise SeewhyError(f"{stem}: the first cell must be Markdown with the page's question as a # heading")
    return document(
        "page.html.j2",
        assets.styles(*assets.PAGE),
        assets.script(),
        title=f"{question} · {site['study']}",
        heading=question,
        study=site["study"],
        here=stem,
        failed=failed,
        toc=[{"id": name, "text": text} for level, name, text in headings if level == 2],
        body=_defined_once(re.sub(r"<h1\b.*?</h1>", "", body, count=1, flags=re.DOTALL)),
        findings="\n".join(part for part in lifted if not part.startswith("<dl")),
        provenance="\n".join(part for part in lifted if part.startswith("<dl")),
        **_neighbours(stem, site),
    )


def document(template: str, css: str, script: str = "", **context: Any) -> str:
    """A whole HTML document: template, styles, script, and the policy that allows these and nothing else."""
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(css)}; "
        f"script-src {_hash(script) if script else NOTHING}; base-uri 'none'; form-action 'none'"
    )
    return _templates().get_template(template).render(css=css, js=script, policy=policy, **context)


def _prepared(cell: Any, pictures: list[str]) -> list[str]:
    """Make the cell's outputs ready, hide its code if it is tagged so, and return what moves to the page's ends. Its
    pictures are set aside into `pictures`: they are long, and nbconvert would parse them."""
    if cell.cell_type != "code":
        return []
    cell.metadata["hidden"] = bool(HIDDEN.intersection(cell.metadata.get("tags", [])))
    lifted: list[str] = []
    for output in cell.outputs:
        if "data" not in output:
            continue
        output.output_type = "display_data"
        html = _html(output)
        if html is not None and "image/png" in output.data and "text/html" not in output.data:
            pictures.append(html)
            output.data = {"text/html": f"<!-- picture {len(pictures) - 1} -->"}
        elif html is not None:
            pattern = GATES if lifted and GATES.search(html) else LIFTED  # gates follow the finding of their cell
            lifted += pattern.findall(html)
            output.data = {"text/html": pattern.sub("", html)}
    return lifted


def _html(output: Any) -> str | None:
    """The output as HTML, None when it is text or Markdown and left to nbconvert."""
    kind = next((kind for kind in SHOWN if kind in output.data), None)
    others = [kind for kind in output.data if kind.startswith("image/") and kind != "image/png"]
    if others and kind in (None, "text/plain"):
        raise SeewhyError(f"a notebook shows a picture as {others[0]}: show it with page.figure")
    if kind == "image/png":
        return picture(output.data[kind], output.metadata.get(kind, {}))
    if kind != "text/html":
        return None
    html = EMBEDDED.sub("", output.data[kind])
    for image in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r'\balt="[^"]', image):
            raise SeewhyError("a notebook shows a picture without alt text in its HTML: say in alt what it shows")
    return html


def _defined_once(body: str) -> str:
    """Drawings that several cards use are defined where they are used first: their ids are hashes of what they hold."""
    seen = set[str]()

    def first(match: re.Match[str]) -> str:
        known = match[0] in seen
        seen.add(match[0])
        return "" if known else match[0]

    return DEFINED.sub(first, body)


def _guidance(body: str) -> str:
    """Give block quotes of guidance the class by which they are styled."""
    body = re.sub(r"<blockquote>(?=\s*<p><strong>How to read)", '<blockquote class="reads">', body)
    return re.sub(r"<blockquote>(?=\s*<p><strong>What this does not)", '<blockquote class="limits">', body)


def _anchored(body: str) -> tuple[str, list[tuple[int, str, str]]]:
    """The body with an id of its own on each heading, and the headings as (level, id, text)."""
    found: list[tuple[int, str, str]] = []

    def anchor(match: re.Match[str]) -> str:
        level, inner = int(match[1]), re.sub(r'<a class="anchor-link".*?</a>', "", match[2])
        text = unescape(re.sub(r"<[^>]+>", "", inner)).strip()
        name = base = _slug(text)
        number = 1
        while name in {other for _, other, _ in found}:
            number += 1
            name = f"{base}-{number}"
        found.append((level, name, text))
        return f'<h{level} id="{name}">{inner}</h{level}>'

    body = HEADING.sub(anchor, body)
    known = {text.replace(" ", "-"): name for _, name, text in found}  # JupyterLab's id -> ours

    def link(match: re.Match[str]) -> str:
        return f'href="#{known.get(unescape(unquote(match[1])), match[1])}"'

    return re.sub(r'href="#([^"]+)"', link, body), found


def _slug(text: str) -> str:
    """A heading as an id: plain lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "s-" + (re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "part")


def _neighbours(stem: str, site: Site) -> dict[str, Any]:
    """The links of a page: pages of its study, the next of them, this page of other studies, and the studies that it
    compares, with their pages."""
    pages = _links(site.get("pages", []))
    place = next((k for k, page in enumerate(pages) if page["stem"] == stem), len(pages))
    following = pages[place + 1] if place + 1 < len(pages) else None
    others = [name for name in site.get("studies", []) if name != site["study"]]
    compared = {name: _links(some) for name, some in site.get("compared", {}).items()}
    return {"pages": pages, "following": following, "studies": others, "compared": compared}


def _links(pages: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"stem": name, "number": name[:2], "title": title} for name, title in pages]


def _hash(text: str) -> str:
    """The source expression that allows this very text in a content security policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@cache
def _templates() -> Any:
    """The page templates; what is put into them is escaped unless marked safe there."""
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(assets.TEMPLATE), autoescape=True, trim_blocks=True)


@cache
def _exporter() -> "HTMLExporter":
    """nbconvert with our template for the cells."""
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="notebook", extra_template_basedirs=[str(assets.TEMPLATE)])  # type: ignore[no-untyped-call]
