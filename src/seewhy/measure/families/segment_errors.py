"""Which pixels are wrong, and do maps show it? Segmentation. Page 06."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy.measure.families.region_maps import RegionMaps, map_regions, sample_images, worst_rows
from seewhy.measure.families.tables import select_rows, shown_rows
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import localisation, segments
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate, ratio
from seewhy.study import Study
from seewhy.tasks import segmentation

METHOD = "gradcam"
PIXELS = {"missed_share": "true", "invented_share": "predicted"}  # those that a share is of

declare_metric(
    "missed_share",
    family="segment_errors",
    title="Pixels of the class that are missed",
    unit="%",
    better="lower",
    question="Which pixels does the model miss?",
)
declare_metric(
    "invented_share",
    family="segment_errors",
    title="Predicted pixels that are not of the class",
    unit="%",
    better="lower",
    question="Which pixels does the model invent?",
)
declare_metric("class_pixels", family="segment_errors", title="Pixels of the class")
declare_metric(
    "outcome_lift",
    family="segment_errors",
    title="Lift on right, missed and invented pixels",
    unit="×",
    question="Do maps lie on the pixels that are wrong?",
    chance=1.0,
)


@whole_family(
    "segment_errors", section="misclassification", tasks=("segmentation",), defaults={"shown": 8, "images": 120}
)
def measure_segment_errors(study: Study, settings: Mapping[str, Any]) -> Result:
    """Wrong pixels of at most `images` images with masks, and where Grad-CAM lies beside them.

    Settings: so many of the cases with the lowest IoU are `shown`.

    Table, one row an image and class, named by the facet `map_class`: `missed_share` and `invented_share`;
    `class_pixels` with the facet `pixels`, "true" or "predicted"; `outcome_lift` of Grad-CAM with the facet `outcome`
    ("right", "missed", "invented").

    Arrays: `classes`; `confusion` (k, k), pixels of these images by true and predicted class; `images` and `targets`
    with the lowest IoU, and `labels` (n, h, w), the predicted classes of their pixels; `cases`: how many there are in
    all, how many have an IoU below one half, and how many of those are large enough to be shown.
    """
    classes = study.dataset.classes
    known = study.predictions[study.predictions["correct"].notna()].reset_index(drop=True)
    here = map_regions(study, sample_images(known, settings["images"], study.base.seed), [METHOD])
    whole = here.rows.drop_duplicates("image").index
    counts = segments.confusion_matrices(here.seen.labels[whole], here.truth[whole], len(classes)).sum(0)
    worst = worst_rows(known, len(known))
    head, wrong = worst.head(settings["shown"]), int((~known["correct"].astype(bool)).sum())
    arrays = {
        "classes": np.array(classes, str),
        "confusion": counts,
        "labels": segmentation.predict_pixels(study, head).labels,
        "cases": np.array([len(known), wrong, len(worst)]),
    }
    return Result(tidy_table([*_share_rows(here), *_lift_rows(here)]), shown_rows(head) | arrays)


def _share_rows(here: RegionMaps) -> list[pd.DataFrame]:
    names, parts = here.rows["predicted"].to_numpy(), []
    for metric, whole, other in (
        ("missed_share", here.true_pixels, here.predicted_pixels),
        ("invented_share", here.predicted_pixels, here.true_pixels),
    ):
        area, outside = whole.sum((1, 2)), (whole & ~other).sum((1, 2))
        share = np.where(area > 0, outside / np.maximum(area, 1), np.nan)
        parts.append(tidy_rows(here.rows, "", metric, share, "the region is empty", map_class=names))
        parts.append(tidy_rows(here.rows, "", "class_pixels", area, map_class=names, pixels=PIXELS[metric]))
    return parts


def _lift_rows(here: RegionMaps) -> list[pd.DataFrame]:
    maps, names = here.found.upsampled(METHOD), here.rows["predicted"].to_numpy()
    return [
        tidy_rows(
            here.rows,
            METHOD,
            "outcome_lift",
            localisation.lift(maps, pixels),
            "the map is empty, or there are no such pixels",
            map_class=names,
            outcome=outcome,
        )
        for outcome, pixels in segments.outcome_pixels(here.predicted_pixels, here.true_pixels).items()
    ]


def wrong_shares(table: pd.DataFrame, classes: list[str], seed: int) -> dict[str, dict[str, Estimate]]:
    """For each class but the first the share of its pixels that is missed, and of the predicted ones that is invented,
    over the pixels of all images."""
    found: dict[str, dict[str, Estimate]] = {name: {} for name in classes[1:]}
    for name in classes[1:]:
        for outcome in ("missed", "invented"):
            metric = f"{outcome}_share"
            area = select_rows(table, "class_pixels", map_class=name, pixels=PIXELS[metric])["value"].to_numpy()
            share = select_rows(table, metric, map_class=name)["value"].to_numpy()
            found[name][outcome] = ratio((share * area)[area > 0].round(), area[area > 0], seed)
    return found


def segment_error_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06."""
    shares = wrong_shares(result.table, result.arrays["classes"].tolist(), seed)
    rows, wrong, _ = (int(count) for count in result.arrays["cases"])
    flat = {f"{name}.{outcome}": one for name, own in shares.items() for outcome, one in own.items()}
    return {"wrong": wrong, "rows": rows, **flat}
