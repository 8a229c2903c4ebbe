"""From segmentation studies to what their pages show: titles, colours, figures, cards. Nothing here measures anything.

A row is an image and a class, as `tasks.segmentation.predict_rows` gives them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.figure import Figure

from seewhy.formatting import format_value
from seewhy.measure.families.region_maps import class_pixels
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.plots.gallery import Card
from seewhy.report.plots.masks import class_colours, paint_labels
from seewhy.report.plots.sheet import shorten_text
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import segmentation

Labels = UInt8[np.ndarray, "n h w"]


def segment_titles(rows: pd.DataFrame) -> list[str]:
    """The file, 'crown 0.83', and on lines of their own its IoU, or that it is not there, where that is known."""
    found = []
    for row in rows.itertuples():
        known = "" if pd.isna(row.iou) else f"\nIoU {row.iou:.2f}" if isinstance(row.label, str) else "\nnot there"
        file = shorten_text(row.image.rpartition("/")[2])
        found.append(f"{file}\n{shorten_text(row.predicted)} {format_value(row.confidence)}{known}")
    return found


def describe_segments(rows: pd.DataFrame, maps: Mapping[str, np.ndarray] | None = None) -> str:
    """The rows of a figure, and where their maps (n, h, w) lie, for those who cannot see it."""
    return views.describe_maps(segment_titles(rows), maps or {})


def predicted_contents(predicted: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """The file of each image of `rows`, then its predicted classes, the largest first, with their shares of it."""
    said = predicted[predicted["predicted_share"] > 0].sort_values("predicted_share", ascending=False)
    told: dict[str, list[str]] = {}
    for row in said.itertuples():
        told.setdefault(row.image, []).append(f"{shorten_text(row.predicted)} {100 * row.predicted_share:.0f} %")
    files = [name.rpartition("/")[2] for name in rows["image"]]
    return ["\n".join([file, *told.get(name, ["nothing"])]) for file, name in zip(files, rows["image"], strict=True)]


def class_legend(study: Study) -> dict[str, str]:
    """Class names but the first, with their colours."""
    classes = study.dataset.classes
    return dict(list(zip(classes, class_colours(len(classes)), strict=True))[1:])


def row_colours(study: Study, rows: pd.DataFrame) -> list[str]:
    """The colour of each row's class."""
    colours = class_colours(len(study.dataset.classes))
    return [colours[target] for target in rows["target"]]


def paint_masks(study: Study, rows: pd.DataFrame, labels: Labels) -> dict[str, np.ndarray]:
    """Painted photos: the true mask, where any of the rows has one, and the predicted one."""
    photos, colours = study.photos(rows), class_colours(len(study.dataset.classes))
    true = segmentation.true_masks(rows, study)
    found = {"true": true, "predicted": labels} if (true != segmentation.VOID).any() else {"predicted": labels}
    return {name: paint_labels(photos, some, colours) for name, some in found.items()}


def mask_figure(study: Study, rows: pd.DataFrame, labels: Labels, names: Sequence[str]) -> Figure:
    """Photo, true and predicted mask of each image."""
    return figures.segment_grid(list(study.photos(rows)), paint_masks(study, rows, labels), names, class_legend(study))


def masks_beside_maps(study: Study, rows: pd.DataFrame, labels: Labels, maps: Mapping[str, np.ndarray]) -> Figure:
    """Photo, true and predicted mask, and maps of the row's class with its predicted region outlined."""
    columns = paint_masks(study, rows, labels) | dict(maps)
    said, right = class_pixels(rows, labels), views.correct_marks(rows)
    return figures.segment_grid(
        list(study.photos(rows)),
        columns,
        segment_titles(rows),
        class_legend(study),
        said,
        row_colours(study, rows),
        right,
        **study.map_colours,
    )


def region_cards(study: Study, rows: pd.DataFrame, plain: Sequence[Card], regions: np.ndarray) -> list[Card]:
    """Gallery cards with the rim of the predicted region, and how well it fits instead of a true class.

    plain: cards of the rows as of `views.map_cards`. regions: bool (n, H, W), where the model marks each row's class.
    """
    return [
        replace(card, region=region, ink=ink, true=true, fact=fact, id=f"{card.id} {row.predicted}")
        for card, region, ink, row, (true, fact) in zip(
            plain,
            regions,
            row_colours(study, rows),
            rows.itertuples(),
            map(_region_fit, rows.itertuples()),
            strict=True,
        )
    ]


def _region_fit(row: Any) -> tuple[str | None, str]:
    """The class where it was found, "" where it was not, None where that is not known; and the fact that says so."""
    if pd.isna(row.correct):
        return None, ""
    fact = f"IoU {row.iou:.2f}" if isinstance(row.label, str) else "not there"
    return (row.predicted if row.correct else ""), fact


def class_matrix(values: Sequence[Sequence[float]] | np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """A square table of classes by classes."""
    return pd.DataFrame(np.asarray(values), index=list(classes), columns=list(classes))


def layer_curves(
    found: Mapping[str, Mapping[str, Estimate]],
) -> tuple[list[str], dict[str, tuple[list[float], list[float], list[float]]]]:
    """Estimates by layer and class as `figures.curve_chart` takes them: layers; of each class values, lows, highs."""
    classes = list(next(iter(found.values())))
    parts = {name: [own[name] for own in found.values()] for name in classes}
    return list(found), {
        name: ([e.value for e in some], [e.low for e in some], [e.high for e in some]) for name, some in parts.items()
    }
