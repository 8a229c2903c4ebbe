"""A check: a statement about a model or its maps, the figure that it rests on, and the limit of that figure.

The verdict of a study and `checks:` of params.yaml are lists of these. There is no score over them: a pass of one does
not make up for a fail of another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import old_key
from seewhy.checks.status import (
    CERTAIN,
    FEWEST,
    Outcome,
    adjust_chances,
    chance_of_difference,
    decide_outcome,
    name_status,
    smallest_effect,
)
from seewhy.stats import NOTHING, Estimate

Kind = Literal["works", "object", "background", "suspect", "candidate", "stability", "slice", "map", "own"]
FINE = 0.005  # where a figure is nearer to its limit than this, two digits would not tell them apart


@dataclass(frozen=True)
class Subject:
    """What a check is about.

    Args:
        kind: whether the model `works`; whether its predictions depend on the `object`, the `background`, a
            `suspect` or a judged `candidate`; their `stability`; any of these in a `slice` of the images; what a
            method's `map` is worth; or what a project's `own` check names.
        name: of the suspect, candidate (CLASS/RANK), slice (COLUMN=VALUE) or method; empty for others.
    """

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        """'suspect:shadow', 'map:gradcam', 'works'."""
        return f"{self.kind}:{self.name}" if self.name else self.kind


@dataclass(frozen=True)
class Check:
    """A statement with its figure, its limit and, once measured, its estimate.

    Args:
        subject: what it is about.
        figure: what is measured, by fields.
        statement: what a pass means, a sentence without its full stop.
        denial: what a fail means.
        limit: what the figure is compared with, in its unit.
        least: whether the figure has to be above the limit, else below.
        estimate: the figure with its 95 % interval and n.
        exact: whether the estimate is a count, which has no interval and may equal the limit.
        missing: why there is no estimate.
        expected: whether the check is meant to pass or to fail.
        title: a name in front of the statement, as that of a method.
        what: what the figure is, in words, where a project names it.
        tries: how many checks it was made with, any of which may fail by chance (see `correct_fails`).
        adjusted: its p, corrected for these; NaN where it was not.

    >>> found = Estimate(0.76, 0.71, 0.79, 272)
    >>> check = Check(Subject("works"), Figure("accuracy"), "most are right", "few are right", 0.8, True, found)
    >>> check.status, check.sentence
    ('fail', 'few are right')
    """

    subject: Subject
    figure: Figure
    statement: str
    denial: str
    limit: float
    least: bool
    estimate: Estimate = field(default=NOTHING)
    exact: bool = False
    missing: str = ""
    expected: Literal["pass", "fail"] = "pass"
    title: str = ""
    what: str = ""
    tries: int = 1
    adjusted: float = math.nan

    @property
    def deciding_count(self) -> int | None:
        """How many images, or groups of images, decide; None for a count."""
        found = self.estimate
        return None if self.exact else found.groups or found.n

    @property
    def outcome(self) -> Outcome:
        """Whether a figure above the limit is shown or excluded: see `decide_outcome`. What would fail only before the
        correction for other checks is shown by too few images."""
        found = self.estimate
        outcome = decide_outcome(found.value, found.low, found.high, self.deciding_count, self.limit)
        fails = outcome == ("excluded" if self.least else "shown")
        return "too few" if fails and self.adjusted >= CERTAIN else outcome

    @property
    def status(self) -> str:
        """`pass`, `fail`, `unsure` or `not run`, by the outcome; a count may equal its limit."""
        if self.exact and self.estimate.value == self.limit:
            return "pass"
        return name_status(self.outcome, self.least)

    @property
    def p_value(self) -> float:
        """Two-sided p: see `chance_of_difference`; NaN where nothing can be decided."""
        found = self.estimate
        if self.exact or (self.deciding_count or 0) < FEWEST or not found.measured:
            return math.nan
        return chance_of_difference(found.value, found.low, found.high, self.limit)

    @property
    def sentence(self) -> str:
        """What the status allows to say; empty where nothing is decided."""
        return {"pass": self.statement, "fail": self.denial}.get(self.status, "")

    @property
    def is_open(self) -> bool:
        """Whether enough images were measured and nothing is decided all the same."""
        return self.status == "unsure" and self.estimate.measured and (self.deciding_count or 0) >= FEWEST

    @property
    def is_broken(self) -> bool:
        """Whether it fails without being meant to."""
        return self.status == "fail" and self.expected == "pass"

    @property
    def is_unexpected(self) -> bool:
        """Whether there is something to report: it is broken, undecided, or passes where it is meant to fail."""
        return self.status != self.expected

    def row(self) -> dict[str, Any]:
        """What verdict.json and checks.json hold: fields of the figure, what was found, the old names beside them."""
        found = self.estimate
        ends = {"estimate": found.value, "low": found.low, "high": found.high}
        plain = {key: _finite(value) for key, value in ends.items()}
        return {
            "subject": str(self.subject),
            "name": self.subject.name,
            "title": self.title,
            "figure": self.figure.given_fields(),
            "statement": self.statement,
            "denial": self.denial,
            "status": self.status,
            "outcome": self.outcome,
            "expected": self.expected,
            **plain,
            "n": None if self.exact else found.n,
            "groups": found.groups or None,
            "limit": self.limit,
            "smallest_effect": None if self.exact else _finite(smallest_effect(found.low, found.high)),
            "p": _finite(self.p_value),
            "p_adjusted": _finite(self.adjusted),
            "tries": self.tries,
            "missing": self.missing,
            "passes": "above" if self.least else "below",
            **self.old_row(plain["estimate"]),
        }

    def old_row(self, value: float | None) -> dict[str, Any]:
        """The names of the first edition, for one release."""
        key = old_key(self.figure) or str(self.figure)
        own = {"what": self.what, "measure": key} if self.subject.kind == "own" else {}
        return {
            "gate": key.removeprefix("audit."),
            "claim": f"{self.title}: {self.statement}" if self.title else self.statement,
            "value": value,
            **own,
        }

    def figure_text(self) -> str:
        """'0.76 (0.71 to 0.79)', with as many digits as tell it from the limit."""
        value, low, high = (self._format_value(x) for x in (self.estimate.value, self.estimate.low, self.estimate.high))
        return value if self.exact else f"{value} ({low} to {high})"

    def report_line(self, study: str) -> str:
        """The outcome as a line: which check, what was found, and by how much it misses its limit."""
        of, found, limit = f"{study}: {self.figure}", self.estimate, self._format_value(self.limit)
        wanted, side = ("above", "min") if self.least else ("below", "max")
        if self.status == "not run":
            return f"{of} was not tested: {self.missing or 'no image to measure it on'}"
        if not math.isfinite(found.value):
            return f"{of} was not measured: {found.n} images are too few"
        if self.status == "unsure":
            return f"{of} {self.figure_text()} is not clearly {wanted} {limit} (n = {found.n})"
        if self.status == "pass":
            meant = ", though expected to fail" if self.expected == "fail" else ""
            return f"{of} {self.figure_text()} passes {side} {limit}{meant}"
        other = "below" if self.least else "above"
        return f"{of} {self.figure_text()} is {other} {limit} by {self._format_value(abs(found.value - self.limit))}"

    def _format_value(self, figure: float) -> str:
        if self.exact:
            return f"{figure:g}"
        found = self.estimate
        apart = [abs(x - self.limit) for x in (found.value, found.low, found.high)]
        return f"{figure:.{4 if min(apart) < FINE else 2}f}"


def _finite(value: float) -> float | None:
    """As JSON has it: rounded, null for what is not there."""
    return round(value, 10) if math.isfinite(value) else None


def correct_fails(checks: Sequence[Check]) -> list[Check]:
    """The checks of one thing, each with its p corrected for their number (`adjust_chances`).

    A thing passes only where all checks do, which needs no correction; it fails where any does, which chance brings
    about the more often the more checks there are.
    """
    tries = sum(one.p_value == one.p_value for one in checks)
    adjusted = adjust_chances([one.p_value for one in checks])
    return [replace(one, tries=tries, adjusted=p) for one, p in zip(checks, adjusted, strict=True)]
