"""An executed notebook as one HTML page that needs nothing else: no script to be read, no address outside, no kernel.

`page_html` is a pure function of the notebook, the page's surroundings and the files of this package. The first
Markdown heading is the page's question. The finding moves under it with the checks of its cell; what was not run, the
terms and the provenance stand at the end. All code is folded: its blocks, in order, are a program that makes the page's
figures.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Required, TypedDict

from seewhy.errors import SeewhyError
from seewhy.report.html import assets
from seewhy.report.html.cells import read_page
from seewhy.report.html.inline import inline_html
from seewhy.report.html.severity import SEVERITIES
from seewhy.report.html.summary import split_line

NOTHING = "'none'"  # a source expression


class Site(TypedDict, total=False):
    """What a page knows of its surroundings; static, so that a page does not depend on which others are built."""

    study: Required[str]  # or comparison
    pages: list[tuple[str, str]]  # (stem, title) of the study's pages, in order
    studies: list[str]  # other studies that have this page too
    compared: dict[str, list[tuple[str, str]]]  # of a comparison: its studies and their pages
    verdict: Mapping[str, str]  # `verdict` of reports/<study>/summary.json
    source: str  # the notebook, from the project's folder; default: notebooks/<stem>.ipynb


def page_html(notebook: Mapping[str, Any], stem: str, site: Site, failed: str = "") -> str:
    """The page as HTML.

    notebook: executed, as JSON or as nbformat reads it; it is not changed. stem: of the page, as "02_grad_cam". failed:
    what went wrong, for the page that is kept of a failure. Raises SeewhyError when a picture has no alt text or when
    no cell has a `#` heading.
    """
    try:
        page = read_page(notebook)
    except SeewhyError as error:
        raise SeewhyError(f"{stem}: {error}") from None
    question = page.question or (stem if failed else "")
    if not question:
        raise SeewhyError(f"{stem}: the first cell must be Markdown with the page's question as a # heading")
    return html_document(
        "page.html.j2",
        assets.page_styles(*assets.PAGE),
        assets.page_script(),
        title=f"{question} · {site['study']}",
        heading=question,
        study=site["study"],
        here=stem,
        failed=failed,
        page=page,
        verdict=_verdict_line(site.get("verdict", {}), stem),
        source=site.get("source", f"notebooks/{stem}.ipynb"),
        **_page_links(stem, site),
    )


def html_document(template: str, css: str, script: str = "", **context: Any) -> str:
    """A whole HTML document: template, styles, script, and the policy that allows these and nothing else."""
    policy = (
        f"default-src 'none'; img-src data:; style-src {_policy_hash(css)}; "
        f"script-src {_policy_hash(script) if script else NOTHING}; base-uri 'none'; form-action 'none'"
    )
    return str(_page_templates().get_template(template).render(css=css, js=script, policy=policy, **context))


def _verdict_line(verdict: Mapping[str, str], stem: str) -> dict[str, str]:
    """The line under a title: its mark, its words, and the page that it points to unless that is this one."""
    line, page = split_line(verdict)
    if not line:
        return {}
    severity = verdict.get("severity", "") or "unknown"
    link = page if page != stem else ""
    return {"line": inline_html(line), "severity": severity, "mark": SEVERITIES[severity].mark, "page": link}


def _page_links(stem: str, site: Site) -> dict[str, Any]:
    """The links of a page: pages of its study, the next of them, this page of other studies, and the studies that it
    compares, with their pages."""
    pages = _numbered_links(site.get("pages", []))
    place = next((k for k, page in enumerate(pages) if page["stem"] == stem), len(pages))
    following = pages[place + 1] if place + 1 < len(pages) else None
    others = [name for name in site.get("studies", []) if name != site["study"]]
    compared = {name: _numbered_links(some) for name, some in site.get("compared", {}).items()}
    return {"pages": pages, "following": following, "studies": others, "compared": compared}


def _numbered_links(pages: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"stem": name, "number": name[:2], "title": title} for name, title in pages]


def _policy_hash(text: str) -> str:
    """The source expression that allows this very text in a content security policy."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


@cache
def _page_templates() -> Any:
    """The page templates; what is put into them is escaped unless marked safe there."""
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(assets.TEMPLATE), autoescape=True, trim_blocks=True)
