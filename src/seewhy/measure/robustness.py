"""Maps of a study under changes: weights redrawn, another target asked for, images changed so that nobody would notice.

Tables as in `sweeps`: one row an image, a column a method, rank correlations with the map as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from seewhy.inputs.images import tensor
from seewhy.maps.attributions import attribute
from seewhy.maps.explaining import Job, Maps, explained
from seewhy.measure.forward import outputs
from seewhy.metrics import randomisation, stability
from seewhy.metrics.agreement import spearman
from seewhy.stats import Estimate, proportion
from seewhy.study import Study
from seewhy.tasks import segmentation

Photos = UInt8[np.ndarray, "n h w 3"]
PLACED = 4  # dimensions of an answer that has places (n, classes, h, w); a caption's steps and words are three


@dataclass(frozen=True)
class Redrawn:
    """Likeness of maps to those of the model as it is, by share of the weights redrawn (`shares`, shallow to deep), of
    each image to all others (`unrelated`), and of two networks at random to each other (`random`)."""

    shares: list[float]
    likeness: list[pd.DataFrame]
    unrelated: pd.DataFrame
    random: pd.DataFrame

    @property
    def left(self) -> list[pd.DataFrame]:
        """What is left of each map at each of `shares`; see `sanity.kept`."""
        null = {name: some.to_numpy() for name, some in self.unrelated.items()}
        return [
            pd.DataFrame({name: randomisation.kept(one[name].to_numpy(), some) for name, some in null.items()})
            for one in self.likeness
        ]

    @property
    def kept(self) -> pd.DataFrame:
        """What is left of each map when all weights are redrawn."""
        return self.left[-1]


def passes(depths: int) -> int:
    """The most passes an image can take here: maps at each depth, of two random networks, of another class, and of
    every change, each with a backward pass, about as long as a forward one."""
    return 2 * (depths + 2 + 2 * len(stability.CHANGES))


def redrawn(study: Study, rows: pd.DataFrame, methods: Sequence[str], depths: int) -> Redrawn:
    """Cascading randomisation of the weights, in `depths` steps, on a copy of the model."""
    first, inputs = attribute(study, rows, methods).maps, study.inputs(rows)
    shares, likeness, last = [], [], first
    for share, other in randomisation.cascade(study.model, inputs[:1], depths, study.base.seed):
        last = changed_maps(study, other, rows, inputs, methods)
        shares.append(share)
        likeness.append(_likeness(first, last))
    (_, another), *_ = randomisation.cascade(study.model, inputs[:1], 1, study.base.seed + 1)
    random = _likeness(last, changed_maps(study, another, rows, inputs, methods))
    return Redrawn(
        shares, likeness, pd.DataFrame({name: randomisation.unrelated(first[name]) for name in methods}), random
    )


def other_target(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> pd.DataFrame:
    """Likeness to the map of another class, or of another word of the caption, drawn at random: 1 for a method that
    knows no target. NaN where an image has no other."""
    targets = other_targets(study, rows)
    there = targets >= 0
    found = pd.DataFrame(np.nan, rows.index, list(methods))
    if there.any():
        asked, inputs = rows[there], study.inputs(rows[there])
        other = changed_maps(study, study.model, asked.assign(target=targets[there]), inputs, methods)
        found.loc[there] = _likeness(attribute(study, asked, methods).maps, other).to_numpy()
    return found


def other_targets(study: Study, rows: pd.DataFrame) -> Int[np.ndarray, " n"]:
    """Another target for each row: a class or, where there are no classes, another row of the image; -1 for none."""
    draw, own = np.random.default_rng(study.base.seed), rows["target"].to_numpy()
    if study.dataset.classes:
        classes = len(study.dataset.classes)
        return (own + draw.integers(1, classes, len(rows))) % classes if classes > 1 else np.full(len(rows), -1)
    every = study.predictions.groupby("image")["target"].agg(list)
    rest = [[one for one in every[image] if one != target] for image, target in zip(rows["image"], own, strict=True)]
    return np.array([draw.choice(some) if some else -1 for some in rest], int)


@dataclass(frozen=True)
class Moved:
    """Likeness of the maps of changed images by kind of change, NaN where the prediction flipped; `flipped` counts."""

    likeness: dict[str, pd.DataFrame]
    flipped: dict[str, Bool[np.ndarray, " n"]]

    @property
    def worst(self) -> pd.DataFrame:
        """Likeness under the kind of change that moves the maps of that method most."""
        means = pd.DataFrame({kind: one.mean() for kind, one in self.likeness.items()})  # methods down, kinds across
        chosen = means.fillna(np.inf).idxmin(axis=1)
        return pd.DataFrame({name: self.likeness[kind][name] for name, kind in chosen.items()})

    @property
    def flips(self) -> tuple[str, Estimate]:
        """The kind of change that flips most predictions, and their share."""
        kind = max(self.flipped, key=lambda kind: self.flipped[kind].sum())
        return kind, proportion(self.flipped[kind])


def moved(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> Moved:
    """How far maps move when the image changes in ways that nobody would notice (see `stability.CHANGES`)."""
    first, photos = attribute(study, rows, methods).maps, study.photos(rows)
    likeness, flipped = {}, {}
    for kind, change in stability.CHANGES.items():
        new = np.stack([change(photo, study.base.seed) for photo in photos])
        inputs = tensor(new, study.preprocessing).to(study.device)
        flipped[kind] = flipped_predictions(study, rows, photos, new, shifted=kind == "shift")
        likeness[kind] = _likeness(first, changed_maps(study, study.model, rows, inputs, methods))
        likeness[kind].loc[flipped[kind]] = np.nan
    return Moved(likeness, flipped)


def flipped_predictions(
    study: Study, rows: pd.DataFrame, photos: Photos, changed: Photos, shifted: bool
) -> Bool[np.ndarray, " n"]:
    """Whether changed photos get another prediction than row i's. `shifted`: by a pixel, so that an output with places
    is moved back."""
    before = _full(outputs(study, study.model, photos), study)
    after = _full(outputs(study, study.model, changed), study)
    if shifted and after.ndim == PLACED:  # of a thin region that moved by a pixel little is left else
        after = stability.shifted_back(after)
    return ~study.task.kept(rows, before, after, study)


def _full(answer: Float[Tensor, "n ..."], study: Study) -> Float[Tensor, "n ..."]:
    """An answer that has places, with one for each pixel of the input, in which the photo was moved."""
    return segmentation.at_input(answer, study.size) if answer.ndim == PLACED else answer


def changed_maps(study: Study, model: nn.Module, rows: pd.DataFrame, inputs: Tensor, methods: Sequence[str]) -> Maps:
    """Maps of a model that need not be the study's, of inputs that need not be the images'."""
    work = [Job(image, (target,)) for image, target in zip(rows["image"], rows["target"], strict=True)]
    size = study.base.batch_size
    parts = [
        explained(study, work[k : k + size], inputs[k : k + size], methods, study.layer, model)[1]
        for k in range(0, len(work), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in methods}


def _likeness(first: Maps, second: Maps) -> pd.DataFrame:
    return pd.DataFrame({name: spearman(first[name], second[name]) for name in first})
