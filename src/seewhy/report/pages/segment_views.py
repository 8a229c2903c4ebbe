"""Page 02 of a segmentation: maps of classes on their regions, from the family `segment_maps`.

A row is an image and a class, as `tasks.segmentation.predict_rows` gives them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.region_maps import class_pixels, visible_rows
from seewhy.measure.families.segment_maps import METHODS, class_means
from seewhy.measure.measurement import Measurement
from seewhy.measure.summary import mean_of_images
from seewhy.report.pages import masks, views
from seewhy.report.pages.estimates import method_title
from seewhy.report.plots.gallery import Card
from seewhy.stats import Estimate, rank_correlation
from seewhy.study import Study

Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class SegmentMaps:
    """What the family `segment_maps` holds, as page 02 shows it.

    Args:
        study, measured: whose, and `study.measure("segment_maps")`.
    """

    study: Study
    measured: Measurement

    @property
    def classes(self) -> list[str]:
        """The classes that rows are of: all but the first."""
        return self.study.dataset.classes[1:]

    @property
    def layer(self) -> str:
        """The study's own layer."""
        return str(self.measured.arrays["layer"])

    @property
    def region_counts(self) -> tuple[int, int]:
        """How many images have a mask, and how many there are; in the others regions are what the model marks."""
        masked, images = self.measured.arrays["truth"].tolist()
        return masked, images

    def rows_of(self, metric: str, method: str, layer: str = "") -> pd.DataFrame:
        """Rows of one metric and method at a layer, default: the study's."""
        table = self.measured.table
        here = (table["metric"] == metric) & (table["method"] == method)
        return table[here & (table["layer"] == (layer or self.layer))]

    def class_lifts(self, method: str, layer: str = "") -> Estimates:
        """Mean lift on the region of the map's own class, by class."""
        rows = self.rows_of("class_lift", method, layer)
        return class_means(rows[rows["region"] == rows["map_class"]], self.classes, self.study.base.seed)

    def lifts_over_centre(self, method: str) -> Estimates:
        """The same minus the centre baseline's, image by image."""
        own, centre = (self.rows_of("class_lift", name) for name in (method, "centre"))
        own = own[own["region"] == own["map_class"]]
        pairs = own.merge(centre, on=["image", "target"], suffixes=("", "_centre"))
        apart = pairs.assign(value=pairs["value"] - pairs["value_centre"])
        return class_means(apart, self.classes, self.study.base.seed)

    def probability_correlations(self, method: str, layer: str = "") -> Estimates:
        """Mean rank correlation of map and probability over the pixels that the model marks, by class."""
        return class_means(self.rows_of("probability_correlation", method, layer), self.classes, self.study.base.seed)

    def crossed_lifts(self) -> Estimates:
        """Mean lift of the Grad-CAM map of each class on the region of each: 'crown on tree'."""
        rows, names, seed = self.rows_of("class_lift", "gradcam"), self.study.dataset.classes, self.study.base.seed
        return {
            f"{one} on {other}": mean_of_images(rows[(rows["map_class"] == one) & (rows["region"] == other)], seed)
            for one in names
            for other in names
        }

    def brightness_curve(self) -> tuple[list[float], dict[str, tuple[list[float], list[float], list[float]]]]:
        """Brightness of the map by the probability of its class, as `figures.curve_chart` takes it."""
        rows, seed = self.rows_of("map_brightness", "gradcam"), self.study.base.seed
        rows = rows[rows["probability"].notna() & (rows["probability"] != "")]
        middles = sorted(rows["probability"].unique(), key=float)
        lines = {}
        for name in self.classes:
            own = rows[rows["map_class"] == name]
            found = [mean_of_images(own[own["probability"] == one], seed) for one in middles]
            lines[name] = ([e.value for e in found], [e.low for e in found], [e.high for e in found])
        return [float(one) for one in middles], lines

    def object_values(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """By class: mean probability and mean brightness on what the model marks, an entry a row."""
        bright = self.rows_of("map_brightness", "gradcam")
        bright = bright[bright["probability"].isna() | (bright["probability"] == "")]
        pairs = self.rows_of("class_probability", "").merge(bright, on=["image", "target"], suffixes=("", "_map"))
        return {
            name: (own["value"].to_numpy(float), own["value_map"].to_numpy(float))
            for name in self.classes
            for own in [pairs[pairs["map_class"] == name]]
        }

    def object_correlations(self) -> Estimates:
        """Rank correlation of these two over the rows of each class."""
        return {name: rank_correlation(*pair, self.study.base.seed) for name, pair in self.object_values().items()}

    def rows_of_arrays(self, kind: str = "") -> pd.DataFrame:
        """The rows that arrays are of: those shown, or with "card_" those of the gallery."""
        pairs = {key: self.measured.arrays[f"{kind}{key}"] for key in ("images", "targets")}
        wanted = pd.DataFrame({"image": pairs["images"], "target": pairs["targets"]})
        return wanted.merge(self.study.predictions, on=["image", "target"], how="left")

    def stored_maps(self, kind: str) -> dict[str, np.ndarray]:
        """The stored maps of a kind, by method, layer or score."""
        return {
            key.removeprefix(f"{kind}:"): some
            for key, some in self.measured.arrays.items()
            if key.startswith(f"{kind}:")
        }

    def map_figure(self, kind: str) -> tuple[Figure, str]:
        """Photo, masks and the maps of a kind ("map", "score", "layer"), with the predicted region outlined."""
        maps = self.stored_maps(kind)
        titled = {method_title(name) if kind == "map" else name: some for name, some in maps.items()}
        rows = self.rows_of_arrays().head(len(next(iter(maps.values()))))
        labels = self.measured.arrays["labels"][: len(rows)]
        told = f"{', '.join(titled)}: {masks.describe_segments(rows, titled)}"
        return masks.masks_beside_maps(self.study, rows, labels, titled), told

    def gallery_cards(self) -> tuple[list[Card], int, int]:
        """Gallery cards with the rim of the predicted region; of how many images, of how many with a visible region."""
        rows, study = self.rows_of_arrays("card_"), self.study
        found = attribute_rows(study, rows, METHODS)
        regions = class_pixels(rows, self.measured.arrays["card_labels"])
        made = masks.region_cards(study, rows, views.map_cards(study, found, range(len(rows))), regions)
        return made, rows["image"].nunique(), visible_rows(study.predictions)["image"].nunique()


def segment_maps(study: Study) -> SegmentMaps:
    """The family `segment_maps` of a study, as its page shows it."""
    return SegmentMaps(study, study.measure("segment_maps"))


def judge_classes(lifts: Mapping[str, Estimate], over_centre: Mapping[str, Estimate]) -> dict[str, str]:
    """Does the map of each class lie on it? See `object_maps.judge_object`."""
    from seewhy.report.pages.object_maps import judge_object

    return {name: judge_object(one, over_centre[name]) for name, one in lifts.items()}


def joint_answer(answers: Sequence[str]) -> str:
    """One answer for several: theirs where they agree; `Partly` where some are `Yes` or `Partly`.

    >>> joint_answer(["Yes", "No"])
    'Partly'
    """
    given = [one for one in answers if one != "Not tested"]
    if not given:
        return "Not tested"
    if len(set(given)) == 1:
        return given[0]
    return "Partly" if {"Yes", "Partly"} & set(given) else "Undecided"


def estimates_by_class(parts: Mapping[str, Estimates]) -> Estimates:
    """Estimates of several things, each for every class: 'crown: Grad-CAM', class after class."""
    classes = dict.fromkeys(name for one in parts.values() for name in one)
    return {f"{name}: {what}": one[name] for name in classes for what, one in parts.items() if name in one}


def spreading_classes(crossed: Estimates) -> dict[str, Estimate]:
    """The pairs of different classes whose lift is clearly above chance, the highest first."""
    other = {pair: one for pair, one in crossed.items() if len(set(pair.split(" on "))) == 2}
    clear = {pair: one for pair, one in other.items() if one.measured and one.low > 1}
    return dict(sorted(clear.items(), key=lambda item: -item[1].value))
