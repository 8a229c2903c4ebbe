"""Do CAM variants say the same? Page 03."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from seewhy.engine.layers import depth_layers
from seewhy.maps.attributions import Attributions, attribute_rows, find_refusals
from seewhy.measure.families.tables import EMPTY_MAP, NOTHING, correlation_rows, select_rows, shown_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.methods.cam import TITLES
from seewhy.metrics import agreement
from seewhy.metrics.registry import declare_metric
from seewhy.samples import one_each, stratified_sample
from seewhy.stats import Estimate, mean
from seewhy.study import Study

VARIANTS = ("gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam", "eigencam")
FINE = ("guided_gradcam", "attention", "attention_rollout")

declare_metric(
    "rank_correlation",
    family="agreement",
    title="Rank correlation of two maps",
    better="",
    question="Do two methods say the same?",
    baselines=("random", "centre"),
    chance=0.0,
)
declare_metric(
    "map_difference",
    family="agreement",
    title="Largest difference of two maps",
    unit="%",
    better="",
    question="Do two methods coincide by construction?",
)


@whole_family("agreement", section="cam_variants", defaults={"images": 6, "layers": 4, "cells": 56})
def measure_agreement(study: Study, settings: Mapping[str, Any]) -> Result:
    """How alike the maps of the CAM variants are, and maps of a few images from other layers and finer methods.

    Settings: `images` that are shown, `layers` over the depth, `cells` along a side of a fine map.

    Table, one target an image: `rank_correlation` of `method` with the facet `other`, for all pairs of variants and of
    the random and centre baselines; `map_difference`, the largest difference of two variants' maps as a share of their
    maximum.

    Arrays: `images` and `targets` that are shown; `layers`, shallow to deep, and for each `layer:<name>` the Grad-CAM
    maps (n, h, w) as shares of their maximum; `fine:<method>` likewise (`Attributions.visible_strengths`); `refused`
    and `reasons`: the fine methods that this network cannot have.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("rank_correlation", NOTHING))
    seed, every = study.base.seed, one_each(study.predictions, study.base.seed)
    sample = stratified_sample(every, len(every), seed)
    maps = attribute_rows(study, sample, VARIANTS)
    pairs = correlation_rows(sample, {**maps.control_maps(seed), **maps.maps}, "rank_correlation")
    table = tidy_table([*pairs, *_difference_rows(maps)])
    head = sample.head(settings["images"])
    return Result(table, shown_rows(head) | _layer_maps(study, head, settings) | _fine_maps(study, head, settings))


def _difference_rows(found: Attributions) -> list[pd.DataFrame]:
    maps = found.maps
    return [
        tidy_rows(found.rows, a, "map_difference", agreement.largest_difference(maps[a], maps[b]), EMPTY_MAP, other=b)
        for a, b in combinations(maps, 2)
    ]


def _layer_maps(study: Study, rows: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    names = depth_layers(study.model, study.inputs(rows.head(1)), settings["layers"], study.layer)
    maps = {f"layer:{name}": attribute_rows(study, rows, ["gradcam"], layer=name).shares("gradcam") for name in names}
    return {"layers": np.array(names, str), **maps}


def _fine_maps(study: Study, rows: pd.DataFrame, settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    refused = find_refusals(study, rows, FINE)
    methods = ["gradcam", *(name for name in FINE if name not in refused)]
    strengths = attribute_rows(study, rows, methods).visible_strengths(settings["cells"])
    maps = {f"fine:{name}": strengths[TITLES[name]].astype(np.float32) for name in methods}
    return {"refused": np.array([*refused], str), "reasons": np.array([*refused.values()], str), **maps}


def correlation_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """Mean rank correlation over images, methods by methods, 1 on the diagonal.

    Args:
        table: of the family `agreement`.
    """
    known = select_rows(table, "rank_correlation")
    names = list(dict.fromkeys([*known["method"], *known["other"]]))
    means = known.groupby(["method", "other"])["value"].mean().unstack().reindex(index=names, columns=names)
    values = means.fillna(means.T).to_numpy(copy=True)
    np.fill_diagonal(values, np.where(np.isfinite(values).any(1), 1.0, np.nan))
    return pd.DataFrame(values, index=names, columns=names)


def coinciding_methods(table: pd.DataFrame) -> list[list[str]]:
    """Groups of methods whose maps are equal on every image, but for float sums."""
    known = select_rows(table, "map_difference")
    largest = known.groupby(["method", "other"])["value"].max()
    names = list(dict.fromkeys([*known["method"], *known["other"]]))
    return agreement.group_names(names, lambda one, other: bool(largest[one, other] < agreement.COINCIDE))


def pair_correlations(table: pd.DataFrame, with_centre: bool = False) -> pd.DataFrame:
    """Rank correlations, one row an image and a column a pair; of methods that are one by their maps only the first.

    Args:
        table: of the family `agreement`.
        with_centre: pairs of a method with the centre baseline, instead of pairs of methods.
    """
    spare = {name for group in agreement.duplicate_methods(correlation_matrix(table)) for name in group[1:]}
    known = select_rows(table, "rank_correlation")
    known = known[~known["method"].isin(spare) & ~known["other"].isin(spare)]
    centre = (known["method"] == "centre") & (known["other"] != "random")
    chosen = known[centre if with_centre else ~known["is_baseline"]]
    order = table["image"].drop_duplicates()
    names = chosen["method"] + " and " + chosen["other"]
    wide = chosen.assign(pair=names).pivot(index="image", columns="pair", values="value")
    return wide.reindex(index=order, columns=names.drop_duplicates()).reset_index(drop=True)


def agreement_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 03: mean correlation of Grad-CAM with each other map, of all pairs, and with the centre."""
    matrix = correlation_matrix(result.table)
    own = {name: float(value) for name, value in matrix.loc["gradcam"].items() if name != "gradcam"}
    every, centre = (pair_correlations(result.table, with_centre).mean(axis=1) for with_centre in (False, True))
    named: dict[str, Estimate | float] = {f"{name}.spearman": value for name, value in own.items()}
    count = int(result.table["image"].nunique())
    return {"images": count, **named, "pairs": mean(every, seed), "blob": mean(centre, seed)}
