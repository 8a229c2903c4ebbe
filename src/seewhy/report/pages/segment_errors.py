"""Page 06 of a segmentation: wrong pixels, from their measurement to what is drawn and told."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.formatting import format_value
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.region_maps import class_pixels
from seewhy.measure.families.segment_errors import wrong_shares
from seewhy.measure.families.tables import select_rows
from seewhy.measure.measurement import Measurement
from seewhy.measure.summary import mean_of_images
from seewhy.metrics import segments
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.plots.masks import OUTCOMES, class_colours, paint_labels, pixel_outcomes
from seewhy.report.plots.sheet import shorten_text
from seewhy.samples import LEAST
from seewhy.stats import Estimate
from seewhy.tasks import segmentation

LARGE = f"at least {format_value(LEAST, '%')} of the picture, or any share where none does"


def error_values(errors: Measurement) -> dict[str, Any]:
    """What the sentences of the page are filled with; `uneven`: the classes of which the model clearly misses more than
    it invents, or the other way round, those furthest apart first."""
    cases, wrong, large = (int(count) for count in errors.arrays["cases"])
    shares = wrong_shares(errors.table, errors.arrays["classes"].tolist(), errors.study.base.seed)
    uneven = [found for name, own in shares.items() if (found := uneven_shares(name, own["missed"], own["invented"]))]
    order = sorted(uneven, key=lambda one: one["smaller"].value - one["larger"].value)
    return {"cases": cases, "wrong": wrong, "large_cases": large, "shares": shares, "uneven": order}


def uneven_shares(name: str, missed: Estimate, invented: Estimate) -> dict[str, Any] | None:
    """Which of the two shares of a class is clearly larger: its interval lies wholly above the other; None: neither."""
    pairs = {"missed": (missed, invented), "invented": (invented, missed)}
    for more, (larger, smaller) in pairs.items():
        if larger.low > smaller.high:
            return {"name": name, "more": more, "larger": larger, "smaller": smaller}
    return None


def error_answer(values: dict[str, Any]) -> str:
    """The answer to the page's question: yes where each class is missed and invented unevenly, partly where some is."""
    measured = [name for name, own in values["shares"].items() if all(one.measured for one in own.values())]
    if not measured:
        return "Not tested"
    if not values["uneven"]:
        return "No"
    return "Yes" if len(values["uneven"]) == len(measured) else "Partly"


def share_estimates(values: dict[str, Any]) -> dict[str, Estimate]:
    """Missed and invented shares of each class, by name."""
    return {f"{name}: {what}": one for name, own in values["shares"].items() for what, one in own.items()}


def outcome_lifts(errors: Measurement) -> dict[str, Estimate]:
    """Lift of Grad-CAM on the right, missed and invented pixels of each class, by name."""
    rows, seed = select_rows(errors.table, "outcome_lift"), errors.study.base.seed
    parts = rows.groupby(["map_class", "outcome"], sort=False)
    found = {pair: mean_of_images(some, seed) for pair, some in parts}
    names = [name for name in errors.arrays["classes"].tolist()[1:] if name in set(rows["map_class"])]
    outcomes_there = list(dict.fromkeys(rows["outcome"]))
    return {f"{name}: {outcome}": found[name, outcome] for name in names for outcome in outcomes_there}


def confusion_table(errors: Measurement) -> pd.DataFrame:
    """For the wrong pixels of each true class (row) the share that is predicted as each other class (column)."""
    classes = errors.arrays["classes"].tolist()
    return pd.DataFrame(segments.wrong_class_shares(errors.arrays["confusion"]), index=classes, columns=classes)


def worst_rows(errors: Measurement, count: int) -> pd.DataFrame:
    """The cases with the lowest IoU, the lowest first."""
    pairs = pd.DataFrame({name: errors.arrays[f"{name}s"][:count] for name in ("image", "target")})
    return pairs.astype({"image": object}).merge(errors.study.predictions, on=["image", "target"], how="left")


def worst_figure(errors: Measurement, rows: pd.DataFrame) -> tuple[Figure, str]:
    """Photo; right, missed and invented pixels; maps of the row's class with its true region outlined; the alt text."""
    study, photos = errors.study, errors.study.photos(rows)
    true, labels = segmentation.object_masks(rows, study), errors.arrays["labels"][: len(rows)]
    wrong = paint_labels(photos, pixel_outcomes(class_pixels(rows, labels), true), ["#000000", *OUTCOMES.values()])
    maps = attribute_rows(study, rows, ["gradcam", "gradcam_pp"]).titled_shares()
    colours = class_colours(len(study.dataset.classes))
    inks, titles = [colours[target] for target in rows["target"]], case_titles(rows)
    columns: dict[str, np.ndarray] = {"its pixels": wrong, **maps}
    fig = figures.segment_grid(
        list(photos), columns, titles, OUTCOMES, true, inks, views.correct_marks(rows), **study.map_colours
    )
    return fig, f"Lowest IoU: {views.describe_maps(titles, maps)}"


def case_titles(rows: pd.DataFrame) -> list[str]:
    """The file, the class that the maps are for with its probability, and its IoU or that it is not there."""
    return [
        f"{shorten_text(row.image.rpartition('/')[2])}\nclass {shorten_text(row.predicted)} "
        + f"{format_value(row.confidence)}\n"
        + (f"IoU {format_value(row.iou)}" if isinstance(row.label, str) else "not there")
        for row in rows.itertuples()
    ]
