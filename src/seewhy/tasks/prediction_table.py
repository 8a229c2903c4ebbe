"""What a study's predictions are as a table for people: reports/<study>/predictions.csv."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.tasks import multilabel, regression

if TYPE_CHECKING:
    from seewhy.inputs.dataset import Dataset

MOST = 50  # classes that get a column of scores
FIRST = ["image", "label", "predicted", "confidence"]


def reader_table(rows: pd.DataFrame, dataset: "Dataset") -> pd.DataFrame:
    """The rows to explain as the task has them for readers: with several labels or numbers, one row an image."""
    if dataset.task == "multilabel":
        return multilabel.readable_table(rows, dataset.frame, dataset.classes)
    if dataset.task == "regression":
        return regression.readable_table(rows, dataset.classes)
    return prediction_table(rows, dataset.classes)


def prediction_table(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """The rows as users compare them with their own: image, label, predicted, confidence, `score_<class>`.

    A score is what the task makes of an output (softmax, or sigmoid); there is one for each of up to `MOST` classes,
    in the order of `classes`. What else a task says of a row stands after these.

    >>> rows = pd.DataFrame({"image": ["a"], "label": ["cup"], "predicted": ["cup"], "confidence": [0.7]})
    >>> prediction_table(rows.assign(probabilities=[[0.3, 0.7]]), ["bar", "cup"]).columns.tolist()
    ['image', 'label', 'predicted', 'confidence', 'score_bar', 'score_cup']
    """
    scores = pd.DataFrame(index=frame.index)
    if "probabilities" in frame and len(classes) <= MOST and len(frame):
        values = np.stack(frame["probabilities"].tolist())
        scores = pd.DataFrame(values, frame.index, [f"score_{name}" for name in classes])
    rest = [name for name in frame if name not in (*FIRST, "probabilities")]
    return pd.concat([frame[FIRST], scores, frame[rest]], axis=1)
