"""What a study is: the model card, the values that reach the network, and what differs from the checkpoint's claims."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from seewhy.checks.majority_baseline import MajorityBaseline, compare_task
from seewhy.config import artifacts
from seewhy.config.code import code_hash
from seewhy.config.preprocessing import Reverse
from seewhy.formatting import format_value
from seewhy.inputs.checkpoint import NAMES, config_key
from seewhy.inputs.describe_preprocessing import describe_preprocessing
from seewhy.measure.families.captions import written_captions
from seewhy.metrics import captions
from seewhy.study import Study
from seewhy.tasks import captioning

CONFIDENCE = {
    "logits": "softmax of the outputs",
    "softmax": "the network's own softmax, taken off for the maps",
    "sigmoid": "the network's own sigmoid of each class, which need not add up to 1; taken off for the maps",
}
ALIKE = float(np.e)  # probabilities of classes whose outputs differ by 1


def model_card(study: Study) -> pd.DataFrame:
    """What was loaded: one fact a row."""
    point, settings, names = study.checkpoint, study.settings, study.dataset.classes
    facts: Mapping[str, Any] = {
        "architecture": settings.architecture,
        "parameters": f"{sum(weight.numel() for weight in study.model.parameters()):,}",
        "checkpoint": f"{settings.checkpoint} (sha256 {point.sha256[:12]})",
        "trained for": "not stated" if point.epoch is None else f"{point.epoch} epochs",
        "claimed accuracy": "not stated"
        if point.claimed_accuracy is None
        else f"{format_value(point.claimed_accuracy, '%')} (validation)",
        **({"classes": f"{len(names)}: {', '.join(names[:4])}{' ...' if len(names) > 4 else ''}"} if names else {}),
        "images": f"{len(study.dataset.frame)} of dataset {study.dataset.name}, split {settings.split}",
        **describe_input(study),
        "settings from": study.resolved_preprocessing.sentence,
        **confidence_fact(study),
        "layer of the maps": study.layer,
    }
    return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})


def confidence_fact(study: Study) -> dict[str, str]:
    """What a confidence is made of; numbers have none."""
    if study.dataset.task == "regression":
        return {}
    several = study.dataset.task == "multilabel"
    return {"confidence": "sigmoid of each output" if several else CONFIDENCE[study.settings.output]}


def describe_input(study: Study) -> dict[str, str]:
    """How an image becomes the network's input."""
    return describe_preprocessing(study.preprocessing)


def input_values(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """What reaches the network, channel by channel: mean, standard deviation, smallest, largest."""
    values = study.inputs(rows).cpu().numpy()
    turned = sum(isinstance(step, Reverse) for step in study.preprocessing.pipeline) % 2
    names = ["red", "green", "blue"][:: -1 if turned else 1] if values.shape[1] == 3 else ["grey"]
    flat = values.transpose(1, 0, 2, 3).reshape(values.shape[1], -1)
    return pd.DataFrame(
        {"channel": names, "mean": flat.mean(1), "std": flat.std(1), "smallest": flat.min(1), "largest": flat.max(1)}
    )


def checkpoint_warnings(study: Study) -> list[str]:
    """What differs between what the checkpoint says of itself and what was set."""
    point, seen, names = study.checkpoint, study.preprocessing, study.dataset.classes
    found = [
        f"The checkpoint was made with {name} = {point.config[name]}; "
        f"this study uses {_none_as_words(getattr(seen, key))}."
        for key in NAMES
        if (name := config_key(point.config, key)) and not _same_setting(point.config[name], getattr(seen, key))
    ]
    if point.classes is not None and names and point.classes != names:
        place = next((k for k, pair in enumerate(zip(point.classes, names, strict=False)) if pair[0] != pair[1]), None)
        differ = (
            f"{len(point.classes)} against {len(names)}"
            if place is None
            else f"number {place} is '{point.classes[place]}' there and '{names[place]}' here"
        )
        found.append(f"The checkpoint has other class names than the dataset: {differ}.")
    return found


def probability_warnings(study: Study, predicted: pd.DataFrame) -> list[str]:
    """A warning where the outputs look like probabilities already: a softmax of those says next to nothing."""
    found = np.stack(predicted["probabilities"].tolist())
    if study.settings.output != "logits" or (found.max(1) > ALIKE * found.min(1)).any():
        return []
    return [
        "No two outputs of this network are more than 1 apart on any image. If it ends in a sigmoid or a softmax, its "
        f"confidences here are false: set `studies.{study.name}.output` to `sigmoid` or `softmax`."
    ]


def majority_baseline(study: Study) -> MajorityBaseline:
    """The model beside always predicting the most common class or labels or the mean (of captions: always writing the
    most common one); nothing is measured for a segmentation."""
    rows = study.predictions
    if study.task is captioning:
        said = written_captions(study, rows)
        return captions.compare_captions(said["written"].tolist(), said["caption"].tolist())
    return compare_task(study.dataset.task, rows, study.base.seed)


def _none_as_words(value: Any) -> Any:
    return "none" if value is None else value


def answer_beside_verdict(study: Study, answer: str) -> tuple[str, str]:
    """Answer and severity of a page's finding, so that no page reassures where the verdict of page 07 convicts.

    answer: of the page alone. `Yes` is "fine" only where reports/<study>/summary.json does not convict; a map on the
    object is `Partly` an answer where something else decides too.
    """
    if answer != "Yes":
        return answer, "unknown"
    severity = study_severity(study)
    return ("Partly" if severity == "shortcut" else answer), severity or "fine"


def study_severity(study: Study) -> str:
    """What the verdict of page 07 convicts the model of; empty where of nothing, or before there is a verdict."""
    [path] = study.files("summary.json")
    severity = json.loads(path.read_text())["verdict"]["severity"] if path.is_file() else ""
    return severity if severity in ("broken", "shortcut", "unstable") else ""


def _same_setting(claimed: Any, used: Any) -> bool:
    """Whether two settings mean the same: one number stands for both sides, or for all channels."""
    if used is None:
        return False
    one, other = np.ravel(claimed), np.ravel(used)
    if one.dtype.kind not in "iuf" or len({1, one.size, other.size}) > 2:
        return False
    return bool(np.allclose(one, other, rtol=1e-5))


def study_provenance(study: Study, **parameters: Any) -> dict[str, Any]:
    """What a page was made from: hashes of checkpoint, data and code, seed, versions, device, parameters."""
    settings, base = study.settings, study.base
    data = artifacts.file_sha256(artifacts.dataset_path(study.root, settings.dataset))
    return {
        "study": study.name,
        "checkpoint": f"{settings.checkpoint} (sha256 {study.checkpoint.sha256[:12]})",
        "data": f"{settings.dataset} (sha256 {data[:12]})",
        "code": f"sha256 {code_hash()[:12]}",
        "seed": str(base.seed),
        "device": f"{study.device}, {base.threads} threads, batches of {base.batch_size}",
        "versions": f"python {sys.version.split()[0]}, torch {torch.__version__}",
        "parameters": dict(sorted(parameters.items())) or "none",
    }
