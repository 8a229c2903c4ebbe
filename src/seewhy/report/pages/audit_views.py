"""Page 07: charts and tables of what was measured. Nothing here measures anything but means with their intervals."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Drawing

from seewhy.checks.figure import BASELINE, CONTROL, Figure
from seewhy.checks.tables import StudyTables
from seewhy.formatting import format_p_value, format_value
from seewhy.measure.donor_variance import effective_pairs
from seewhy.measure.interventions import find_example
from seewhy.measure.measurement import Measurement
from seewhy.measure.summary import mean_of_images
from seewhy.metrics.registry import METRICS
from seewhy.metrics.stability import TITLES as CHANGES
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.pages.estimates import method_title, named_estimates, row_estimate, select_summary
from seewhy.stats import FEWEST, NOTHING, Estimate, smallest_share
from seewhy.study import Study

MEASURED = ("lift", "pointing_game", "deletion", "insertion", "road", "average_drop", "average_increase")
Lines = dict[str, tuple[list[float], list[float], list[float]]]


def changed_predictions(summary: pd.DataFrame) -> dict[str, Estimate]:
    """How often changing a part changes the prediction, each followed by its control.

    summary: of the metric `prediction_change`.
    """
    shares: dict[str, Estimate] = {}
    for row in select_summary(summary, control=False).itertuples():
        away = select_summary(summary, control=True, region=row.region, kind=row.kind)
        if row.n >= FEWEST:
            name = f"{row.region}, {row.kind}"
            shares[name] = row_estimate(row)
            shares |= {f"{name}, control": row_estimate(one) for one in away.itertuples() if one.n >= FEWEST}
    return shares


def region_lifts(tables: StudyTables, method: str, names: Sequence[str]) -> dict[str, Estimate]:
    """How much of the map lies on each part, times chance, in the images that interventions test."""
    found = {
        name: tables.estimate_figure(Figure("region_lift", method, facets={"region": name, "tested": True}))
        for name in names
    }
    return {name: one for name, one in found.items() if one.measured}


def effect_table(changes: Measurement, odds: Measurement) -> pd.DataFrame:
    """A row for each intervention: changed predictions beyond the control in percentage points, then the log-odds.

    changes, odds: `prediction_change` and `log_odds_change`. The last column is the smallest share of changed
    predictions that its images and donors can tell from none, in points.
    """
    rows = [one for one in select_summary(changes.summary([CONTROL]), versus=CONTROL).itertuples() if one.n]
    beside = select_summary(odds.summary([CONTROL]), versus=CONTROL).set_index(["region", "kind"])
    columns = ["", "points", "low", "high", "log-odds", "from", "to", "n", "smallest visible"]
    table = []
    for one in rows:
        logs = beside.loc[(one.region, one.kind), ["estimate", "low", "high"]].tolist()
        least = smallest_share(min(one.n, changed_pairs(changes.table, one.region, one.kind)))
        shares = [100 * value for value in (one.estimate, one.low, one.high)]
        table.append((f"{one.region}, {one.kind}", *shares, *logs, one.n, 100 * least))
    return pd.DataFrame(table, columns=columns)


def changed_pairs(table: pd.DataFrame, region: str, kind: str) -> float:
    """How many independent images the donors of an intervention and of its control are worth."""
    rows = table[(table["region"] == region) & (table["kind"] == kind)]
    away = rows["control"].astype(bool)
    return effective_pairs(rows[~away], rows[away])


def composite_figure(study: Study, table: pd.DataFrame) -> tuple[Drawing, str]:
    """One image and what interventions make of it, and the alternative text: the first with the most regions.

    table: of the metric `prediction_change`.
    """
    swaps = table[table["value"].notna() & (table["kind"] == "swap") & ~table["control"].astype(bool)]
    regions = swaps.groupby(["image", "target"], sort=False)["region"].nunique()
    image, target = regions.idxmax()
    rows, donor = study.predictions, swaps.loc[swaps["image"] == image, "donor"].iloc[0]
    row = rows[(rows["image"] == image) & (rows["target"] == target)].head(1)
    pictures = find_example(study, row, donor)
    told = f"An image and what was made of it: {'; '.join(pictures)}"
    return figures.input_sheet([*pictures.values()], [*pictures], [None] * len(pictures)), told


def shares_outside(study: Study, method: str) -> tuple[dict[str, Estimate], Estimate]:
    """Share of the map of the predicted class that lies outside the object: by true class and correctness, and of all.

    Groups with fewer than five images are left out.
    """
    table = study.measure("object_share", methods=[method]).table
    if "class_is" not in table:  # nothing is marked
        return {}, NOTHING
    rows = table[(table["method"] == method) & (table["class_is"] == "predicted")]
    facts = study.predictions.drop_duplicates(["image", "target"])[["image", "target", "label", "correct"]]
    known = rows.merge(facts, on=["image", "target"], how="left")
    known = known.assign(value=1 - known["value"], right=known["correct"].fillna(False).astype(bool))
    words = {True: "correct", False: "wrong"}
    groups = {
        f"{name}, {words[bool(right)]}": mean_of_images(group, study.base.seed)
        for (name, right), group in known.groupby(["label", "right"])
    }
    return {name: one for name, one in groups.items() if one.measured}, mean_of_images(known, study.base.seed)


def mean_curves(study: Study, metric: str, method: str) -> tuple[list[float], Lines]:
    """Per cent of the squares that were treated, and the mean score of the method and each baseline with intervals."""
    summary = study.measure(metric, methods=[method]).summary()
    shares = sorted(summary["share"].unique())
    return [round(100 * share) for share in shares], summary_lines(summary, "share", shares)


def summary_lines(summary: pd.DataFrame, facet: str, values: Sequence[Any]) -> Lines:
    """A line for each method over the values of a facet, as `figures.curve_chart` takes them."""
    lines: Lines = {}
    for method, rows in select_summary(summary).groupby("method", sort=False):
        at = rows.set_index(facet).reindex(values)
        lines[method_title(str(method))] = tuple(at[key].tolist() for key in ("estimate", "low", "high"))  # type: ignore[assignment]
    return lines


def randomisation_lines(summary: pd.DataFrame) -> tuple[list[str], Lines]:
    """Similarity after more and more weights are randomised, from the trained model on; equal lines share one.

    summary: of the metric `similarity_after_randomisation`.
    """
    depths = sorted(summary["depth"].unique())
    merged: Lines = {}
    for name, (values, lows, highs) in summary_lines(summary, "depth", depths).items():
        same = [told for told, known in merged.items() if np.allclose(known[0][1:], values, atol=1e-3, equal_nan=True)]
        merged = {f"{told} = {name}" if told in same else told: known for told, known in merged.items()}
        merged |= {} if same else {name: ([1.0, *values], [1.0, *lows], [1.0, *highs])}
    return depth_labels([0.0, *depths]), merged


def depth_labels(depths: Sequence[float]) -> list[str]:
    """Shares of the weights as per cent, with as many digits as tell them apart.

    >>> depth_labels([0.0, 0.9996, 1.0])
    ['0 %', '99.96 %', '100 %']
    """
    shares = [100 * depth for depth in depths]
    digits = next((k for k in range(1, 6) if len({round(share, k) for share in shares}) == len(shares)), 6)
    return [f"{round(share, digits):g} %" for share in shares]


def last_depth_table(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Means of every method with all weights randomised, and of what is not randomised."""
    columns = {}
    for name in names:
        summary = study.measure(name).summary()
        last = summary[summary["depth"] == summary["depth"].max()] if "depth" in summary else summary
        columns[METRICS[name].title] = {title: one.value for title, one in named_estimates(last).items()}
    return pd.DataFrame(columns).rename_axis("").reset_index()


def line_ends(lines: Lines) -> str:
    """Where each line ends, for alternative text."""
    return "; ".join(f"{name} {format_value(values[-1])}" for name, (values, _, _) in lines.items())


def mean_table(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Means over images of every method and baseline: a row each, a column a metric."""
    columns = {METRICS[name].title: named_estimates(own_summary(study, name)) for name in names}
    rows = dict.fromkeys(title for found in columns.values() for title in found)
    values = {
        told: [found[title].value if title in found else np.nan for title in rows] for told, found in columns.items()
    }
    there = {told: some for told, some in values.items() if np.isfinite(some).any()}
    return pd.DataFrame({"": list(rows), **there})


def own_summary(study: Study, name: str, versus: Sequence[str] = ()) -> pd.DataFrame:
    """The summary of one metric, of maps of the true class where a metric tells classes apart."""
    summary = study.measure(name).summary(versus)
    return summary[summary["class_is"] == "true"] if "class_is" in summary else summary


def baseline_table(study: Study, names: Sequence[str]) -> pd.DataFrame:
    """Methods down, metrics across: by how much better than the best baseline, p, and which baseline that is."""
    rows: dict[str, dict[str, str]] = {}
    for name in names:
        for row in select_summary(own_summary(study, name, [BASELINE]), versus=BASELINE).itertuples():
            cell = f"{format_value(row.estimate, '+')} ({format_p_value(row.p)}, {method_title(row.against)})"
            rows.setdefault(method_title(row.method), {})[METRICS[name].title] = (
                cell if np.isfinite(row.estimate) else "–"
            )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("").reset_index()


def change_table(study: Study) -> pd.DataFrame:
    """A row for each imperceptible change: how many predictions flipped, and the mean similarity of the other maps."""
    flips, maps = (study.measure(name).table for name in ("label_flip", "stability"))
    means = maps.groupby(["change", "method"], sort=False)["value"].mean().unstack(sort=False)
    rows = flips.groupby("change", sort=False)["value"].agg(["sum", "size"]).astype(int)
    named = means.rename(columns=method_title).reindex(rows.index)
    told = rows.rename(columns={"sum": "flipped", "size": "of"}).join(named).rename(index=CHANGES)
    return told.rename_axis("change").reset_index()


def own_chart(measurement: Measurement) -> tuple[Drawing, str, pd.DataFrame, str]:
    """A metric of the user's own: chart with baselines, alternative text, table, caption."""
    metric = measurement.metric
    assert metric is not None
    summary = measurement.summary([BASELINE] if metric.baselines else [])
    named, unit = named_estimates(summary), f" ({metric.unit})" if metric.unit else ""
    over = {
        f"{method_title(row.method)}, better than {method_title(row.against)} by": row_estimate(row)
        for row in select_summary(summary, versus=BASELINE).itertuples()
        if row.against
    }
    better = f", {metric.better} is better" if metric.better else ""
    chart = figures.interval_chart(
        *views.interval_bars(named), reference=metric.chance, xlabel=f"{metric.title}{unit}{better}"
    )
    caption = f"{metric.title}{unit}: mean over images, and what each method has over the best baseline"
    return chart, f"{metric.title}: {views.estimates_text(named)}", views.estimate_table({**named, **over}), caption
