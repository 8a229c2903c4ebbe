"""Several labels an image: the output is one score (logit) a class, and each class is asked for itself."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.engine.layers import last_layer as default_layer
from seewhy.engine.targets import Rule
from seewhy.tasks.classification import check_output, is_about_object, object_masks
from seewhy.tasks.output_activation import remove_known_activation

if TYPE_CHECKING:
    from seewhy.study import Study

__all__ = [
    "answer_certainty",
    "default_layer",
    "is_about_object",
    "keeps_answer",
    "label_predictions",
    "object_masks",
    "predict_rows",
    "prepare_network",
    "target_score",
]
__all__ += ["label_matrix", "readable_table"]
UNKNOWN = "?"  # in a table for readers: nothing is known, where a blank is an empty list of labels
THRESHOLD = 0.5  # probability from which on a label counts as predicted


def prepare_network(model: nn.Module, study: "Study") -> nn.Module:
    """The network itself; without its sigmoid where it ends in one, so that its scores are explained."""
    return remove_known_activation(model, "sigmoid", study.blank_input(), f"studies.{study.name}.output")


def target_score(output: Float[Tensor, "n classes"], targets: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """What a map explains: the output of class `targets[i]` for image i."""
    return output.gather(1, targets[:, None]).squeeze(1)


def predict_rows(rows: pd.DataFrame, output: Float[Tensor, "n classes"], study: "Study") -> pd.DataFrame:
    """One row for each image and label that is predicted or true. See `label_predictions`."""
    return label_predictions(rows, output, study.dataset.classes)


def label_predictions(frame: pd.DataFrame, logits: Float[Tensor, "n classes"], classes: Sequence[str]) -> pd.DataFrame:
    """image, target (class index), label (the class where it is true, else null), predicted (the class), confidence
    (its probability), correct (null where it is not known), is_predicted, is_true (null where it is not known),
    probabilities (of all classes of the image).

    `frame` has the labels as a JSON list of names, and in `uncertain` those that are not known. An image of which
    nothing is predicted or true has a row for its likeliest class. Raises SeewhyError for an output of another width.
    """
    check_output(logits, classes)
    sure = logits.double().sigmoid().numpy()
    rows = []
    for place, (image, true, unknown) in enumerate(zip(frame["image"], *_known_labels(frame), strict=True)):
        said = sure[place] >= THRESHOLD
        shown = said | np.array([name in (true or ()) for name in classes])
        for index in np.flatnonzero(shown).tolist() if shown.any() else [int(sure[place].argmax())]:
            name, known = classes[index], true is not None and classes[index] not in unknown
            held = name in true if known and true is not None else None
            right = pd.NA if held is None else bool(said[index]) is held
            rows.append((image, int(index), name if held else None, name, sure[place][index], right, bool(said[index]),
                         pd.NA if held is None else held, sure[place].astype(np.float32)))  # fmt: skip
    columns = ["image", "target", "label", "predicted", "confidence", "correct", "is_predicted", "is_true"]
    columns += ["probabilities"]
    found = pd.DataFrame(rows, columns=columns)
    return found.astype({"correct": "boolean", "is_true": "boolean", "label": object})


def _known_labels(frame: pd.DataFrame) -> tuple[list[set[str] | None], list[set[str]]]:
    """The true labels of each image (None where nothing is known), and the labels that are in doubt."""
    true = [None if pd.isna(text) else set(json.loads(text)) for text in frame["label"]]
    if "uncertain" not in frame:
        return true, [set() for _ in true]
    return true, [set() if pd.isna(text) else set(json.loads(text)) for text in frame["uncertain"]]


def readable_table(rows: pd.DataFrame, frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """One row an image for readers: image, label and predicted (names joined by |), probabilities `score_<class>`.

    The label is empty where none is true, and `UNKNOWN` where nothing is known.

    rows: of `label_predictions`. frame: the dataset's rows of the same images, with the labels as a JSON list of names.
    """
    single = rows.drop_duplicates("image")
    sure = np.stack(single["probabilities"].tolist()) if len(single) else np.empty((0, len(classes)))
    true, _ = _known_labels(frame.set_index("image").loc[single["image"]].reset_index())
    said = ["|".join(name for name, one in zip(classes, row, strict=True) if one >= THRESHOLD) for row in sure]
    held = [UNKNOWN if one is None else "|".join(name for name in classes if name in one) for one in true]
    found = pd.DataFrame({"image": single["image"].to_numpy(), "label": held, "predicted": said})
    return found.assign(**{f"score_{name}": sure[:, index] for index, name in enumerate(classes)})


def label_matrix(frame: pd.DataFrame, classes: Sequence[str]) -> Float[np.ndarray, "n classes"]:
    """The labels of a dataset: 1 where a class is true, 0 where it is not, NaN where that is not known.

    >>> label_matrix(pd.DataFrame({"label": ['["a"]', None]}), ["a", "b"]).tolist()
    [[1.0, 0.0], [nan, nan]]
    """
    known = zip(*_known_labels(frame), strict=True)
    rows = [
        [np.nan if true is None or name in doubt else float(name in true) for name in classes] for true, doubt in known
    ]
    return np.array(rows, float).reshape(len(frame), len(classes))


def answer_certainty(rows: pd.DataFrame, _study: "Study") -> Rule:
    """Probability of the row's label."""
    classes = torch.tensor(rows["target"].tolist())

    def rule(output: Float[Tensor, "n classes"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        return target_score(output.sigmoid(), classes.to(output.device)[numbers])

    return rule


def keeps_answer(
    rows: pd.DataFrame, before: Float[Tensor, "n classes"], after: Float[Tensor, "n classes"], _study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether the row's label is still on the side of the threshold that it was on."""
    targets = torch.tensor(rows["target"].tolist(), device=after.device)
    return ((target_score(before, targets) > 0) == (target_score(after, targets) > 0)).cpu().numpy()
