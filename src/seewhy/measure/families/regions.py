"""Where do maps lie: on the object, the background, what the study suspects, and the regions that it names?"""

from collections.abc import Sequence

import pandas as pd

from seewhy.measure.audit_rows import CHOOSING, audit_defaults, number_rows
from seewhy.measure.families.interventions import tested_rows
from seewhy.measure.families.localisation import missing_reasons
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.inputs import MapInputs
from seewhy.measure.reliance import find_regions
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.localisation import energy_inside, lift
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "regions"

declare_metric(
    "region_share",
    family=NAME,
    title="Attribution in the region",
    unit="%",
    question="How much of the positive attribution lies in the region?",
    baselines=NAMES,
)
declare_metric(
    "region_lift",
    family=NAME,
    title="Lift in the region",
    unit="×",
    question="Does the map lie in the region more than chance would put it there?",
    chance=1.0,
    baselines=NAMES,
)


def region_rows(study: Study, methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Every prediction of a classification; of other tasks, those that interventions test."""
    if study.dataset.task == "classification":
        return number_rows(study.predictions)
    return tested_rows(study, methods, settings)


@map_family(
    NAME,
    section="audit",
    rows=region_rows,
    defaults=audit_defaults(),
    choosing=CHOOSING,
    study_settings=("suspects", "held_shortcuts", "regions", "object_words"),
)
def measure_regions(study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings) -> Result:
    """Share of the attribution for the prediction in each region, and its lift; facet `region`."""
    given, masks = MapInputs.of_rows(study, rows, methods, ("attribution",)), find_regions(study, rows)
    parts = []
    for region, own in masks.items():
        for method in methods:
            reasons = missing_reasons(given.large[method], own)
            values = {"region_share": energy_inside, "region_lift": lift}
            parts += [
                tidy_rows(rows, method, name, function(given.large[method], own), reasons, region=region)
                for name, function in values.items()
                if own.any()
            ]
    return Result(tidy_table(parts))
