"""What notebooks call to put something on their page: finding, gates, text, figure, gallery, strips, table, footer.

Each works in JupyterLab as well: an output brings the styles (galleries and strips their script), which the page drops
again because it has them already. All text that comes from data is escaped.
"""

import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from seewhy.errors import SeewhyError
from seewhy.report.html import assets
from seewhy.report.plots.gallery import Card
from seewhy.report.plots.gallery import gallery as gallery_html
from seewhy.report.plots.gate_bars import LEGEND, Row
from seewhy.report.plots.gate_bars import gates as gates_html
from seewhy.report.plots.pictures import drawn
from seewhy.report.plots.tables import UNBROKEN
from seewhy.report.plots.tables import table as table_html
from seewhy.report.plots.word_strip import Strip, steps

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # would turn a sentence's own words round


def finding(text: str) -> None:
    """Show the computed answer to the page's question; the page lifts it under its heading.

    text: at most two sentences with n and interval, and after a blank line what stands under them, smaller (see
    `seewhy.formatting.headline`); **bold**, *emphasis* and `code` are understood.
    """
    lead, *under = _inline(text).split("\n\n")
    told = "".join([f"<p>{lead}</p>", *(f'<p class="basis">{one}</p>' for one in under)])
    _show(f'<div class="finding">{told}</div>', f"Finding. {text}")


def gates(rows: Sequence[Row]) -> None:
    """Show gates as interval strips; in the cell of the finding they move up with it (`plots.gate_bars`)."""
    told = "; ".join(f"{row['claim']}: {row['status']}" for row in rows)
    _show(gates_html(rows, legend=LEGEND), f"Gates. {told}")


def note(text: str) -> None:
    """Show a line that says what was not run, or what to beware of."""
    _show(f'<p class="note">{_inline(text)}</p>', f"Note. {text}")


def text(told: str) -> None:
    """Show a computed sentence of a section: what is counted, which images are shown."""
    _show(f'<p class="told">{_inline(told)}</p>', told)


def figure(fig: "Figure", alt: str) -> None:
    """Show a matplotlib figure with that alternative text, as `seewhy.report.plots.pictures.drawn` makes it; close it.

    Raises SeewhyError for an empty `alt`: who cannot see the figure has nothing else.
    """
    if not alt or not alt.strip():
        raise SeewhyError("page.figure needs alt text: say what the figure shows")
    png, about = drawn(fig)
    about = {"image/png": {"alt": alt.strip(), **about}}
    _display({"image/png": png, "text/plain": f"Figure. {alt.strip()}"}, metadata=about)
    if fig.number if hasattr(fig, "number") else False:  # pyplot made it and would keep it
        sys.modules["matplotlib.pyplot"].close(fig)


def gallery(
    cards: Sequence[Card], methods: Sequence[str], label: str, cmap: str = "viridis", opacity: float = 0.6
) -> None:
    """Show samples as cards with filters, method switch and enlargement; see `seewhy.report.plots.gallery`."""
    html = gallery_html(cards, methods, label, cmap, opacity)
    _show(_with_controls(html), f"Gallery. {label}, {len(cards)} samples")


def strips(shown: Sequence[Strip], label: str, cmap: str = "viridis", opacity: float = 0.6) -> None:
    """Show captions to step through, word by word; see `seewhy.report.plots.word_strip`."""
    html = steps(shown, label, cmap, opacity)
    _show(_with_controls(html), f"Word strips. {label}, {len(shown)} images")


def table(frame: "pd.DataFrame", caption: str, percent: Collection[str] = ()) -> None:
    """Show a table with its caption: escaped, numbers right-aligned, NaN as a dash; scrolls where it is too wide.

    percent: columns that hold shares and are shown as '38.5 %'.
    """
    import pandas as pd

    rows = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    _show(table_html(rows, caption, _inline(caption), percent), f"{caption}\n{rows.to_string(index=False)}")


def downloads(*paths: Path | str) -> None:
    """Show links to files, relative to the page in reports/<study>/. Raises SeewhyError for one that is not there."""
    items = "".join(_download(Path(path)) for path in paths)
    names = ", ".join(Path(path).name for path in paths)
    _show(f'<div class="downloads"><p>Downloads</p><ul>{items}</ul></div>', f"Downloads. {names}")


def provenance(facts: Mapping[str, object]) -> None:
    """Hand in what the page rests on (model, data and code hashes, seed, versions, device); it becomes the footer."""
    items = "".join(f"<div><dt>{escape(str(name))}</dt><dd>{_fact(value)}</dd></div>" for name, value in facts.items())
    _show(f'<dl class="provenance">{items}</dl>', f"Provenance. {_plain(facts)}")


def _fact(value: object) -> str:
    """A fact as HTML; settings as a list of name and value."""
    if not isinstance(value, Mapping):
        return escape(_plain(value))
    items = (f"<li><b>{escape(name)}</b> {escape(told)}</li>" for name, told in _settings(value))
    return f'<ul class="settings">{"".join(items)}</ul>'


def _settings(values: Mapping[str, object], under: str = "") -> Iterator[tuple[str, str]]:
    """Name and value of each setting; of one within another the name is that of params.yaml: "limits.lift"."""
    for name, value in values.items():
        inner = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        if isinstance(inner, Mapping):
            yield from _settings(inner, f"{under}{name}.")
        else:
            yield f"{under}{name}", _plain(inner)


def _plain(value: object) -> str:
    """A fact as text; settings as "name value", in their order."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {told}" for name, told in _settings(value))
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)


def _inline(text: str) -> str:
    """Escaped text with **bold**, *emphasis* and `code`; "n = 8" and "38.5 %" never break; no name turns the rest.

    What the brackets hold is said at the first interval only.
    """
    before, interval, after = text.translate(REORDERING).partition("(95 % interval ")
    once = before + interval + after.replace(interval, "(") if interval else before
    told = UNBROKEN.sub("\N{NO-BREAK SPACE}", escape(once, quote=False))
    told = re.sub(r"`([^`]+)`", r"<code>\1</code>", told)
    told = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", told)
    return re.sub(r"(?<![*\w])\*(?!\s)([^*]+?)(?<!\s)\*(?![*\w])", r"<em>\1</em>", told)


def _download(path: Path) -> str:
    """One link with the file's size."""
    if not path.is_file():
        raise SeewhyError(f"page.downloads: no file '{path}'")
    size = path.stat().st_size
    told = f"{size / 1024:,.0f} KB" if size >= 1024 else f"{size} bytes"
    return f'<li><a href="{quote(str(_from_page(path)))}" download>{escape(path.name)}</a> <span>{told}</span></li>'


def _from_page(path: Path) -> PurePosixPath:
    """The path as seen from a page in reports/<study>/."""
    parts = path.parts
    if "reports" in parts[:-2]:
        after = len(parts) - parts[::-1].index("reports") + 1
        return PurePosixPath(*parts[after:])
    if path.is_absolute() or ".." in parts:
        raise SeewhyError(f"page.downloads: '{path}' is outside reports/; give a path below the project's folder")
    return PurePosixPath("..", "..", *parts)


def _with_controls(html: str) -> str:
    """A gallery or strips with the styles and the script that they need."""
    return f"<style>{assets.styles(*assets.CONTROLS)}</style>{html}<script>{assets.script()}</script>"


def _show(html: str, plain: str) -> None:
    """Display HTML with the styles of outputs; `plain` is what a terminal and a diff see."""
    _display({"text/html": f"<style>{assets.styles('outputs')}</style>{html}", "text/plain": plain})


def _display(data: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
    """Hand an output to the notebook; binary data as base64 by IPython."""
    from IPython.display import display

    display(data, raw=True, metadata=metadata)  # type: ignore[no-untyped-call]
