"""Segmentation: the output is one score (logit) a class and pixel, and what is explained is one class of an image.

The first class is the background: it is scored and mapped like any other, but gets no rows of its own.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.layers import reaches_cells, rising_layers
from seewhy.engine.targets import Rule, Score, output_of, two_sided
from seewhy.errors import SeewhyError
from seewhy.inputs import images
from seewhy.metrics.segments import confusion_matrices
from seewhy.tasks.output_activation import remove_known_activation

if TYPE_CHECKING:
    from seewhy.study import Study

VOID = 255  # value of a mask's pixel of which nothing is known: not counted
MATCH = 0.5  # IoU from which a class counts as found, as usual since Pascal VOC


def prepare_network(model: nn.Module, study: "Study") -> nn.Module:
    """The network itself; where two classes are one output z, as one that returns -z/2 for the first and z/2 for the
    second, whose softmax is the sigmoid of z. Its own sigmoid is taken off."""
    if not study.is_single:
        return model
    model = remove_known_activation(model, "sigmoid", study.blank_input(), f"studies.{study.name}.output")
    model.register_forward_hook(lambda _module, _args, output: two_sided(output_of(output)) / 2)
    return model


def default_layer(model: nn.Module, images: Float[Tensor, "n c h w"]) -> str:
    """Half of the way from the coarsest cells back to fine ones: the last layers nearly repeat the answer. Layers of
    another of several outputs do not count."""
    every = rising_layers(model, images)
    names = [name for name in every if reaches_cells(model, images, name)] or every
    return names[len(names) // 2]


def target_score(output: Float[Tensor, "n k h w"], targets: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Mean logit of class `targets[i]` over image i: every pixel counts alike, wherever the class is."""
    return output.mean((2, 3)).gather(1, targets[:, None]).squeeze(1)


def image_score(targets: Int[Tensor, " n"]) -> Score:
    """Target: `target_score` of class `targets[i]` for image i."""
    return Score(tuple(targets.tolist()), rule=target_score)


def region_score(output: Float[Tensor, "n k h w"], targets: Int[Tensor, " n"]) -> Score:
    """Target: mean logit of class `targets[i]` over the pixels that `output`, of the clean images, gives to it.

    The region stays what it was when a method shows the model other versions of an image. Where the class was seen
    nowhere the score is 0, and so is its gradient: no evidence.
    """
    inside = (output.argmax(1) == targets[:, None, None]).to(output.dtype).detach()

    def rule(other: Tensor, numbers: Tensor) -> Tensor:
        chosen, regions = other[torch.arange(len(other), device=other.device), targets[numbers]], inside[numbers]
        return (chosen * regions).sum((1, 2)) / regions.sum((1, 2)).clamp(min=1)

    return Score(tuple(range(len(targets))), rule=rule)


def pixel_score(targets: Int[Tensor, " n"], pixels: Int[Tensor, "n 2"]) -> Score:
    """Target: logit of class `targets[i]` at the pixel (row, column) `pixels[i]` of image i."""

    def rule(output: Tensor, numbers: Tensor) -> Tensor:
        row, column = pixels[numbers].T
        return output[torch.arange(len(output), device=output.device), targets[numbers], row, column]

    return Score(tuple(range(len(targets))), rule=rule)


def surest_pixels(output: Float[Tensor, "n k h w"], targets: Int[Tensor, " n"]) -> Int[Tensor, "n 2"]:
    """(row, column) of the pixel where class `targets[i]` has its largest probability in image i."""
    chosen = output.softmax(1)[torch.arange(len(output), device=output.device), targets]
    place = chosen.flatten(1).argmax(1)
    return torch.stack([place // chosen.shape[2], place % chosen.shape[2]], 1)


def predict_rows(rows: pd.DataFrame, output: Float[Tensor, "n k h w"], study: "Study") -> pd.DataFrame:
    """One row for each image and class but the first that is predicted or true at a pixel. See `class_predictions`."""
    return class_predictions(
        rows["image"].tolist(), _class_probabilities(output, study), true_masks(rows, study), study.dataset.classes
    )


def class_predictions(
    names: list[str], probabilities: Float[np.ndarray, "n k h w"], true: UInt8[np.ndarray, "n h w"], classes: list[str]
) -> pd.DataFrame:
    """image, target (class index), label (the class where it is truly there, else null), predicted (the class),
    confidence (mean probability over its predicted region, or where there is none over its true one), correct (IoU of
    at least `MATCH`; null without a mask), iou, and the shares of the image it takes, `predicted_share`, `true_share`.
    """
    labels, rows = probabilities.argmax(1).astype(np.uint8), []
    counts = confusion_matrices(labels, true, len(classes))
    for i, name in enumerate(names):
        known, masked = (true[i] != VOID).sum(), (true[i] != VOID).any()
        for target in range(1, len(classes)):
            said, real = labels[i] == target, true[i] == target
            if not said.any() and not real.any():
                continue
            both, either = counts[i, target, target], counts[i, target].sum() + counts[i, :, target].sum()
            iou = both / (either - both) if either else np.nan
            sure = probabilities[i, target][said if said.any() else real].mean()
            label = classes[target] if real.any() else None
            correct = bool(iou >= MATCH) if either else pd.NA
            area = real.sum() / known if masked else np.nan
            rows.append((name, target, label, classes[target], float(sure), correct, iou, said.mean(), area))
    columns = ["image", "target", "label", "predicted", "confidence", "correct", "iou", "predicted_share", "true_share"]
    return pd.DataFrame(rows, columns=columns).astype({"target": int, "correct": "boolean", "label": object})


def answer_certainty(rows: pd.DataFrame, _study: "Study") -> Rule:
    """Mean probability of the row's class over the image, as `target_score` is its mean logit."""
    classes = torch.tensor(rows["target"].tolist())

    def rule(output: Float[Tensor, "n k h w"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        return target_score(output.softmax(1), classes.to(output.device)[numbers])

    return rule


def keeps_answer(
    rows: pd.DataFrame, before: Float[Tensor, "n k h w"], after: Float[Tensor, "n k h w"], _study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether at least half of the pixels that `before` gives to the row's class have it in `after` too.

    Where `before` gives it none, "nowhere" is the answer, which is kept while `after` gives it none either.
    """
    classes = torch.tensor(rows["target"].tolist(), device=after.device)[:, None, None]
    first, second = before.argmax(1) == classes, after.argmax(1) == classes
    area, both = first.sum((1, 2)), (first & second).sum((1, 2))
    return torch.where(area > 0, both >= area / 2, ~second.any(2).any(1)).cpu().numpy()


def is_about_object(rows: pd.DataFrame, _study: "Study") -> Bool[np.ndarray, " n"]:
    """All: a class is one of an object."""
    return np.ones(len(rows), bool)


def object_masks(rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, "n h w"]:
    """Pixels that truly are of the row's class; nowhere without a mask."""
    return true_masks(rows, study) == rows["target"].to_numpy()[:, None, None]


def true_masks(rows: pd.DataFrame, study: "Study") -> UInt8[np.ndarray, "n h w"]:
    """True class of each pixel of the network's input; `VOID` all over an image that has no mask.

    Raises SeewhyError for a mask with a value that is no class.
    """
    most = len(study.dataset.classes)
    fitted = np.full((len(rows), *study.size), VOID, np.uint8)
    for place, (name, image) in enumerate(zip(rows.get("mask", []), rows["image"], strict=False)):
        if isinstance(name, str):
            fitted[place] = images.fitted_mask(study.root / name, study.preprocessing, study.root / image)
            largest = fitted[place][fitted[place] != VOID].max(initial=0)
            if largest >= most:
                raise SeewhyError(f"mask '{name}' holds the value {largest}; allowed: 0 to {most - 1}, and {VOID}")
    return fitted


@dataclass(frozen=True)
class Seen:
    """What the model says of n rows, pixel by pixel of its input: the class, and the probability of the row's class."""

    labels: UInt8[np.ndarray, "n h w"]
    sure: Float[np.ndarray, "n h w"]


def predict_pixels(study: "Study", rows: pd.DataFrame) -> Seen:
    """One forward pass for each different image of the rows."""
    model, single = study.model, rows.drop_duplicates("image").reset_index(drop=True)
    wanted = dict(iter(rows.reset_index(drop=True).groupby("image")["target"]))
    labels, sure = np.empty((len(rows), *study.size), np.uint8), np.empty((len(rows), *study.size), np.float32)
    with torch.inference_mode():
        for part, batch in study.input_batches(single, "segments"):
            for name, one in zip(part["image"], _class_probabilities(output_of(model(batch)), study), strict=True):
                labels[wanted[name].index] = one.argmax(0)
                sure[wanted[name].index] = one[wanted[name].to_numpy()]
    return Seen(labels, sure)


def resize_to_input(output: Float[Tensor, "n k h w"], size: tuple[int, int]) -> Float[Tensor, "n k H W"]:
    """The scores at the input's resolution: some networks answer at a quarter of it."""
    if output.shape[2:] == size:
        return output
    return functional.interpolate(output, size, mode="bilinear", align_corners=False)


def _class_probabilities(output: Tensor, study: "Study") -> Float[np.ndarray, "n k h w"]:
    """Softmax over the classes at the input's resolution; raises SeewhyError for another shape or damaged values."""
    count = len(study.dataset.classes)
    if output.ndim != 4 or output.shape[1] != count:
        raise SeewhyError(
            f"the model's output has shape {tuple(output.shape)}; the dataset has {count} classes: allowed is "
            f"(n, {count}, height, width)"
        )
    if not output.isfinite().all():
        raise SeewhyError("the model's output is not finite for some images; are the weights damaged?")
    return resize_to_input(output.float(), study.size).softmax(1).cpu().numpy()
