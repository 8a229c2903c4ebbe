"""What is explained: callables from a model's output to one score an image, made from what a caller may write."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from seewhy.errors import SeewhyError

Target = Callable[[Tensor], Tensor]
Targets = None | int | str | Sequence[int] | Sequence[Target]


def class_score(classes: Sequence[int]) -> Target:
    """Target: the output of class `classes[i]` for image i."""

    def score(output: Float[Tensor, "n k"]) -> Float[Tensor, " n"]:
        index = torch.as_tensor(classes, device=output.device)
        return output.gather(1, index[:, None]).squeeze(1)

    return score


def resolve(targets: Targets, output: Tensor) -> list[Target]:
    """Callables for `targets`: None (the predicted class), one class, one class an image, "all", or callables.

    `output` is (n, classes). Raises SeewhyError where the count does not fit the batch or a class does not exist.
    """
    if isinstance(targets, Sequence) and targets and all(callable(target) for target in targets):
        return list(targets)  # type: ignore[arg-type]
    if output.ndim != 2:
        raise SeewhyError(
            f"the model's output has shape {tuple(output.shape)}; allowed without callable targets: (n, classes)"
        )
    n, classes = output.shape
    if targets is None:
        return [class_score(output.argmax(1).tolist())]
    if isinstance(targets, str):
        if targets != "all":
            raise SeewhyError(f"targets='{targets}'; allowed: None, 'all', a class, one class an image, or callables")
        return [class_score([index] * n) for index in range(classes)]
    chosen = [targets] * n if isinstance(targets, int) else [int(index) for index in targets]  # type: ignore[arg-type]
    if len(chosen) != n:
        raise SeewhyError(
            f"targets holds {len(chosen)} classes for a batch of {n} images; allowed: one, or one an image"
        )
    wrong = [index for index in chosen if not 0 <= index < classes]
    if wrong:
        raise SeewhyError(f"unknown class {wrong[0]} in targets; allowed: 0 to {classes - 1}")
    return [class_score(chosen)]


def output_of(value: object) -> Tensor:
    """The tensor that targets look at: the output itself, or the first tensor in a tuple, list or dict."""
    if isinstance(value, Tensor):
        return value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    for part in parts:
        if isinstance(part, Tensor):
            return part
    raise SeewhyError(f"the model's output is a {type(value).__name__}; allowed: a tensor, or a tuple or dict with one")
