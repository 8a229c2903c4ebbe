"""Does a map stay where it is when the image changes imperceptibly, and does the prediction?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from seewhy.inputs.images import input_tensor
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.audit_rows import CHOOSING, audit_defaults
from seewhy.measure.families.randomisation import CONSTANT, probed_rows
from seewhy.measure.family import OF_THE_MODEL, Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.robustness import changed_maps, flipped_predictions
from seewhy.metrics.agreement import spearman
from seewhy.metrics.registry import declare_metric
from seewhy.metrics.stability import CHANGES
from seewhy.study import Study

NAME, FLIP = "stability", "label_flip"
FLIPPED = "the prediction flipped"

declare_metric(
    NAME,
    family=NAME,
    title="Stability under small perturbations",
    better="higher",
    question="Does the map stay where it is when the image changes imperceptibly?",
    bounds=(-1.0, 1.0),
)
declare_metric(
    FLIP,
    family=NAME,
    title="Label flip rate",
    unit="%",
    better="lower",
    question="How often does an imperceptible change flip the prediction?",
    is_share=True,
)


def methods_and_model(_study: Study, settings: Settings) -> list[str]:
    """The section's methods, then the model itself."""
    return [*settings["methods"], OF_THE_MODEL]


@map_family(
    NAME,
    section="audit",
    rows=probed_rows,
    methods=methods_and_model,
    defaults=audit_defaults(depths=4),
    choosing=(*CHOOSING, "depths"),
)
def measure_stability(study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings) -> Result:
    """Rank correlation of the maps before and after each change, where the prediction stays; facet `change`."""
    names, photos = [name for name in methods if name != OF_THE_MODEL], study.photos(rows)
    first = attribute_rows(study, rows, names).maps if names else {}
    parts = []
    for kind, change in CHANGES.items():
        new = np.stack([change(photo, study.base.seed) for photo in photos])
        flipped = flipped_predictions(study, rows, photos, new, shifted=kind == "shift")
        parts += [
            tidy_rows(rows, name, NAME, values, np.where(flipped, FLIPPED, CONSTANT).astype(object), change=kind)
            for name, values in changed_similarities(study, rows, new, first, flipped).items()
        ]
        if OF_THE_MODEL in methods:
            parts.append(tidy_rows(rows, OF_THE_MODEL, FLIP, flipped.astype(float), change=kind))
    return Result(tidy_table(parts))


def changed_similarities(
    study: Study,
    rows: pd.DataFrame,
    photos: UInt8[np.ndarray, "n h w 3"],
    first: dict[str, np.ndarray],
    flipped: Bool[np.ndarray, " n"],
) -> dict[str, np.ndarray]:
    """Rank correlation of `first` with the maps of changed photos, by method; NaN where the prediction flipped."""
    if not first:
        return {}
    inputs = input_tensor(photos, study.preprocessing).to(study.device)
    second = changed_maps(study, study.model, rows, inputs, list(first))
    return {name: np.where(flipped, np.nan, spearman(first[name], second[name])) for name in first}
