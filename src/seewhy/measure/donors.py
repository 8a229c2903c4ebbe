"""The images that interventions take pixels from: for each row several, drawn so that each serves about equally often.

None brings an object along: where a donor's object is known it is imputed, and where it is not known although others
are, the image is no donor.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int, UInt8

from seewhy.measure.reliance import WHOLE
from seewhy.metrics.interventions import remove_object
from seewhy.samples import one_each, stratified_sample
from seewhy.study import Study
from seewhy.tasks import regression

DONORS = 2  # of an image: one alone may be a lucky draw
POOL = 1000  # images that donors are drawn from
OTHERS, THIRDS, ALIKE = "donors", "thirds", "alike"  # columns of rows: names of images, a list each
LABELLED = ("classification", "multilabel")  # tasks whose labels say which images have no object


def draw_donors(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with three lists of image names, up to `DONORS` each, among all that the model is right about.

    `donors`, without the row's prediction, are what it is changed with; `thirds`, without it too, are what is pasted
    for comparison; `alike` have the same prediction. Empty where there is none; a single image is donor and third.
    """
    pool, draw = donor_pool(study), np.random.default_rng(study.base.seed)
    names, lists = pool["image"].to_numpy(object), {name: list[list[str]]() for name in (OTHERS, THIRDS, ALIKE)}
    used = {name: np.zeros(len(pool), int) for name in lists}
    for image, lacking in zip(rows["image"], lacking_images(study, rows, pool), strict=True):
        others = _draw_places(lacking, used[OTHERS], draw)
        rest = np.setdiff1d(lacking, others)
        same = np.setdiff1d(np.flatnonzero(names != image), lacking)
        chosen = {OTHERS: others, THIRDS: _draw_places(rest if len(rest) else lacking, used[THIRDS], draw)}
        for name, places in (chosen | {ALIKE: _draw_places(same, used[ALIKE], draw)}).items():
            lists[name].append(names[places].tolist())
    return rows.assign(**{name: pd.Series(some, rows.index, dtype=object) for name, some in lists.items()})


def _draw_places(places: Int[np.ndarray, " k"], used: Int[np.ndarray, " n"], draw: np.random.Generator) -> np.ndarray:
    """Those places that served least so far, by lot where several did; what they have served is counted."""
    order = np.lexsort((draw.random(len(places)), used[places]))
    chosen = places[order[:DONORS]]
    used[chosen] += 1
    return chosen


def donor_pool(study: Study) -> pd.DataFrame:
    """At most `POOL` images that the model is right about and whose object, if any, can be left out, a row each."""
    every, seed = study.predictions, study.base.seed
    right = stratified_sample(one_each(every[every["correct"].fillna(True).astype(bool)], seed), POOL, seed)
    if study.dataset.task == "segmentation" or right.empty:  # its object is the row's class, which a donor lacks
        return right
    shares = study.object_masks(right).mean((1, 2))
    if study.settings.object_words:  # a caption that does not tell of the object may be of an image that has it
        return right[shares == 0].reset_index(drop=True)
    return right[(shares <= WHOLE) & _objects_known(study, right, shares > 0)].reset_index(drop=True)


def _objects_known(study: Study, rows: pd.DataFrame, marked: Bool[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Whether it is known where the object is, or that there is none: where nothing is marked nothing can be asked.

    An image without a mark has no object where no image with its label has one.
    """
    if not marked.any():
        return np.ones(len(rows), bool)
    if study.dataset.task not in LABELLED:
        return marked
    empty = rows["label"].notna() & ~rows["label"].isin(rows.loc[marked, "label"])
    return marked | empty.to_numpy(bool)


def lacking_images(study: Study, rows: pd.DataFrame, pool: pd.DataFrame) -> Iterator[Int[np.ndarray, " k"]]:
    """For each row the places of the images in `pool` without its prediction: of numbers those with another one."""
    every = study.predictions
    if study.dataset.task == "regression":
        spread = regression.label_spreads(study, torch.tensor(every["estimate"].to_numpy(float))[:, None])
        own = every.set_index(["target", "image"])["estimate"]
        for target, estimate in zip(rows["target"], rows["estimate"], strict=True):
            others = own.loc[target].reindex(pool["image"]).to_numpy(float)
            yield np.flatnonzero(np.abs(others - estimate) > regression.TOLERANCE * spread[target])
        return
    labels = every[every["is_predicted"]] if "is_predicted" in every else every
    said = labels.groupby("image")["predicted"].agg(set)
    for answer in rows["predicted"]:
        alike = study.same_answers(answer)
        yield np.flatnonzero([not alike & said.get(image, set()) for image in pool["image"]])


@dataclass(frozen=True)
class DonorPhotos:
    """The k-th donor of each row: `names`, empty where there is none, and photos (n, h, w, 3), black there."""

    names: list[str]
    photos: UInt8[np.ndarray, "n h w 3"]

    @property
    def there(self) -> Bool[np.ndarray, " n"]:
        """Which rows have one."""
        return np.array([bool(name) for name in self.names], bool)


def read_donors(study: Study, rows: pd.DataFrame, column: str, k: int, whole: bool = False) -> DonorPhotos:
    """The k-th image of that column of `draw_donors`, the object of the row's target imputed, unless it is left
    `whole`."""
    names = [some[k] if k < len(some) else "" for some in rows[column]]
    there = np.flatnonzero([bool(name) for name in names])
    photos = np.zeros((len(rows), *study.size, 3), np.uint8)
    if len(there):
        known = study.dataset.frame.set_index("image", drop=False)
        own = known.loc[[names[place] for place in there]].reset_index(drop=True)
        photos[there] = study.photos(own)
        if not whole:
            objects = study.object_masks(own.assign(target=rows["target"].to_numpy()[there]))
            photos[there] = [remove_object(*pair) for pair in zip(photos[there], objects, strict=True)]
    return DonorPhotos(names, photos)
