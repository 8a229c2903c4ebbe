"""What does the prediction depend on? Parts of the image are changed, each compared with a control of the same area."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from seewhy.measure.audit_rows import CHOOSING, audit_defaults, number_rows
from seewhy.measure.budget import Budget
from seewhy.measure.donors import ALIKE, OTHERS, THIRDS, draw_donors
from seewhy.measure.family import OF_THE_MODEL, Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.forward import fast_study_model
from seewhy.measure.intervention_rows import draw_rows
from seewhy.measure.interventions import intervene_batch
from seewhy.metrics.interventions import KINDS
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "interventions"

declare_metric(
    "prediction_change",
    family=NAME,
    title="Changed predictions",
    unit="%",
    question="How often does changing this part change the prediction? Of pasting: change it to that of the part",
    is_share=True,
)
declare_metric(
    "probability_change",
    family=NAME,
    title="Change of the probability",
    unit="points",
    question="By how much does the probability of the prediction change?",
)


declare_metric(
    "log_odds_change",
    family=NAME,
    title="Change of the log-odds",
    question="By how much do the log-odds of the prediction change? Of pasting: of the prediction of the part",
)


def tested_rows(study: Study, _methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """The rows that are tested, each with the images that it is changed and compared with (see `draw_donors`)."""
    return number_rows(draw_donors(study, draw_rows(study, Budget(study, settings["work"]))))


def model_only(_study: Study, _settings: Settings) -> list[str]:
    """The model itself: interventions ask no map."""
    return [OF_THE_MODEL]


@map_family(
    NAME,
    section="audit",
    rows=tested_rows,
    methods=model_only,
    defaults=audit_defaults(),
    choosing=CHOOSING,
    study_settings=("suspects", "held_shortcuts", "regions", "object_words"),
    drawn=(OTHERS, THIRDS, ALIKE, "explores"),
)
def measure_interventions(study: Study, rows: pd.DataFrame, _methods: Sequence[str], _settings: Settings) -> Result:
    """Whether the prediction changes (of pasting: changes to that of the pasted part), its probability and log-odds;
    facets `region`, `kind` (swap, blur, darken, paste), `control` (see `seewhy.measure.interventions`), `donor`: a row
    for each donor."""
    with fast_study_model(study, study.whole_study.predictions) as model:
        frames = [one for one in intervene_batch(study, model, rows) if len(one)]
    if not frames:
        return Result(tidy_table([]))
    names = ["object", "background", *study.settings.regions, *study.settings.suspect_names]
    order = {pair: number for number, pair in enumerate(product(names, KINDS))}
    found = pd.concat(frames, ignore_index=True)
    ranks = [order[pair] for pair in zip(found["region"], found["kind"], strict=True)]
    found = found.iloc[np.argsort(ranks, kind="stable")].reset_index(drop=True)
    facets = {name: found[name].to_numpy() for name in ("region", "kind", "donor")}
    facets |= {"control": found["control"].to_numpy(bool)}
    kept = found["kept"].to_numpy(float)
    values = {
        "prediction_change": np.where(found["kind"] == "paste", kept, 1 - kept),
        "probability_change": found["probability"].to_numpy(float),
        "log_odds_change": found["odds"].to_numpy(float),
    }
    reasons = found["reason"].to_numpy(object)
    parts = [tidy_rows(found, OF_THE_MODEL, name, one, reasons, **facets) for name, one in values.items()]
    return Result(tidy_table(parts))
