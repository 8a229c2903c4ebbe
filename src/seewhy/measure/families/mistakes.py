"""Why was it wrong? Maps of right and wrong predictions: on the object, and how wide. Classification. Page 06."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy import samples, stats
from seewhy.differences import adjusted_difference
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.object_shares import object_shares
from seewhy.measure.families.tables import select_rows, shown_rows
from seewhy.measure.family import GROUP, Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import diagnosis
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate
from seewhy.study import Study

METHOD = "gradcam"
CASES = ("right", "wrong", "wrong, true class", "no label")  # the class that a map is for is the predicted one, but for
NO_SHARE = "the map is empty, or the object is not known or fills the picture"  # the third case

declare_metric(
    "mistake_object_share",
    family="mistakes",
    title="Attribution on the object",
    unit="%",
    better="higher",
    question="Did the model look at the object when it was wrong?",
)
declare_metric(
    "mistake_spread",
    family="mistakes",
    title="Share of the picture with half of the attribution",
    unit="%",
    question="Are the maps of wrong predictions wider?",
)


@whole_family("mistakes", section="misclassification", tasks=("classification",), defaults={"shown": 8})
def measure_mistakes(study: Study, settings: Mapping[str, Any]) -> Result:
    """Grad-CAM of right and of wrong predictions, and of the class that a wrong one should have been.

    Settings: so many of the most confident mistakes are `shown`.

    Table: `mistake_object_share` (labelled images whose object is known) and `mistake_spread` (all images), with the
    facet `case`, one of `CASES`; `target` is the class that the map is for.

    Arrays: `images` and `targets` of the mistakes that are shown, and their maps as shares of their maximum for the
    predicted class, `map:predicted`, and for the true one, `map:true`.
    """
    parts = [*share_rows(study), *spread_rows(study)]
    head = samples.mistaken_rows(study.predictions).head(settings["shown"])
    names = {"predicted": head["predicted"], "true": head["label"]}
    maps = {f"map:{of}": attribute_rows(study, head, [METHOD], some).shares(METHOD) for of, some in names.items()}
    return Result(tidy_table(parts), shown_rows(head) | maps)


def share_rows(study: Study) -> list[pd.DataFrame]:
    """`mistake_object_share` of the images whose object is known, in each case."""
    boxed = samples.with_objects(study.predictions)
    own = object_shares(study, attribute_rows(study, boxed, [METHOD], boxed["predicted"]), METHOD)[0]
    wrong = ~boxed["correct"].to_numpy(bool)
    cases = np.where(wrong, CASES[1], CASES[0])
    missed = boxed[wrong].reset_index(drop=True)
    true = object_shares(study, attribute_rows(study, missed, [METHOD], missed["label"]), METHOD)[0]
    return [
        tidy_rows(boxed, METHOD, "mistake_object_share", own, NO_SHARE, case=cases),
        tidy_rows(_true_targets(study, missed), METHOD, "mistake_object_share", true, NO_SHARE, case=CASES[2]),
    ]


def spread_rows(study: Study) -> list[pd.DataFrame]:
    """`mistake_spread` of all images, in each case."""
    rows = study.predictions
    correct = rows["correct"].astype("boolean")
    wrong = ~correct.fillna(True).to_numpy(bool)
    cases = np.select([correct.isna().to_numpy(bool), wrong], [CASES[3], CASES[1]], CASES[0])
    missed = rows[wrong].reset_index(drop=True)
    own, true = (
        diagnosis.evidence_spread(attribute_rows(study, some, [METHOD], names).maps[METHOD])
        for some, names in ((rows, None), (missed, missed["label"]))
    )
    return [
        tidy_rows(rows, METHOD, "mistake_spread", own, "the map is empty", case=cases),
        tidy_rows(_true_targets(study, missed), METHOD, "mistake_spread", true, "the map is empty", case=CASES[2]),
    ]


def _true_targets(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(target=np.array(study.row_targets(rows, rows["label"]), dtype=np.int32))


def case_means(table: pd.DataFrame, metric: str, seed: int) -> dict[str, Estimate]:
    """Mean of a metric in each case that occurs, by its name in `CASES`."""
    rows = select_rows(table, metric)
    parts = {case: rows[rows["case"] == case] for case in CASES}
    return {case: stats.mean(some["value"].to_numpy(float), seed, some.get(GROUP)) for case, some in parts.items()}


def class_adjusted_difference(table: pd.DataFrame, metric: str) -> Estimate:
    """A metric of wrong predictions less that of right ones, for equal predicted and equal true classes: attribution
    to one class cannot be compared with attribution to another, nor in pictures of one class with pictures of another.
    Pooled, classes that are often mistaken would pass for what mistakes look like."""
    rows = select_rows(table, metric)
    own = rows[rows["case"].isin(CASES[:2])]
    named = rows[rows["case"] == CASES[2]].set_index("image")["target"]  # the true class of what is wrong
    true = own["image"].map(named).fillna(own["target"]).astype(int)
    wrong = (own["case"] == CASES[1]).to_numpy()
    classes = [own["target"].to_numpy(), true.to_numpy()]
    return adjusted_difference(own["value"].to_numpy(float), wrong, classes, own.get(GROUP))


def spread_differences(table: pd.DataFrame, seed: int) -> dict[str, Estimate]:
    """`mistake_spread` of wrong predictions less right ones (of other images, for equal classes), and of a wrong
    prediction's map less the map of the true class (of the same image)."""
    rows = select_rows(table, "mistake_spread")
    wrong, true = (rows[rows["case"] == case] for case in CASES[1:3])
    apart = wrong["value"].to_numpy(float) - true["value"].to_numpy(float)
    return {
        "wrong minus right": class_adjusted_difference(table, "mistake_spread"),
        "predicted minus true class": stats.mean(apart, seed, wrong.get(GROUP)),
    }


def mistake_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06 that rest on this family."""
    table = result.table
    shares, spread = case_means(table, "mistake_object_share", seed), select_rows(table, "mistake_spread")
    right, wrong, true = (shares[case] for case in CASES[:3])
    counts = {case: int((spread["case"] == case).sum()) for case in CASES}
    return {
        "wrong": counts["wrong"],
        "labelled": counts["right"] + counts["wrong"],
        "inside_right": right,
        "inside_wrong": wrong,
        "inside_wrong_true": true,
        "spread_wrong_minus_right": spread_differences(table, seed)["wrong minus right"],
        "inside_same_answer": class_adjusted_difference(table, "mistake_object_share"),
    }
