"""What does each map look like, in one word? By a stated rule, for each prediction."""

from collections.abc import Sequence

import pandas as pd

from seewhy.measure.audit_rows import number_rows
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.inputs import MapInputs
from seewhy.metrics.diagnosis import WORDS, Rule, diagnose_maps
from seewhy.metrics.localisation import energy_inside
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "diagnosis"
METHODS = ["gradcam", "hirescam", "activation", "centre", "random"]
RULE = {"background": 0.5, "diffuse": 0.26, "narrow": 0.1, "on_object": 0.5}

declare_metric(
    NAME,
    family=NAME,
    title="What the map looks like",
    question="Where is the map, and how wide, in one word?",
    baselines=("centre", "random"),
)
declare_metric(
    "spread",
    family=NAME,
    title="Spread",
    unit="%",
    question="On how much of the picture lies half of the positive attribution?",
    baselines=("centre", "random"),
)


def diagnosis_rows(study: Study, _methods: Sequence[str], _settings: Settings) -> pd.DataFrame:
    """Every prediction."""
    return number_rows(study.predictions)


def diagnosis_methods(_study: Study, _settings: Settings) -> list[str]:
    """The maps that page 02 shows, and two baselines."""
    return METHODS


@map_family(
    NAME,
    section="grad_cam",
    rows=diagnosis_rows,
    methods=diagnosis_methods,
    tasks=("classification", "multilabel", "regression"),
    defaults=RULE,
)
def measure_diagnosis(study: Study, rows: pd.DataFrame, methods: Sequence[str], settings: Settings) -> Result:
    """One word for each map, in the column `word`; the value is its place in `metrics.diagnosis.WORDS`. And its spread:
    the smallest share of the picture that holds half of it."""
    given = MapInputs.of_rows(study, rows, methods, ("attribution", "object_mask"))
    assert given.masks is not None
    rule, area, parts = Rule(**{name: settings[name] for name in RULE}), given.masks.mean((1, 2)), []
    for method in methods:
        inside = energy_inside(given.large[method], given.masks)
        found = diagnose_maps(given.raw[method], inside, area, rule)
        words = found["word"].to_numpy(object)
        places = [WORDS.index(word) for word in words]
        parts.append(tidy_rows(rows, method, NAME, places, word=words))
        parts.append(tidy_rows(rows, method, "spread", found["spread"], "the map has no positive attribution", word=""))
    return Result(tidy_table(parts))
