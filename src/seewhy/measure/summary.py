"""Tidy tables -> estimates with intervals, and differences from baselines or other methods, image by image."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from seewhy import stats
from seewhy.errors import unknown_name
from seewhy.measure.donor_variance import effective_donors, effective_pairs, widen_interval
from seewhy.measure.family import GROUP, OF_THE_MODEL, facets_of
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.registry import BEST, METRICS, Metric
from seewhy.stats import Estimate

FIGURES = ("estimate", "low", "high", "n", "p")
# facets that say something of a value, where others tell values apart
TEXTS = ("word", "donor", "word_kind", "neighbour", "suggested", "opposite", "draw")
DRAW = "draw"  # facet: the number of a random draw, as of weights, of which there are several for each image
CONTROL = "control"  # facet of interventions: whether that is what was changed elsewhere, for comparison


def summarise_table(table: pd.DataFrame, seed: int, versus: Sequence[str] = ()) -> pd.DataFrame:
    """Mean over images of every metric, method and facet of a tidy table; then differences from each of `versus`.

    table: columns of `family.COLUMNS`, then facets. seed: of the bootstrap. versus: names of methods or baselines;
    "best_baseline": the baseline with the best mean in the same images; "control", of interventions: the same kind of
    change elsewhere.

    Returns a frame: metric, method, versus ("" for the mean itself), against (the name that it was compared with), the
    facets, estimate, low, high (95 % interval), n (images), p (of a difference, by flipping signs). A difference is
    above 0 where the method is better; where neither direction is, method minus the other. Images without a value are
    left out; NaN for fewer than five. An image with several rows counts once, with their mean. Where the table has the
    column `family.GROUP`, groups of images are resampled. What a method has over the best baseline is its smallest
    difference from any, with an interval that holds for whichever that is (`stats.worst_estimate`).

    Raises SeewhyError for a name that the table does not have.

    >>> rows = [(f"{k}.png", 0, name, name == "centre", "lift", k + bonus, "")
    ...         for name, bonus in (("gradcam", 1.0), ("centre", 0.0)) for k in range(6)]
    >>> table = pd.DataFrame(rows, columns=["image", "target", "method", "is_baseline", "metric", "value", "reason"])
    >>> summarise_table(table, 0, ["centre"])[["method", "versus", "estimate", "n"]].values.tolist()
    [['gradcam', '', 3.5, 6], ['centre', '', 2.5, 6], ['gradcam', 'centre', 1.0, 6]]
    """
    facets = [name for name in facets_of(table) if name not in TEXTS]
    own = dict.fromkeys(table["method"])
    known = [*([CONTROL] if CONTROL in facets else []), BEST, *dict.fromkeys([*NAMES, *own])]  # nothing may be measured
    for name in versus:
        if name not in known and (table["image"] != "").any():
            raise unknown_name("method", name, known, "versus")
    rows = [*mean_rows(table, facets, seed)]
    for name in versus:
        rows += control_rows(table, facets, seed) if name == CONTROL else difference_rows(table, facets, name, seed)
    return pd.DataFrame(rows, columns=["metric", "method", "versus", "against", *facets, *FIGURES])


def mean_rows(table: pd.DataFrame, facets: list[str], seed: int) -> Iterator[tuple[object, ...]]:
    """The means, in the order in which they first stand in the table."""
    for (name, method, *values), rows in table.groupby(["metric", "method", *facets], sort=False, dropna=False):
        one = mean_estimate(METRICS.get(name), method, rows, seed)
        yield (name, method, "", "", *values, *figures_of(one, np.nan))


def difference_rows(table: pd.DataFrame, facets: list[str], versus: str, seed: int) -> Iterator[tuple[object, ...]]:
    """What each method has over `versus`, image by image."""
    for (name, *values), rows in table.groupby(["metric", *facets], sort=False, dropna=False):
        metric, groups = METRICS.get(name), image_groups(rows)
        columns = {method: image_values(some) for method, some in rows.groupby("method", sort=False)}
        for method, own in columns.items():
            other = best_baseline(own, columns, metric) if versus == BEST else versus
            if method in NAMES or method == other or (other not in columns and other):
                continue
            if versus == BEST:
                difference, p = compare_baselines(own, columns, metric, seed, groups)
            else:
                difference, p = compare_values(own, columns.get(other), metric, seed, groups)
            yield (name, method, versus, other, *values, *figures_of(difference, p))


def control_rows(table: pd.DataFrame, facets: list[str], seed: int) -> Iterator[tuple[object, ...]]:
    """What each intervention has over the same elsewhere, image by image."""
    others = [name for name in facets if name != CONTROL]
    for (name, method, *values), rows in table.groupby(["metric", "method", *others], sort=False, dropna=False):
        own, away = (rows[rows[CONTROL] == control] for control in (False, True))
        difference, p = compare_controls(own, away, METRICS.get(name), seed)
        told = dict(zip(others, values, strict=True)) | {CONTROL: False}
        yield (name, method, CONTROL, CONTROL, *(told[facet] for facet in facets), *figures_of(difference, p))


def image_values(rows: pd.DataFrame) -> "pd.Series[float]":
    """One value an image, in the order of the rows: the mean of those that are there."""
    return rows.groupby("image", sort=False)["value"].mean()


def image_groups(rows: pd.DataFrame) -> "pd.Series[int] | None":
    """The group of each image of the rows; None where images are independent."""
    return rows.groupby("image", sort=False)[GROUP].first() if GROUP in rows else None


def mean_of_images(rows: pd.DataFrame, seed: int) -> Estimate:
    """Mean over the images of some rows of a table, each counted once, by their groups where they have any."""
    return stats.mean(image_values(rows).to_numpy(float), seed, image_groups(rows))


def share_of_images(rows: pd.DataFrame) -> Estimate:
    """Share of hits among the rows of a table that have a value, by the groups of their images."""
    there = rows[np.isfinite(rows["value"])]
    return stats.proportion(there["value"].to_numpy(float), there.get(GROUP))


def mean_estimate(metric: Metric | None, method: str, rows: pd.DataFrame, seed: int) -> Estimate:
    """Mean over images, or share of hits where that is what the metric counts. Hits of the model itself are counted
    below five images, too: each is a prediction that was seen to change.

    rows: of one figure, several of an image where it has several targets or was seen in several random draws or with
    several donors, whose variance is in the interval.
    """
    values, groups = image_values(rows), image_groups(rows)
    if metric is not None and metric.is_share:
        there, own = stats.finite_values(values.to_numpy(), groups)
        if method != OF_THE_MODEL:
            return stats.share_of_hits(there, own)
        return stats.proportion(there, own, effective=effective_donors(rows))
    bounds = metric.bounds if metric else None
    if DRAW not in rows or rows[DRAW].nunique() < 2:
        return widen_interval(stats.mean(values.to_numpy(), seed, groups, bounds), rows)
    draws = rows.pivot_table(index="image", columns=DRAW, values="value", aggfunc="mean", dropna=False, sort=False)
    return stats.crossed_mean(draws.reindex(values.index).to_numpy(float), seed, groups, bounds)


def compare_controls(own: pd.DataFrame, away: pd.DataFrame, metric: Metric | None, seed: int) -> tuple[Estimate, float]:
    """Rows of an intervention compared with those of its control, as `compare_values`, in the images that have both.

    The variance of donors is in the interval.
    """
    first, second = (set(rows.loc[rows["value"].notna(), "image"]) for rows in (own, away))
    own, away = (rows[rows["image"].isin(first & second)] for rows in (own, away))
    effective, groups = effective_pairs(own, away), image_groups(own)
    difference, p = compare_values(image_values(own), image_values(away), metric, seed, groups, effective)
    return (difference if metric and metric.is_share else widen_interval(difference, own, away)), p


def best_baseline(own: "pd.Series[float]", columns: dict[str, "pd.Series[float]"], metric: Metric | None) -> str:
    """The baseline with the best mean in the images for which `own` has a value; empty where there are none."""
    there = own.index[np.isfinite(own)]
    sign = metric.sign if metric else 1
    means = {name: sign * columns[name].reindex(there).mean() for name in NAMES if name in columns}
    means = {name: value for name, value in means.items() if np.isfinite(value)}
    return max(means, key=lambda name: means[name]) if means else ""


def compare_baselines(
    own: "pd.Series[float]",
    columns: dict[str, "pd.Series[float]"],
    metric: Metric | None,
    seed: int,
    groups: "pd.Series[int] | None" = None,
) -> tuple[Estimate, float]:
    """What `own` has over whichever baseline is best, which is not known in advance; and its p.

    It is better than all where it is better than each; that any is better was tried with each of them.
    """
    every = [compare_values(own, columns[name], metric, seed, groups) for name in NAMES if name in columns]
    measured = [one for one in every if one[0].measured]
    if not measured:
        return max((one[0] for one in every), key=lambda one: one.n, default=stats.NOTHING), np.nan
    found, chances = stats.worst_estimate([one[0] for one in measured]), [one[1] for one in measured]
    return found, max(chances) if found.value > 0 else min(1.0, len(chances) * min(chances))


def compare_values(
    own: "pd.Series[float]",
    other: "pd.Series[float] | None",
    metric: Metric | None,
    seed: int,
    groups: "pd.Series[int] | None" = None,
    effective: float = math.inf,
) -> tuple[Estimate, float]:
    """Paired difference in the images where both have a value, above 0 where `own` is better, and its p.

    effective: how many independent images shares are worth, see `stats.proportion`.
    """
    if other is None:
        return stats.NOTHING, np.nan
    both = pd.DataFrame({"own": own, "other": other.reindex(own.index)}).dropna()
    first, second = both["own"].to_numpy(float), both["other"].to_numpy(float)
    sign, of = metric.sign if metric else 1, None if groups is None else groups.reindex(both.index)
    p = stats.sign_flip_p(sign * (first - second), seed, of)
    if metric and metric.is_share:
        pair = (first, second) if sign > 0 else (second, first)
        return stats.paired_shares(*pair, of, effective), p
    least, most = metric.bounds if metric and metric.bounds else (np.nan, np.nan)
    bounds = (least - most, most - least) if np.isfinite(most - least) else None
    return stats.mean(sign * (first - second), seed, of, bounds), p


def figures_of(one: Estimate, p: float) -> tuple[float, float, float, int, float]:
    """The columns `FIGURES`."""
    return one.value, one.low, one.high, one.n, p
