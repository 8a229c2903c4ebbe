"""A study's channels and depth: what the importance methods find, batch after batch, and the patches that show it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int, UInt8

from seewhy.engine.evidence import collect
from seewhy.engine.layers import depth_layers
from seewhy.engine.rerun import Heads
from seewhy.engine.targets import Score
from seewhy.methods.ablation import closed_form
from seewhy.methods.importance import channel_importance, layer_importance
from seewhy.samples import stratified
from seewhy.stats import FEWEST, Estimate, mean
from seewhy.study import Study
from seewhy.tasks import scores, segmentation

AROUND = 3  # cells across a patch, as a cell sees more than its own square; one where that is over half the picture


@dataclass(frozen=True)
class Channels:
    """What each channel of the study's layer is worth to the predicted class of each row, in the score's unit."""

    gradient: Float[np.ndarray, "n c"]
    ablation: Float[np.ndarray, "n c"]

    @property
    def coincide(self) -> bool:
        """Whether gradient and ablation are one here but for rounding: behind pooling and a linear layer they must."""
        return bool(np.abs(self.gradient - self.ablation).max() <= 1e-4 * np.abs(self.ablation).max())

    def top(self, count: int) -> Int[np.ndarray, " k"]:
        """The channels whose loss costs most, as a mean over rows, the first of equals first."""
        return np.argsort(-self.ablation.mean(0), kind="stable")[:count]

    def needed(self) -> Float[np.ndarray, " n"]:
        """How many channels make up half of all that speaks for the class in each row; NaN where nothing does."""
        gains = -np.sort(-self.ablation.clip(0), axis=1)
        total = gains.sum(1, keepdims=True)
        return np.where(total[:, 0] > 0, (gains.cumsum(1) < total / 2).sum(1) + 1.0, np.nan)


def sample(study: Study, rows: pd.DataFrame, images: int, reruns: int) -> pd.DataFrame:
    """At most `images` random rows, balanced over predictions.

    Fewer where switching a channel off takes another pass of what follows the layer: at most `reruns` such passes, but
    enough rows for a mean.
    """
    few = stratified(rows, images, study.base.seed)
    head = next(iter(Heads(study.model, study.inputs(few.head(1)), study.layer)))
    with torch.no_grad():
        if closed_form(head, _own(study, few.head(1))) is not None:
            return few
    return few.head(max(FEWEST, reruns // head.activation.shape[1]))


def channels(study: Study, rows: pd.DataFrame) -> Channels:
    """`channel_importance` of the predicted class, for every row."""
    found = [
        channel_importance(study.model, batch, _own(study, part), study.layer)
        for part, batch in study.batches(rows, "channels")
    ]
    gradient, ablation = ([getattr(one, key)[:, 0].cpu().numpy() for one in found] for key in ("gradient", "ablation"))
    return Channels(np.concatenate(gradient), np.concatenate(ablation))


def pooled(study: Study, rows: pd.DataFrame) -> Float[np.ndarray, "n c"]:
    """What the study's layer finds in each row, wherever it lies: the mean of each channel over its cells."""
    found = [
        collect(study.model, batch, [study.layer], _own(study, part)).evidence[study.layer][0].activation.mean((2, 3))
        for part, batch in study.batches(rows, "features")
    ]
    return np.concatenate([one.cpu().numpy() for one in found])


@dataclass(frozen=True)
class Depth:
    """What each layer, shallow to deep, says of each row's predicted class (see `methods.importance`)."""

    layers: list[str]
    width: Float[np.ndarray, "l n"]
    place: Float[np.ndarray, "l n"]

    def ahead(self, seed: int) -> Estimate:
        """By how much the layer with the greatest loss of `place` is ahead of the next one, row by row."""
        first, *rest = self.place[np.argsort(-self.place.mean(1), kind="stable")]
        return mean(first - rest[0], seed) if rest else mean(first, seed)


def depth(study: Study, rows: pd.DataFrame, count: int) -> Depth:
    """`layer_importance` of the predicted class over at most `count` layers and the study's own, for every row."""
    names = depth_layers(study.model, study.inputs(rows.head(1)), count, study.layer)
    found = [
        layer_importance(study.model, batch, _own(study, part), names) for part, batch in study.batches(rows, "depth")
    ]
    width, place = (
        np.concatenate([getattr(one, key)[..., 0].cpu().numpy() for one in found], 1) for key in ("width", "place")
    )
    return Depth(names, width, place)


def patches(
    study: Study, rows: pd.DataFrame, wanted: Sequence[int], count: int
) -> tuple[list[list[UInt8[np.ndarray, "h w 3"]]], list[list[str]]]:
    """For each wanted channel of the study's layer the `count` patches that excite it most, at most one an image.

    Patches are cut from what the model sees, around the strongest cell; beside them, the label (or prediction) of each;
    none of a segmentation, where a class is that of a region and not of the picture.
    """
    peaks, cells, grid = _peaks(study, rows, wanted)
    found, names = [], []
    said = rows["label"].fillna(rows["predicted"]).to_numpy()
    for channel in range(len(wanted)):
        best = np.argsort(-peaks[:, channel], kind="stable")[:count]
        photos = study.photos(rows.iloc[best])
        found.append([_patch(photo, cells[k, channel], grid) for photo, k in zip(photos, best, strict=True)])
        names.append([] if study.task is segmentation else [str(said[k]) for k in best])
    return found, names


def _own(study: Study, rows: pd.DataFrame) -> list[Score]:
    """The score of each row's own target."""
    return scores(study.task.score, [[target] for target in rows["target"]])


def _peaks(
    study: Study, rows: pd.DataFrame, wanted: Sequence[int]
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"], tuple[int, int]]:
    """The largest activation of each wanted channel in each row, the number of its cell, and the grid of cells."""
    peaks, cells, grid = [], [], (1, 1)
    for part, batch in study.batches(rows, "patches"):
        seen = collect(study.model, batch, [study.layer], _own(study, part))
        activation = seen.evidence[study.layer][0].activation[:, list(wanted)].cpu().numpy()
        grid = activation.shape[2], activation.shape[3]
        flat = activation.reshape(*activation.shape[:2], -1)
        peaks.append(flat.max(2))
        cells.append(flat.argmax(2))
    return np.concatenate(peaks), np.concatenate(cells), grid


def _patch(photo: UInt8[np.ndarray, "h w 3"], cell: int, grid: tuple[int, int]) -> UInt8[np.ndarray, "a b 3"]:
    """The photo around a cell, moved inside where it would stick out."""
    slices = []
    for place, cells, side in zip(divmod(int(cell), grid[1]), grid, photo.shape, strict=False):
        size = round((AROUND if cells >= 2 * AROUND else 1) * side / cells)
        start = min(max(0, round((place + 0.5) * side / cells - size / 2)), side - size)
        slices.append(slice(start, start + size))
    return photo[slices[0], slices[1]]
