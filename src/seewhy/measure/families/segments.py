"""Are the segments right? Pixels of each class, true and predicted. Segmentation. Page 01."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import segments
from seewhy.metrics.registry import declare_metric
from seewhy.samples import stratified_sample
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import segmentation

declare_metric(
    "iou",
    family="segments",
    title="IoU",
    better="higher",
    question="How well do predicted segments fit the true ones?",
)


@whole_family("segments", section="model", tasks=("segmentation",), defaults={"samples": 6})
def measure_segments(study: Study, settings: Mapping[str, Any]) -> Result:
    """Predicted and true pixels of every image that has a mask.

    Settings: how many `samples` are shown.

    Table: `iou`, one row for each class (the first one too) that is true or predicted in the image, with its name as
    facet `map_class`; its mean over images is not the IoU of all pixels, which `class_ious` gives.

    Arrays: `total` number of images; `masked`, the images with a mask, and of each `confusions` (k, k), pixels by true
    and predicted class; `classes`; `images` that are shown, and `labels` (n, h, w), the predicted class of each pixel.
    """
    classes, frame = study.dataset.classes, study.dataset.frame.assign(target=0)
    masked = frame[frame["mask"].notna()] if "mask" in frame else frame.head(0)
    predicted = segmentation.predict_pixels(study, masked).labels
    counts = segments.confusion_matrices(predicted, segmentation.true_masks(masked, study), len(classes))
    both, either = segments.shared_pixels(counts)
    parts = [
        tidy_rows(masked[there].assign(target=k), "", "iou", both[there, k] / either[there, k], map_class=name)
        for k, name in enumerate(classes)
        for there in [either[:, k] > 0]
    ]
    firsts = study.predictions.drop_duplicates("image")[["image", "predicted"]]
    shown = stratified_sample(frame.merge(firsts, on="image", how="left"), settings["samples"], study.base.seed)
    return Result(
        tidy_table(parts),
        {
            "total": np.array(len(frame)),
            "masked": masked["image"].to_numpy(str),
            "confusions": counts.astype(np.int32),
            "classes": np.array(classes, str),
            "images": shown["image"].to_numpy(str),
            "labels": segmentation.predict_pixels(study, shown).labels,
        },
    )


def segment_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 01: IoU of each class over all pixels; how many images have masks."""
    counts = result.arrays["confusions"].astype(int)
    ious = dict(zip(result.arrays["classes"], segments.class_ious(counts, seed), strict=True))
    return {
        "images": int(result.arrays["total"]),
        "masks": len(counts),
        **{f"iou.{name}": one for name, one in ious.items()},
    }
