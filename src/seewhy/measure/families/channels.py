"""Which channels carry the prediction? What each is worth, and the patches that excite it. Page 05."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int, UInt8

from seewhy.engine.evidence import collect_evidence
from seewhy.engine.rerun import Heads
from seewhy.engine.targets import Score
from seewhy.measure.families.tables import NOTHING, select_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import mean_of_images
from seewhy.methods.ablation import closed_form
from seewhy.methods.importance import channel_importance
from seewhy.metrics.agreement import spearman
from seewhy.metrics.registry import declare_metric
from seewhy.samples import one_each, stratified_sample
from seewhy.stats import FEWEST, Estimate
from seewhy.study import Study
from seewhy.tasks import task_scores

AROUND = 3  # cells across a patch, as a cell sees more than its own square; one where that is over half the picture

declare_metric(
    "channels_for_half",
    family="channels",
    title="Channels for half of the prediction",
    better="",
    question="How many channels carry the prediction?",
)
declare_metric(
    "gradient_agreement",
    family="channels",
    title="Rank correlation of gradient and ablation",
    better="higher",
    question="Does the gradient say what a channel is worth?",
    chance=0.0,
)
declare_metric(
    "channel_loss",
    family="channels",
    title="Loss of score without the channel",
    better="",
    question="Which channels does the prediction depend on?",
    chance=0.0,
)


@whole_family(
    "channels", section="features", defaults={"images": 120, "reruns": 7200, "channels": 6, "patches": 7, "layers": 4}
)
def measure_channels(study: Study, settings: Mapping[str, Any]) -> Result:
    """What each channel of the study's layer is worth to the predicted class, in the unit of the score.

    Settings: at most `images`; `reruns` of what follows the layer, where switching a channel off takes one;
    `channels` that are shown with so many `patches`.

    Table: `channels_for_half`, `gradient_agreement`, and `channel_loss` of the top channels, with the facet `channel`
    (the most important first).

    Arrays: `ablation` and `gradient` (n, c), a row for each of `images`; `channels` shown, and for each its `patches`
    (k, m, h, w, 3) and `patch_images` (k, m); `coincide`: whether gradient and ablation are one by construction.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("channel_loss", NOTHING))
    rows = choose_images(study, one_each(study.predictions, study.base.seed), settings["images"], settings["reruns"])
    worth = channel_worth(study, rows)
    top = worth.top_channels(settings["channels"])
    losses = [tidy_rows(rows, "", "channel_loss", worth.ablation[:, k], channel=str(k)) for k in top]
    parts = [
        tidy_rows(rows, "", "channels_for_half", worth.channels_needed(), "nothing speaks for the prediction"),
        tidy_rows(rows, "", "gradient_agreement", spearman(worth.gradient, worth.ablation), "all channels are equal"),
        *losses,
    ]
    patches, best = exciting_patches(study, rows, top.tolist(), settings["patches"])
    return Result(
        tidy_table(parts),
        {
            "images": np.array(rows["image"], str),
            "ablation": worth.ablation,
            "gradient": worth.gradient,
            "coincide": np.array(worth.methods_coincide),
            "channels": top.astype(np.int32),
            "patches": patches,
            "patch_images": rows["image"].to_numpy(str)[best],
        },
    )


@dataclass(frozen=True)
class ChannelWorth:
    """What each channel of the study's layer is worth to the predicted class of each row, in the score's unit."""

    gradient: Float[np.ndarray, "n c"]
    ablation: Float[np.ndarray, "n c"]

    @property
    def methods_coincide(self) -> bool:
        """Whether gradient and ablation are one here but for rounding: behind pooling and a linear layer they must."""
        return bool(np.abs(self.gradient - self.ablation).max() <= 1e-4 * np.abs(self.ablation).max())

    def top_channels(self, count: int) -> Int[np.ndarray, " k"]:
        """The channels whose loss costs most, as a mean over rows, the first of equals first."""
        return np.argsort(-self.ablation.mean(0), kind="stable")[:count]

    def channels_needed(self) -> Float[np.ndarray, " n"]:
        """How many channels make up half of all that speaks for the class in each row; NaN where nothing does."""
        gains = -np.sort(-self.ablation.clip(0), axis=1)
        total = gains.sum(1, keepdims=True)
        return np.where(total[:, 0] > 0, (gains.cumsum(1) < total / 2).sum(1) + 1.0, np.nan)


def choose_images(study: Study, rows: pd.DataFrame, images: int, reruns: int) -> pd.DataFrame:
    """At most `images` random rows, balanced over predictions.

    Fewer where switching a channel off takes another pass of what follows the layer: at most `reruns` such passes, but
    enough rows for a mean.
    """
    few = stratified_sample(rows, images, study.base.seed)
    head = next(iter(Heads(study.model, study.inputs(few.head(1)), study.layer)))
    with torch.no_grad():
        if closed_form(head, own_scores(study, few.head(1))) is not None:
            return few
    return few.head(max(FEWEST, reruns // head.activation.shape[1]))


def channel_worth(study: Study, rows: pd.DataFrame) -> ChannelWorth:
    """`channel_importance` of the predicted class, for every row."""
    found = [
        channel_importance(study.model, batch, own_scores(study, part), study.layer)
        for part, batch in study.input_batches(rows, "channels")
    ]
    gradient, ablation = ([getattr(one, key)[:, 0].cpu().numpy() for one in found] for key in ("gradient", "ablation"))
    return ChannelWorth(np.concatenate(gradient), np.concatenate(ablation))


def own_scores(study: Study, rows: pd.DataFrame) -> list[Score]:
    """The score of each row's own target."""
    return task_scores(study.task.target_score, [[target] for target in rows["target"]])


def exciting_patches(
    study: Study, rows: pd.DataFrame, wanted: Sequence[int], count: int
) -> tuple[UInt8[np.ndarray, "k m a b 3"], Int[np.ndarray, "k m"]]:
    """For each wanted channel of the study's layer the `count` patches that excite it most, at most one an image.

    Patches are cut from what the model sees, around the strongest cell; beside them the positions of their rows.
    """
    peaks, cells, grid = _channel_peaks(study, rows, wanted)
    best = np.argsort(-peaks, axis=0, kind="stable")[:count].T
    photos = study.photos(rows)
    cut = [[cut_patch(photos[k], cells[k, channel], grid) for k in own] for channel, own in enumerate(best)]
    return np.array(cut, np.uint8), best


def _channel_peaks(
    study: Study, rows: pd.DataFrame, wanted: Sequence[int]
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"], tuple[int, int]]:
    """The largest activation of each wanted channel in each row, the number of its cell, and the grid of cells."""
    peaks, cells, grid = [], [], (1, 1)
    for part, batch in study.input_batches(rows, "patches"):
        seen = collect_evidence(study.model, batch, [study.layer], own_scores(study, part))
        activation = seen.evidence[study.layer][0].activation[:, list(wanted)].cpu().numpy()
        grid = activation.shape[2], activation.shape[3]
        flat = activation.reshape(*activation.shape[:2], -1)
        peaks.append(flat.max(2))
        cells.append(flat.argmax(2))
    return np.concatenate(peaks), np.concatenate(cells), grid


def cut_patch(photo: UInt8[np.ndarray, "h w 3"], cell: int, grid: tuple[int, int]) -> UInt8[np.ndarray, "a b 3"]:
    """The photo around a cell, moved inside where it would stick out."""
    slices = []
    for place, cells, side in zip(divmod(int(cell), grid[1]), grid, photo.shape, strict=False):
        size = round((AROUND if cells >= 2 * AROUND else 1) * side / cells)
        start = min(max(0, round((place + 0.5) * side / cells - size / 2)), side - size)
        slices.append(slice(start, start + size))
    return photo[slices[0], slices[1]]


def channel_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 05: how many channels make half of the prediction, and how gradient and ablation agree."""
    names = {"channels_for_half": "channels_for_half", "gradient_spearman": "gradient_agreement"}
    measured = {key: mean_of_images(select_rows(result.table, name), seed) for key, name in names.items()}
    images, channels = result.arrays["ablation"].shape
    return {"images": int(images), "channels": int(channels), **measured}
