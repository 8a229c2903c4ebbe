"""Is the map another one for another class, or for another word of the caption?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.audit_rows import CHOOSING, audit_defaults
from seewhy.measure.families.randomisation import CONSTANT, probed_rows, section_methods
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.robustness import changed_maps, other_targets
from seewhy.metrics.agreement import spearman
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "class_sensitivity"

declare_metric(
    NAME,
    family=NAME,
    title="Similarity to the map of another class",
    better="lower",
    question="Is the map another one for another class?",
    bounds=(-1.0, 1.0),
)
TWO_CLASSES = "not informative for two classes: what speaks for one speaks against the other"
NO_OTHER = "the image has no other target"


def has_two_classes(study: Study) -> bool:
    """Whether there is one choice only, so that maps of the two classes are each other's opposite for any method."""
    return study.dataset.task in ("classification", "segmentation") and len(study.dataset.classes) <= 2


def sensitivity_rows(study: Study, methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """The probed rows, each with another target that is drawn for it; -1 where there is none."""
    rows = probed_rows(study, methods, settings)
    return rows.assign(other=-1 if has_two_classes(study) else other_targets(study, rows))


@map_family(
    NAME,
    section="audit",
    rows=sensitivity_rows,
    methods=section_methods,
    defaults=audit_defaults(depths=4),
    choosing=(*CHOOSING, "depths"),
    drawn=("other",),
)
def measure_sensitivity(study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings) -> Result:
    """Rank correlation of each map with that of another target: 1 for a method that knows no target. Of two classes it
    is not measured: any map with signs, of edges too, is the opposite of the other class's."""
    there = (rows["other"] >= 0).to_numpy()
    values = {name: np.full(len(rows), np.nan) for name in methods}
    if there.any():
        some = rows[there].reset_index(drop=True)
        inputs, other = study.inputs(some), some.assign(target=some["other"])
        first, second = (
            attribute_rows(study, some, methods).maps,
            changed_maps(study, study.model, other, inputs, methods),
        )
        for name in methods:
            values[name][there] = spearman(first[name], second[name])
    reasons = np.where(there, CONSTANT, TWO_CLASSES if has_two_classes(study) else NO_OTHER).astype(object)
    return Result(tidy_table([tidy_rows(rows, name, NAME, values[name], reasons) for name in methods]))
