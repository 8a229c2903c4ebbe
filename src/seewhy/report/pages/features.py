"""Channels and layers of a study, as notebook 05 asks for them. What is measured is in `measure.families`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, UInt8

from seewhy.measure.families.channels import ChannelWorth as Channels
from seewhy.measure.families.channels import channel_worth as channels
from seewhy.measure.families.channels import choose_images as sample
from seewhy.measure.families.channels import exciting_patches
from seewhy.measure.families.layers import layer_losses, leading_layer
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import segmentation

__all__ = ["Channels", "Depth", "channels", "depth", "patches", "sample"]


@dataclass(frozen=True)
class Depth:
    """What each layer, shallow to deep, says of each row's predicted class (see `methods.importance`)."""

    layers: list[str]
    width: Float[np.ndarray, "l n"]
    place: Float[np.ndarray, "l n"]

    def ahead(self, seed: int) -> Estimate:
        """By how much the layer with the greatest loss of `place` is ahead of the next one, row by row."""
        return leading_layer(self.place, seed)


def depth(study: Study, rows: pd.DataFrame, count: int) -> Depth:
    """`layer_losses` of the predicted class for every row."""
    return Depth(*layer_losses(study, rows, count))


def patches(
    study: Study, rows: pd.DataFrame, wanted: Sequence[int], count: int
) -> tuple[list[list[UInt8[np.ndarray, "h w 3"]]], list[list[str]]]:
    """`exciting_patches`; beside them the label (or prediction) of each, none of a segmentation, where a class is that
    of a region and not of the picture."""
    pictures, best = exciting_patches(study, rows, wanted, count)
    said = rows["label"].fillna(rows["predicted"]).to_numpy()
    names = [[] if study.task is segmentation else [str(said[k]) for k in own] for own in best]
    return [list(some) for some in pictures], names
