"""Maps of a study under changes: weights redrawn, another target asked for, images changed so that nobody would notice.

Tables as in `sweeps`: one row an image, a column a method, rank correlations with the map as it was.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from seewhy.maps.explaining import Job, Maps, explain_batch
from seewhy.measure.forward import photo_outputs
from seewhy.metrics import stability
from seewhy.study import Study
from seewhy.tasks import segmentation

Photos = UInt8[np.ndarray, "n h w 3"]
PLACED = 4  # dimensions of an answer that has places (n, classes, h, w); a caption's steps and words are three


def most_passes(depths: int, draws: int) -> int:
    """The most passes an image can take here: maps at each depth, of further random networks, of another class, and of
    every change, each with a backward pass, about as long as a forward one."""
    return 2 * (depths + draws - 1 + 1 + 2 * len(stability.CHANGES))


def other_targets(study: Study, rows: pd.DataFrame) -> Int[np.ndarray, " n"]:
    """Another target for each row: a class or, where there are no classes, another row of the image; -1 for none."""
    draw, own = np.random.default_rng(study.base.seed), rows["target"].to_numpy()
    if study.dataset.classes:
        classes = len(study.dataset.classes)
        return (own + draw.integers(1, classes, len(rows))) % classes if classes > 1 else np.full(len(rows), -1)
    every = study.predictions.groupby("image")["target"].agg(list)
    rest = [[one for one in every[image] if one != target] for image, target in zip(rows["image"], own, strict=True)]
    return np.array([draw.choice(some) if some else -1 for some in rest], int)


def flipped_predictions(
    study: Study, rows: pd.DataFrame, photos: Photos, changed: Photos, shifted: bool
) -> Bool[np.ndarray, " n"]:
    """Whether changed photos get another prediction than row i's. `shifted`: by a pixel, so that an output with places
    is moved back."""
    before = _full_size(photo_outputs(study, study.model, photos), study)
    after = _full_size(photo_outputs(study, study.model, changed), study)
    if shifted and after.ndim == PLACED:  # of a thin region that moved by a pixel little is left else
        after = stability.shift_back(after)
    return ~study.task.keeps_answer(rows, before, after, study)


def _full_size(answer: Float[Tensor, "n ..."], study: Study) -> Float[Tensor, "n ..."]:
    """An answer that has places, with one for each pixel of the input, in which the photo was moved."""
    return segmentation.resize_to_input(answer, study.size) if answer.ndim == PLACED else answer


def changed_maps(study: Study, model: nn.Module, rows: pd.DataFrame, inputs: Tensor, methods: Sequence[str]) -> Maps:
    """Maps of a model that need not be the study's, of inputs that need not be the images'."""
    work = [Job(image, (target,)) for image, target in zip(rows["image"], rows["target"], strict=True)]
    size = study.base.batch_size
    parts = [
        explain_batch(study, work[k : k + size], inputs[k : k + size], methods, study.layer, model)[1]
        for k in range(0, len(work), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in methods}
