"""Gates: the figures in a study's metrics, held against the limits of params.yaml. Nothing is measured here."""

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seewhy.checks.limits import Limit, claim, key_of, what
from seewhy.checks.status import status
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import unknown

FINE = 0.005  # where a figure is nearer to its limit than this, two digits would not tell them apart
COLOURS = {"pass": "green", "fail": "red", "unsure": "yellow", "not run": "dim"}


@dataclass(frozen=True)
class Outcome:
    """A gate of a study or comparison, and what stands in its metrics; `n` is None for a plain figure without interval,
    which is taken as exact. `missing` says why there is none."""

    name: str
    gate: str
    limit: Limit
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    n: int | None = 0
    missing: str = ""

    @property
    def status(self) -> str:
        """pass, fail, unsure or not run, by the rule of the verdict; an exact figure may equal its limit."""
        least, limit = self.limit.side == "min", self.limit.value
        if self.n is None:
            return "pass" if (self.value >= limit if least else self.value <= limit) else "fail"
        return status(self.value, self.low, self.high, self.n, limit, least)

    @property
    def broken(self) -> bool:
        """Whether it fails without being meant to."""
        return self.status == "fail" and self.limit.expected == "pass"

    @property
    def odd(self) -> bool:
        """Whether there is something to tell: it is broken, undecided, or passes where it is meant to fail."""
        return self.status != self.limit.expected

    def row(self) -> dict[str, Any]:
        """What gates.json holds: as a row of verdict.json, and what was expected."""
        figures = {key: getattr(self, key) for key in ("value", "low", "high")}
        return {
            "gate": self.gate,
            "figure": key_of(self.gate),
            "what": what(self.gate, self.limit),
            "claim": claim(self.gate, self.limit),
            "denial": claim(self.gate, self.limit, negated=True),
            "passes": self.limit.passes,
            **{key: value if math.isfinite(value) else None for key, value in figures.items()},
            "limit": self.limit.value,
            "n": self.n,
            "status": self.status,
            "expected": self.limit.expected,
        }

    def figure(self) -> str:
        """'0.76 (0.71 to 0.79)', with as many digits as tell it from the limit."""
        value, low, high = (self._written(x) for x in (self.value, self.low, self.high))
        return value if self.n is None else f"{value} ({low} to {high})"

    def line(self) -> str:
        """The outcome as a sentence: which gate, what was found, and by how much it is off."""
        of, limit, wanted = f"{self.name}: {self.gate}", self._written(self.limit.value), self.limit.passes
        found = "below" if wanted == "above" else "above"
        if self.status == "not run":
            return f"{of} was not run: {self.missing or 'no image to measure it on'}"
        if not math.isfinite(self.value):
            return f"{of} is not measured: {self.n} images are too few"
        if self.status == "unsure":
            return f"{of} {self.figure()} is not surely {wanted} {limit} (n = {self.n})"
        if self.status == "pass":
            meant = ", though expected to fail" if self.limit.expected == "fail" else ""
            return f"{of} {self.figure()} passes {self.limit.side} {limit}{meant}"
        return f"{of} {self.figure()} is {found} {limit} by {self._written(abs(self.value - self.limit.value))}"

    def _written(self, figure: float) -> str:
        if isinstance(self.value, int):  # a count
            return f"{figure:g}"
        apart = [abs(x - self.limit.value) for x in (self.value, self.low, self.high)]
        return f"{figure:.{4 if min(apart) < FINE else 2}f}"


def outcomes(root: Path, name: str, limits: Mapping[str, Limit]) -> list[Outcome]:
    """The gates of a study or comparison, in the order of params.yaml.

    A figure that is not there makes its gate "not run"; a metrics file that is no JSON mapping is a SeewhyError.
    """
    return [Outcome(name, gate, limit, **_found(root, name, key_of(gate))) for gate, limit in limits.items()]


def _found(root: Path, name: str, place: str) -> dict[str, Any]:
    file, _, key = place.partition(".")
    path = artifacts.metrics(root, name, file)
    shown = path.relative_to(root).as_posix()
    if not path.is_file():
        return {"missing": f"there is no {shown} yet"}
    own = artifacts.read_metrics(path)
    if key not in own and f"{key}_n" not in own:
        return {
            "missing": str(unknown("figure", key, [one for one in own if not one.endswith(artifacts.BESIDE)], shown))
        }
    value = own.get(key, math.nan)
    if f"{key}_n" not in own:
        return {"value": value, "low": value, "high": value, "n": None}
    return {
        "value": value,
        "low": own.get(f"{key}_low", math.nan),
        "high": own.get(f"{key}_high", math.nan),
        "n": own[f"{key}_n"],
    }


def record(project: Project, name: str) -> None:
    """Writes reports/<name>/gates.json, whatever the gates say."""
    found = outcomes(project.root, name, project.params.gates[name])
    artifacts.write_json(artifacts.reports(project.root, name) / "gates.json", [one.row() for one in found])


def collect(project: Project) -> list[Outcome]:
    """All gates of all studies and comparisons, written to reports/gates.json."""
    found = {name: outcomes(project.root, name, limits) for name, limits in project.params.gates.items()}
    rows = {name: [one.row() for one in some] for name, some in found.items()}
    artifacts.write_json(project.root / "reports" / "gates.json", rows)
    return [one for some in found.values() for one in some]


def show(found: Iterable[Outcome]) -> None:
    """The gates as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("study", "gate", "found (95 % interval)", "limit", "n", "status", box=None, pad_edge=False)
    for one in found:
        meant = " (expected)" if one.limit.expected == one.status == "fail" else ""
        measured = one.figure() if math.isfinite(one.value) else "–"
        told = Text(one.status + meant, COLOURS[one.status])
        limit, n = f"{one.limit.side} {one.limit.value:g}", "" if one.n is None else str(one.n)
        table.add_row(one.name, Text(one.gate), measured, limit, n, told)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
