"""What a part does at its layer: its share of the activations is taken out, and the rest of the network runs again."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seewhy.engine.evidence import find_layer
from seewhy.engine.modules import eval_mode
from seewhy.engine.targets import output_of
from seewhy.measure.discovery.contrasts import output_scores
from seewhy.measure.discovery.parts import Part
from seewhy.measure.discovery.transfer import Effect, estimate_effect
from seewhy.study import Study


def measure_removal(
    study: Study, rows: pd.DataFrame, part: Part, target: int, used: Int[np.ndarray, " u"], chance: float
) -> Effect | None:
    """By how much the target's score is lower without the part, over the images `used` (their places in `rows`).

    Of a class the score is its logit over that of the strongest other class; of a label its logit; of a number itself,
    in standard deviations of the labels. None where the part cannot be taken out: of clusters, and of layers whose
    output is no map.
    """
    if part.direction is None:
        return None
    layer, size, drops = find_layer(study.model, study.layer), study.base.batch_size, list[np.ndarray]()
    with eval_mode(study.model), torch.no_grad():
        for some in np.split(used, range(size, len(used), size)):
            inputs = study.inputs(rows.iloc[some])
            before = output_of(study.model(inputs)).float().cpu()
            share = torch.from_numpy(part.strength[some][:, None] * part.direction[:, None, None]).float()
            with without_share(layer, share.to(study.device)) as fits:
                after = output_of(study.model(inputs)).float().cpu()
            if not all(fits):
                return None
            drops.append(_own_score(study, before, target) - _own_score(study, after, target))
    return estimate_effect(np.concatenate(drops), np.arange(len(used)), chance)


@contextmanager
def without_share(layer: nn.Module, share: Float[Tensor, "n c h w"]) -> Iterator[list[bool]]:
    """A layer whose output lacks that share, at least 0; yields for each of its calls whether the two have one shape,
    without which nothing is taken out."""
    fits: list[bool] = []

    def remove_share(_module: nn.Module, _given: object, output: object) -> Tensor | None:
        fits.append(isinstance(output, Tensor) and output.shape == share.shape)
        return (output - share).clamp(min=0) if isinstance(output, Tensor) and fits[-1] else None

    handle = layer.register_forward_hook(remove_share)
    try:
        yield fits
    finally:
        handle.remove()


def _own_score(study: Study, output: Tensor, target: int) -> Float[np.ndarray, " n"]:
    scores = output_scores(study, output)
    own = scores[:, target]
    if study.dataset.task != "classification":
        return own
    return own - np.delete(scores, target, axis=1).max(1)
