"""The doctor's steps that look at what the network answers on a few of a study's images.

Each yields lines, and raises SeewhyError for a problem that leaves nothing more to say. Accuracy and methods are
measured on `SAMPLE` and `PROBED` images drawn with the project's seed (see `doctor.patient`).
"""

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seewhy.config.preprocessing import Preprocessing
from seewhy.doctor import network_checks
from seewhy.doctor.patient import Line, Patient
from seewhy.doctor.preprocessing_check import FEWEST_SAMPLE, better_neighbours, labelled_sample
from seewhy.engine.modules import find_layer
from seewhy.errors import SeewhyError, list_names
from seewhy.formatting import format_value
from seewhy.inputs import images
from seewhy.methods.cam import TITLES
from seewhy.methods.guided import NAMES
from seewhy.metrics import agreement
from seewhy.report.pages import facts
from seewhy.stats import Estimate, proportion
from seewhy.study import Study

FEWEST_CELLS = 4  # along the longer side: below that a map says little more than which quarter
FAMILY = ["gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam", "eigencam"]
GATES = {"Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d", "LogSoftmax", "MultiheadAttention"}  # guided on purpose not


def check_neighbours(patient: Patient) -> Iterator[Line]:
    """Whether another preprocessing, one change away, is right on clearly more of some labelled images."""
    study = patient.study
    if study.dataset.task != "classification":
        return
    rows = labelled_sample(study.dataset.frame, study.base.seed)
    if len(rows) < FEWEST_SAMPLE:
        return
    files = [study.root / name for name in rows["image"]]

    def predict_right(seen: Preprocessing) -> np.ndarray:
        """Which of the sample's images are predicted right under another preprocessing."""
        size = study.base.batch_size
        starts = range(0, len(rows), size)
        batches = [images.network_inputs(files[start : start + size], seen).to(study.device) for start in starts]
        parts = [rows.iloc[start : start + size] for start in starts]
        read = [study.predict_rows(part, batch) for part, batch in zip(parts, batches, strict=True)]
        return pd.concat(read, ignore_index=True)["correct"].to_numpy(bool)

    count, better = better_neighbours(study.preprocessing, files, predict_right)
    for trial in better:
        yield Line("warning", "preprocessing", trial.sentence)
    if not better:
        yield Line(
            "ok", "preprocessing", f"none of {count} other settings is clearly better on {len(rows)} labelled images"
        )


def check_output(patient: Patient) -> Iterator[Line]:
    """What the model answers on the sample. That it is finite and of the right shape is the task's own check."""
    study, rows = patient.study, patient.rows
    if rows.empty:
        raise SeewhyError(f"the model finds nothing on {len(patient.sample)} images: there is nothing to explain")
    yield Line("ok", "output", f"finite on {len(patient.sample)} images, {len(rows)} rows to explain")
    for text in facts.probability_warnings(study, rows) if study.dataset.task == "classification" else []:
        yield Line("warning", "output", text.replace("`", ""))


def check_accuracy(patient: Patient) -> Iterator[Line]:
    """The sample's accuracy beside the claim; a difference that its interval allows is none."""
    study, labelled = patient.study, patient.rows[patient.rows["label"].notna()]
    if study.dataset.task != "classification" or labelled.empty:
        return
    claim, measured = study.checkpoint.claimed_accuracy, proportion(labelled["correct"].to_numpy(bool))
    differs = claim is not None and not measured.low <= claim <= measured.high
    for mark, text in network_checks.odd_predictions(patient.rows, study.dataset.classes):
        yield Line(mark, "predictions", text)
    told = f"{measured.text('%')}. {compare_claim(measured, claim)}"
    yield Line("warning" if differs else "ok", "accuracy", told)


def compare_claim(measured: Estimate, claim: float | None) -> str:
    """The measured accuracy beside what the checkpoint says of itself: different where its interval leaves that out.

    >>> compare_claim(Estimate(0.5, 0.4, 0.6, 40), 0.9)
    "That falls short of the checkpoint's own claim of 90.0 %, made on other images."
    """
    if claim is None:
        return "The checkpoint claims no accuracy to hold this against."
    if measured.low <= claim <= measured.high:
        return f"The checkpoint's own claim of {format_value(claim, '%')} is compatible with that."
    verdict = "is better than" if claim < measured.low else "falls short of"
    return f"That {verdict} the checkpoint's own claim of {format_value(claim, '%')}, made on other images."


def check_layer(patient: Patient) -> Iterator[Line]:
    """Where maps are taken from, how fine they are there, and which methods are one there."""
    study, maps = patient.study, patient.maps(FAMILY)
    height, width = maps["gradcam"].shape[1:]
    chosen = " (auto)" if study.settings.layer == "auto" else ""
    coarse = max(height, width) < FEWEST_CELLS
    advice = "; that is coarse: name an earlier layer, or use larger images" if coarse else ""
    told = f"{study.layer}{chosen}, maps of {height} × {width} cells{advice}"
    yield Line("warning" if coarse else "ok", "layer", told)
    if _is_answer(study, patient.sample.head(1)):
        told = "nothing comes after it: maps would show the answer, not what it rests on; name an earlier layer"
        yield Line("warning", "layer", told)
    for group in agreement.coinciding_maps({TITLES[name]: found for name, found in maps.items()}):
        yield Line("ok", "methods", f"{' = '.join(group)} at this layer: that they agree says nothing")


def _is_answer(study: Study, rows: pd.DataFrame) -> bool:
    """Whether nothing comes after the study's layer, as where `auto` takes the last one of a segmentation network."""
    seen: list[object] = []
    handle = find_layer(study.model, study.layer).register_forward_hook(lambda *given: seen.append(given[2]))
    try:
        answer = study.model_output(study.inputs(rows))
    finally:
        handle.remove()
    return any(isinstance(one, Tensor) and torch.equal(one.float().cpu(), answer) for one in seen)


def check_guided_methods(patient: Patient) -> Iterator[Line]:
    """Whether guided methods know what the network calls, and whether there is attention to look at."""
    study = patient.study
    strange = {type(part).__name__ for part in study.model.modules() if _is_activation(part)}
    strange = {name for name in strange - GATES if name.lower() not in NAMES}
    if strange:
        yield Line(
            "warning", "methods", f"guided methods do not know {list_names(sorted(strange))}: plain gradient there"
        )
    try:
        patient.maps(["guided_backprop"])
    except SeewhyError as error:
        yield Line("warning", "methods", f"guided methods will not run: {error}")
    try:
        patient.maps(["attention"])
    except SeewhyError as error:
        yield Line("ok", "attention", str(error))
    else:
        yield Line("ok", "attention", "there are maps of it")


def _is_activation(part: nn.Module) -> bool:
    return type(part).__module__ == "torch.nn.modules.activation"


def forecast_time(patient: Patient) -> Iterator[Line]:
    """What the stored maps will cost, from a few of them."""
    study, methods = patient.study, patient.project.params.attributions.methods
    begun = time.monotonic()
    patient.maps(methods)
    each, images = (time.monotonic() - begun) / len(patient.probed), len(study.dataset.frame)
    told = f"{images:,} images x {each:.3f} s = {each * images:,.0f} s for {len(methods)} stored methods"
    yield Line("ok", "forecast", told)
