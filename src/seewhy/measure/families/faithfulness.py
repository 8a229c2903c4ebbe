"""Does the score fall when what a map marks is taken away? Deletion, insertion, ROAD, average drop and increase."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from seewhy.errors import SeewhyError
from seewhy.measure.audit_rows import CHOOSING, audit_defaults, budgeted_rows
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.forward import fast_study_model
from seewhy.measure.inputs import maps_and_baselines
from seewhy.metrics import faithfulness
from seewhy.metrics.baselines import NAMES
from seewhy.metrics.faithfulness import Sweep
from seewhy.metrics.perturbed_images import REMOVED
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "faithfulness"
COVERED = "what covers the whole image scores no lower than the photo, so that covering a part says nothing"
FLAT = "the map ranks nothing: it is the same everywhere"
CURVES = ("deletion", "insertion")

declare_metric(
    "deletion",
    family=NAME,
    title="Deletion",
    better="lower",
    question="Does the score fall soon when the strongest squares of the map are taken away?",
    baselines=NAMES,
)
declare_metric(
    "insertion",
    family=NAME,
    title="Insertion",
    better="higher",
    question="Does the score rise soon when the strongest squares of the map are shown?",
    baselines=NAMES,
)
declare_metric(
    "road",
    family=NAME,
    title="ROAD",
    better="higher",
    question="Does removing the strongest squares cost more than removing the weakest?",
    baselines=NAMES,
)
declare_metric(
    "average_drop",
    family=NAME,
    title="Average drop",
    unit="%",
    better="lower",
    question="How much of the score is lost when the image is seen through the map?",
    baselines=NAMES,
)
declare_metric(
    "average_increase",
    family=NAME,
    title="Average increase",
    unit="%",
    better="higher",
    question="How often does the score rise when the image is seen through the map?",
    baselines=NAMES,
    is_share=True,
)
for _kind in CURVES:
    declare_metric(
        f"{_kind}_curve",
        family=NAME,
        title=f"{_kind.capitalize()} curve",
        question="What is the score when this share of the map's squares was treated?",
        baselines=NAMES,
    )


def sweep_passes(methods: Sequence[str], steps: int) -> int:
    """The most passes an image can take: two curves, ROAD and the drop for each map."""
    own = [name for name in methods if name not in NAMES]
    return (len(own) + len(NAMES)) * (2 * steps + 2 * len(REMOVED) + 1)


def faithfulness_rows(study: Study, methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """As many images as the budget pays for with all the methods of the section."""
    every = methods if study.chosen else [*dict.fromkeys([*settings["methods"], *methods])]
    return budgeted_rows(study, settings, sweep_passes(every, settings["steps"]))


@map_family(
    NAME,
    section="audit",
    rows=faithfulness_rows,
    defaults=audit_defaults(steps=12),
    choosing=CHOOSING,
)
def measure_faithfulness(study: Study, rows: pd.DataFrame, methods: Sequence[str], settings: Settings) -> Result:
    """The perturbation sweep; the curves have a facet `share`, the part of the map's squares that was treated."""
    maps = maps_and_baselines(study, rows, methods)
    check_sizes({name: some.shape[1:] for name, some in maps.items()})
    sure = study.task.answer_certainty(rows, study)
    with fast_study_model(study, rows) as model, torch.no_grad():
        sweep = faithfulness.sweep_maps(
            model, study.inputs(rows), sure, range(len(rows)), maps, settings["steps"], study.base.seed
        )
    return Result(tidy_table([part for method in methods for part in tidy_sweep(rows, method, sweep)]))


def tidy_sweep(rows: pd.DataFrame, method: str, sweep: Sweep) -> list[pd.DataFrame]:
    """The values and curves of one method."""
    fair = {kind: sweep.meaningful_curves(kind)[method] for kind in CURVES}
    values = {f"{kind}": sweep.curve_area(fair[kind]) for kind in CURVES}
    values |= {"road": sweep.road[method], "average_drop": sweep.score_drop(method)}
    values |= {"average_increase": sweep.score_increase(method).astype(float)}
    able = {kind: sweep.is_meaningful(kind) for kind in CURVES}
    reasons = {kind: np.where(able[kind], FLAT, COVERED).astype(object) for kind in CURVES}
    parts = [tidy_rows(rows, method, name, one, reasons.get(name, FLAT), share=np.nan) for name, one in values.items()]
    for kind in CURVES:
        for number, share in enumerate(sweep.shares):
            column = fair[kind][:, number]
            parts.append(tidy_rows(rows, method, f"{kind}_curve", column, reasons[kind], share=float(share)))
    return parts


def check_sizes(sizes: dict[str, tuple[int, ...]]) -> None:
    """Raises SeewhyError where methods have maps of different sizes: an equal share of their squares would be another
    share of the picture at every step."""
    if len({*sizes.values()}) > 1:
        told = ", ".join(f"{name} {height} x {width}" for name, (height, width) in sizes.items() if name not in NAMES)
        raise SeewhyError(f"audit.methods of params.yaml: maps of one size are allowed only; found: {told}")
