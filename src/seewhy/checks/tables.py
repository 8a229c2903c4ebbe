"""Estimates from a study's measurement tables: of any metric, in all images or in those of a class or slice."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seewhy import samples, stats
from seewhy.checks.figure import BASELINE, CONTROL, REST, Figure
from seewhy.checks.old_keys import WORST
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import SeewhyError, unknown_name
from seewhy.measure.family import COLUMNS, GROUP, facets_of, with_groups
from seewhy.measure.store import measurements_folder
from seewhy.measure.summary import (
    TEXTS,
    best_baseline,
    compare_baselines,
    compare_controls,
    compare_values,
    image_groups,
    image_values,
    mean_estimate,
)
from seewhy.metrics.registry import METRICS, Metric
from seewhy.stats import NOTHING, Estimate

ELSEWHERE = "control"  # facet: whether the same was done elsewhere instead
TESTED = "tested"  # as a figure's facet: only images that interventions test, in their order
ONE_A_ROW = {*TEXTS, "donor", "other_class"}  # facets that say something of a row, where others tell figures apart
PRESUMED = {
    "class_is": "true",
    ELSEWHERE: False,
    "compared": "same image",
}  # of a facet that is not named
LARGEST = "depth"  # a facet whose largest value is presumed: all weights


RANKING = "deletion"  # is measured for every method that the audit tests
PLACES, ALIKE = "hirescam", 0.9  # it leads where its rank correlation with Grad-CAM is lower
OF_ONE_IMAGE = {"accuracy": "correct"}


class StudyTables:
    """The measurement tables of a study, by family.

    Args:
        tables: tidy tables, see `seewhy.measure.family.COLUMNS`.
        images: what is known of the images: `image`, `target`, `label`, and the columns of the manifest. Those that
            belong together (`samples.image_groups`) are resampled together.
        seed: of the bootstrap.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], images: pd.DataFrame, seed: int):
        self.images, self.seed, self.groups = images, seed, samples.image_groups(images)
        self.tables = {name: with_groups(table, self.groups) for name, table in tables.items()}
        self._estimates: dict[str, Estimate] = {}

    @classmethod
    def of_study(cls, project: Project, study: str) -> "StudyTables":
        """All tables in data/measurements/<study>; none where it was not measured."""
        paths = sorted(measurements_folder(project.root, study).glob("*.parquet"))
        tables = {path.stem: artifacts.read_table(path, f"measure@{study}")[0] for path in paths}
        return cls(tables, read_images(project, study), project.params.base.seed)

    @cached_property
    def metric_families(self) -> dict[str, str]:
        """By metric, the family that measures it."""
        return {metric: name for name, table in self.tables.items() for metric in table["metric"].unique()}

    def metric_name(self, said: str) -> str:
        """The name of a metric in the tables: of a figure over images its value in one, as `correct` of `accuracy`."""
        return said if said in self.metric_families else OF_ONE_IMAGE.get(said, said)

    def figure_metric(self, figure: Figure) -> Metric | None:
        """Unit, direction and the like of a figure's metric; None for one that nothing registers."""
        return METRICS.get(self.metric_name(figure.metric))

    def estimate_figure(self, figure: Figure) -> Estimate:
        """A figure with its 95 % interval; of no image where this study has none.

        Raises SeewhyError for a class or slice that the study does not have, with the closest match, and where a facet
        is not named though several of its values were measured.
        """
        key = repr(figure)
        if key not in self._estimates:
            self._estimates[key] = self._compute_estimate(figure)
        return self._estimates[key]

    def _compute_estimate(self, figure: Figure) -> Estimate:
        rows, metric = self.select_rows(figure), self.figure_metric(figure)
        if rows.empty:
            return NOTHING
        if WORST in figure.facets.values():
            return self._worst_estimate(figure, metric)
        if not figure.versus:
            return mean_estimate(metric, figure.method, rows, self.seed)
        if figure.versus == REST:
            return self._rest_difference(figure, rows)
        groups = image_groups(rows)
        if figure.versus == BASELINE:
            columns = {str(name): image_values(some) for name, some in rows.groupby("method", sort=False)}
            own = columns.get(figure.method, pd.Series(dtype=float))
            return compare_baselines(own, columns, metric, self.seed, groups)[0]
        if figure.versus == CONTROL:
            elsewhere = rows[ELSEWHERE].astype(bool) if ELSEWHERE in rows else pd.Series(False, rows.index)
            return compare_controls(rows[~elsewhere], rows[elsewhere], metric, self.seed)[0]
        first, second = self._compared_values(figure, rows)
        return compare_values(first, second, metric, self.seed, groups)[0]

    def _rest_difference(self, figure: Figure, rows: pd.DataFrame) -> Estimate:
        """What the images of a class or slice have over all others."""
        if not (figure.label or figure.images):
            raise SeewhyError(f"{figure}: found no class or slice; allowed with versus: rest: class, slice, or both")
        metric, every = self.figure_metric(figure), self.select_rows(replace(figure, label="", images={}))
        others = every[~every["image"].isin(rows["image"])]
        own, rest = (mean_estimate(metric, figure.method, some, self.seed) for some in (rows, others))
        return stats.independent_difference(own, rest, metric.sign if metric else 1)

    def _worst_estimate(self, figure: Figure, metric: Metric | None) -> Estimate:
        """The worst over the values of the facet that is `worst`, which is not known in advance."""
        facet = next(name for name, value in figure.facets.items() if value == WORST)
        rows = self.metric_rows(figure.metric)
        values = rows.loc[rows["method"] == figure.method, facet].dropna().unique()
        named = [replace(figure, facets={**figure.facets, facet: value}) for value in values]
        every = [self.estimate_figure(one) for one in named]
        measured = [one for one in every if one.measured]
        if not measured:
            return every[0]
        found = stats.worst_estimate(measured, metric.sign if metric else 1)
        if metric and metric.is_share:
            return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))
        return found

    def missing_reasons(self, figure: Figure) -> dict[str, int]:
        """Why images have no value of a figure, and how many: the most frequent reason first."""
        rows = self.select_rows(figure)
        told = rows[rows["value"].isna()].drop_duplicates("image")["reason"].value_counts()
        return {str(reason): int(count) for reason, count in told.items()}

    def strongest_baseline(self, figure: Figure) -> str:
        """The baseline with the best mean in the images of that figure; empty where nothing was measured."""
        rows = self.select_rows(figure)
        columns = {str(name): image_values(some) for name, some in rows.groupby("method", sort=False)}
        own = columns.get(figure.method)
        return "" if own is None else best_baseline(own, columns, self.figure_metric(figure))

    @property
    def tested_methods(self) -> list[str]:
        """The methods whose maps the audit tests, the one that its page leads with first: HiResCAM where Grad-CAM is
        another map, since it then does not keep places apart."""
        rows = self.metric_rows(RANKING)
        methods = list(dict.fromkeys(rows.loc[~rows["is_baseline"].astype(bool), "method"]))
        alike = self.estimate_figure(Figure("rank_correlation", "gradcam", facets={"other": PLACES}))
        if {"gradcam", PLACES} <= {*methods} and alike.value < ALIKE:
            return [PLACES, *(name for name in methods if name != PLACES)]
        return methods

    def metric_rows(self, metric: str) -> pd.DataFrame:
        """All rows of a metric; none where it was not measured."""
        name = self.metric_name(metric)
        table = self.tables.get(self.metric_families.get(name, ""), pd.DataFrame(columns=[*COLUMNS]))
        return table[table["metric"] == name]

    def select_rows(self, figure: Figure) -> pd.DataFrame:
        """The rows of the tables that a figure is computed from; with its baseline or control where it is compared."""
        rows = self.metric_rows(figure.metric)
        if rows.empty:
            return rows
        compared = {figure.method, figure.versus} if figure.versus not in ("", CONTROL) else {figure.method}
        keep = rows["method"].isin(compared) | ((figure.versus == BASELINE) & rows["is_baseline"].astype(bool))
        rows = self._of_images(rows[keep], figure)
        for facet in facets_of(rows):
            if facet not in ONE_A_ROW and not (facet == ELSEWHERE and figure.versus == CONTROL):
                rows = _with_facet(rows, facet, figure)
        return self._of_tested(rows) if figure.facets.get(TESTED) else rows

    def _compared_values(
        self, figure: Figure, rows: pd.DataFrame
    ) -> tuple["pd.Series[float]", "pd.Series[float] | None"]:
        """One value an image: of the figure, and of what it is compared with."""
        columns = {str(name): image_values(some) for name, some in rows.groupby("method", sort=False)}
        return columns.get(figure.method, pd.Series(dtype=float)), columns.get(figure.versus)

    def _of_tested(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of the images that interventions test, in the order in which they do."""
        tested = self.metric_rows("prediction_change").dropna(subset="value")[["image", "target"]].drop_duplicates()
        return tested.merge(rows, on=["image", "target"])

    def _of_images(self, rows: pd.DataFrame, figure: Figure) -> pd.DataFrame:
        """The rows of a class and a slice."""
        wanted = ({"label": figure.label} if figure.label else {}) | dict(figure.images)
        if not wanted:
            return rows
        known, chosen = self.images, np.ones(len(self.images), bool)
        for column, value in wanted.items():
            if column not in known:
                raise unknown_name("column", column, known.columns, f"slice of {figure}")
            texts = known[column].astype(str)
            if value not in set(texts):
                what = "class" if column == "label" else column
                raise unknown_name(what, value, sorted(set(texts[known[column].notna()])), str(figure))
            chosen &= (texts == value).to_numpy()
        there = known[chosen]
        if known["image"].is_unique or not figure.label:
            found = rows[rows["image"].isin(there["image"])]
            return found if figure.label else self._of_one_group(found, there)
        pairs = pd.MultiIndex.from_frame(there[["image", "target"]])
        return rows[pd.MultiIndex.from_frame(rows[["image", "target"]]).isin(pairs)]

    def _of_one_group(self, rows: pd.DataFrame, there: pd.DataFrame) -> pd.DataFrame:
        """The rows of a slice. One that is a whole group of images, as a site, speaks of that group alone: in it images
        are independent but for equal files."""
        known = self.images
        names = there["image_group"].unique() if "image_group" in known else []
        if len(names) != 1 or pd.isna(names[0]) or (known["image_group"] == names[0]).sum() != len(there):
            return rows
        own = samples.image_groups(there.drop(columns="image_group"))
        return with_groups(rows.drop(columns=GROUP, errors="ignore"), own)


def read_images(project: Project, study: str) -> pd.DataFrame:
    """What is known of a study's images: its predictions (of a comparison the first one's) and its dataset."""
    if study in project.params.comparisons:
        study = project.params.comparisons[study].studies[0]
    path = artifacts.predictions_path(project.root, study)
    if not path.is_file():
        return pd.DataFrame({"image": [], "target": [], "label": []})
    predictions = artifacts.read_table(path, f"explain@{study}")[0]
    dataset = project.params.study_settings(study).dataset
    manifest = artifacts.dataset_path(project.root, dataset)
    if not manifest.is_file():
        return predictions
    frame = artifacts.read_table(manifest, artifacts.dataset_stage(dataset))[0]
    own = [name for name in frame if name == "image" or name not in predictions]
    return predictions.merge(frame[own], on="image", how="left")


def _with_facet(rows: pd.DataFrame, facet: str, figure: Figure) -> pd.DataFrame:
    """The rows with the figure's value of a facet; where it names none, those that have none."""
    values = rows[facet]
    there = values.notna() & (values.astype(str) != "")
    if facet not in figure.facets:
        return _without_facet(rows, facet, there, figure)
    wanted = figure.facets[facet]
    if wanted == WORST:
        return rows[values == _worst_value(rows[there], facet, figure)]
    return rows[there & (values.astype(str) == str(wanted))]


def _without_facet(rows: pd.DataFrame, facet: str, there: "pd.Series[bool]", figure: Figure) -> pd.DataFrame:
    """The rows without that facet; if all have it, those with the value that is presumed, or with the only one."""
    if not there.all() or rows.empty:
        return rows[~there]
    values: list[Any] = list(dict.fromkeys(rows[facet]))
    if facet == LARGEST:
        return rows[rows[facet] == max(values)]
    if facet in PRESUMED:
        return rows[rows[facet] == PRESUMED[facet]]
    if len(values) > 1:
        raise SeewhyError(f"{figure}: found no {facet}; allowed: {', '.join(map(str, values))}")
    return rows


def _worst_value(rows: pd.DataFrame, facet: str, figure: Figure) -> Any:
    """The value of a facet for which the metric is worst on average."""
    metric = METRICS.get(figure.metric)
    means = rows.groupby(facet, sort=False)["value"].mean() * (metric.sign if metric else 1)
    return means.idxmin() if means.notna().any() else means.index[0]


def measurements_exist(root: Path, study: str) -> bool:
    """Whether the study was measured on this machine."""
    return any(measurements_folder(root, study).glob("*.parquet"))
