"""Rows of a segmentation study with their maps, what the model says of their pixels, and whose pixels these are.

A row is an image and a class, as `tasks.segmentation.predict_rows` gives them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8

from seewhy import samples
from seewhy.engine.reading import normalise, relu
from seewhy.engine.targets import output_of
from seewhy.errors import SeewhyError
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.methods.explain import explain
from seewhy.study import Study
from seewhy.tasks import segmentation

Labels = UInt8[np.ndarray, "n h w"]
SCORES = ("the whole image", "its predicted region", "its surest pixel")  # what the score is a mean over


@dataclass(frozen=True)
class RegionMaps:
    """Rows with their maps, what the model says of their pixels, and the class of each pixel as far as it is known:
    true where the image has a mask, else predicted. `masked` counts the images with one."""

    study: Study
    rows: pd.DataFrame
    found: Attributions
    seen: segmentation.Seen
    truth: Labels
    masked: int

    @property
    def class_indices(self) -> np.ndarray:
        """Class index of each row."""
        return self.rows["target"].to_numpy()

    @property
    def image_count(self) -> int:
        """How many different images the rows are of."""
        return int(self.rows["image"].nunique())

    @property
    def true_pixels(self) -> Bool[np.ndarray, "n h w"]:
        """Where the row's class is."""
        return class_pixels(self.rows, self.truth)

    @property
    def predicted_pixels(self) -> Bool[np.ndarray, "n h w"]:
        """Where the model says it is."""
        return class_pixels(self.rows, self.seen.labels)

    def bright_maps(self, method: str) -> Float[np.ndarray, "n h w"]:
        """Maps at the input's resolution as shares of their maximum; NaN: an empty map."""
        return normalise(torch.from_numpy(self.found.upsampled(method))).numpy()


def map_regions(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> RegionMaps:
    """Maps and pixels of the rows: one pass for what the stage has not stored, one for the segments."""
    true, seen = segmentation.true_masks(rows, study), segmentation.predict_pixels(study, rows)
    known = (true != segmentation.VOID).any((1, 2))
    believed = np.where(known[:, None, None], true, seen.labels)
    return RegionMaps(study, rows, attribute_rows(study, rows, methods), seen, believed, rows["image"][known].nunique())


def class_pixels(rows: pd.DataFrame, labels: Labels) -> Bool[np.ndarray, "n h w"]:
    """Pixels of the row's class."""
    return labels == rows["target"].to_numpy()[:, None, None]


def visible_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """`samples.large_regions`: smaller regions cannot be seen.

    Raises SeewhyError where there are no rows at all.
    """
    if rows.empty:
        raise SeewhyError(
            "the model finds nothing but the first class in any image, and no mask holds another one: there is nothing "
            "to explain; page 01 shows what it sees"
        )
    return samples.large_regions(rows)


def worst_rows(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows with the lowest IoU, the small ones left out (see `visible_rows`)."""
    seen = visible_rows(rows) if len(rows) else rows
    wrong = seen[~seen["correct"].fillna(True).astype(bool)]
    return wrong.sort_values(["iou", "image", "target"]).head(most).reset_index(drop=True)


def sample_images(rows: pd.DataFrame, images: int, seed: int) -> pd.DataFrame:
    """All rows of at most that many images, drawn at random, in the order of the dataset."""
    names = rows["image"].drop_duplicates()
    return rows[rows["image"].isin(names.sample(min(images, len(names)), random_state=seed))].reset_index(drop=True)


def sample_cards(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """All rows of as many images as fit into `most` rows (at least one), drawn at random, in the order of the dataset:
    each photo with each of its classes."""
    counts = rows["image"].value_counts(sort=False).sample(frac=1, random_state=seed)
    fitting = counts.index[: max(1, int((counts.cumsum() <= most).sum()))]
    return rows[rows["image"].isin(fitting)].reset_index(drop=True)


def score_maps(study: Study, rows: pd.DataFrame, method: str = "gradcam") -> dict[str, Float[np.ndarray, "n h w"]]:
    """Maps (shares of their maximum) for the three kinds of score, from one pass over the rows."""
    batch, targets = study.inputs(rows), torch.tensor(rows["target"].tolist(), device=study.device)
    with torch.inference_mode():
        clean = output_of(study.model(batch)).clone()
    pixels = segmentation.surest_pixels(clean, targets)
    scores = [
        segmentation.image_score(targets),
        segmentation.region_score(clean, targets),
        segmentation.pixel_score(targets, pixels),
    ]
    found = explain(study.model, batch, methods=[method], targets=scores, layer=study.layer)[method]
    return {name: normalise(relu(found[:, k])).cpu().numpy() for k, name in enumerate(SCORES)}
