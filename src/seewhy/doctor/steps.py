"""The steps in which the doctor looks at a study, from its files to a few of its images.

Each yields lines, and raises SeewhyError for a problem that leaves nothing more to say. Accuracy and methods are
measured on `SAMPLE` and `PROBED` images drawn with the project's seed.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from seewhy.config import artifacts
from seewhy.config.preprocessing import Preprocessing
from seewhy.config.project import Project
from seewhy.doctor import data_checks, network_checks, preflight
from seewhy.doctor.marks import Mark
from seewhy.doctor.preprocessing_check import FEWEST_SAMPLE, better_neighbours, labelled_sample
from seewhy.engine.modules import find_layer
from seewhy.errors import SeewhyError, listing
from seewhy.formatting import written
from seewhy.inputs import images
from seewhy.inputs.dataset import load_dataset
from seewhy.inputs.picture_files import exif_orientation
from seewhy.inputs.renewal import renew_dataset
from seewhy.inputs.transform_line import parse_line
from seewhy.inputs.weights import left_aside
from seewhy.maps.explaining import Job, check_methods, explain_batch, group_jobs
from seewhy.methods.cam import TITLES
from seewhy.methods.guided import NAMES
from seewhy.metrics import agreement
from seewhy.report.pages import facts
from seewhy.stats import Estimate, proportion
from seewhy.study import Study, open_study

SAMPLE = 32  # images that the accuracy is measured on
PROBED = 4  # images that methods are tried on
FEWEST_CELLS = 4  # along the longer side: below that a map says little more than which quarter
FAMILY = ["gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam", "eigencam"]
GATES = {"Sigmoid", "Hardsigmoid", "Softmax", "Softmax2d", "LogSoftmax", "MultiheadAttention"}  # guided on purpose not


@dataclass(frozen=True)
class Line:
    """One thing that was looked at: how it stands, what it is, and what was found."""

    mark: Mark
    what: str
    text: str


class NotYetError(SeewhyError):
    """What the demonstration will make is not made: nobody's mistake, but nothing can be said."""


@dataclass(frozen=True)
class Patient:
    """A study, and what several steps look at."""

    project: Project
    name: str

    @cached_property
    def study(self) -> Study:
        """The study itself; nothing of it is loaded yet."""
        return open_study(self.name)

    @cached_property
    def sample(self) -> pd.DataFrame:
        """At most `SAMPLE` images, those with a label first, else at random."""
        frame = self.study.dataset.frame
        order = np.random.default_rng(self.study.base.seed).permutation(len(frame))
        unknown = frame["label"].isna().to_numpy()[order]
        return frame.iloc[order[np.argsort(unknown, kind="stable")][:SAMPLE]]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """What the model says of the sample."""
        parts = [self.study.read(rows, batch) for rows, batch in self.study.batches(self.sample, "looking")]
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def probed(self) -> list[Job]:
        """The images that methods are tried on, each with one target."""
        single = self.rows.drop_duplicates("image").head(PROBED)
        return group_jobs(zip(single["image"], single["target"], strict=True))

    def maps(self, methods: list[str]) -> dict[str, np.ndarray]:
        """Maps of those images."""
        batch = self.study.inputs(pd.DataFrame({"image": [job.image for job in self.probed]}))
        return explain_batch(self.study, self.probed, batch, methods, self.study.layer)[1]


def files(patient: Patient) -> Iterator[Line]:
    """Whether everything that params.yaml names is there."""
    preflight.check(patient.project, [patient.name])
    settings = patient.project.params.study(patient.name)
    if not (patient.project.root / settings.checkpoint).exists():
        made = {one.out: artifacts.demo_stage(key) for key, one in patient.project.params.demo.items()}
        stage = made.get(settings.checkpoint, artifacts.dataset_stage(settings.dataset))
        raise NotYetError(f"'{settings.checkpoint}' is not there yet; make it with: dvc repro {stage}")
    yield Line("ok", "files", "dataset and checkpoint are there")


def names(patient: Patient) -> Iterator[Line]:
    """Whether the methods that params.yaml names are known."""
    params = patient.project.params
    check_methods(params.attributions.methods, "attributions.methods of params.yaml")
    for section, own in params.sections.items():
        for key in ("method", "methods"):
            check_methods(np.atleast_1d(own.get(key, [])).tolist(), f"{section}.{key} of params.yaml")
    yield Line("ok", "names", "all methods in params.yaml are known")


def dataset(patient: Patient) -> Iterator[Line]:
    """Rows, images and labels; the check itself refuses what is wrong in them."""
    settings = patient.project.params.study(patient.name)
    renew_dataset(patient.project, settings.dataset)
    found = patient.study.dataset
    frame, names = found.frame, found.classes
    told = f"{len(frame):,} images of split '{settings.split}' in dataset '{found.name}', {len(names)} classes"
    yield Line("ok", "dataset", told)
    known = frame["label"].dropna()
    if len(known) and found.task == "classification":
        counts = known.value_counts(sort=False).reindex([name for name in names if name in set(known)])
        rest = f"; {len(frame) - len(known):,} without" if len(known) < len(frame) else ""
        yield Line("ok", "labels", listing(f"{name} {count:,}" for name, count in counts.items()) + rest)
    elif found.task == "classification":
        yield Line("ok", "labels", "none: pages say what was not run")
    whole = load_dataset(settings.dataset, patient.project.root)
    for line in data_checks.data_lines(whole, found, patient.project.params.datasets[settings.dataset]):
        yield Line(*line)


def checkpoint(patient: Patient) -> Iterator[Line]:
    """What the file says of itself."""
    point = patient.study.checkpoint
    said = [f"epoch {point.epoch}"] if point.epoch is not None else []
    said += [f"accuracy {written(point.claimed_accuracy, '%')}"] if point.claimed_accuracy is not None else []
    yield Line("ok", "checkpoint", f"{len(point.weights)} tensors; claims: {listing(said)}")


def model(patient: Patient) -> Iterator[Line]:
    """Whether architecture and weights fit."""
    study = patient.study
    for line in data_checks.name_lines(study.dataset, study.checkpoint.classes):
        yield Line(*line)
    count = sum(weight.numel() for weight in study.model.parameters())
    yield Line("ok", "model", f"{study.settings.architecture}, {count:,} parameters, all from the checkpoint")
    for mark, text in network_checks.choices_made(study):
        yield Line(mark, "model", text)
    for mark, text in network_checks.class_order(study, study.dataset.classes):
        yield Line(mark, "classes", text)
    if aside := left_aside(study.model, study.checkpoint.weights):
        yield Line("warning", "model", f"left aside in the checkpoint, for no part of the network: {listing(aside)}")


def preprocessing(patient: Patient) -> Iterator[Line]:
    """What reaches the network, beside what the checkpoint was made with."""
    study = patient.study
    yield Line("ok", "preprocessing", f"{'; '.join(facts.fed(study).values())} ({study.resolved.sentence})")
    if study.settings.preprocessing.transform:
        yield from _line_notes(study.settings.preprocessing.transform)
    turned = sum(exif_orientation(study.root / name) != 1 for name in study.dataset.frame["image"])
    if turned:
        told = f"{turned:,} of {len(study.dataset.frame):,} images are turned by EXIF; taken {study.preprocessing.exif}"
        yield Line("ok", "preprocessing", told)
    for mark, text in network_checks.one_channel(study):
        yield Line(mark, "preprocessing", text)
    for text in facts.warnings(patient.study):
        yield Line("warning", "preprocessing", text)


def _line_notes(text: str) -> Iterator[Line]:
    """What a line of the user's own leaves out, and what was taken where it says nothing."""
    parsed = parse_line(text)
    if parsed.left_out:
        told = f"left out of the line, since random: {listing(dict.fromkeys(parsed.left_out))}"
        yield Line("ok", "preprocessing", told)
    for note in parsed.notes:
        yield Line("warning", "preprocessing", note)


def neighbours(patient: Patient) -> Iterator[Line]:
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
        read = [study.read(part, batch) for part, batch in zip(parts, batches, strict=True)]
        return pd.concat(read, ignore_index=True)["correct"].to_numpy(bool)

    count, better = better_neighbours(study.preprocessing, files, predict_right)
    for trial in better:
        yield Line("warning", "preprocessing", trial.sentence)
    if not better:
        yield Line(
            "ok", "preprocessing", f"none of {count} other settings is clearly better on {len(rows)} labelled images"
        )


def output(patient: Patient) -> Iterator[Line]:
    """What the model answers on the sample. That it is finite and of the right shape is the task's own check."""
    study, rows = patient.study, patient.rows
    if rows.empty:
        raise SeewhyError(f"the model finds nothing on {len(patient.sample)} images: there is nothing to explain")
    yield Line("ok", "output", f"finite on {len(patient.sample)} images, {len(rows)} rows to explain")
    for text in facts.squashed(study, rows) if study.dataset.task == "classification" else []:
        yield Line("warning", "output", text.replace("`", ""))


def accuracy(patient: Patient) -> Iterator[Line]:
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
        return f"The checkpoint's own claim of {written(claim, '%')} is compatible with that."
    verdict = "is better than" if claim < measured.low else "falls short of"
    return f"That {verdict} the checkpoint's own claim of {written(claim, '%')}, made on other images."


def layer(patient: Patient) -> Iterator[Line]:
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
        answer = study.output(study.inputs(rows))
    finally:
        handle.remove()
    return any(isinstance(one, Tensor) and torch.equal(one.float().cpu(), answer) for one in seen)


def guided(patient: Patient) -> Iterator[Line]:
    """Whether guided methods know what the network calls, and whether there is attention to look at."""
    study = patient.study
    strange = {type(part).__name__ for part in study.model.modules() if _is_activation(part)}
    strange = {name for name in strange - GATES if name.lower() not in NAMES}
    if strange:
        yield Line("warning", "methods", f"guided methods do not know {listing(sorted(strange))}: plain gradient there")
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


def forecast(patient: Patient) -> Iterator[Line]:
    """What the stored maps will cost, from a few of them."""
    study, methods = patient.study, patient.project.params.attributions.methods
    begun = time.monotonic()
    patient.maps(methods)
    each, images = (time.monotonic() - begun) / len(patient.probed), len(study.dataset.frame)
    told = f"{images:,} images x {each:.3f} s = {each * images:,.0f} s for {len(methods)} stored methods"
    yield Line("ok", "forecast", told)


Step = Callable[[Patient], Iterator[Line]]
STEPS: tuple[tuple[Step, ...], ...] = (
    (files, names),
    (dataset, checkpoint),
    (model,),
    (preprocessing,),
    (output,),
    (accuracy, neighbours, layer),
    (guided, forecast),
)
