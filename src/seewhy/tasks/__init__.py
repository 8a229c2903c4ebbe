"""What a model's output means: one module for each task, named as in `task:` of a dataset."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.engine.targets import Rule, Score

if TYPE_CHECKING:
    from seewhy.study import Study


class Task(Protocol):
    """What a module of this package offers. A target is a number whose meaning is the task's: a class, a word's place.

    Rows to explain have the columns image, target, label (what it is; null: not known), predicted, confidence (0 to 1)
    and correct (null without a label), and whatever else the task's own pages want; an image may have several rows.
    """

    def prepare_network(self, model: nn.Module, study: "Study") -> nn.Module:
        """The network as a map from images to one output tensor."""

    def default_layer(self, model: nn.Module, images: Float[Tensor, "n c h w"]) -> str:
        """The layer that maps are taken from where none is named."""

    def target_score(self, output: Float[Tensor, "n ..."], targets: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        """What a map explains: one number an image, for target `targets[i]` of image i."""

    def predict_rows(self, rows: pd.DataFrame, output: Float[Tensor, "n ..."], study: "Study") -> pd.DataFrame:
        """Rows to explain, from rows of the dataset and the model's output for them."""

    def answer_certainty(self, rows: pd.DataFrame, study: "Study") -> Rule:
        """How sure an output is of the answer of row `numbers[i]`: 0 to 1, so that no image outweighs the others."""

    def keeps_answer(
        self, rows: pd.DataFrame, before: Float[Tensor, "n ..."], after: Float[Tensor, "n ..."], study: "Study"
    ) -> Bool[np.ndarray, " n"]:
        """Whether `after`, the output for another image, gives the answer of row i; `before` is that for its own."""

    def is_about_object(self, rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, " n"]:
        """Which rows have an answer that is about the object: one that should change when the object is replaced."""

    def object_masks(self, rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, "n h w"]:
        """Where in the network's input the object of each row is; nowhere where that is not known."""


def get_task(name: str) -> Task:
    """The module of that task. `params.Dataset` has checked the name."""
    return import_module(f"{__name__}.{name}")


def task_scores(rule: Rule, targets: Sequence[Sequence[int]]) -> list[Score]:
    """Scores of a batch whose image i has the targets `targets[i]`, by a task's `target_score` or another rule: score k
    is of each image's k-th, or of its last."""
    most = max(map(len, targets))
    return [Score(tuple(own[min(k, len(own) - 1)] for own in targets), rule=rule) for k in range(most)]
