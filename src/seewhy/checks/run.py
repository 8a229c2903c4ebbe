"""The checks of params.yaml, held to what was measured: for the measure stage, `seewhy check`, and the index."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seewhy.checks.check import Check
from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import WORST, is_old_key
from seewhy.checks.own_checks import own_checks, read_old_figure, read_recorded, recorded_estimate
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import unknown_name

if TYPE_CHECKING:
    from seewhy.checks.tables import StudyTables

COLOURS = {"pass": "green", "fail": "red", "unsure": "yellow", "not run": "dim"}


def run_checks(project: Project, name: str, tables: "StudyTables | None" = None) -> list[Check]:
    """The project's own checks of a study or comparison, with their estimates.

    Args:
        project: whose params.yaml.
        name: of the study or comparison.
        tables: its measurements, where they are at hand; else what reports/<name>/checks.json holds is used, and tables
            are read only for figures that are not in it.

    Raises SeewhyError for a metric, method, class, slice or facet that does not exist, with the closest match.
    """
    recorded = [] if tables else read_recorded(project.root, name)
    return [_measure_check(project, name, one, recorded, tables) for one in own_checks(project.params, name)]


def _measure_check(
    project: Project, name: str, check: Check, recorded: Sequence[Any], tables: "StudyTables | None"
) -> Check:
    if is_old_key(check.figure.metric):
        found, exact, missing = read_old_figure(project.root, name, check.figure.metric)
        return replace(check, estimate=found, exact=exact, missing=missing)
    if known := recorded_estimate(recorded, check.figure):
        return replace(check, estimate=known[0], exact=known[1])
    tables = tables or load_tables(project, name)
    if tables is None:
        return replace(check, missing=f"it was not measured; build it first: python -m seewhy report {name}")
    check_figure(tables, check.figure, name)
    found = tables.estimate_figure(check.figure)
    return replace(check, estimate=found)


def load_tables(project: Project, name: str) -> "StudyTables | None":
    """The measurements of a study, with all metrics registered; None where there are none."""
    from seewhy.checks.tables import StudyTables, measurements_exist
    from seewhy.measure.own_metrics import load_metrics

    if not measurements_exist(project.root, name):
        return None
    load_metrics(project.root)
    return StudyTables.of_study(project, name)


def check_figure(tables: "StudyTables", figure: Figure, name: str) -> None:
    """Refuses a metric, method or facet that no table of the study has; the closest one is named."""
    where = f"checks.{name} of params.yaml"
    if tables.metric_name(figure.metric) not in tables.metric_families:
        raise unknown_name("metric", figure.metric, sorted({*tables.metric_families}), where)
    rows = tables.metric_rows(figure.metric)
    for facet, value in figure.facets.items():
        values = rows[facet].dropna().astype(str).unique() if facet in rows else []
        if str(value) not in (*values, WORST):
            raise unknown_name(facet, value, values, f"{figure.metric} of {where}")
    methods = [one for one in rows["method"].unique() if one]
    if figure.method and figure.method not in methods:
        raise unknown_name("method", figure.method, methods, f"{figure.metric} of {where}")
    if figure.versus and figure.versus not in (*figure.reference_names, *methods):
        raise unknown_name(
            "name", figure.versus, [*figure.reference_names, *methods], f"versus of {figure.metric} of {where}"
        )


def collect_checks(project: Project, names: Iterable[str] = ()) -> dict[str, list[Check]]:
    """The checks of all studies and comparisons that have any, or of those named."""
    asked = list(names) or list(dict.fromkeys([*project.params.checks, *project.params.gates]))
    return {name: run_checks(project, name) for name in asked}


def write_checks(root: Path, name: str, checks: Iterable[Check]) -> None:
    """Writes reports/<name>/checks.json, whatever the checks say."""
    artifacts.write_json(artifacts.reports_folder(root, name) / "checks.json", [one.row() for one in checks])


def write_all_checks(project: Project) -> None:
    """Writes reports/checks.json: the checks of all studies and comparisons, by name."""
    rows = {name: [one.row() for one in checks] for name, checks in collect_checks(project).items()}
    artifacts.write_json(project.root / "reports" / "checks.json", rows)


def show_checks(found: dict[str, list[Check]]) -> None:
    """The checks as a table on the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("study", "check", "estimate (95 % interval)", "limit", "n", "status", box=None, pad_edge=False)
    for name, checks in found.items():
        for one in checks:
            meant = " (expected)" if one.expected == one.status == "fail" else ""
            measured = one.figure_text() if math.isfinite(one.estimate.value) else "–"
            limit, n = f"{'min' if one.least else 'max'} {one.limit:g}", "" if one.exact else str(one.estimate.n)
            status = Text(one.status + meant, COLOURS[one.status])
            table.add_row(name, Text(str(one.figure)), measured, limit, n, status)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
