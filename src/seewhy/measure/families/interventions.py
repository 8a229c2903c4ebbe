"""What does the prediction depend on? Parts of the image are changed; beside it, as much changed elsewhere."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seewhy.measure.audit_rows import CHOOSING, audit_defaults, number_rows
from seewhy.measure.budget import Budget
from seewhy.measure.family import OF_THE_MODEL, Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.forward import fast_study_model
from seewhy.measure.interventions import choose_donors, intervene_batch, most_passes, testable_rows
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


def tested_rows(study: Study, _methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """The rows that can be tested, each with two images without its prediction: `donor`, which it is changed with, and
    `third`, whose equal area is pasted for comparison."""
    rows = testable_rows(study, Budget(study, settings["work"]).sample_rows(most_passes(study)))
    chosen, third, pool = choose_donors(study, rows)
    able = [place is not None for place in chosen]
    names = pool["image"].to_numpy(object)
    donors = {
        "donor": [names[place] for place in chosen if place is not None],
        "third": [names[place] for place in third if place is not None],
    }
    return number_rows(rows[able]).assign(**donors)


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
    study_settings=("suspects", "regions", "object_words"),
    drawn=("donor", "third"),
)
def measure_interventions(study: Study, rows: pd.DataFrame, _methods: Sequence[str], _settings: Settings) -> Result:
    """Whether the prediction changes (of pasting: changes to that of the pasted part), and its probability; facets
    `region`, `kind` (swap, blur, darken, paste), `control` (whether that is the equal area elsewhere), `donor`."""
    pool = [pd.DataFrame({"image": rows[name]}) for name in ("donor", "third")]
    with fast_study_model(study, study.whole_study.predictions) as model:
        found = pd.concat([*intervene_batch(study, model, rows, *pool)] or [pd.DataFrame()], ignore_index=True)
    if found.empty:
        return Result(tidy_table([]))
    targets = rows.set_index("image")["target"]
    own = found.assign(target=targets.loc[found["image"]].to_numpy())
    facets = {name: own[name].to_numpy() for name in ("region", "kind")}
    facets |= {"control": own["control"].to_numpy(bool), "donor": own["other"].to_numpy()}
    kept = own["answer"].to_numpy(bool)
    changed = np.where(own["kind"] == "paste", kept, ~kept).astype(float)
    values = {"prediction_change": changed, "probability_change": own["change"].to_numpy(float)}
    return Result(tidy_table([tidy_rows(own, OF_THE_MODEL, name, one, **facets) for name, one in values.items()]))
