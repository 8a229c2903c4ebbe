"""Does the map lie on the object? Maps of the true and of the predicted class, of every image whose object is known."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.measure.audit_rows import CHOOSING, audit_defaults, number_rows
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.inputs import MapInputs
from seewhy.metrics.registry import family_metrics
from seewhy.samples import of_objects
from seewhy.study import Study

NAME = "localisation"
CLASSES = ("true", "predicted")  # facet `class_is`: which class a map is for


def localisation_rows(study: Study, _methods: Sequence[str], _settings: Settings) -> pd.DataFrame:
    """One row of each image whose object is known: for its true class and, where that is another, for its prediction.

    Columns `true` and `predicted_class` say which a row's target is; both where the model is right.
    """
    rows = number_rows(of_objects(study))
    true = rows.assign(target=study.row_targets(rows, rows["label"]) if len(rows) else rows["target"])
    right = (true["target"] == rows["target"]).to_numpy()
    both = pd.concat(
        [true.assign(for_true=True, for_predicted=right), rows[~right].assign(for_true=False, for_predicted=True)]
    )
    return both.sort_index(kind="stable").reset_index(drop=True)


@map_family(
    NAME,
    section="audit",
    rows=localisation_rows,
    defaults=audit_defaults(),
    choosing=CHOOSING,
    study_settings=("object_words",),
    drawn=("for_true", "for_predicted"),
)
def measure_localisation(study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings) -> Result:
    """Lift, pointing game and share of the attribution on the object; facet `class_is`: "true" or "predicted"."""
    given = MapInputs.of_rows(study, rows, methods, ("attribution", "object_mask"))
    assert given.masks is not None
    parts = []
    for method in methods:
        reasons = missing_reasons(given.large[method], given.masks)
        for one in family_metrics(NAME):
            assert one.function is not None
            values = np.asarray(one.function(given.large[method], given.masks))
            for class_is, column in zip(CLASSES, ("for_true", "for_predicted"), strict=True):
                own = rows[column].to_numpy(bool)
                parts.append(tidy_rows(rows[own], method, one.name, values[own], reasons[own], class_is=class_is))
    return Result(tidy_table(parts))


def missing_reasons(
    maps: Float[np.ndarray, "n h w"], masks: Bool[np.ndarray, "n h w"]
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Why a map has no value on its object, for each map."""
    told = ["no object is known", "the object fills the picture", "the map has no positive attribution"]
    fits = [~masks.any((1, 2)), masks.all((1, 2)), ~(np.nan_to_num(maps) > 0).any((1, 2))]
    return np.select(fits, told, "").astype(object)
