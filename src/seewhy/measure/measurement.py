"""What a metric found: its tidy table, its summary, and the images in which it is worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.errors import SeewhyError, unknown_name
from seewhy.maps.explaining import check_methods
from seewhy.measure.driver import measure_family
from seewhy.measure.family import FAMILIES, facets_of, with_groups
from seewhy.measure.own_metrics import load_metrics
from seewhy.measure.summary import summarise_table
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.registry import METRICS, Metric

if TYPE_CHECKING:
    from seewhy.study import Study


@dataclass(frozen=True)
class Measurement:
    """A metric, or all of a family, measured on a study.

    table: one row for each image, target, method, metric and facet; see `seewhy.measure.family`. arrays: what a page
    draws that is no scalar.
    """

    study: "Study"
    name: str
    table: pd.DataFrame
    arrays: dict[str, np.ndarray]

    @property
    def metric(self) -> Metric | None:
        """The metric with its unit, direction and question; None where this is a whole family."""
        return METRICS.get(self.name)

    def summary(self, versus: Sequence[str] = ()) -> pd.DataFrame:
        """Means over images with 95 % intervals, then differences from each of `versus`, image by image.

        See `seewhy.measure.summary.summarise_table` for arguments, columns and errors.

        >>> summary = study.measure("lift", methods=["gradcam"]).summary(versus=["centre"])
        >>> summary.loc[summary["class_is"] == "true", ["method", "versus", "n"]].values.tolist()[0]
        ['gradcam', '', 4]
        """
        return summarise_table(self.table, self.study.base.seed, versus)

    def worst(self, n: int = 8, method: str | None = None) -> "Study":
        """A study of the n images in which the metric is worst, the worst first.

        method: whose values count, default: the first that is no baseline. Raises SeewhyError for a family of several
        metrics, for one without a direction, and for a method that was not measured.

        >>> len(study.measure("lift", methods=["gradcam"]).worst(2).predictions)
        2
        """
        metric = self.metric
        if metric is None or not metric.better:
            raise SeewhyError(f"'{self.name}' has no direction, so that no image is worst; allowed: a metric with one")
        methods = list(dict.fromkeys(self.table.loc[~self.table["is_baseline"], "method"]))
        chosen = method if method is not None else next(iter(methods), "")
        if chosen not in set(self.table["method"]):
            raise unknown_name("method", chosen, methods, f"the measurement of '{self.name}'")
        values = self.table[self.table["method"] == chosen].groupby("image", sort=False)["value"].mean().dropna()
        order = (metric.sign * values).sort_values(kind="stable")
        return self.study.select(images=order.index[:n].tolist())

    def show(self, versus: Sequence[str] = ()) -> None:
        """Shows the summary as a table, in JupyterLab or on a page; `versus` as of `summary`."""
        from seewhy.report.pages.study_views import show_measurement  # drawing stands above this room

        show_measurement(self, list(versus))

    @cached_property
    def missing(self) -> dict[str, int]:
        """Why values are missing, and how many images each reason concerns."""
        none = self.table[self.table["value"].isna()]
        return {str(reason): int(count) for reason, count in none.groupby("reason")["image"].nunique().items()}


def measure(study: "Study", name: str, methods: Sequence[str] | None = None) -> Measurement:
    """One metric of a study, or all metrics of a family; see `Study.measure`."""
    load_metrics(study.root)
    if name not in METRICS and name not in FAMILIES:
        raise unknown_name("metric", name, [*METRICS, *FAMILIES])
    family = METRICS[name].family if name in METRICS else name
    if study.dataset.task not in FAMILIES[family].tasks:
        allowed = ", ".join(one for one in FAMILIES if study.dataset.task in FAMILIES[one].tasks)
        raise SeewhyError(f"'{name}' is not measured for {study.dataset.task}; allowed: {allowed}")
    if methods is not None:
        check_methods([one for one in methods if one not in NAMES], f"methods of measure('{name}')")
    names = None if methods is None else methods_with_baselines(name, methods)
    result = measure_family(study, family, names)
    table = with_groups(result.table, study.image_groups)
    if name in METRICS:
        table = own_facets(table[table["metric"] == name].reset_index(drop=True))
    return Measurement(study, name, table, result.arrays)


def own_facets(table: pd.DataFrame) -> pd.DataFrame:
    """The table without facets that only other metrics of its family have."""
    return table.drop(columns=[name for name in facets_of(table) if table[name].isna().all()])


def methods_with_baselines(name: str, methods: Sequence[str]) -> list[str]:
    """Those methods, and the baselines of the metric or of all metrics of the family."""
    known = [METRICS[name]] if name in METRICS else [one for one in METRICS.values() if one.family == name]
    baselines = dict.fromkeys(baseline for one in known for baseline in one.baselines)
    return list(dict.fromkeys([*methods, *baselines]))
