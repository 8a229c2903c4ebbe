"""Which images of a study have a target and which lack it: a class, a label, or a high number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from seewhy.engine.targets import two_sided
from seewhy.measure.discovery.transfer import Pairing, list_usable_targets, pair_classes, pair_states
from seewhy.samples import stratified_sample
from seewhy.study import Study
from seewhy.tasks import multilabel, regression

TASKS = ("classification", "multilabel", "regression")
THIRD = 1 / 3  # of the images: those with the lowest, and those with the highest numbers


@dataclass(frozen=True)
class Contrast:
    """Images, a row each, and which of them have each target and which lack it; some do neither.

    rows: of the predictions. has, lacks (n, targets).
    """

    rows: pd.DataFrame
    has: Bool[np.ndarray, "n targets"]
    lacks: Bool[np.ndarray, "n targets"]

    @property
    def usable_targets(self) -> list[int]:
        """Targets that can be asked for, the most frequent first."""
        return list_usable_targets(self.has, self.lacks)


def find_contrast(study: Study) -> Contrast:
    """Of classes and labels: images that are predicted correctly, or that have no label. Of numbers: the third with the
    highest and the third with the lowest predictions."""
    rows = study.predictions
    if study.dataset.task == "multilabel":
        return _label_contrast(study, rows)
    if study.dataset.task == "regression":
        return _number_contrast(rows)
    right = rows[rows["correct"].fillna(True).astype(bool)].reset_index(drop=True)
    has = right["target"].to_numpy()[:, None] == np.arange(len(study.dataset.classes))
    return Contrast(right, has, ~has)


def _label_contrast(study: Study, rows: pd.DataFrame) -> Contrast:
    single = rows.drop_duplicates("image").reset_index(drop=True)
    said = np.stack(single["probabilities"].tolist()) >= multilabel.THRESHOLD
    frame = study.dataset.frame.set_index("image", drop=False).loc[single["image"]].reset_index(drop=True)
    true = multilabel.label_matrix(frame, study.dataset.classes)
    right = np.isnan(true) | (said == (true == 1))
    return Contrast(single, said & right, ~said & right)


def _number_contrast(rows: pd.DataFrame) -> Contrast:
    single = rows.drop_duplicates("image").reset_index(drop=True)
    values = predicted_numbers(rows, single["image"])
    low, high = np.quantile(values, [THIRD, 1 - THIRD], axis=0)
    return Contrast(single, (values >= high) & (values > low), (values <= low) & (values < high))


def predicted_numbers(rows: pd.DataFrame, images: Sequence[str]) -> Float[np.ndarray, "n k"]:
    """The predictions of a regression, an image a row, a quantity a column."""
    return rows.pivot(index="image", columns="target", values="estimate").loc[list(images)].to_numpy(float)


def pair_images(study: Study, contrast: Contrast, targets: list[int], most: int) -> tuple[pd.DataFrame, list[Pairing]]:
    """The images that are bases or donors, a row each, and a pairing for each target with at most `most` bases."""
    rows, seed = contrast.rows, study.base.seed
    if study.dataset.task == "classification":
        own = [stratified_sample(rows[rows["target"] == target], most, seed) for target in targets]
        others = stratified_sample(rows[~rows["target"].isin(targets)], 2 * most, seed)
        rows = pd.concat([*own, others], ignore_index=True)
        pairings = pair_classes(rows["target"].to_numpy(), most, seed) if len(rows) else []
        return rows, [one for one in pairings if one.target in targets]
    pairings = pair_states(contrast.has, contrast.lacks, targets, most, seed)
    if not pairings:
        return rows.head(0), []
    used = np.unique(np.concatenate([part for one in pairings for part in (one.bases, one.donors, one.same)]))
    return rows.iloc[used].reset_index(drop=True), [one.renumber(used) for one in pairings]


def output_scores(study: Study, output: Float[Tensor, "m ..."]) -> Float[np.ndarray, "m targets"]:
    """What an effect is counted in: logits; numbers in units of the labels' standard deviation."""
    if study.dataset.task == "classification":
        return two_sided(output).double().numpy()
    if study.dataset.task == "multilabel":
        return output.double().numpy()
    rows = study.whole_study.predictions
    said = torch.tensor(predicted_numbers(rows, rows["image"].unique()))
    return output.double().numpy() / regression.label_spreads(study, said)
