"""What the index says of studies: their gates, the worst of the hard ones, and all of them in one sentence.

Hard are the gates that are about the model: whether it is right more often than one fixed answer, what its answers hang
on, and the project's own. Those of the maps say how far the maps can be trusted, not the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.errors import SeewhyError
from seewhy.metrics.baselines import TITLES
from seewhy.report.plots.gate_bars import CAUSAL, HARD, Row, about, held

AUDIT = "07_audit"
WORST = ("fail", "unsure", "not run", "pass")  # from the worst to the best
MAIN = ("localisation_lift", "localisation_lift_over_control", "deletion_auc_over_control", "kept")
MANY = 4  # names that a sentence lists


@dataclass(frozen=True)
class Verdict:
    """Gates of a study: `hard` ones, and those of the first method's `maps`; whether its audit is there."""

    audited: bool
    hard: list[Row]
    maps: list[Row]

    @property
    def rows(self) -> list[Row]:
        """All of them."""
        return [*self.hard, *self.maps]

    @property
    def main(self) -> list[Row]:
        """Those that the card of a study shows: the hard ones, and of the maps' the main ones and what failed; a figure
        that the project holds itself stands there once."""
        own = {held(row) for row in self.hard}
        rest = [row for row in self.maps if held(row) not in own]
        return [*self.hard, *(row for row in rest if row["gate"].partition(".")[2] in MAIN or row["status"] == "fail")]

    @property
    def status(self) -> str:
        """That of the worst hard gate: none makes up for another. What was not tested has not passed."""
        found = {row["status"] for row in self.hard} | ({"not run"} if not any(map(_causal, self.hard)) else set())
        return next(status for status in WORST if status in found)

    @property
    def denials(self) -> list[str]:
        """What its failed hard gates mean: first that it is not right, then what it hangs on."""
        failed = sorted((row for row in self.hard if row["status"] == "fail"), key=_weight)
        return [str(row.get("denial") or f"{row['claim']}: not so") for row in failed]


def verdict(folder: Path) -> Verdict:
    """The verdict on the study in that folder. Raises SeewhyError for a file that is no list of gates."""
    audited = (folder / f"{AUDIT}.html").is_file()  # what is kept in git without the page may be of another run
    rows = _read(folder / "verdict.json") if audited else []
    first = next((about(row) for row in rows if about(row) not in HARD), None)
    hard, maps = (
        [row for row in rows if one(row)] for one in (lambda row: about(row) in HARD, lambda row: about(row) == first)
    )
    return Verdict(audited, _merged(hard, own(folder)), maps)


def _merged(hard: Sequence[Row], own: Sequence[Row]) -> list[Row]:
    """Hard gates and the project's own; where both hold the same figure, the project's limit in the verdict's words."""
    known, twice = {held(row): row for row in hard}, {held(row) for row in own}
    words = {
        gate: {"what": row["claim"], "claim": row["claim"], "denial": row["denial"]} for gate, row in known.items()
    }
    rest = [row for gate, row in known.items() if gate not in twice]
    return [*rest, *({**row, **words.get(held(row), {})} for row in own)]


def own(folder: Path) -> list[Row]:
    """The project's own gates of the study or comparison in that folder, if any of its pages is there."""
    return _read(folder / "checks.json") if any(folder.glob("*.html")) else []


def sentence(studies: Sequence[Mapping[str, Any]]) -> str:
    """All verdicts in one sentence, as HTML; `studies` have `name` and `verdict`."""
    by = {status: [study for study in studies if study["verdict"].status == status] for status in WORST}
    passed, tested = by["pass"], len(studies) - len(by["not run"])
    if not tested:
        return "<strong>Not known yet</strong>: no study here was audited."
    reasons: dict[str, list[Mapping[str, Any]]] = {}
    for study in by["fail"]:
        reasons.setdefault(_reason(study["verdict"].denials), []).append(study)
    clauses = [f"{_names(some)} {_verb(some, 'fails', 'fail')} ({why})" for why, some in reasons.items()]
    bare = [study for study in by["not run"] if study["verdict"].audited]
    rest = [study for study in by["not run"] if not study["verdict"].audited]
    for some, one, more in (
        (by["unsure"], "is unsure", "are unsure"),
        (bare, "has no gate on what its answers hang on", "have no gate on what their answers hang on"),
        (rest, "is not audited yet", "are not audited yet"),
    ):
        clauses += [f"{_names(some)} {_verb(some, one, more)}"] if some else []
    return ": ".join(filter(None, [_opening(passed, len(studies)), "; ".join(clauses)])) + "."


def table(studies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Gates x studies, for all that have a verdict: what is held and, for each study, its row or None. Accuracy has
    two, as a limit is another claim than to be better than one fixed answer."""
    verdicts = [study["verdict"] for study in studies]
    rows = [*(row for one in verdicts for row in one.hard), *(row for one in verdicts for row in one.maps)]
    claims = {held(row): _general(str(row.get("what", row["claim"]))) for row in rows}
    found = [{held(row): row for row in reversed(one.rows)} for one in verdicts]  # the project's own before others
    return [{"claim": told, "rows": [own.get(gate) for own in found]} for gate, told in claims.items()]


def _weight(row: Row) -> int:
    """What a failed gate weighs in a sentence: the less, the earlier it is told."""
    return next(k for k, name in enumerate(("model.", f"{CAUSAL}.", "")) if name in str(row["gate"]))


def _causal(row: Row) -> bool:
    return about(row) == CAUSAL


def _read(path: Path) -> list[Row]:
    """The rows of a file, none when it is not there."""
    if not path.is_file():
        return []
    try:
        rows = artifacts.read_json(path)
    except SeewhyError:
        rows = None
    if not isinstance(rows, list) or not all(map(_is_gate, rows)):
        raise SeewhyError(f"{path} is no list of gates: delete it and build the page again")
    return rows


def _is_gate(row: Any) -> bool:
    return isinstance(row, dict) and row.get("status") in WORST and {"gate", "claim", "limit", "n"} <= {*row}


def _reason(denials: Sequence[str]) -> str:
    rest = len(denials) - 1
    return f"<bdi>{escape(denials[0])}</bdi>" + (f", and {rest} more gate{'s' * (rest != 1)}" if rest else "")


def _opening(passed: Sequence[Mapping[str, Any]], total: int) -> str:
    studies = f"{total} stud{'y' if total == 1 else 'ies'}"
    if not passed:
        return f"<strong>None of {studies} passes every hard gate</strong>"
    who = f"All {studies}" if 1 < total == len(passed) else f"{len(passed)} of {studies}"
    told = f"<strong>{who} {_verb(passed, 'passes', 'pass')} every hard gate</strong>"
    return told if len(passed) == total else f"{told} ({_names(passed)})"


def _verb(studies: Sequence[object], one: str, more: str) -> str:
    return one if len(studies) == 1 else more


def _names(studies: Sequence[Mapping[str, Any]]) -> str:
    """The names of some studies, or their number where they are many."""
    names = [f"<strong>{escape(study['name'])}</strong>" for study in studies]
    if len(names) > MANY:
        return str(len(names))
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _general(claim: str) -> str:
    """A claim without the name of the control, which differs between studies."""
    for title in TITLES.values():
        claim = claim.replace(title, "the best control")
    return claim
