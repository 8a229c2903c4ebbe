"""What notebooks call to put something on their page: finding, checks, text, figure, gallery, strips, table, footer.

Each works in JupyterLab as well: an output brings the styles (galleries and strips their script), which the page drops
again because it has them already. All text that comes from data is escaped. What the page or the index treats apart
says so by a MIME type of its own (`seewhy.report.html.kinds`).
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from seewhy.errors import SeewhyError
from seewhy.report.html import assets, kinds
from seewhy.report.html.inline import inline_html
from seewhy.report.html.severity import SEVERITIES, check_severity
from seewhy.report.plots import check_strips, thumbnails
from seewhy.report.plots.gallery import Card, gallery_html
from seewhy.report.plots.pictures import draw_picture
from seewhy.report.plots.tables import table_html
from seewhy.report.plots.word_strip import Strip, strips_html

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def finding(answer: str, sentence: str = "", so: str = "", detail: str = "", severity: str = "") -> None:
    """Show the computed answer to the page's question; the page lifts it under its heading.

    answer: the word that answers the title, as "No" or "Not tested"; sentence: at most two sentences and 40 words;
    so: what to do now, after "So:"; detail: interval and n, in small type; severity: a key of
    `seewhy.report.html.severity.SEVERITIES`, or empty. **bold**, *emphasis*, `code` and [links](07_audit.html) are
    understood. Raises SeewhyError for an unknown severity.

    With one argument it is the whole finding: a sentence and, after a blank line, its detail.

    >>> finding("No", "The map lies on the background.", so="do not use it.", severity="shortcut")  # doctest: +SKIP
    """
    if not sentence:
        sentence, _, more = answer.partition("\n\n")
        answer, detail = "", detail or " ".join(more.split("\n\n"))
    said = {"answer": answer, "sentence": sentence, "so": so, "detail": detail, "severity": check_severity(severity)}
    plain = " ".join(filter(None, ["Finding.", answer and f"{answer}.", sentence, detail, so and f"So: {so}"]))
    _display_html(finding_html(said), plain, kinds.FINDING, said)


def finding_html(said: Mapping[str, str]) -> str:
    """A finding as HTML, from what `finding` says of it.

    >>> said = {"answer": "No", "sentence": "The map lies beside it.", "so": "", "detail": "", "severity": ""}
    >>> finding_html(said)
    '<div class="finding"><p class="lead"><strong class="answer">No.</strong> The map lies beside it.</p></div>'
    """
    level = said["severity"]
    badge = severity_html(level)
    answer = f'<strong class="answer">{inline_html(said["answer"])}.</strong> ' if said["answer"] else ""
    parts = [f'<p class="lead">{answer}{inline_html(said["sentence"])}</p>']
    parts += [f'<p class="basis">{inline_html(said["detail"])}</p>'] if said["detail"] else []
    parts += [f'<p class="so"><strong>So:</strong> {inline_html(said["so"])}</p>'] if said["so"] else []
    return f'<div class="finding{f" {level}" if level else ""}">{badge}{"".join(parts)}</div>'


def severity_html(level: str) -> str:
    """A severity as mark and word, in the colour of its class; nothing for none."""
    if not level:
        return ""
    mark, word = SEVERITIES[level]
    return f'<b class="severity {level}"><i aria-hidden="true">{mark}</i> {word}</b>'


def checks(rows: Sequence[check_strips.Row]) -> None:
    """Show checks with their intervals; in the cell of the finding they move up with it.

    rows: of verdict.json or checks.json, as `seewhy.checks.check.Check.row` makes them.
    """
    legend = f"{check_strips.LEGEND} {check_strips.correction_note(rows)}".strip()
    plain = "; ".join(f"{row['statement']}: {row['status']}" for row in rows)
    _display_html(check_strips.check_strips(rows, legend=legend), f"Checks. {plain}", kinds.CHECKS)


def note(text: str) -> None:
    """Show what a reader has to beware of, in a frame."""
    _display_html(f'<p class="note">{inline_html(text)}</p>', f"Note. {text}", kinds.NOTE)


def text(sentence: str) -> None:
    """Show a computed sentence of a section: what is counted, which images are shown."""
    _display_html(f'<p class="told">{inline_html(sentence)}</p>', sentence, kinds.TEXT)


def not_run(section: str, needs: str) -> None:
    """Say that a section could not be run, and what it needs; its heading and texts are left out of the page.

    The page lists all of these in one line at its end: "Not run here: regions (needs `regions` in params.yaml)".

    >>> not_run("Lift on the object", "boxes or masks for five labelled images")  # doctest: +SKIP
    """
    html = f'<p class="note">Not run here: {inline_html(section)} (needs {inline_html(needs)}).</p>'
    _display_html(
        html, f"Not run here: {section} (needs {needs}).", kinds.NOT_RUN, {"section": section, "needs": needs}
    )


def figure(fig: "Figure", alt: str) -> None:
    """Show a matplotlib figure with that alternative text, and close it. The page lets a reader save it.

    A chart is drawn as SVG, a figure with photos as WebP of twice the size at which it is shown. Raises SeewhyError
    for an empty `alt`: who cannot see the figure has nothing else.
    """
    if not alt or not alt.strip():
        raise SeewhyError("show.figure needs alt text: say what the figure shows")
    kind, content, about = draw_picture(fig)
    _display_output({kind: content, "text/plain": f"Figure. {alt.strip()}"}, {kind: {"alt": alt.strip(), **about}})
    if fig.number if hasattr(fig, "number") else False:  # pyplot made it and would keep it
        sys.modules["matplotlib.pyplot"].close(fig)


def chart_with_table(
    fig: "Figure", alt: str, frame: "pd.DataFrame", caption: str, percent: Collection[str] = ()
) -> None:
    """Show a chart and, folded below it, the table of the same numbers; arguments as of `figure` and `table`.

    >>> chart_with_table(chart, "Lift: 1.2", frame, "Lift with 95 % interval")  # doctest: +SKIP
    """
    figure(fig, alt)
    table(frame, caption, percent, folded=True)


def gallery(
    cards: Sequence[Card], methods: Sequence[str], label: str, cmap: str = "viridis", opacity: float = 0.6
) -> None:
    """Show samples as cards with filters, method switch and enlargement; see `seewhy.report.plots.gallery`.

    The output also holds the few cards that the index shows of it.
    """
    html = gallery_html(cards, methods, label, cmap, opacity)
    said = {"label": label, "thumbnails": thumbnails.card_thumbnails(cards, methods, cmap, opacity)}
    _display_html(_with_controls(html), f"Gallery. {label}, {len(cards)} samples", kinds.GALLERY, said)


def strips(shown: Sequence[Strip], label: str, cmap: str = "viridis", opacity: float = 0.6) -> None:
    """Show captions to step through, word by word; see `seewhy.report.plots.word_strip`."""
    html = strips_html(shown, label, cmap, opacity)
    said = {"label": label, "thumbnails": thumbnails.strip_thumbnails(shown, cmap, opacity)}
    _display_html(_with_controls(html), f"Word strips. {label}, {len(shown)} images", kinds.GALLERY, said)


def table(frame: "pd.DataFrame", caption: str, percent: Collection[str] = (), folded: bool = False) -> None:
    """Show a table with its caption: escaped, numbers right-aligned, NaN as a dash; scrolls where it is too wide.

    percent: columns that hold shares and are shown as '38.5 %'; folded: only its caption stands open. A link below it
    saves the unrounded numbers as CSV, with ASCII minus.
    """
    import pandas as pd

    rows = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    html = table_html(rows, caption, inline_html(caption), percent, folded)
    _display_html(html, f"{caption}\n{rows.to_string(index=False)}")


def downloads(*paths: Path | str) -> None:
    """Show links to files, relative to the page in reports/<study>/; nothing where there are none.

    Raises SeewhyError for one that is not there.
    """
    if not paths:
        return
    items = "".join(_download_link(Path(path)) for path in paths)
    names = ", ".join(Path(path).name for path in paths)
    _display_html(f'<div class="downloads"><p>Downloads</p><ul>{items}</ul></div>', f"Downloads. {names}")


def provenance(facts: Mapping[str, object]) -> None:
    """Hand in what the page rests on (model, data and code hashes, seed, versions, device); it becomes the footer."""
    items = "".join(
        f"<div><dt>{escape(str(name))}</dt><dd>{_fact_html(value)}</dd></div>" for name, value in facts.items()
    )
    _display_html(f'<dl class="provenance">{items}</dl>', f"Provenance. {_plain_fact(facts)}", kinds.PROVENANCE)


def _fact_html(value: object) -> str:
    """A fact as HTML; settings as a list of name and value."""
    if not isinstance(value, Mapping):
        return escape(_plain_fact(value))
    items = (f"<li><b>{escape(name)}</b> {escape(text)}</li>" for name, text in _settings_list(value))
    return f'<ul class="settings">{"".join(items)}</ul>'


def _settings_list(values: Mapping[str, object], under: str = "") -> Iterator[tuple[str, str]]:
    """Name and value of each setting; of one within another the name is that of params.yaml: "limits.lift"."""
    for name, value in values.items():
        inner = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        if isinstance(inner, Mapping):
            yield from _settings_list(inner, f"{under}{name}.")
        else:
            yield f"{under}{name}", _plain_fact(inner)


def _plain_fact(value: object) -> str:
    """A fact as text; settings as "name value", in their order."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {text}" for name, text in _settings_list(value))
    return ", ".join(map(_plain_fact, value)) if isinstance(value, list | tuple) else str(value)


def _download_link(path: Path) -> str:
    """One link with the file's size."""
    if not path.is_file():
        raise SeewhyError(f"show.downloads: no file '{path}'")
    size = path.stat().st_size
    weight = f"{size / 1024:,.0f} KB" if size >= 1024 else f"{size} bytes"
    return (
        f'<li><a href="{quote(str(_path_from_page(path)))}" download>{escape(path.name)}</a> <span>{weight}</span></li>'
    )


def _path_from_page(path: Path) -> PurePosixPath:
    """The path as seen from a page in reports/<study>/."""
    parts = path.parts
    if "reports" in parts[:-2]:
        after = len(parts) - parts[::-1].index("reports") + 1
        return PurePosixPath(*parts[after:])
    if path.is_absolute() or ".." in parts:
        raise SeewhyError(f"show.downloads: '{path}' is outside reports/; give a path below the project's folder")
    return PurePosixPath("..", "..", *parts)


def _with_controls(html: str) -> str:
    """A gallery or strips with the styles and the script that they need."""
    return f"<style>{assets.page_styles(*assets.CONTROLS)}</style>{html}<script>{assets.page_script()}</script>"


def _display_html(html: str, plain: str, kind: str = "", said: Mapping[str, object] | None = None) -> None:
    """Display HTML with the styles of outputs; `plain` is what a terminal and a diff see, `kind` a MIME type of ours
    and `said` what an output of that kind says to the page and the index."""
    data: dict[str, Any] = {"text/html": f"<style>{assets.page_styles('outputs')}</style>{html}", "text/plain": plain}
    _display_output(data | ({kind: dict(said or {})} if kind else {}))


def _display_output(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Hand an output to the notebook; plain Python prints its text."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        display(data, raw=True, metadata=metadata)  # type: ignore[no-untyped-call]
    else:
        sys.stdout.write(f"{data['text/plain']}\n")
