"""The doctor's steps that look at a study's files and settings: nothing is predicted yet.

Each yields lines, and raises SeewhyError for a problem that leaves nothing more to say.
"""

from collections.abc import Iterator

import numpy as np

from seewhy.config import artifacts
from seewhy.doctor import data_checks, network_checks, preflight
from seewhy.doctor.patient import Line, NotYetError, Patient
from seewhy.errors import list_names
from seewhy.formatting import format_value
from seewhy.inputs.dataset import load_dataset
from seewhy.inputs.picture_files import exif_orientation
from seewhy.inputs.renewal import renew_dataset
from seewhy.inputs.transform_line import parse_line
from seewhy.inputs.weights import left_aside
from seewhy.maps.explaining import check_methods
from seewhy.report.pages import facts


def check_files(patient: Patient) -> Iterator[Line]:
    """Whether everything that params.yaml names is there."""
    preflight.check_input_files(patient.project, [patient.name])
    settings = patient.project.params.study_settings(patient.name)
    if not (patient.project.root / settings.checkpoint).exists():
        made = {one.out: artifacts.demo_stage(key) for key, one in patient.project.params.demo.items()}
        stage = made.get(settings.checkpoint, artifacts.dataset_stage(settings.dataset))
        raise NotYetError(f"'{settings.checkpoint}' is not there yet; make it with: dvc repro {stage}")
    yield Line("ok", "files", "dataset and checkpoint are there")


def check_method_names(patient: Patient) -> Iterator[Line]:
    """Whether the methods that params.yaml names are known."""
    params = patient.project.params
    check_methods(params.attributions.methods, "attributions.methods of params.yaml")
    for section, own in params.sections.items():
        for key in ("method", "methods"):
            check_methods(np.atleast_1d(own.get(key, [])).tolist(), f"{section}.{key} of params.yaml")
    yield Line("ok", "names", "all methods in params.yaml are known")


def check_dataset(patient: Patient) -> Iterator[Line]:
    """Rows, images and labels; the check itself refuses what is wrong in them."""
    settings = patient.project.params.study_settings(patient.name)
    renew_dataset(patient.project, settings.dataset)
    found = patient.study.dataset
    frame, names = found.frame, found.classes
    told = f"{len(frame):,} images of split '{settings.split}' in dataset '{found.name}', {len(names)} classes"
    yield Line("ok", "dataset", told)
    known = frame["label"].dropna()
    if len(known) and found.task == "classification":
        counts = known.value_counts(sort=False).reindex([name for name in names if name in set(known)])
        rest = f"; {len(frame) - len(known):,} without" if len(known) < len(frame) else ""
        yield Line("ok", "labels", list_names(f"{name} {count:,}" for name, count in counts.items()) + rest)
    elif found.task == "classification":
        yield Line("ok", "labels", "none: pages say what was not run")
    whole = load_dataset(settings.dataset, patient.project.root)
    for line in data_checks.data_lines(whole, found, patient.project.params.datasets[settings.dataset]):
        yield Line(*line)


def check_checkpoint(patient: Patient) -> Iterator[Line]:
    """What the file says of itself."""
    point = patient.study.checkpoint
    said = [f"epoch {point.epoch}"] if point.epoch is not None else []
    said += [f"accuracy {format_value(point.claimed_accuracy, '%')}"] if point.claimed_accuracy is not None else []
    yield Line("ok", "checkpoint", f"{len(point.weights)} tensors; claims: {list_names(said)}")


def check_model(patient: Patient) -> Iterator[Line]:
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
        yield Line("warning", "model", f"left aside in the checkpoint, for no part of the network: {list_names(aside)}")


def check_preprocessing(patient: Patient) -> Iterator[Line]:
    """What reaches the network, beside what the checkpoint was made with."""
    study = patient.study
    yield Line(
        "ok",
        "preprocessing",
        f"{'; '.join(facts.describe_input(study).values())} ({study.resolved_preprocessing.sentence})",
    )
    if study.settings.preprocessing.transform:
        yield from _line_notes(study.settings.preprocessing.transform)
    turned = sum(exif_orientation(study.root / name) != 1 for name in study.dataset.frame["image"])
    if turned:
        told = f"{turned:,} of {len(study.dataset.frame):,} images are turned by EXIF; taken {study.preprocessing.exif}"
        yield Line("ok", "preprocessing", told)
    for mark, text in network_checks.one_channel(study):
        yield Line(mark, "preprocessing", text)
    for text in facts.checkpoint_warnings(patient.study):
        yield Line("warning", "preprocessing", text)


def _line_notes(text: str) -> Iterator[Line]:
    """What a line of the user's own leaves out, and what was taken where it says nothing."""
    parsed = parse_line(text)
    if parsed.left_out:
        told = f"left out of the line, since random: {list_names(dict.fromkeys(parsed.left_out))}"
        yield Line("ok", "preprocessing", told)
    for note in parsed.notes:
        yield Line("warning", "preprocessing", note)
