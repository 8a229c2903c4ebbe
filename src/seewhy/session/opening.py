"""`open_study(model=net, ...)`: what a notebook holds -> a folder of its own with a checked dataset, and its study."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from seewhy.config import artifacts
from seewhy.config.params import Output, Params, Preprocessing
from seewhy.config.project import Project
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs.dataset import check_dataset
from seewhy.inputs.images import network_inputs
from seewhy.progress import print_above_bars
from seewhy.session.items import Items, read_items
from seewhy.session.labels import box_texts, class_names, label_texts, mask_files
from seewhy.session.network import are_probabilities, bare_network, copy_network, network_device, try_network
from seewhy.session.pictures import Pictures, place_pictures
from seewhy.session.request import Request, check_request
from seewhy.session.study import Folder, Session, SessionStudy
from seewhy.tasks.output_activation import remove_activation

MANIFEST = "manifest.csv"


def open_session(request: Request) -> SessionStudy:
    """A study of a network of the session; its arguments are checked, its images are read once.

    Raises SeewhyError, which names the argument, for whatever is wrong first.
    """
    check_request(request)
    request = replace(request, model=bare_network(request.model))
    items = read_items(request.images, request.limit)
    folder = Folder()
    root = folder.path
    pictures = place_pictures(items, request.transform, request.normalize, root)
    network = copy_network(request.model)
    output = _first_output(network, pictures, request, root)
    ending, told_ending = _ending_of(network, output, pictures, request, root)
    classes, note = class_names(_or_own(request.classes, items.classes), output.shape[1], request.task)
    labels, told = _own_labels(items, classes, request)
    _write_manifest(request, labels, items.total, pictures, classes, root)
    params = _settings_of(request, pictures, classes, ending)
    project = Project(root)
    project.__dict__["params"] = params
    name = request.study_name
    _check_rows(
        name, params, root, [*items.notes, *pictures.notes, *filter(None, [told_ending, note, told, pictures.note])]
    )
    rows = {one: number for number, one in enumerate(pictures.names)}
    session = Session(request.model, folder, rows, pictures.tensors, pictures.note)
    study = SessionStudy(name, params.studies[name], project, session=session)
    _check_study(study)
    return study


def _or_own(given: Any, own: Any) -> Any:
    return own if given is None else given


def _first_output(network: nn.Module, pictures: Pictures, request: Request, root: Path) -> torch.Tensor:
    """What the network returns for the first image."""
    image = _first_input(pictures, root)
    return try_network(network, image, 4 if request.task == "segmentation" else 2)


def _first_input(pictures: Pictures, root: Path) -> torch.Tensor:
    if pictures.tensors is not None:
        return pictures.tensors[:1]
    seen = validate_settings(Preprocessing, pictures.preprocessing, "transform of open_study")
    return network_inputs([root / pictures.names[0]], seen)


def _ending_of(
    network: nn.Module, output: torch.Tensor, pictures: Pictures, request: Request, root: Path
) -> tuple[str, str]:
    """What the network ends in where it is not said, and a sentence about it: values of 0 to 1 that no sigmoid or
    softmax makes may be scores as well, unless their sum is 1."""
    shares = bool(((output >= 0) & (output <= 1)).all()) and request.task in ("classification", "multilabel")
    if request.output != "auto" or not shares:
        return (request.output if request.output != "auto" else "logits"), ""
    ending: Output = "softmax" if request.task == "classification" and are_probabilities(output) else "sigmoid"
    try:
        remove_activation(network, ending, _first_input(pictures, root), "output")
    except SeewhyError:
        if ending == "sigmoid":
            return "logits", "the model's values lie within 0 and 1 and are taken as scores (logits), not probabilities"
        raise SeewhyError(
            "output: the model returns probabilities, and no nn.Softmax or torch.softmax makes them; allowed: a "
            'forward that returns the scores before its softmax, or output="logits" to take the values as scores'
        ) from None
    several = output.shape[1] > 1 and request.task == "classification"  # elsewhere a task takes its sigmoid off itself
    told = f"the model ends in a {ending}: the scores before it are explained"
    return (ending if several else "logits"), told


def _own_labels(items: Items, classes: list[str], request: Request) -> tuple[Any, str]:
    """Labels that come with the images: a Dataset's, or the folders that all images lie in, which is said."""
    if items.labels is not None or not isinstance(request.images, str | Path) or request.task != "classification":
        return items.labels, ""
    start = Path(request.images).resolve()
    parts = [one.relative_to(start).parts[:-1] for one in items.pictures if isinstance(one, Path)]
    owners = [next((part for part in own if part in classes), None) for own in parts]
    if request.labels is not None or None in owners:
        return None, ""
    return owners, f"labels are the names of folders in '{start.name}'"


def _write_manifest(request: Request, own: Any, total: int, pictures: Pictures, classes: list[str], root: Path) -> None:
    """Images, labels and marks as the table that every dataset is read from."""
    count, columns, segments = len(pictures.names), {"image": pictures.names}, request.task == "segmentation"
    labels = _or_own(_within_limit(request.labels, count, total), None if segments else own)
    if labels is not None:
        columns["label"] = label_texts(labels, count, classes, request.task)
    if request.boxes is not None:
        columns["boxes"] = box_texts(_within_limit(request.boxes, count, total), count)
    masks = _or_own(_within_limit(request.masks, count, total), own if segments else None)
    if masks is not None:
        columns["mask"] = mask_files(masks, count, request.task, root)
    pd.DataFrame(columns).to_csv(root / MANIFEST, index=False)


def _within_limit(values: Any, count: int, total: int) -> Any:
    """Those of the images that are taken, where there is one for each of all."""
    return values[:count] if hasattr(values, "__len__") and count < total == len(values) else values


def _settings_of(request: Request, pictures: Pictures, classes: list[str], ending: str) -> Params:
    """What a params.yaml would say."""
    name, kind = request.study_name, type(request.model).__name__
    dataset: dict[str, Any] = {"task": request.task, "manifest": MANIFEST, "classes": classes}
    dataset |= {"labels": "names"} if request.task == "classification" else {}
    study: dict[str, Any] = {"dataset": name, "checkpoint": "session", "architecture": kind, "output": ending}
    study |= {"preprocessing": pictures.preprocessing, "layer": request.layer or "auto"}
    data: dict[str, Any] = {
        "base": {"seed": request.seed, "device": str(network_device(request.model))},
        "datasets": {name: dataset},
        "studies": {name: study},
        "sections": {section: dict(values) for section, values in request.sections.items()},
    }
    return validate_settings(Params, data, "open_study")


def _check_rows(name: str, params: Params, root: Path, notes: list[str]) -> None:
    """Every image is decoded, every mark held against it; what was taken for what is said and kept with the dataset."""
    path = check_dataset(name, params.datasets[name], root)
    frame, known = artifacts.read_table(path, "open_study")
    artifacts.write_table(path, frame, known | {"notes": [*notes, *known.get("notes", [])]})
    for note in notes:
        print_above_bars(f"{name}: {note}")


def _check_study(study: SessionStudy) -> None:
    """Images of one size, a layer that is there: said now, and by the names of the arguments."""
    try:
        study.preprocessing  # noqa: B018 (made here, once)
    except SeewhyError as error:
        told = str(error).removeprefix(f"studies.{study.name}.preprocessing: ")
        raise SeewhyError(f"transform: {told}") from None
    if study.settings.layer != "auto":
        names = [name for name, _ in study.session.network.named_modules() if name]
        if study.settings.layer.partition("#")[0] not in names:
            raise unknown_name(
                "layer", study.settings.layer, names, list_names([f"model {study.settings.architecture}"])
            )
