"""Numbers: the output is one value a quantity. A map explains what makes it higher, or what makes it lower."""

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

if TYPE_CHECKING:
    from seewhy.study import Study

__all__ = [
    "answer_certainty",
    "default_layer",
    "is_about_object",
    "keeps_answer",
    "lower_target",
    "object_masks",
    "predict_rows",
    "prepare_network",
    "quantity_predictions",
]
__all__ += ["label_spreads", "readable_table", "target_score"]
TOLERANCE = 0.1  # of the labels' spread: a prediction this near counts as the same


def prepare_network(model: nn.Module, _study: "Study") -> nn.Module:
    """The network itself."""
    return model


def lower_target(target: int, quantities: int) -> int:
    """The target of maps for what makes quantity `target` lower.

    >>> lower_target(0, 2)
    2
    """
    return target + quantities


def target_score(output: Float[Tensor, "n quantities"], targets: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """What a map explains: quantity `targets[i]` of image i; with the number of quantities added (`lower_target`), its
    negative. Maps of the two are exact negatives for every method that is linear in the gradient."""
    return torch.cat([output, -output], 1).gather(1, targets[:, None]).squeeze(1)


def predict_rows(rows: pd.DataFrame, output: Float[Tensor, "n quantities"], study: "Study") -> pd.DataFrame:
    """One row an image and quantity. See `quantity_predictions`."""
    return quantity_predictions(rows, output, study.dataset.classes, label_spreads(study, output))


def quantity_predictions(
    frame: pd.DataFrame, output: Float[Tensor, "n k"], quantities: Sequence[str], spread: Float[np.ndarray, " k"]
) -> pd.DataFrame:
    """image, target (its index), label and predicted (the quantity's name), confidence (null), correct (whether the
    error is at most `TOLERANCE` of its `spread`; null without a label), value (the label), estimate, error.

    `frame` has the labels as a JSON list of numbers. Raises SeewhyError for an output of another width.
    """
    check_output(output, quantities, "numbers")
    true, said = label_values(frame, len(quantities)), output.double().numpy()
    rows = [
        (image, k, None if np.isnan(true[i, k]) else name, name, np.nan, true[i, k], said[i, k])
        for i, image in enumerate(frame["image"])
        for k, name in enumerate(quantities)
    ]
    columns = ["image", "target", "label", "predicted", "confidence", "value", "estimate"]
    found = pd.DataFrame(rows, columns=columns).astype({"label": object})
    error = found["estimate"] - found["value"]
    near = pd.array(error.abs() <= TOLERANCE * spread[found["target"]], dtype="boolean")
    near[error.isna()] = pd.NA
    return found.assign(error=error, correct=near)


def label_values(frame: pd.DataFrame, count: int) -> Float[np.ndarray, "n k"]:
    """The labels as numbers, NaN where there are none."""
    rows = [[np.nan] * count if pd.isna(text) else json.loads(text) for text in frame["label"]]
    return np.array([row if isinstance(row, list) else [row] for row in rows], float).reshape(len(frame), count)


def label_spreads(study: "Study", output: Float[Tensor, "n k"]) -> Float[np.ndarray, " k"]:
    """Standard deviation of each quantity over the dataset's labels; over the outputs where there are none."""
    true = label_values(study.dataset.frame, len(study.dataset.classes))
    known = true[~np.isnan(true).any(1)]
    found = known.std(0) if len(known) > 1 else output.double().cpu().numpy().std(0)
    return np.where(found > 0, found, 1.0)


def readable_table(rows: pd.DataFrame, quantities: Sequence[str]) -> pd.DataFrame:
    """One row an image for readers: image, and of each quantity `true_<name>` and `predicted_<name>`.

    rows: of `quantity_predictions`.
    """
    columns = {"image": rows["image"].drop_duplicates().to_numpy()}
    for index, name in enumerate(quantities):
        own = rows[rows["target"] == index].set_index("image").loc[columns["image"]]
        columns |= {f"true_{name}": own["value"].to_numpy(), f"predicted_{name}": own["estimate"].to_numpy()}
    return pd.DataFrame(columns)


def answer_certainty(rows: pd.DataFrame, study: "Study") -> Rule:
    """0.5 at the row's own prediction, towards 1 where the number is higher and towards 0 where it is lower, by a
    logistic curve of the labels' spread: no image outweighs the others."""
    own, targets = torch.tensor(rows["estimate"].tolist()), torch.tensor(rows["target"].tolist())
    width = torch.tensor(label_spreads(study, own[:, None].expand(-1, len(study.dataset.classes))))

    def rule(output: Float[Tensor, "n k"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        chosen = targets.to(output.device)[numbers]
        scale = width.to(output.device, output.dtype)[chosen]
        return ((target_score(output, chosen) - own.to(output)[numbers]) / scale).sigmoid()

    return rule


def keeps_answer(
    rows: pd.DataFrame, before: Float[Tensor, "n k"], after: Float[Tensor, "n k"], study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether the number is within `TOLERANCE` of what it was."""
    targets = torch.tensor(rows["target"].tolist(), device=after.device)
    change = (target_score(after, targets) - target_score(before, targets)).abs().double().cpu().numpy()
    return change <= TOLERANCE * label_spreads(study, before)[rows["target"]]
