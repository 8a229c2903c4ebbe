"""The checks of two studies side by side, from their verdict.json and summary.json."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from seewhy.checks import verdict
from seewhy.checks.figure import BASELINE, baseline_title
from seewhy.comparison import Comparison
from seewhy.config import artifacts
from seewhy.report.plots.check_strips import figure_texts, has_figure, row_kind
from seewhy.study import Study

Row = Mapping[str, Any]  # of verdict.json
LOST = (
    "similarity_after_randomisation",
    "absolute_similarity_after_randomisation",
    "class_sensitivity",
)  # of two that pass neither is the better


def read_verdict(study: Study) -> dict[str, Row]:
    """The checks of a study's model and maps, all images together, by what they are about; empty where it was not
    measured."""
    path = artifacts.reports_folder(study.root, study.name) / "verdict.json"
    rows = artifacts.read_json(path) if path.is_file() else []
    own = [row for row in rows if row_kind(row) != "slice"]
    return {json.dumps([row_kind(row), row["name"], row["figure"]], sort_keys=True): row for row in own}


def read_answers(study: Study) -> dict[str, Any]:
    """The questions of a study's summary.json with their answers; empty where it was not measured."""
    path = artifacts.reports_folder(study.root, study.name) / "summary.json"
    return dict(artifacts.read_json(path)["questions"]) if path.is_file() else {}


def shared_checks(comparison: Comparison, method: str) -> list[tuple[Row | None, Row | None]]:
    """The checks of both models and of the method's maps, in the order of the verdicts: the row of either study."""
    first, second = (read_verdict(study) for study in comparison.studies)
    keys = [key for key, row in (first | second).items() if row_kind(row) != "map" or row["name"] == method]
    return [(first.get(key), second.get(key)) for key in keys]


def check_table(comparison: Comparison, method: str) -> pd.DataFrame:
    """A row for each check: status, figure and interval in either study, and which is clearly better."""
    names = [study.name for study in comparison.studies]
    rows = [
        (statement_of(first or second or {}), check_cell(first), check_cell(second), better_study(names, first, second))
        for first, second in shared_checks(comparison, method)
    ]
    return pd.DataFrame(rows, columns=["", *names, "clearly better"])


def check_groups(comparison: Comparison, method: str) -> dict[str, list[str]]:
    """What a fail of the checks means that both fail ("both"), and the statements that one alone passes (its name)."""
    names = [study.name for study in comparison.studies]
    groups: dict[str, list[str]] = {}
    for pair in shared_checks(comparison, method):
        status = ["not run" if row is None else str(row["status"]) for row in pair]
        told = statement_of(pair[0] or pair[1] or {})
        if status == ["fail", "fail"]:
            groups.setdefault("both", []).append(statement_of(pair[0] or {}, "denial"))
        for place, name in enumerate(names):
            if status[place] == "pass" != status[1 - place]:
                groups.setdefault(name, []).append(told)
    return groups


def unmeasured_studies(comparison: Comparison) -> list[str]:
    """The studies of which there is no verdict."""
    return [study.name for study in comparison.studies if not read_verdict(study)]


def own_stability(comparison: Comparison, method: str) -> list[float]:
    """How similar either model's own maps stay under the worst imperceptible change; empty where one was not tested."""
    found = [
        row["estimate"]
        for study in comparison.studies
        for row in read_verdict(study).values()
        if row["name"] == method and row["figure"]["metric"] == "stability" and row["estimate"] is not None
    ]
    return found if len(found) == len(comparison.studies) else []


def statement_of(row: Row, field: str = "statement") -> str:
    """What the check states (or its `denial`), without the baseline that was the best in one study only."""
    figure = row["figure"]
    if figure.get("versus") == BASELINE:
        rules = (one for one in verdict.MAPS if one.versus == BASELINE and one.metric == figure["metric"])
        return str(getattr(next(rules), field)).format(baseline=baseline_title(BASELINE))
    return str(row[field])


def check_cell(row: Row | None) -> str:
    """'fail 65.1 % (55.0 to 75.2, n = 43)'."""
    if row is None or row["status"] == "not run":
        return "not run"
    value, about = figure_texts({**row, **row["figure"]})
    return f"{row['status']} {value} ({about})".strip()


def better_study(names: list[str], first: Row | None, second: Row | None) -> str:
    """The study whose interval lies wholly on the better side of the other's; 'neither' where they meet; '–' where one
    has no figure, or both pass a check of which less is no better."""
    if not (first and second and has_figure(first) and has_figure(second)) or first["n"] is None:
        return "–"
    if first["low"] <= second["high"] and second["low"] <= first["high"]:
        return "neither"
    if first["status"] == second["status"] == "pass" and first["figure"]["metric"] in LOST:
        return "–"
    return names[(first["estimate"] > second["estimate"]) != (first["passes"] == "above")]
