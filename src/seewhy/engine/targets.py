"""What is explained: callables from a model's output to one score an image, made from what a caller may write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from seewhy.engine.outputs import named_output
from seewhy.errors import SeewhyError

Target = Callable[[Tensor], Tensor]
Targets = None | int | str | Tensor | np.ndarray | Target | Sequence[int] | Sequence[Sequence[int]] | Sequence[Target]
Rule = Callable[[Tensor, Tensor], Tensor]  # output (n, ...) and numbers (n,) -> one score an image


def two_sided(output: Float[Tensor, "n 1 ..."]) -> Float[Tensor, "n 2 ..."]:
    """One output as two classes: minus the value for the first, the value for the second. Others as they are."""
    return torch.cat([-output, output], 1) if output.ndim > 1 and output.shape[1] == 1 else output


def of_class(output: Float[Tensor, "n classes"], classes: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The rule of classification: the output of class `classes[i]` for image i; one output is two classes."""
    return two_sided(output).gather(1, classes[:, None]).squeeze(1)


@dataclass(frozen=True)
class Score:
    """A target: what `rule` reads of the output for number `classes[i]` of image i, or the user's `function` of it.

    Methods that show the model other batches than the caller's ask for the score of those by `pick_images` and
    `repeat_images`. A user's function stands for any batch and is its own answer to both.
    """

    classes: tuple[int, ...] = ()
    function: Target | None = None
    rule: Rule = of_class

    def __call__(self, output: Float[Tensor, "n ..."]) -> Float[Tensor, " n"]:
        """One score for each image of the batch."""
        if self.function is not None:
            return self.function(output)
        return self.rule(output, torch.as_tensor(self.classes, device=output.device))

    def pick_images(self, images: Sequence[int]) -> "Score":
        """The score of a batch that holds these images only, in this order."""
        return self if self.function is not None else replace(self, classes=tuple(self.classes[k] for k in images))

    def repeat_images(self, times: int) -> "Score":
        """The score of a batch that holds each image `times` times, image by image: 0 0 0 1 1 1."""
        return self.pick_images([index for index in range(len(self.classes)) for _ in range(times)])


def class_score(classes: Sequence[int]) -> Score:
    """Target: the output of class `classes[i]` for image i."""
    return Score(tuple(classes))


def check_scores(scores: list[Tensor], n: int) -> None:
    """Raises SeewhyError where a target does not give one score for each of the n images."""
    for index, score in enumerate(scores):
        if tuple(score.shape) != (n,):
            raise SeewhyError(f"target {index} returns shape {tuple(score.shape)}; allowed: ({n},), one score an image")


def batch_scores(score: Score, output: Float[Tensor, "n ..."]) -> Float[Tensor, " n"]:
    """The score of every image of a batch that a method made; raises SeewhyError where it is not one an image."""
    found = score(output)
    if tuple(found.shape) != (len(output),):
        raise SeewhyError(
            f"the target returns shape {tuple(found.shape)} for a batch of {len(output)}; "
            f"allowed: ({len(output)},), one score an image, for any batch"
        )
    return found


def read_scores(output: Float[Tensor, "k ..."], scores: Sequence[Score]) -> Float[Tensor, "t k"]:
    """The scores of one image, of the outputs for k other versions of it."""
    return torch.stack([batch_scores(score.repeat_images(len(output)), output) for score in scores])


def resolve_targets(targets: Targets, output: Tensor) -> list[Score]:
    """Scores for `targets`: None (the predicted class), one class, one class an image, "all", several classes an image,
    one-hot rows, or a callable or a list of them. Classes are whole numbers, of Python, numpy or torch.

    `output` is (n, classes); of (n, 1) the classes are 0 (minus the output) and 1. Raises SeewhyError where the count
    does not fit the batch or a class does not exist.
    """
    if callable(targets) and not isinstance(targets, Tensor):
        targets = [targets]
    if isinstance(targets, Sequence) and len(targets) and all(callable(target) for target in targets):
        return [target if isinstance(target, Score) else Score(function=target) for target in targets]  # type: ignore[arg-type]
    if output.ndim != 2:
        raise SeewhyError(
            f"the model's output has shape {tuple(output.shape)}; allowed without callable targets: (n, classes)"
        )
    output = two_sided(output)
    n, classes = output.shape
    if targets is None:
        return [class_score(output.argmax(1).tolist())]
    if isinstance(targets, str):
        if targets != "all":
            raise SeewhyError(
                f"targets='{targets}'; allowed: None, 'all', a class's index (or its name, with classes=[...]), "
                "one an image, or callables"
            )
        return [class_score([index] * n) for index in range(classes)]
    columns = _class_columns(targets, n, classes)
    wrong = [index for column in columns for index in column if not 0 <= index < classes]
    if wrong:
        raise SeewhyError(f"unknown class {wrong[0]} in targets; allowed: 0 to {classes - 1}")
    return [class_score(column) for column in columns]


def _class_columns(targets: Any, n: int, classes: int) -> list[list[int]]:
    """Classes for each image, target by target, from whatever holds whole numbers."""
    if isinstance(targets, set | frozenset | dict):
        raise SeewhyError(
            f"targets is a {type(targets).__name__}, which has no order; allowed: a list, one class an image"
        )
    try:
        values = np.asarray(targets.detach().cpu() if isinstance(targets, Tensor) else list_of(targets))
    except (TypeError, ValueError):
        values = np.empty(0, object)
    whole = values.dtype.kind in "iu" or (values.dtype.kind == "f" and bool((values == np.round(values)).all()))
    one_hot = values.shape == (n, classes) and classes > 1 and set(np.unique(values)) <= {0, 1} if whole else False
    if one_hot and (values.sum(1) == 1).all():
        return [values.argmax(1).tolist()]
    if not whole or values.ndim > 2 or values.dtype.kind == "b" or (values.dtype.kind == "f" and values.ndim < 2):
        raise SeewhyError(
            f"targets is {str(targets)[:60]!r}; allowed: None, 'all', a class, one class an image, several classes an "
            "image, or callables; classes are whole numbers"
        )
    if values.ndim == 0:
        return [[int(values)] * n]
    if len(values) != n:
        raise SeewhyError(
            f"targets holds {len(values)} classes for a batch of {n} images; allowed: one, or one an image"
        )
    return [[int(index) for index in column] for column in np.atleast_2d(values.T)]


def list_of(values: Any) -> Any:
    """A series, range or other iterable as a list; what is one number as it is."""
    if isinstance(values, np.ndarray | np.generic | int | float):
        return values
    return [one.tolist() if isinstance(one, Tensor) else one for one in values]


def output_of(value: object) -> Tensor:
    """The tensor that targets look at: the output itself, or in a tuple, list or dict the one that its key names as the
    prediction, else the first."""
    if isinstance(value, Tensor):
        return value
    found = named_output(value)
    if found is None:
        raise SeewhyError(
            f"the model's output is a {type(value).__name__}; allowed: a tensor, or a tuple or dict with one"
        )
    return found
