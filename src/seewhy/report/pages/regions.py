"""Rows of a segmentation study, their maps and their regions, measured together: what its pages count.

A row is an image and a class, as `tasks.segmentation.predict` gives them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8

from seewhy import samples
from seewhy.engine.reading import normalise, relu
from seewhy.engine.targets import output_of
from seewhy.errors import SeewhyError
from seewhy.maps.attributions import Attributions, attribute
from seewhy.methods.explain import explain
from seewhy.methods.partition import blurred
from seewhy.metrics import localisation, segments
from seewhy.metrics.baselines import enlarged
from seewhy.stats import Estimate, mean, rank_correlation
from seewhy.study import Study
from seewhy.tasks import segmentation

Labels = UInt8[np.ndarray, "n h w"]
KINDS = ("the whole image", "its predicted region", "its surest pixel")  # what the score is a mean over


@dataclass(frozen=True)
class Look:
    """Rows with their maps, what the model says of their pixels, and the class of each pixel as far as it is known:
    true where the image has a mask, else predicted. `masked` counts the images with one."""

    study: Study
    rows: pd.DataFrame
    found: Attributions
    seen: segmentation.Seen
    truth: Labels
    masked: int

    @property
    def targets(self) -> np.ndarray:
        """Class index of each row."""
        return self.rows["target"].to_numpy()

    @property
    def images(self) -> int:
        """How many different images the rows are of."""
        return int(self.rows["image"].nunique())

    @property
    def whose(self) -> str:
        """Which regions `own` are."""
        return "true" if self.masked == self.images else "true or marked" if self.masked else "marked"

    @property
    def told(self) -> str:
        """The same as a sentence."""
        if self.masked == self.images:
            return f"Regions are the true ones, in all {self.images} images."
        if not self.masked:
            return "Regions are what the model marks: no image has a mask."
        return (
            f"Regions are the true ones in {self.masked} of {self.images} images, in the others what the model marks."
        )

    @property
    def own(self) -> Bool[np.ndarray, "n h w"]:
        """Where the row's class is."""
        return of_class(self.rows, self.truth)

    @property
    def marked(self) -> Bool[np.ndarray, "n h w"]:
        """Where the model says it is."""
        return of_class(self.rows, self.seen.labels)

    def bright(self, method: str) -> Float[np.ndarray, "n h w"]:
        """Maps at the input's resolution as shares of their maximum; NaN: no evidence."""
        return normalise(torch.from_numpy(self.found.upsampled(method))).numpy()

    def by_class(self, values: Float[np.ndarray, " n"]) -> dict[str, Estimate]:
        """Mean over the rows of each class, by its name."""
        names, seed = enumerate(self.study.dataset.classes), self.study.base.seed
        return {name: mean(np.asarray(values)[self.targets == k], seed) for k, name in names if k}

    def lifts(self) -> tuple[dict[str, dict[str, Estimate]], dict[str, dict[str, Estimate]]]:
        """Lift on the class's own region of each method and control, and of each method minus the centre blob."""
        table = localisation.lifts(self.found.titled(), self.own, self.found.grid, self.study.base.seed)
        own = {str(name): self.by_class(table[name].to_numpy()) for name in table}
        apart = {name: self.by_class((table[name] - table["centre"]).to_numpy()) for name in self.found.titled()}
        return own, {f"{name} minus centre": one for name, one in apart.items()}

    def crossed(self, method: str) -> list[list[Estimate]]:
        """Lift of the map of each class (outer; the background's too) on the region of each class (inner)."""
        names, seed = self.study.dataset.classes, self.study.base.seed
        single = self.rows.drop_duplicates("image")
        back = attribute(self.study, single, [method], names=[names[0]] * len(single)).upsampled(method)
        first = segments.class_lifts(back, np.zeros(len(single), int), self.truth[single.index], len(names), seed)
        rest = segments.class_lifts(self.found.upsampled(method), self.targets, self.truth, len(names), seed)
        return [first[0], *rest[1:]]

    def surer_brighter(self, bright: Float[np.ndarray, "n h w"]) -> dict[str, Estimate]:
        """Rank correlation of map and probability over the pixels that the model marks, by class."""
        return self.by_class(segments.within(bright, self.seen.sure, self.marked))

    def objects(self, bright: Float[np.ndarray, "n h w"]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """For each class: mean probability and mean brightness on what the model marks, an entry a row."""
        sure, lit = segments.inside(self.seen.sure, self.marked), segments.inside(bright, self.marked)
        names = enumerate(self.study.dataset.classes)
        return {name: (sure[self.targets == k], lit[self.targets == k]) for k, name in names if k}

    def at(self, layer: str) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
        """Grad-CAM at another layer, by class: lift on the class's own region, and `surer_brighter`."""
        maps = attribute(self.study, self.rows, ["gradcam"], layer=layer).upsampled("gradcam")
        bright = normalise(torch.from_numpy(maps)).numpy()
        return self.by_class(localisation.lift(maps, self.own)), self.surer_brighter(bright)

    def blob(self) -> Float[np.ndarray, "n h w"]:
        """The control that knows only the middle of the picture, for each row."""
        known = self.found.controls(self.study.base.seed)["centre"]
        return enlarged(known, self.study.size)


def look(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> Look:
    """Maps and pixels of the rows: one pass for what the stage has not stored, one for the segments."""
    true, seen = segmentation.masks(rows, study), segmentation.seen(study, rows)
    known = (true != segmentation.VOID).any((1, 2))
    believed = np.where(known[:, None, None], true, seen.labels)
    return Look(study, rows, attribute(study, rows, methods), seen, believed, int(rows["image"][known].nunique()))


def of_class(rows: pd.DataFrame, labels: Labels) -> Bool[np.ndarray, "n h w"]:
    """Pixels of the row's class."""
    return labels == rows["target"].to_numpy()[:, None, None]


def kinds(study: Study, rows: pd.DataFrame, method: str = "gradcam") -> dict[str, Float[np.ndarray, "n h w"]]:
    """Maps (shares of their maximum) for the three kinds of target, from one pass over the rows."""
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
    return {name: normalise(relu(found[:, k])).cpu().numpy() for k, name in enumerate(KINDS)}


def hidden(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """The score of each row's class for the photo, and with all of it hidden as each method hides it: behind a blur
    (the partition explainer), behind the mean colour (LIME). Columns: class, photo, and a method each."""
    parts = []
    with torch.inference_mode():
        for part, batch in study.batches(rows, "scores with all hidden"):
            seen = {"photo": batch, "SHAP (partition)": blurred(batch), "LIME": torch.zeros_like(batch)}
            targets = torch.tensor(part["target"].tolist(), device=study.device)
            scores = {
                name: segmentation.score(output_of(study.model(one)), targets).cpu().numpy()
                for name, one in seen.items()
            }
            parts.append(pd.DataFrame({"class": part["predicted"].tolist(), **scores}))
    return pd.concat(parts, ignore_index=True)


def large(rows: pd.DataFrame) -> pd.DataFrame:
    """`samples.large`: smaller ones cannot be seen.

    Raises SeewhyError where there are no rows at all.
    """
    if rows.empty:
        raise SeewhyError(
            "the model finds nothing but the first class in any image, and no mask holds another one: there is nothing "
            "to explain; page 01 shows what it sees"
        )
    return samples.large(rows)


def worst(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Rows with the lowest IoU, the small ones left out (see `large`)."""
    seen = large(rows) if len(rows) else rows
    wrong = seen[~seen["correct"].fillna(True).astype(bool)]
    return wrong.sort_values(["iou", "image", "target"]).head(most).reset_index(drop=True)


def some(rows: pd.DataFrame, images: int, seed: int) -> pd.DataFrame:
    """All rows of at most that many images, drawn at random, in the order of the dataset."""
    names = rows["image"].drop_duplicates()
    return rows[rows["image"].isin(names.sample(min(images, len(names)), random_state=seed))].reset_index(drop=True)


def whole(rows: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """All rows of as many images as fit into `most` rows (at least one), drawn at random, in the order of the dataset:
    each photo with each of its classes."""
    counts = rows["image"].value_counts(sort=False).sample(frac=1, random_state=seed)
    fitting = counts.index[: max(1, int((counts.cumsum() <= most).sum()))]
    return rows[rows["image"].isin(fitting)].reset_index(drop=True)


def correlations(objects: Mapping[str, tuple[np.ndarray, np.ndarray]], seed: int) -> dict[str, Estimate]:
    """Rank correlation of the two numbers of each class, over its rows."""
    return {name: rank_correlation(*pair, seed) for name, pair in objects.items()}


def crossed(table: Sequence[Sequence[Estimate]], classes: Sequence[str]) -> dict[str, Estimate]:
    """The cells of a table of classes by classes as named estimates."""
    pairs = [(c, d) for c in range(len(classes)) for d in range(len(classes))]
    return {f"{classes[c]} on {classes[d]}": table[c][d] for c, d in pairs}


def named(parts: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """Estimates of several things, each for every class: 'crown: Grad-CAM', class after class."""
    classes = dict.fromkeys(name for one in parts.values() for name in one)
    return {f"{name}: {what}": one[name] for name in classes for what, one in parts.items() if name in one}
