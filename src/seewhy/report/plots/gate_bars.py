"""Gates as interval strips: what is claimed, the figure with its interval, the limit, and the side on which it passes.

The limit stands in the middle of every strip, so that a column of them is read at a glance. Status is told three times:
by mark and word, by the shape of the dot, by colour.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import quote

from seewhy.checks.status import FEWEST
from seewhy.formatting import FORMS, between, written

Row = Mapping[str, Any]  # a row of verdict.json or checks.json: see `seewhy.checks.check.Check.row`
MARKS = {"pass": "✓", "fail": "✗", "unsure": "?", "not run": "–"}
WIDTH, HEIGHT, MIDDLE = 150, 34, 11  # user units: of a strip, and where its rail lies
ROOM = 0.88  # of half a strip, for what lies farthest from the limit
CAUSAL, STEADY = "reliance", "stability"
HARD = {"model": "Is it right at all", CAUSAL: "What the answer hangs on", STEADY: "Is it steady"}  # about the model
CHANGED = {"flipped": "flip", "background_swap": "change", "paste_over_control": "won", "swap_over_control": "change"}
MINDS = "object_swap_over_control"  # the one claim that answers do change
LEGEND = (
    "Dot: the estimate (disc: pass, diamond: fail, ring: unsure). Bar: its 95 % interval. Tick in the middle: limit. "
    "Shaded: where the gate passes. A gate is pass or fail only when the whole bar is on one side."
)
HANGS, STAYS, KNOWS, MATTERS = (  # sections of page 07
    f"07_audit.html#s-{section}"
    for section in (
        "what-does-the-answer-hang-on",
        "do-the-maps-stay-when-the-image-hardly-changes",
        "do-the-maps-know-what-the-model-has-learnt",
        "do-the-cells-that-a-map-marks-matter",
    )
)
EVIDENCE = {CAUSAL: HANGS, STEADY: STAYS}  # by what a gate is about, else by its figure or the file of its metrics:
FILES = "01_model 02_grad_cam 03_cam_variants 04_shap 05_features 06_misclassification 08_comparison"
EVIDENCE |= {stem[3:]: f"{stem}.html" for stem in FILES.split()}
EVIDENCE |= {"stability_spearman": STAYS, "kept": KNOWS, "target_spearman": KNOWS}
EVIDENCE |= dict.fromkeys(("deletion_auc", "insertion_auc", "road", "localisation_lift"), MATTERS)


class Side(NamedTuple):
    """Where a gate passes: the sign before its limit, the same in words, and the way in which the strip is shaded."""

    sign: str
    told: str
    way: int


UNKNOWN = Side("limit", "limit", 0)  # nothing is shaded
SIDES = {"above": Side(">", "passes above", 1), "below": Side("<", "passes below", -1)}


def gates(rows: Sequence[Row], spans: Mapping[str, float] | None = None, legend: str = "", folder: str = "") -> str:
    """Rows as HTML, those of one kind under a heading of their own.

    spans: by gate, how far its strip reaches to either side of the limit, for strips that are read against each other;
    without it each is as long as its own interval needs. legend: stands below, where nothing else tells how to read it.
    folder: where the study's pages are, to which the claims link, as 'trees-cnn/'.
    """
    reach = spans or widest([rows])
    parts = []
    for title, group in groupby(rows, heading):
        items = "".join(_gate(row, reach, folder) for row in group)
        parts.append(f'<p class="of"><bdi>{escape(title)}</bdi></p><ul class="gates">{items}</ul>')
    if not parts:
        return ""
    told = f'<p class="legend">{legend}</p>' if legend else ""
    return f'<section class="verdict">{"".join(parts)}{told}</section>'


def heading(row: Row) -> str:
    """What a gate is about. Rows of a project's own checks say so; claims of a method begin with its title."""
    if row.get("subject") == "own":
        return "The project's own gates"
    method = str(row["claim"]).partition(": ")[0]
    return HARD.get(about(row)) or f"What its {method} maps are worth"


def about(row: Row) -> str:
    """What a gate is about: a method, or a question of `HARD`."""
    return str(row["gate"]).partition(".")[0]


def widest(studies: Iterable[Sequence[Row]]) -> dict[str, float]:
    """By gate, the distance from its limit of the farthest end of an interval, over all studies."""
    spans: dict[str, float] = {}
    for row in (row for rows in studies for row in rows):
        ends = [abs(row[key] - row["limit"]) for key in ("low", "value", "high")] if enough(row) else []
        spans[row["gate"]] = max([spans.get(row["gate"], 0.0), *ends])
    return spans


def figures(row: Row) -> tuple[str, str]:
    """The figure of a row and its interval with n, as text."""
    unit, behind = _unit(row), _changed(row)
    if row["n"] is None:  # a plain figure
        return f"{written(row['value'], unit)}{behind}", ""
    n = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{row['n']:,}"
    if not enough(row):
        return ("too few", n) if row["n"] else ("not run", "")
    return f"{written(row['value'], unit)}{behind}", f"{between(row['low'], row['high'], unit)}, {n}"


def enough(row: Row) -> bool:
    """Whether there is a figure to show: of fewer than `FEWEST` images there is none."""
    return row["value"] is not None and (row["n"] is None or row["n"] >= FEWEST)


def held(row: Row) -> str:
    """The figure that a row holds to its limit, as FILE.KEY; the rows of a verdict hold those of the audit."""
    return str(row.get("measure") or f"audit.{row['gate']}")


def _causal(figure: str) -> bool:
    """Whether it is a share of answers that changed, or a difference of such."""
    return f"{CAUSAL}." in figure or f"{STEADY}." in figure


def _changed(row: Row) -> str:
    """What answers did, behind the share of those that did, where the claim is that they stay."""
    figure = held(row)
    stays = _causal(figure) and not figure.endswith(MINDS)
    return next((f" {word}" for end, word in CHANGED.items() if stays and figure.endswith(end)), "")


def marked(status: str) -> str:
    """A status as mark and word."""
    return f'<span class="status"><i aria-hidden="true">{MARKS[status]}</i> {status}</span>'


def claim(row: Row) -> str:
    """What a row claims, without the title of the method that its heading names."""
    told = str(row["claim"])
    return told.partition(": ")[2] if heading(row).startswith("What its") else told


def evidence(row: Row) -> str:
    """Page and section in which the figure of a gate is measured; empty where that is not known."""
    whose, _, what = held(row).removeprefix("audit.").removesuffix("_over_control").partition(".")
    return EVIDENCE.get(whose) or EVIDENCE.get(what, "")


def _gate(row: Row, spans: Mapping[str, float], folder: str) -> str:
    """One row: status, claim with a link to its evidence, strip, figures."""
    value, about = figures(row)
    wanted = row.get("expected", "pass")
    expected = f' <span class="tag">expected: {escape(str(wanted))}</span>' if wanted != "pass" else ""
    kind, place = str(row["status"]).replace(" ", "-"), evidence(row)
    told = f"<bdi>{escape(claim(row))}</bdi>"
    told = f'<a href="{escape(quote(folder) + place)}">{told}</a>' if place else told
    return (
        f'<li class="gate {kind}">{marked(row["status"])}'
        f'<span class="claim">{told}{expected}</span>'
        f"{_strip(row, f'{value} ({about})' if about else value, spans.get(row['gate'], 0.0))}"
        f'<span class="value"><b>{value}</b><small>{about}</small></span></li>'
    )


def _strip(row: Row, said: str, span: float) -> str:
    """The interval as a drawing; a bare rail where there is none."""
    half, way = WIDTH // 2, SIDES.get(row.get("passes", ""), UNKNOWN)
    drawn = f'<path class="shade" d="M{half} 3h{way.way * half}v16h{-way.way * half}Z"/>'
    drawn += f'<path class="rail" d="M0 {MIDDLE}H{WIDTH}"/><path class="limit" d="M{half} 1V21"/>'
    drawn += f'<text x="{half}" y="32">{escape(side(row))}</text>'
    if enough(row):
        scale = ROOM * half / (span or 1.0)
        low, x, high = (round(half + scale * (row[key] - row["limit"]), 1) for key in ("low", "value", "high"))
        drawn += f'<path class="bar" d="M{low} {MIDDLE}H{high}"/>{_dot(row["status"], x)}'
    told = escape(f"{row['status']}: {said}; {way.told} {_limit(row)}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{told}">{drawn}</svg>'


def _limit(row: Row) -> str:
    """The limit of a row in the unit of its figure."""
    _, factor, behind = FORMS[_unit(row)]
    return f"{factor * row['limit']:.3g}{behind}".replace("-", "\N{MINUS SIGN}")


def side(row: Row) -> str:
    """Where a row passes, as '> 0.5'."""
    return f"{SIDES.get(row.get('passes', ''), UNKNOWN).sign} {_limit(row)}"


def _dot(status: str, x: float) -> str:
    """The estimate: a disc where the gate passes, a diamond where it fails, a ring where it is unsure."""
    if status == "fail":
        return f'<path class="dot" d="M{x} {MIDDLE - 6.5}l6.5 6.5-6.5 6.5-6.5-6.5Z"/>'
    return f'<circle class="{"dot" if status == "pass" else "ring"}" cx="{x}" cy="{MIDDLE}" r="5"/>'


def _unit(row: Row) -> str:
    """In what unit the figures of a row are written: see `seewhy.formatting.written`."""
    figure = held(row)
    if figure.endswith("lift") or ".lift." in figure:
        return "×"
    if figure.endswith(("_over_control", "_over_opposite")):
        return "points" if _causal(figure) else "+"
    return "%" if _causal(figure) or figure.endswith("accuracy") else ""
