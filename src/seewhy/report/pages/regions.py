"""Rows of a segmentation study, their maps and their regions, as its notebooks ask for them. What is measured is in
`measure.families`.

A row is an image and a class, as `tasks.segmentation.predict` gives them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from seewhy.engine.reading import normalise
from seewhy.maps.attributions import attribute
from seewhy.measure.families.region_maps import RegionMaps, map_regions
from seewhy.measure.families.region_maps import class_pixels as of_class
from seewhy.measure.families.region_maps import sample_cards as whole
from seewhy.measure.families.region_maps import sample_images as some
from seewhy.measure.families.region_maps import score_maps as kinds
from seewhy.measure.families.region_maps import visible_rows as large
from seewhy.measure.families.region_maps import worst_rows as worst
from seewhy.measure.families.shap import hidden_rows
from seewhy.measure.family import tidy_table
from seewhy.metrics import localisation, segments
from seewhy.metrics.baselines import enlarged
from seewhy.stats import Estimate, mean, rank_correlation
from seewhy.study import Study

__all__ = ["kinds", "large", "of_class", "some", "whole", "worst"]


@dataclass(frozen=True)
class Look(RegionMaps):
    """`RegionMaps` with the estimates that pages count."""

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
    """`map_regions`, with estimates."""
    return Look(**vars(map_regions(study, rows, methods)))


def hidden(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """The score of each row's class for the photo, and with all of it hidden as each method hides it: behind a blur
    (the partition explainer), behind the mean colour (LIME). Columns: class, photo, and a method each."""
    table = tidy_table(hidden_rows(study, rows))
    names = {"photo": "", "SHAP (partition)": "blur", "LIME": "mean colour"}
    scores = {name: table.loc[table["hidden"] == hidden, "value"].to_numpy() for name, hidden in names.items()}
    return pd.DataFrame({"class": rows["predicted"].tolist(), **scores})


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
