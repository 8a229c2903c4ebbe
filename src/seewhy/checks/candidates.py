"""Candidates as they are judged: what was found, what a person says of it in params.yaml, and the checks that follow.

A judgement is kept with the hash of what was seen, so that it is not taken over in silence for something else: it
follows its candidate where that has another rank now, and falls where it is not there any more.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure
from seewhy.config.params import FILE, Judgement
from seewhy.config.project import Project
from seewhy.errors import unknown_name
from seewhy.stats import NOTHING, Estimate

if TYPE_CHECKING:
    from seewhy.checks.tables import StudyTables

CANDIDATES = "candidates"  # the family
OBJECT, SHORTCUT = "object", "shortcut"
DIGITS = 4  # of candidates.json
DOWN, ACROSS = ("upper", "middle", "lower"), ("left", "centre", "right")


@dataclass(frozen=True)
class JudgedCandidate:
    """A candidate of a class, and what a person says of it.

    Args:
        target: the class or label that it makes the model predict, or the number that it raises. rank: from 1, the
            strongest first.
        kind: square, whole or part. name: of the property, or the number of the part.
        place: x0, y0, x1, y1 in shares of the picture; None for the whole picture.
        effect: gain in `unit`, with an interval that is corrected for all that was tried.
        seen: hash of what a person judges. judged: "object", "shortcut", or empty. pinned: whether the judgement was
            kept with that hash. unit: "log-odds", or of a number "sd", standard deviations of the labels.
        removal: of a part, by how much the prediction is weaker without it at its layer, in the same unit; else of no
            image.
    """

    target: str
    rank: int
    kind: str
    name: str
    place: tuple[float, float, float, float] | None
    effect: Estimate
    seen: str
    judged: str = ""
    pinned: bool = False
    unit: str = "log-odds"
    removal: Estimate = NOTHING

    @property
    def prediction(self) -> str:
        """What it makes the model predict: the class, or 'a higher area'."""
        return self.target if self.unit == "log-odds" else f"a higher {self.target}"

    @property
    def gain_phrase(self) -> str:
        """What its effect is: 'gain in log-odds of tree'."""
        if self.unit == "log-odds":
            return f"gain in log-odds of {self.target}"
        return f"gain of {self.target} in standard deviations of the labels"

    def judgement_entry(self, word: str) -> dict[str, Any]:
        """What params.yaml keeps of a judgement: the word, what was seen, and of a shortcut where it lies."""
        entry: dict[str, Any] = {"is": word, "seen": self.seen}
        if word == OBJECT or self.place is None:
            return entry
        if self.kind == "part":
            return entry | {"part": int(self.name)}
        return entry | {"place": [round(one, DIGITS) for one in self.place]}

    @property
    def id(self) -> str:
        """Class and rank, as `tree/2`."""
        return f"{self.target}/{self.rank}"

    @property
    def has_effect(self) -> bool:
        """Whether its effect is clearly above 0."""
        return self.effect.low > 0

    @property
    def awaits_judgement(self) -> bool:
        """Whether a person should judge it."""
        return self.has_effect and not self.judged

    @property
    def candidate_phrase(self) -> str:
        """What it is, in words: 'the square in the lower right'."""
        if self.kind == "whole":
            return f"the {'ground level' if self.name == 'ground' else self.name} of the picture"
        assert self.place is not None
        if self.kind == "square":
            return f"the square in the {name_place(self.place)}"
        return f"part {self.name} (mostly in the {name_place(self.place)})"

    def row(self) -> dict[str, Any]:
        """What candidates.json holds of it."""
        ends = {"effect": self.effect.value, "low": self.effect.low, "high": self.effect.high}
        return {
            "id": self.id,
            "rank": self.rank,
            "kind": self.kind,
            "name": self.name,
            "place": None if self.place is None else [round(one, DIGITS) for one in self.place],
            **{key: round(one, DIGITS) if math.isfinite(one) else None for key, one in ends.items()},
            "unit": self.unit,
            "n": self.effect.n,
            "removal": round(self.removal.value, DIGITS) if self.removal.n else None,
            "shown": self.has_effect,
            "judged": self.judged or None,
            "pinned": self.pinned,
            "seen": self.seen,
        }


def name_place(place: Sequence[float]) -> str:
    """Where the middle of a place lies, in thirds of the picture.

    >>> name_place((0.75, 0.75, 1.0, 1.0)), name_place((0.25, 0.25, 0.75, 0.75)), name_place((0.0, 0.4, 0.1, 0.6))
    ('lower right', 'middle', 'middle left')
    """
    x, y = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
    down, across = DOWN[min(2, int(3 * y))], ACROSS[min(2, int(3 * x))]
    return "middle" if (down, across) == ("middle", "centre") else f"{down} {across}"


def find_judged(project: Project, study: str, tables: "StudyTables") -> list[JudgedCandidate]:
    """The candidates of a study with what `judged:` of params.yaml says of them.

    Raises SeewhyError, with the closest match, for a judgement without hash of a candidate that is not there.
    """
    table = tables.tables.get(CANDIDATES)
    found = [] if table is None else read_candidates(table)
    return judge_candidates(found, project.params.study_settings(study).judged, f"studies.{study}.judged of {FILE}")


def read_candidates(table: pd.DataFrame) -> list[JudgedCandidate]:
    """The rows of the family's table, those that say why there is none left out."""
    rows = table[table["value"].notna()].to_dict("records")
    return [
        JudgedCandidate(
            str(row["class"]),
            int(row["rank"]),
            str(row["kind"]),
            str(row["name"]),
            None if pd.isna(row["x0"]) else (row["x0"], row["y0"], row["x1"], row["y1"]),
            Estimate(row["value"], row["low"], row["high"], int(row["n"])),
            str(row["seen"]),
            unit=str(row["unit"]),
            removal=Estimate(row["removal"], row["removal_low"], row["removal_high"], int(row["removal_n"])),
        )
        for row in rows
    ]


def judge_candidates(
    found: Sequence[JudgedCandidate], judged: Mapping[str, Judgement], where: str
) -> list[JudgedCandidate]:
    """The candidates, each with its judgement: one with a hash goes to what was seen, whatever its rank is now; one
    without a hash to the candidate of that class and rank.

    Raises SeewhyError as `find_judged`.
    """
    ids = {one.id for one in found}
    for key, said in judged.items():
        if not said.seen and found and key not in ids:
            raise unknown_name("candidate", key, sorted(ids), where)
    pinned: dict[str, str] = {said.seen: said.verdict for said in judged.values() if said.seen}
    plain: dict[str, str] = {key: said.verdict for key, said in judged.items() if not said.seen}
    return [
        replace(one, judged=pinned.get(one.seen) or plain.get(one.id, ""), pinned=one.seen in pinned) for one in found
    ]


def stale_judgements(found: Iterable[JudgedCandidate], judged: Mapping[str, Judgement]) -> list[str]:
    """Judgements of what is no candidate any more, by their names in params.yaml."""
    there = {one.seen for one in found}
    return [key for key, said in judged.items() if said.seen and said.seen not in there]


def candidate_checks(found: Iterable[JudgedCandidate]) -> list[Check]:
    """A check for each candidate that a person called a shortcut: it fails where the effect is clearly above 0."""
    return [
        Check(
            Subject("candidate", one.id),
            Figure("candidate_effect", facets={"candidate": one.id}),
            f"{one.candidate_phrase} does not make the model predict {one.prediction}",
            f"{one.candidate_phrase} makes the model predict {one.prediction}, and was judged a shortcut",
            0.0,
            False,
            one.effect,
        )
        for one in found
        if one.judged == SHORTCUT
    ]


def candidate_lists(found: Iterable[JudgedCandidate]) -> dict[str, list[dict[str, Any]]]:
    """candidates.json: by class the candidates, the strongest first."""
    lists: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        lists.setdefault(one.target, []).append(one.row())
    return lists


def waiting_sentence(found: Iterable[JudgedCandidate]) -> str:
    """How many candidates wait for a person; empty where none does.

    >>> waiting_sentence([])
    ''
    """
    count = sum(one.awaits_judgement for one in found)
    if not count:
        return ""
    return f"{count} candidates wait for your judgement." if count > 1 else "1 candidate waits for your judgement."
