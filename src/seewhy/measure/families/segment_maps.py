"""Does the map of a class lie on its region, and is it bright where the model is sure? Segmentation. Page 02."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from seewhy.engine.layers import rising_layers
from seewhy.engine.reading import normalise
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.region_maps import (
    RegionMaps,
    map_regions,
    sample_cards,
    sample_images,
    score_maps,
    visible_rows,
)
from seewhy.measure.families.tables import NOTHING, named_maps, select_rows, shown_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import mean_of_images
from seewhy.metrics import localisation, segments
from seewhy.metrics.baselines import enlarge_to_input
from seewhy.metrics.registry import declare_metric
from seewhy.samples import stratified_sample
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import segmentation

METHODS = ("gradcam", "gradcam_pp")
FEW = 3  # rows whose maps by layer and by score are shown
NO_REGION = "the map is empty, or the region is empty or the whole picture"
NO_ORDER = "the map is empty, or the region is empty or all alike"

declare_metric(
    "class_lift",
    family="segment_maps",
    title="Lift on the region of a class",
    unit="×",
    better="higher",
    question="Does the map of a class lie on its region?",
    chance=1.0,
    baselines=("random", "centre"),
)
declare_metric(
    "probability_correlation",
    family="segment_maps",
    title="Rank correlation of map and probability",
    better="higher",
    question="Is the map brighter where the model is more certain?",
    chance=0.0,
    baselines=("centre",),
)
declare_metric("map_brightness", family="segment_maps", title="Brightness of the map", unit="%")
declare_metric("class_probability", family="segment_maps", title="Probability of the class", unit="%")


@whole_family(
    "segment_maps",
    section="grad_cam",
    tasks=("segmentation",),
    defaults={"images": 120, "cards": 36, "rows": 6, "layers": 4, "bins": 10},
)
def measure_segment_maps(study: Study, settings: Mapping[str, Any]) -> Result:
    """Maps of the classes of at most `images` images, against regions and probabilities of their pixels.

    Settings: also `rows` and `cards` that are shown, `layers` from coarse to fine cells, `bins` of probability.

    Table, one row an image and class, with facets `map_class`, the class of the map, and `layer`:
    `class_lift` of Grad-CAM, Grad-CAM++ and the baselines on the region of the class itself, and of Grad-CAM on those
    of all classes (facet `region`); `probability_correlation` of Grad-CAM and the centre over the pixels that the model
    marks; of Grad-CAM, over these, `class_probability` and `map_brightness`, a mean, and, with the facet
    `probability` (middle of a bin), over all pixels with such a probability.

    Arrays: `images`, `targets` that are shown with the predicted `labels` (n, h, w) of their pixels, and their maps
    `map:gradcam`, `map:gradcam_pp`, `map:guided_gradcam`; of the first `FEW`, `score:<kind>` for each kind of score
    and `layer:<name>`; `layers`, and the `layer` of the study; `card_images`, `card_targets`, `card_labels` of a
    gallery; `truth`, [images with masks, images]: in the others regions are what the model marks; `empty`: how many
    maps of Grad-CAM are.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("class_lift", NOTHING))
    seed, visible = study.base.seed, visible_rows(study.predictions)
    here = map_regions(study, sample_images(study.predictions, settings["images"], seed), METHODS)
    shown, cards = stratified_sample(visible, settings["rows"], seed), sample_cards(visible, settings["cards"], seed)
    names = rising_layers(study.model, study.inputs(shown.head(1)), settings["layers"])
    parts = [*_lift_rows(here), *_crossed_rows(here), *_probability_rows(here, settings["bins"])]
    parts += [row for name in names if name != study.layer for row in _layer_rows(here, name)]
    few = shown.head(FEW)
    fine = attribute_rows(study, shown, [*METHODS, "guided_gradcam"])
    at = {name: attribute_rows(study, few, ["gradcam"], layer=name).shares("gradcam") for name in names}
    arrays = named_maps(dict(zip(fine.maps, fine.visible_strengths(56).values(), strict=True)))
    arrays |= named_maps(score_maps(study, few), "score") | named_maps(at, "layer")
    arrays |= {f"card_{name}": some for name, some in shown_rows(cards).items()}
    arrays |= {
        "labels": segmentation.predict_pixels(study, shown).labels,
        "card_labels": segmentation.predict_pixels(study, cards).labels,
    }
    arrays |= {"layers": np.array(names, str), "truth": np.array([here.masked, here.image_count])}
    arrays |= {"layer": np.array(study.layer, str), "empty": np.array(here.found.count_empty("gradcam"))}
    return Result(tidy_table(parts), shown_rows(shown) | arrays)


def _map_facets(here: RegionMaps, layer: str = "") -> dict[str, Any]:
    return {"map_class": here.rows["predicted"].to_numpy(), "layer": layer or here.study.layer}


def _lift_rows(here: RegionMaps) -> list[pd.DataFrame]:
    """On the region of the class itself."""
    maps = {name: here.found.upsampled(name) for name in METHODS}
    lifts = localisation.method_lifts(maps, here.true_pixels, here.found.grid, here.study.base.seed)
    facets = {**_map_facets(here), "region": here.rows["predicted"].to_numpy()}
    return [
        tidy_rows(here.rows, str(name), "class_lift", lifts[name].to_numpy(), NO_REGION, **facets) for name in lifts
    ]


def _crossed_rows(here: RegionMaps) -> list[pd.DataFrame]:
    """Grad-CAM of each class on the region of each other class; of the first class, which has no rows, on all."""
    classes, study = here.study.dataset.classes, here.study
    single = here.rows.drop_duplicates("image")
    first = attribute_rows(study, single, ["gradcam"], names=[classes[0]] * len(single)).upsampled("gradcam")
    own, parts = here.found.upsampled("gradcam"), []
    for k, name in enumerate(classes):
        back = localisation.lift(first, here.truth[single.index] == k)
        facets = {"map_class": classes[0], "layer": study.layer, "region": name}
        parts.append(tidy_rows(single.assign(target=0), "gradcam", "class_lift", back, NO_REGION, **facets))
        rest = here.class_indices != k
        lifts = localisation.lift(own[rest], here.truth[rest] == k)
        facets = {"map_class": here.rows["predicted"][rest].to_numpy(), "layer": study.layer, "region": name}
        parts.append(tidy_rows(here.rows[rest], "gradcam", "class_lift", lifts, NO_REGION, **facets))
    return parts


def _probability_rows(here: RegionMaps, bins: int) -> list[pd.DataFrame]:
    bright, sure, marked = here.bright_maps("gradcam"), here.seen.sure, here.predicted_pixels
    centre = enlarge_to_input(here.found.control_maps(here.study.base.seed)["centre"], here.study.size)
    step = np.minimum((sure * bins).astype(int), bins - 1)
    middles = [f"{(number + 0.5) / bins:g}" for number in range(bins)]
    facets, empty = _map_facets(here), "the map is empty, or no pixel has this probability"
    return [
        *(
            tidy_rows(here.rows, name, "probability_correlation", correlation, NO_ORDER, **facets)
            for name, correlation in (
                ("gradcam", segments.correlation_within(bright, sure, marked)),
                ("centre", segments.correlation_within(centre, sure, marked)),
            )
        ),
        tidy_rows(here.rows, "", "class_probability", segments.mean_inside(sure, marked), empty, **facets),
        tidy_rows(here.rows, "gradcam", "map_brightness", segments.mean_inside(bright, marked), empty, **facets),
        *(
            tidy_rows(
                here.rows,
                "gradcam",
                "map_brightness",
                segments.mean_inside(bright, step == number),
                empty,
                **facets,
                probability=middle,
            )
            for number, middle in enumerate(middles)
        ),
    ]


def _layer_rows(here: RegionMaps, layer: str) -> list[pd.DataFrame]:
    """Grad-CAM at another layer."""
    maps = attribute_rows(here.study, here.rows, ["gradcam"], layer=layer).upsampled("gradcam")
    bright = normalise(torch.from_numpy(maps)).numpy()
    correlation = segments.correlation_within(bright, here.seen.sure, here.predicted_pixels)
    facets, region = _map_facets(here, layer), here.rows["predicted"].to_numpy()
    return [
        tidy_rows(
            here.rows,
            "gradcam",
            "class_lift",
            localisation.lift(maps, here.true_pixels),
            NO_REGION,
            **facets,
            region=region,
        ),
        tidy_rows(here.rows, "gradcam", "probability_correlation", correlation, NO_ORDER, **facets),
    ]


def class_means(rows: pd.DataFrame, classes: list[str], seed: int) -> dict[str, Estimate]:
    """Mean of some rows of the table for each class of the maps."""
    return {name: mean_of_images(rows[rows["map_class"] == name], seed) for name in classes}


def segment_map_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 02: lift on the own region and correlation with the probability, at the study's layer."""
    here = result.table[(result.table["layer"] == str(result.arrays["layer"])) & (result.table["method"] == "gradcam")]
    lifts, ranks = (select_rows(here, name) for name in ("class_lift", "probability_correlation"))
    own, classes = lifts[lifts["region"] == lifts["map_class"]], list(dict.fromkeys(ranks["map_class"]))
    figures = {f"lift.{name}": one for name, one in class_means(own, classes, seed).items()}
    figures |= {f"surer_brighter.{name}": one for name, one in class_means(ranks, classes, seed).items()}
    counts = {"images": int(result.arrays["truth"][1]), "empty": int(result.arrays["empty"])}
    return {**counts, **figures}
