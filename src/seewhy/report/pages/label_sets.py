"""Pages 01 and 06 of several labels an image: one by one, missed and invented ones, and those that go together."""

from typing import Any

import numpy as np
import pandas as pd

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.labels import label_estimates
from seewhy.measure.measurement import Measurement
from seewhy.report.pages.readings import result_of
from seewhy.report.plots.sheet import shorten_text
from seewhy.stats import FEWEST, Estimate, proportion
from seewhy.study import Study

METHOD = "gradcam"


def label_table(measured: Measurement, most: int = 30) -> pd.DataFrame:
    """AUC, average precision and F1 of each label, with the interval of the AUC, and its images; the most frequent."""
    arrays, result = measured.arrays, result_of(measured)
    found = {name: label_estimates(result, name) for name in ("auc", "average_precision", "f1")}
    table = pd.DataFrame(
        {
            "label": arrays["classes"].astype(object),
            "images with it": arrays["counts"][:, 0],
            "AUC": [one.value for one in found["auc"].values()],
            "low": [one.low for one in found["auc"].values()],
            "high": [one.high for one in found["auc"].values()],
            "average precision": [one.value for one in found["average_precision"].values()],
            "F1": [one.value for one in found["f1"].values()],
        }
    )
    return table.sort_values("images with it", ascending=False, kind="stable").head(most).reset_index(drop=True)


def label_aucs(measured: Measurement, most: int = 30) -> dict[str, Estimate]:
    """The AUC of each label for which it is defined, the most frequent labels first."""
    found = label_estimates(result_of(measured), "auc")
    return {name: found[name] for name in label_table(measured, most)["label"] if found[name].measured}


def mean_auc(measured: Measurement) -> float:
    """Mean AUC over the labels for which it is defined."""
    values = measured.arrays["auc"][:, 0]
    return float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else float("nan")


def error_table(measured: Measurement) -> pd.DataFrame:
    """For each label how often it is missed where it is true, and invented where it is not; the worst first."""
    rows = []
    for name, (true, predicted, missed, invented) in zip(
        measured.arrays["classes"], measured.arrays["counts"].tolist(), strict=True
    ):
        share = missed / true if true else np.nan
        rows.append((str(name), true, predicted, missed, share, invented))
    columns = ["label", "images with it", "predicted", "missed", "share missed", "invented"]
    table = pd.DataFrame(rows, columns=columns)
    return table.iloc[(table["missed"] + table["invented"]).argsort(kind="stable")[::-1]].reset_index(drop=True)


def error_rates(measured: Measurement, most: int = 30) -> dict[str, Estimate]:
    """How often each label that an image has is missed, labels of at least five images, the most frequent first."""
    counts = dict(zip(measured.arrays["classes"].astype(str), measured.arrays["counts"].tolist(), strict=True))
    names = sorted(counts, key=lambda name: -counts[name][0])[:most]
    return {
        name: proportion(np.arange(counts[name][0]) < counts[name][2]) for name in names if counts[name][0] >= FEWEST
    }


def label_pair_table(measured: Measurement, most: int) -> pd.DataFrame:
    """Pairs of labels: in how many images both are true, and both predicted; those that differ most first."""
    names = measured.arrays["classes"].astype(object)
    first, second = np.triu_indices(len(names), 1)
    true, predicted = (measured.arrays[f"together_{of}"][first, second] for of in ("true", "predicted"))
    table = pd.DataFrame(
        {
            "label": names[first],
            "with": names[second],
            "images with both": true,
            "both predicted": predicted,
            "more": predicted - true,
        }
    )
    return table.iloc[np.argsort(-np.abs(table["more"]), kind="stable")[:most]].reset_index(drop=True)


def error_values(measured: Measurement) -> dict[str, Any]:
    """What the sentences of page 06 are filled with; `worst`: the label that is missed clearly more often than labels
    are, None where there is none."""
    counts = measured.arrays["counts"].sum(0)
    every, rates = proportion(np.arange(counts[0]) < counts[2]), error_rates(measured)
    clear = {name: one for name, one in rates.items() if one.low > every.high}
    worst = max(clear, key=lambda name: clear[name].value, default="")
    return {
        "known": int(counts[0]),
        "missed": int(counts[2]),
        "invented": int(counts[3]),
        "every": every,
        "worst": {"name": worst, "share": clear[worst]} if worst else None,
    }


def error_answer(values: dict[str, Any]) -> str:
    """The answer to the question of page 06."""
    if not values["known"] and not values["invented"]:
        return "Not tested"
    return "Yes" if values["worst"] else "No"


def wrong_rows(measured: Measurement, most: int) -> dict[str, pd.DataFrame]:
    """Invented labels, the most confident first, and missed ones, the least confident first; at most `most` each."""
    rows = measured.study.predictions
    wrong = rows[~rows["correct"].fillna(True).astype(bool)]
    invented = wrong[wrong["is_predicted"]].sort_values(["confidence", "image"], ascending=[False, True])
    missed = wrong[~wrong["is_predicted"]].sort_values(["confidence", "image"])
    return {"missed": missed.head(most).reset_index(drop=True), "invented": invented.head(most).reset_index(drop=True)}


def label_maps(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Grad-CAM of each row's label, as shares of their maximum."""
    return {"Grad-CAM of the label": attribute_rows(study, rows, [METHOD]).shares(METHOD)}


def image_rows(study: Study, most: int) -> pd.DataFrame:
    """One row of at most so many images, drawn at random; `correct`: whether all their labels are right."""
    rows = study.select(n=most).predictions
    single = rows.drop_duplicates("image").reset_index(drop=True)
    wrong = rows.groupby("image")["correct"].agg(lambda some: pd.NA if some.isna().all() else bool(some.dropna().all()))
    return single.assign(correct=pd.array(single["image"].map(wrong).tolist(), dtype="boolean"))


def set_titles(study: Study, rows: pd.DataFrame) -> list[str]:
    """The file, the labels that are predicted, and those that are missed."""
    every, titles = study.predictions, []
    for image in rows["image"]:
        own = every[every["image"] == image]
        parts = [f"predicted: {shorten_text(', '.join(own.loc[own['is_predicted'], 'predicted']) or 'nothing')}"]
        if missed := ", ".join(own.loc[own["is_true"].fillna(False).astype(bool) & ~own["is_predicted"], "predicted"]):
            parts.append(f"missed: {shorten_text(missed)}")
        titles.append("\n".join([shorten_text(image.rpartition("/")[2]), *parts]))
    return titles
