"""Classification: the output is one score (logit) a class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.config.params import Output
from seewhy.engine.box_scores import box_hook, list_forms
from seewhy.engine.layers import last_layer as default_layer
from seewhy.engine.targets import Rule, of_class, two_sided
from seewhy.engine.targets import of_class as target_score
from seewhy.errors import SeewhyError
from seewhy.inputs import images
from seewhy.metrics.localisation import box_masks
from seewhy.tasks.output_activation import class_probabilities, remove_activation, remove_known_activation

if TYPE_CHECKING:
    from seewhy.study import Study

__all__ = [
    "answer_certainty",
    "check_output",
    "confusion_counts",
    "default_layer",
    "image_predictions",
    "is_about_object",
    "keeps_answer",
    "object_masks",
    "predict_rows",
    "prepare_network",
    "target_score",
    "top_classes",
]


def prepare_network(model: nn.Module, study: "Study") -> nn.Module:
    """The network itself; without its sigmoid or softmax where `output` says that it ends in one, and of one output for
    two classes without its sigmoid where it has one."""
    ending, where = study.settings.output, f"studies.{study.name}.output"
    if box_hook(model):  # which gives scores already
        return model
    if ending == "logits":
        return remove_known_activation(model, "sigmoid", study.blank_input(), where) if study.is_single else model
    return remove_activation(model, ending, study.blank_input(), where)


def predict_rows(rows: pd.DataFrame, output: Tensor, study: "Study") -> pd.DataFrame:
    """One row an image: its likeliest class. See `image_predictions`."""
    return image_predictions(rows, output, study.dataset.classes, study.settings.output)


def answer_certainty(rows: pd.DataFrame, study: "Study") -> Rule:
    """Probability of the predicted class."""
    classes, several = torch.tensor(rows["target"].tolist()), study.settings.output == "sigmoid"

    def rule(output: Float[Tensor, "n classes"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        single = output.shape[-1] == 1
        output = two_sided(output)
        shares = output.sigmoid() if several or single else output.softmax(-1)  # a sigmoid asks each class for itself
        return of_class(shares, classes.to(output.device)[numbers])

    return rule


def keeps_answer(
    rows: pd.DataFrame, _before: Tensor, after: Float[Tensor, "n classes"], _study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether the likeliest class is the predicted one."""
    return two_sided(after).argmax(-1).cpu().numpy() == rows["target"].to_numpy()


def is_about_object(rows: pd.DataFrame, _study: "Study") -> Bool[np.ndarray, " n"]:
    """All: a class is one of an object."""
    return np.ones(len(rows), bool)


def object_masks(rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, "n h w"]:
    """Pixels inside any of the image's boxes, and those that its mask (column `mask`) does not leave black."""
    found = box_masks(study.boxes(rows), *study.size)
    for k, (name, image) in enumerate(zip(rows.get("mask", ()), rows["image"], strict=False)):
        if not pd.isna(name):
            found[k] |= images.fitted_mask(study.root / name, study.preprocessing, study.root / image) > 0
    return found


def image_predictions(
    frame: pd.DataFrame, logits: Tensor, classes: Sequence[str], ending: Output = "logits"
) -> pd.DataFrame:
    """One row an image: image, target, label, predicted, confidence, correct (null where unlabelled), probabilities.

    `logits` is (n, classes), and `ending` what makes probabilities of them; raises SeewhyError where its width is not
    the number of classes.
    """
    if logits.ndim == 2 and logits.shape[1] == 1 and len(classes) == 2:  # one output for two classes
        logits, ending = two_sided(logits), "sigmoid"
    check_output(logits, classes)
    _refuse_one_class(classes)
    sure = class_probabilities(logits, ending).numpy()
    predicted = logits.numpy().argmax(1)  # not of `sure`, where two may both be 1
    names = np.array(classes, dtype=object)
    labelled = frame["label"].notna().to_numpy()
    correct = pd.array(np.where(labelled, names[predicted] == frame["label"].to_numpy(), False), dtype="boolean")
    correct[~labelled] = pd.NA
    return pd.DataFrame(
        {
            "image": frame["image"].to_numpy(),
            "target": predicted,
            "label": frame["label"].to_numpy(),
            "predicted": names[predicted],
            "confidence": sure.max(1),
            "correct": correct,
            "probabilities": list(sure.astype(np.float32)),
        }
    )


def check_output(output: Tensor, classes: Sequence[str], what: str = "classes") -> None:
    """Raises SeewhyError for an output that has not one finite value a class."""
    if output.ndim != 2 or output.shape[1] != len(classes):
        shape = tuple(output.shape)
        boxes = f"; boxes of a detector of {len(classes)} classes have {list_forms()}" if output.ndim == 3 else ""
        raise SeewhyError(f"the model's output has shape {shape}; the dataset has {len(classes)} {what}{boxes}")
    if not output.isfinite().all():
        bad = int((~output.isfinite()).any(1).sum())
        raise SeewhyError(
            f"the model's output is not finite for {bad} of {len(output)} images; are the weights damaged?"
        )


def _refuse_one_class(classes: Sequence[str]) -> None:
    """Raises SeewhyError for one class: that it is there and that it is not are two."""
    if len(classes) == 1:
        raise SeewhyError(
            f"the model has one output and the dataset one class, '{classes[0]}'; allowed: the class for its negative "
            f"first, `classes: [not {classes[0]}, {classes[0]}]`, or `task: multilabel` or `regression`"
        )


def confusion_counts(predicted: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Counts, true class in rows and predicted class in columns, over classes that occur among the labelled images."""
    labelled = predicted[predicted["label"].notna()]
    occurring = {*labelled["label"], *labelled["predicted"]}
    used = [name for name in classes if name in occurring]
    counts = pd.crosstab(labelled["label"], labelled["predicted"])
    return counts.reindex(index=used, columns=used, fill_value=0)


def top_classes(predicted: pd.DataFrame, classes: Sequence[str], count: int) -> tuple[list[list[int]], list[list[str]]]:
    """Indices and names of the `count` likeliest classes of each image, the predicted one first."""
    ranked = [np.argsort(-row, kind="stable")[:count].tolist() for row in predicted["probabilities"]]
    return ranked, [[classes[index] for index in row] for row in ranked]
