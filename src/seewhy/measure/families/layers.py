"""Where in the network does it matter where something is? Page 05."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.engine.layers import depth_layers
from seewhy.measure.families.channels import choose_images, own_scores
from seewhy.measure.families.tables import NOTHING, select_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.methods.importance import layer_importance
from seewhy.metrics.registry import declare_metric
from seewhy.samples import one_each
from seewhy.stats import Estimate, mean
from seewhy.study import Study

declare_metric(
    "place_loss",
    family="layers",
    title="Loss of score without place",
    better="",
    question="At which layer does it matter where something is?",
    chance=0.0,
)
declare_metric(
    "layer_width",
    family="layers",
    title="Channels that carry the score",
    better="",
    question="Over how many channels of a layer is the score spread?",
)


@whole_family("layers", section="features", defaults={"images": 120, "reruns": 7200, "layers": 4})
def measure_layers(study: Study, settings: Mapping[str, Any]) -> Result:
    """What layers over the depth of the network say of the predicted class, on the images of the family `channels`.

    Settings: `images` and `reruns` as of `channels`; at most so many `layers`, and the study's own.

    Table: `place_loss`, what the score loses where each channel is replaced by its mean, and `layer_width`, with the
    facet `layer`. Arrays: `layers`, shallow to deep.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("place_loss", NOTHING))
    rows = choose_images(study, one_each(study.predictions, study.base.seed), settings["images"], settings["reruns"])
    names, width, place = layer_losses(study, rows, settings["layers"])
    parts = [
        tidy_rows(rows, "", metric, values[k], layer=name)
        for metric, values in (("place_loss", place), ("layer_width", width))
        for k, name in enumerate(names)
    ]
    return Result(tidy_table(parts), {"layers": np.array(names, str)})


def layer_losses(
    study: Study, rows: pd.DataFrame, count: int
) -> tuple[list[str], Float[np.ndarray, "l n"], Float[np.ndarray, "l n"]]:
    """`layer_importance` of the predicted class for every row: at most `count` layers and the study's own, shallow to
    deep; how many channels carry the score at each, and what it loses without place."""
    names = depth_layers(study.model, study.inputs(rows.head(1)), count, study.layer)
    found = [
        layer_importance(study.model, batch, own_scores(study, part), names)
        for part, batch in study.input_batches(rows, "depth")
    ]
    width, place = (
        np.concatenate([getattr(one, key)[..., 0].cpu().numpy() for one in found], 1) for key in ("width", "place")
    )
    return names, width, place


def leading_layer(place: Float[np.ndarray, "l n"], seed: int) -> Estimate:
    """By how much the layer with the greatest loss is ahead of the next one, row by row; its loss where it is alone.

    >>> leading_layer(np.array([[0.0] * 5, [2.0] * 5]), seed=0).value
    2.0
    """
    first, *rest = place[np.argsort(-place.mean(1), kind="stable")]
    return mean(first - rest[0], seed) if rest else mean(first, seed)


def place_losses(table: pd.DataFrame) -> Float[np.ndarray, "l n"]:
    """`place_loss` of a table of the family, layers by images, layers in their order."""
    rows = select_rows(table, "place_loss")
    return np.stack([some["value"].to_numpy() for _, some in rows.groupby("layer", sort=False)])
