"""Page 04: whether signed values by SHAP or LIME confirm the heat maps, and how far they can be read."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from seewhy.engine.reading import upsample
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.tables import select_rows
from seewhy.measure.summary import mean_of_images
from seewhy.metrics.agreement import coinciding_maps, correlation_pairs
from seewhy.report.pages.estimates import method_title
from seewhy.report.pages.study_views import measured_rows
from seewhy.stats import NOTHING, Estimate, mean

if TYPE_CHECKING:
    from seewhy.measure.measurement import Measurement

TITLES = {"shap_gradient": "SHAP", "shap_partition": "SHAP (partition)", "lime": "LIME"}
HEAT_MAPS = ("gradcam", "hirescam")
HIDDEN = {"blur": "SHAP (partition)", "mean colour": "LIME"}  # facet `hidden` -> the method that hides so
ALIKE = 0.5  # rank correlation below which one method does not confirm another
NOISE = 0.5  # additivity error above which SHAP values are not read
Maps = dict[str, Float[np.ndarray, "n h w"]]


def compare_heat_maps(measured: "Measurement") -> dict[str, Any]:
    """Signed values beside the heat maps, as the blocks `confirmed` of 04_shap.j2 take it.

    measured: the family `shap`. Of the heat maps the one counts that is most like the values.
    """
    seed, main = measured.study.base.seed, next(iter(signed_maps(measured)))
    table = map_correlations(measured)
    names = [name for name in map(method_title, HEAT_MAPS) if f"{main} and {name}" in table]
    heat_maps = {name: mean(table[f"{main} and {name}"].to_numpy(), seed) for name in names}
    closest = max(heat_maps, key=lambda name: np.nan_to_num(heat_maps[name].value, nan=-2))
    error, unreadable = image_mean(measured, "additivity_error"), hidden_classes(measured)
    answer = judge_confirmation(heat_maps[closest], error, bool(unreadable))
    return {
        "answer": answer,
        "severity": "" if answer in ("Yes", "No") else "unknown",
        "method": main,
        "heat_map": closest,
        "alike": heat_maps[closest],
        "error": error,
        "is_noise": is_noise(error),
        "seeds": image_mean(measured, "seed_agreement"),
        "tried": image_mean(measured, "method_agreement", method="shap_gradient"),
        "partition": image_mean(measured, "method_agreement", method="shap_partition", other="lime"),
        "unreadable": unreadable,
        "samples": int(measured.arrays.get("samples", 0)),
    }


def judge_confirmation(alike: Estimate, error: Estimate, unreadable: bool) -> str:
    """The word that answers the page's title.

    alike: rank correlation with the heat map; error: additivity error; unreadable: whether values of some class cannot
    be read.
    """
    if is_noise(error) or not alike.measured:
        return "Not tested"
    if alike.high < ALIKE and not (error.measured and error.high > NOISE):
        return "No"
    if alike.low < ALIKE:  # so are values that differ from the heat map, but may be noise
        return "Undecided"
    return "Partly" if unreadable else "Yes"


def is_noise(error: Estimate) -> bool:
    """Whether SHAP values miss so much of their sum that they are not read."""
    return error.measured and error.value > NOISE


def image_mean(measured: "Measurement", metric: str, **where: str) -> Estimate:
    """Mean over images of a metric of the family `shap`, in the rows with those values of `where`."""
    if not {*where} <= {*measured.table}:
        return NOTHING
    rows = select_rows(measured.table, metric, **where)
    return mean_of_images(rows, measured.study.base.seed)


def signed_maps(measured: "Measurement") -> Maps:
    """Signed maps of the shown images by title, the page's own method first, then other methods and the heat maps,
    of which those that coincide are there once.

    Of a classification, as many images as the perturbation-based methods have.
    """
    named = {name.partition(":")[2]: maps for name, maps in measured.arrays.items() if name.startswith("map:")}
    own = {title: named[name] for name, title in TITLES.items() if name in named}
    if "again:lime" in measured.arrays:
        own["LIME, another seed"] = measured.arrays["again:lime"]
    count = min(map(len, own.values()), default=0)
    heat_maps = attribute_rows(measured.study, measured_rows(measured, count), HEAT_MAPS).titled_maps()
    same = {name for group in coinciding_maps(heat_maps) for name in group[1:]}
    distinct = {name: maps for name, maps in heat_maps.items() if name not in same}
    return {name: maps[:count] for name, maps in (own | distinct).items()}


def map_correlations(measured: "Measurement") -> pd.DataFrame:
    """Rank correlation of the squares of each two maps (columns), image by image; see `signed_maps`."""
    maps = signed_maps(measured)
    height, width = next(iter(maps.values())).shape[1:]
    fitted = {name: upsample(torch.from_numpy(some), (height, width)).numpy() for name, some in maps.items()}
    return correlation_pairs(fitted, [])


def correlation_table(measured: "Measurement") -> pd.DataFrame:
    """`map_correlations` with image and class, and without the pair of heat maps, which page 03 has."""
    table = map_correlations(measured)
    rows = measured_rows(measured, len(table))
    of_images = pd.DataFrame(
        {"image": [name.rpartition("/")[2] for name in rows["image"]], "predicted": rows["predicted"].tolist()}
    )
    return of_images.join(table.drop(columns=" and ".join(map(method_title, HEAT_MAPS)), errors="ignore"))


def additivity_table(measured: "Measurement") -> pd.DataFrame:
    """What the SHAP values of each image and class should sum to, what they do, and the gap."""
    columns = {"should sum to": "expected_sum", "sums to": "attribution_sum"}
    sums = {title: select_rows(measured.table, name).reset_index(drop=True) for title, name in columns.items()}
    first, names = sums["should sum to"], measured.study.dataset.classes
    table = pd.DataFrame(
        {
            "image": [name.rpartition("/")[2] for name in first["image"]],
            "class": [names[target] for target in first["target"]],
            **{title: rows["value"] for title, rows in sums.items()},
        }
    )
    order = {str(name).rpartition("/")[2]: place for place, name in enumerate(measured.arrays["images"])}
    table = table.iloc[table["image"].map(order).argsort(kind="stable")].reset_index(drop=True)
    return table.assign(gap=table["sums to"] - table["should sum to"])


def class_pairs(measured: "Measurement") -> list[list[str]]:
    """Predicted class and runner-up of each shown image."""
    rows = measured_rows(measured, len(measured.arrays["images"]))
    return [list(pair) for pair in zip(rows["predicted"], map(str, measured.arrays["runner_up"]), strict=True)]


def hidden_scores(measured: "Measurement") -> pd.DataFrame:
    """Score of each row's class for the photo, and with everything hidden as each method does it (segmentation)."""
    rows = select_rows(measured.table, "hidden_score")
    names = {"": "photo", **HIDDEN}
    wide = rows.pivot_table("value", ["image", "target"], "hidden", sort=False)
    wide = wide.rename(columns=names).reset_index()
    classes = [measured.study.dataset.classes[target] for target in wide["target"]]
    return pd.DataFrame({"image": wide["image"], "class": classes, **{name: wide[name] for name in names.values()}})


def hidden_classes(measured: "Measurement") -> list[dict[str, Any]]:
    """Classes and methods that cannot be read: with everything hidden most images score higher than the photo."""
    if "hidden" not in measured.table:
        return []
    found = []
    for name, rows in hidden_scores(measured).groupby("class", sort=True):
        for method in HIDDEN.values():
            higher = int((rows[method] > rows["photo"]).sum())
            if 2 * higher > len(rows):
                found.append({"class": name, "method": method, "count": higher, "total": len(rows)})
    return found
