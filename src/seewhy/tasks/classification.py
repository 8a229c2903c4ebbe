"""Classification: the output is one score (logit) a class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.config.params import Output
from seewhy.engine.layers import last_layer as layer
from seewhy.engine.targets import Rule, of_class
from seewhy.engine.targets import of_class as score
from seewhy.errors import SeewhyError
from seewhy.inputs import images
from seewhy.metrics.localisation import box_masks
from seewhy.stats import proportion
from seewhy.tasks.output_activation import probabilities, taken_off

if TYPE_CHECKING:
    from seewhy.study import Study

__all__ = [
    "KEPT",
    "answers",
    "certainty",
    "confusion",
    "kept",
    "layer",
    "objects",
    "of_object",
    "predict",
    "predictions",
    "prepare",
    "score",
    "tested",
    "top_classes",
]
KEPT = "the predicted class is the same"


def prepare(model: nn.Module, study: "Study") -> nn.Module:
    """The network itself; without its sigmoid or softmax where `output` says that it ends in one."""
    ending = study.settings.output
    if ending == "logits":
        return model
    first = study.inputs(study.dataset.frame.head(1)).cpu()
    return taken_off(model, ending, first, f"studies.{study.name}.output")


def predict(rows: pd.DataFrame, output: Tensor, study: "Study") -> pd.DataFrame:
    """One row an image: its likeliest class. See `predictions`."""
    return predictions(rows, output, study.dataset.classes, study.settings.output)


def certainty(rows: pd.DataFrame, study: "Study") -> Rule:
    """Probability of the predicted class."""
    classes, several = torch.tensor(rows["target"].tolist()), study.settings.output == "sigmoid"

    def rule(output: Float[Tensor, "n classes"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        shares = output.sigmoid() if several else output.softmax(-1)  # a sigmoid asks each class for itself
        return of_class(shares, classes.to(output.device)[numbers])

    return rule


def kept(
    rows: pd.DataFrame, _before: Tensor, after: Float[Tensor, "n classes"], _study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether the likeliest class is the predicted one."""
    return after.argmax(-1).cpu().numpy() == rows["target"].to_numpy()


def tested(_study: "Study") -> str:
    """All answers are."""
    return ""


def of_object(rows: pd.DataFrame, _study: "Study") -> Bool[np.ndarray, " n"]:
    """All: a class is one of an object."""
    return np.ones(len(rows), bool)


def objects(rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, "n h w"]:
    """Pixels inside any of the image's boxes, and those that its mask (column `mask`) does not leave black."""
    found = box_masks(study.boxes(rows), *study.size)
    for k, (name, image) in enumerate(zip(rows.get("mask", ()), rows["image"], strict=False)):
        if not pd.isna(name):
            found[k] |= images.mask(study.root / name, study.preprocessing, study.root / image) > 0
    return found


def predictions(frame: pd.DataFrame, logits: Tensor, classes: Sequence[str], ending: Output = "logits") -> pd.DataFrame:
    """One row an image: image, target, label, predicted, confidence, correct (null where unlabelled), probabilities.

    `logits` is (n, classes), and `ending` what makes probabilities of them; raises SeewhyError where its width is not
    the number of classes.
    """
    if logits.ndim != 2 or logits.shape[1] != len(classes):
        raise SeewhyError(f"the model's output has shape {tuple(logits.shape)}; the dataset has {len(classes)} classes")
    if not logits.isfinite().all():
        bad = int((~logits.isfinite()).any(1).sum())
        raise SeewhyError(
            f"the model's output is not finite for {bad} of {len(logits)} images; are the weights damaged?"
        )
    sure = probabilities(logits, ending).numpy()
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


def confusion(predicted: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Counts, true class in rows and predicted class in columns, over classes that occur among the labelled images."""
    labelled = predicted[predicted["label"].notna()]
    occurring = {*labelled["label"], *labelled["predicted"]}
    used = [name for name in classes if name in occurring]
    counts = pd.crosstab(labelled["label"], labelled["predicted"])
    return counts.reindex(index=used, columns=used, fill_value=0)


def answers(predicted: pd.DataFrame, most: int = 30) -> pd.DataFrame:
    """The most frequent answers: images, their share with interval, and how sure it is of them on average."""
    rows = []
    for name in predicted["predicted"].value_counts().head(most).index:
        said = (predicted["predicted"] == name).to_numpy()
        share = proportion(said)
        sure = float(predicted["confidence"][said].mean())
        rows.append((name, int(said.sum()), share.value, share.low, share.high, sure))
    return pd.DataFrame(rows, columns=["answer", "images", "share", "low", "high", "mean confidence"])


def top_classes(predicted: pd.DataFrame, classes: Sequence[str], count: int) -> tuple[list[list[int]], list[list[str]]]:
    """Indices and names of the `count` likeliest classes of each image, the predicted one first."""
    ranked = [np.argsort(-row, kind="stable")[:count].tolist() for row in predicted["probabilities"]]
    return ranked, [[classes[index] for index in row] for row in ranked]
