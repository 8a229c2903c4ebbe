"""Checks as rows: what is stated, the figure with its interval as a bar, the limit, and the side on which it passes.

The limit stands in the middle of every bar, so that a column of them is read at a glance. Status is told three times:
by mark and word, by the shape of the dot, by colour.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote

from seewhy.checks.status import FEWEST
from seewhy.formatting import FORMS, format_interval, format_value

Row = Mapping[str, Any]  # a row of verdict.json or checks.json: see `seewhy.checks.check.Check.row`
MARKS = {"pass": "✓", "fail": "✗", "unsure": "?", "not run": "–"}
WIDTH, HEIGHT, MIDDLE = 150, 34, 11  # user units: of a bar, and where its rail lies
ROOM = 0.88  # of half a bar, for what lies farthest from the limit
HEADINGS = {
    "works": "Does the model work?",
    "object": "What does it rely on?",
    "background": "What does it rely on?",
    "suspect": "What does it rely on?",
    "candidate": "What does it rely on?",
    "stability": "Is it stable?",
    "own": "Checks of this project",
}
LEGEND = (
    "Dot: the estimate (disc: pass, diamond: fail, ring: unsure). Bar: its 95 % interval. Dashed tick: the limit. "
    "Shaded: where the check passes. It passes or fails only when the whole bar is on one side."
)
CORRECTED = "A fail also has to stand correction for the number of checks that were made (Holm): "
PAGES = {"works": "01_model.html"}  # where a check is measured; all others on page 07
UNITS = {"lift": "×"} | dict.fromkeys(
    ("accuracy", "prediction_change", "label_flip", "pointing_game", "object_share", "average_increase"), "%"
)
FOUND = ("status", "estimate", "value", "low", "high", "n", "limit")  # what differs between studies
SIDES = {"above": (">", "passes above", 1), "below": ("<", "passes below", -1)}


def check_strips(
    rows: Sequence[Row], spans: Mapping[str, float] | None = None, legend: str = "", folder: str = ""
) -> str:
    """Rows as HTML, those about one thing under a heading of their own.

    spans: by figure, how far its bar reaches to either side of the limit, for bars that are read against each other
    (`widest_spans`); without it each is as long as its own interval needs. legend: stands below. folder: where the
    study's pages are, to which the statements link, as 'trees-cnn/'.
    """
    reach = spans or widest_spans([rows])
    parts = []
    for title, group in groupby(rows, row_heading):
        items = "".join(_row_html(row, reach, folder) for row in group)
        parts.append(f'<p class="of"><bdi>{escape(title)}</bdi></p><ul class="gates">{items}</ul>')
    if not parts:
        return ""
    below = f'<p class="legend">{legend}</p>' if legend else ""
    return f'<section class="verdict">{"".join(parts)}{below}</section>'


def row_heading(row: Row) -> str:
    """What a check is about, as the heading over it."""
    if row_kind(row) == "slice":
        return f"In {row['title']}"
    return HEADINGS.get(row_kind(row)) or f"Heat maps of {row.get('title') or row['name']}"


def row_kind(row: Row) -> str:
    """What sort of thing a check is about: 'suspect' of 'suspect:shadow'."""
    return str(row["subject"]).partition(":")[0]


def widest_spans(studies: Iterable[Sequence[Row]]) -> dict[str, float]:
    """By figure, the distance from its limit of the farthest end of an interval, over all studies."""
    spans: dict[str, float] = {}
    for row in (row for rows in studies for row in rows):
        ends = [abs(end - row["limit"]) for end in _interval_ends(row)]
        spans[_figure_name(row)] = max([spans.get(_figure_name(row), 0.0), *ends])
    return spans


def figure_texts(row: Row) -> tuple[str, str]:
    """The figure of a row, and its interval with n, as text."""
    unit = _figure_unit(row)
    if row["n"] is None:  # a count
        return format_value(row["estimate"], unit), ""
    n = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{row['n']:,}"
    if not has_figure(row):
        return ("too few", n) if row["n"] else ("not run", str(row.get("missing", "")))
    return format_value(row["estimate"], unit), f"{format_interval(row['low'], row['high'], unit)}, {n}"


def has_figure(row: Row) -> bool:
    """Whether there is a figure to show: of fewer than `FEWEST` images there is none."""
    return row["estimate"] is not None and (row["n"] is None or row["n"] >= FEWEST)


def correction_note(rows: Iterable[Row]) -> str:
    """For how many checks fails are corrected: of the model, of classes and slices, of each method; empty where there
    is one of each.

    >>> correction_note([{"subject": "object", "tries": 3}, {"subject": "map:gradcam", "tries": 7}])[-35:]
    '3 of the model, 7 of each heat map.'
    """
    tries = {"of the model": 1, "of classes and slices": 1, "of each heat map": 1}
    others = {"map": "of each heat map", "slice": "of classes and slices"}
    for row in rows:
        of = others.get(row_kind(row), "of the model")
        tries[of] = max(tries[of], row.get("tries", 1))
    told = [f"{count} {of}" for of, count in tries.items() if count > 1]
    return f"{CORRECTED}{', '.join(told)}." if told else ""


def reach_text(row: Row) -> str:
    """Of an undecided check, how far from its limit a figure would have to be for as many images to show it."""
    smallest = row.get("smallest_effect")
    if row["status"] != "unsure" or not smallest:
        return ""
    unit = {"%": "points", "+": ""}.get(_figure_unit(row), _figure_unit(row))
    return f"; smallest visible {format_value(smallest, unit).lstrip('+')}"


def status_html(status: str) -> str:
    """A status as mark and word."""
    return f'<span class="status"><i aria-hidden="true">{MARKS[status]}</i> {status}</span>'


def interval_bar(row: Row, label: str, span: float) -> str:
    """The interval as a drawing; a bare rail where there is none. span: what half of the bar stands for."""
    half = WIDTH // 2
    sign, words, way = SIDES[row["passes"]]
    drawn = f'<path class="shade" d="M{half} 3h{way * half}v16h{-way * half}Z"/>'
    drawn += f'<path class="rail" d="M0 {MIDDLE}H{WIDTH}"/><path class="limit" d="M{half} 1V21"/>'
    drawn += f'<text x="{half}" y="32">{escape(sign)} {_limit_value(row)}</text>'
    if has_figure(row):
        scale = ROOM * half / (span or 1.0)
        low, x, high = (round(half + scale * (end - row["limit"]), 1) for end in _interval_ends(row))
        drawn += f'<path class="bar" d="M{low} {MIDDLE}H{high}"/>{_status_mark(row["status"], x)}'
    told = escape(f"{row['status']}: {label}; {words} {_limit_value(row)}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">{drawn}</svg>'


def _row_html(row: Row, spans: Mapping[str, float], folder: str) -> str:
    """One row: status, statement with a link to its page, bar, figures."""
    value, about = figure_texts(row)
    wanted = row.get("expected", "pass")
    expected = f' <span class="tag">expected: {escape(str(wanted))}</span>' if wanted != "pass" else ""
    page = PAGES.get(row_kind(row), "07_audit.html")
    statement = f'<a href="{escape(quote(folder) + page)}"><bdi>{escape(str(row["statement"]))}</bdi></a>'
    about += reach_text(row)
    label = f"{value} ({about})" if about else value
    why, about = (about, "") if row["status"] == "not run" else ("", about)  # a reason is too long for a figure's place
    statement += f'<small class="why">{escape(why)}</small>' if why else ""
    return (
        f'<li class="gate {str(row["status"]).replace(" ", "-")}">{status_html(row["status"])}'
        f'<span class="claim">{statement}{expected}</span>{interval_bar(row, label, spans.get(_figure_name(row), 0.0))}'
        f'<span class="value"><b>{value}</b><small>{escape(about)}</small></span></li>'
    )


def _interval_ends(row: Row) -> list[float]:
    """Lower end of the interval, estimate, upper end; a count is all three; none where there is no figure."""
    if not has_figure(row):
        return []
    return [row["estimate"] if row["n"] is None else row[key] for key in ("low", "estimate", "high")]


def _figure_name(row: Row) -> str:
    """The figure of a row: rows of several studies that have the same are drawn on one scale."""
    return repr(sorted((key, value) for key, value in _figure_fields(row).items() if key not in FOUND))


def _figure_fields(row: Row) -> Row:
    """The fields of the figure: under `figure`, or among the others where a row has none of its own."""
    fields: Row = row.get("figure", row)
    return fields


def _limit_value(row: Row) -> str:
    """The limit of a row in the unit of its figure."""
    _, factor, behind = FORMS[_figure_unit(row)]
    return f"{factor * row['limit']:.3g}{behind}".replace("-", "\N{MINUS SIGN}")


def _status_mark(status: str, x: float) -> str:
    """The estimate: a disc where the check passes, a diamond where it fails, a ring where it is unsure."""
    if status == "fail":
        return f'<path class="dot" d="M{x} {MIDDLE - 6.5}l6.5 6.5-6.5 6.5-6.5-6.5Z"/>'
    return f'<circle class="{"dot" if status == "pass" else "ring"}" cx="{x}" cy="{MIDDLE}" r="5"/>'


def _figure_unit(row: Row) -> str:
    """In what unit the figure of a row is written: see `seewhy.formatting.format_value`."""
    figure = _figure_fields(row)
    unit = UNITS.get(figure["metric"], "")
    return {"%": "points"}.get(unit, "+") if figure.get("versus") else unit
