"""What `show()` shows of a study, an explanation and a measurement, with alternative text for each."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.formatting import format_value
from seewhy.report import figures, show
from seewhy.report.pages import views
from seewhy.report.pages.estimates import method_title

if TYPE_CHECKING:
    from seewhy.maps.explanation import Explanation
    from seewhy.measure.measurement import Measurement
    from seewhy.study import Study


def show_explanation(explanation: "Explanation", n: int) -> None:
    """Images with the maps of one method beside their names and classes."""
    rows, study = explanation.rows.head(n), explanation.study
    of = f"for {explanation.target}" if explanation.target else "for the predicted class"
    maps = {f"{explanation.title}, {of}": explanation.shares[: len(rows)]}
    fig = figures.map_grid(
        list(study.photos(rows)),
        maps,
        file_titles(rows),
        correct=views.correct_marks(rows),
        outlines=[mask if mask.any() else None for mask in study.object_masks(rows)],
        **study.map_colours,
    )
    told = (
        f"{explanation.title} {of}, {len(rows)} of {len(explanation.rows)} images: {views.describe_images(rows, maps)}"
    )
    show.figure(fig, told)
    show_picture_note(study)


def show_images(study: "Study", n: int) -> None:
    """Images as the model sees them, with file, predicted and true class."""
    rows = study.predictions.drop_duplicates("image").head(n)
    fig = figures.input_sheet(list(study.photos(rows)), file_titles(rows), views.correct_marks(rows))
    show.figure(fig, f"{len(rows)} images of {study.name}: {views.describe_images(rows)}")
    show_picture_note(study)


def show_picture_note(study: "Study") -> None:
    """What a reader has to know of the pictures above, where there is something."""
    if study.picture_note:
        show.text(study.picture_note)


def file_titles(rows: pd.DataFrame) -> list[str]:
    """The file's name, then the prediction and, where it differs, the true class."""
    files = [image.rpartition("/")[2] for image in rows["image"]]
    return [f"{file}\n{title}" for file, title in zip(files, views.image_titles(rows), strict=True)]


def show_measurement(measurement: "Measurement", versus: list[str]) -> None:
    """The summary as a table: the metric's question and direction, estimate, 95 % interval, number of images."""
    metric = measurement.metric
    name = metric.title if metric else measurement.name.replace("_", " ").capitalize()
    unit = f" ({metric.unit})" if metric and metric.unit else ""
    better = f", {metric.better} is better" if metric and metric.better else ""
    chance = f", {format_value(metric.chance)} is chance" if metric and metric.chance is not None else ""
    told = f"{name}{unit}{better}{chance}: mean over images, 95 % interval"
    show.table(readable_summary(measurement.summary(versus)), told)


def readable_summary(summary: pd.DataFrame) -> pd.DataFrame:
    """A summary with titles in place of names, and without columns that say nothing."""
    table = summary.assign(
        method=[method_title(name) for name in summary["method"]],
        versus=[method_title(name) if name else "" for name in summary["against"]],
    ).drop(columns="against")
    idle = [name for name in ("metric", "versus", "p") if table[name].replace("", np.nan).nunique(dropna=True) < 1]
    single = [name for name in ("metric",) if table[name].nunique() == 1]
    return table.drop(columns=list(dict.fromkeys([*idle, *single])))


def measured_rows(measured: "Measurement", most: int) -> pd.DataFrame:
    """Rows of the images that the arrays of `measured` are of: at most `most`, in their order."""
    wanted = pd.DataFrame({name.removesuffix("s"): measured.arrays[name][:most] for name in ("images", "targets")})
    rows = measured.study.predictions.astype({"target": wanted["target"].dtype})
    return wanted.merge(rows, on=["image", "target"], validate="one_to_one")
