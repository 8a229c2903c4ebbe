"""Accuracy and what predictions depend on by class and slice: tables of pages 01 and 07."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from seewhy.checks.check import Check
from seewhy.checks.figure import CONTROL, Figure
from seewhy.checks.slices import CLASS, find_slices
from seewhy.checks.tables import StudyTables, read_images
from seewhy.checks.verdict import select_checks
from seewhy.formatting import format_value
from seewhy.metrics.registry import METRICS
from seewhy.report import figures, show
from seewhy.report.pages import views
from seewhy.report.text.slice_sentences import slices_sentence
from seewhy.study import Study

METRIC = {"classification": "correct", "multilabel": "subset_accuracy", "regression": "absolute_error"}


def slice_table(checks: Sequence[Check]) -> pd.DataFrame:
    """A row for each class and slice, the worst first; a column for each check: status and figure in points."""
    found = select_checks(checks, "slice")
    columns = dict.fromkeys(check_column(one) for one in sorted(found, key=lambda one: "region" in one.figure.facets))
    by = {(one.title, check_column(one)): one for one in found}
    slices = list(dict.fromkeys(one.title for one in found))
    cells = {name: [check_cell(by.get((title, name))) for title in slices] for name in columns}
    return pd.DataFrame({"": slices, **cells})


def check_column(check: Check) -> str:
    """What a slice's check is about: 'accuracy', 'background, swap'."""
    facets = check.figure.facets
    return f"{facets['region']}, {facets['kind']}" if "region" in facets else "accuracy"


def check_cell(check: Check | None) -> str:
    """Status and figure of a slice's check: 'fail +80 points'; of one that was not run the reason."""
    if check is None:
        return "–"
    if not check.estimate.measured:
        return f"{check.status}: {check.missing}" if check.missing else check.status
    return f"{check.status} {format_value(check.estimate.value, 'points')}"


def slice_numbers(checks: Sequence[Check], tables: StudyTables) -> pd.DataFrame:
    """A row for each check of a class or slice that was measured: points beside all other images or beside the control,
    interval, n, corrected p, and of interventions the change of the log-odds with its interval."""
    rows = []
    for one in select_checks(checks, "slice"):
        if not one.estimate.measured:
            continue
        figure, found = one.figure, one.estimate
        points = [100 * value for value in (found.value, found.low, found.high)]
        logs = tables.estimate_figure(replace(figure, metric="log_odds_change")) if figure.versus == CONTROL else None
        ends = [logs.value, logs.low, logs.high] if logs else [None] * 3
        rows.append((one.title, check_column(one), one.status, *points, found.n, one.adjusted, *ends))
    columns = ["", "check", "status", "points", "low", "high", "n", "p (Holm)", "log-odds", "from", "to"]
    return pd.DataFrame(rows, columns=columns)


def slice_accuracy(study: Study) -> pd.DataFrame:
    """The main figure of page 01 by the values of `slices:` and by groups, the worst first: slice, value, low, high, n.

    Of several labels all have to be right; of numbers it is the mean absolute error of each quantity. Empty where there
    are no slices.
    """
    task, name = study.dataset.task, METRIC[study.dataset.task]
    measured, images = study.measure(name), read_images(study.project, study.name)
    tables = StudyTables({name: measured.table}, images, study.base.seed)
    parts = study.dataset.classes if task == "regression" else [""]
    found = []
    for one in find_slices(tables, study.settings.slices, task, f"studies.{study.name}.slices"):
        for part in parts if one.column != CLASS else []:
            figure = one.narrow_figure(Figure(name, facets={"quantity": part} if part else {}))
            told = f"{one.column} {one.value}" + (f", {part}" if len(parts) > 1 else "")
            estimate = tables.estimate_figure(figure)
            found.append((told, estimate.value, estimate.low, estimate.high, estimate.n))
    table = pd.DataFrame(found, columns=["slice", "value", "low", "high", "n"])
    return table.sort_values("value", ascending=METRICS[name].sign > 0, kind="stable", ignore_index=True)


def show_accuracy(study: Study) -> None:
    """Page 01: the figure of each slice as a chart, and folded as a table; see `slice_accuracy`."""
    table, metric = slice_accuracy(study), METRICS[METRIC[study.dataset.task]]
    if table.empty:
        show.not_run("accuracy by slice", "`slices` in params.yaml, columns of the dataset")
        return
    title, ends = metric.title.lower(), ["value", "low", "high"] if metric.is_share else []
    labels, values, lows, highs, counts = views.column_lists(table)
    chart = figures.interval_chart(labels, values, lows, highs, counts, None, title, metric.is_share)
    alt = f"{metric.title} of {len(table)} slices, the worst first: {', '.join(table['slice'])}"
    show.chart_with_table(chart, alt, table, f"{metric.title} by slice, 95 % interval", ends)


def show_checks(checks: Sequence[Check], tables: StudyTables) -> None:
    """Page 07: the checks of each class and slice, and folded their numbers; see `slice_table`."""
    if all(one.status == "not run" for one in select_checks(checks, "slice")):
        show.not_run("classes and slices", "five images of a class that can be tested, or `slices` in params.yaml")
        return
    show.text(slices_sentence(checks))
    show.table(slice_table(checks), "Checks by class and slice, the worst first: status and percentage points")
    show.table(slice_numbers(checks, tables), "The same in numbers, with the change of the log-odds", folded=True)
