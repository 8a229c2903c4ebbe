"""What pushes for and against? SHAP values and their checks, for every task. Page 04."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from seewhy.engine.reading import upsample
from seewhy.engine.targets import output_of
from seewhy.maps import trials
from seewhy.maps.attributions import attribute_rows
from seewhy.measure.budget import Budget
from seewhy.measure.families.tables import (
    EMPTY_MAP,
    NOTHING,
    correlation_rows,
    named_maps,
    select_rows,
    shown_rows,
    unmeasured_row,
)
from seewhy.measure.families.word_maps import frequent_words, lime_maps
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import mean_of_images
from seewhy.methods.partition import blur_input
from seewhy.methods.shapley import expected_gradients
from seewhy.metrics.agreement import spearman
from seewhy.metrics.registry import declare_metric
from seewhy.samples import large_regions, one_each, stratified_sample
from seewhy.stats import Estimate
from seewhy.study import Study
from seewhy.tasks import classification, segmentation

MOST_SAMPLES = 500
DEFAULTS = {
    **{"images": 5, "samples": 22, "work": 2000, "background": 12, "cells": 14, "checked": 5, "evaluations": 80},
    **{"word": "", "trials": 200, "grid": 10},  # of captions
}
TRIALS = {"SHAP (partition)": "shap_partition", "LIME": "lime"}  # title -> method

declare_metric(
    "additivity_error",
    family="shap",
    title="Additivity error",
    unit="%",
    better="lower",
    question="Do the SHAP values add up to what they explain?",
)
declare_metric("expected_sum", family="shap", title="What the values should sum to", question="Do the values add up?")
declare_metric("attribution_sum", family="shap", title="What the values sum to", question="Do the values add up?")
declare_metric(
    "seed_agreement",
    family="shap",
    title="Rank correlation of two seeds",
    better="higher",
    question="Are the values the same with another seed?",
    chance=0.0,
)
declare_metric(
    "method_agreement",
    family="shap",
    title="Rank correlation with another method",
    better="",
    question="Does another method say the same?",
    chance=0.0,
)
declare_metric(
    "hidden_score",
    family="shap",
    title="Score of the class with the picture hidden",
    better="",
    question="What does a hidden picture look like to the model?",
)


@whole_family("shap", section="shap", defaults=DEFAULTS)
def measure_shap(study: Study, settings: Mapping[str, Any]) -> Result:
    """Signed maps of a few rows and how far they can be believed.

    Settings: `images` (of captions: words) that are shown; but for segmentation and captions: `samples`, `work`
    and `background` of expected gradients, `checked` images for the other methods; `cells` along a side of a map;
    `evaluations` or `trials` of the perturbation-based methods; captions: `word`, `grid`.

    Table: `additivity_error`, `expected_sum`, `attribution_sum` (classification; a row for the predicted class and one
    for the runner-up); `seed_agreement` of a method with itself; `method_agreement` of `method` with the facet `other`;
    `hidden_score` (segmentation) with facet `hidden`: "" for the photo, "blur" or "mean colour".

    Arrays: `images`, `targets` that are shown; signed maps (n, h, w) `map:<method>`, `again:<method>` with another
    seed; classification also `runner_up:shap_gradient` and `runner_up`, the class's name; classification, several
    labels and numbers `samples`; else `evaluations` or `trials`.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("seed_agreement", NOTHING))
    by_task = {"segmentation": _measure_regions, "captioning": _measure_words}
    return by_task.get(study.dataset.task, _measure_classes)(study, settings)


def _measure_classes(study: Study, settings: Mapping[str, Any]) -> Result:
    seed, count = study.base.seed, settings["images"]
    shown = stratified_sample(study.predictions, count, seed)
    classes, names = explained_classes(study, shown)
    against = trials.shap_background(study, shown, settings["background"])
    passes = 9 * count  # three maps an image, forward and twice back
    draws = min(Budget(study, settings["work"]).affordable_times(passes, settings["samples"]), MOST_SAMPLES)
    given: dict[str, Any] = {"images": study.inputs(shown), "background": against, "samples": draws}
    found = expected_gradients(study.model, **given, classes=classes, seed=seed, label=f"{study.name}: SHAP")
    firsts = [some[:1] for some in classes]
    again = expected_gradients(study.model, **given, classes=firsts, seed=seed + 1, label=f"{study.name}: SHAP again")
    values, repeated = found.pool_values(settings["cells"]), again.pool_values(settings["cells"])[:, 0]
    few = shown.head(settings["checked"])
    tried = _trial_maps(study, few, settings["evaluations"], settings["cells"])
    peers = {"shap_gradient": values[: len(few), 0], **tried}
    parts = [
        *_additivity_rows(shown, classes, found.relative_gap, found.expected, found.gap),
        tidy_rows(shown, "shap_gradient", "seed_agreement", spearman(values[:, 0], repeated), EMPTY_MAP),
        *correlation_rows(few, peers, "method_agreement"),
    ]
    arrays = {"map:shap_gradient": values[:, 0], "again:shap_gradient": repeated, "samples": np.array(draws)}
    if names:
        arrays |= {"runner_up:shap_gradient": values[:, 1], "runner_up": np.array(names, str)}
    return Result(tidy_table(parts), shown_rows(shown) | arrays | named_maps(tried))


def explained_classes(study: Study, rows: pd.DataFrame) -> tuple[list[list[int]], list[str]]:
    """The outputs that the values of each row are for, and the names of the second ones: of a classification the two
    likeliest classes; of several labels and of numbers the row's own."""
    if study.dataset.task != "classification":
        return [[target] for target in rows["target"].tolist()], []
    classes, names = classification.top_classes(rows, study.dataset.classes, 2)
    return classes, [some[1] for some in names]


def _measure_regions(study: Study, settings: Mapping[str, Any]) -> Result:
    seed, visible = study.base.seed, large_regions(study.predictions)
    shown = stratified_sample(one_each(visible, seed), settings["images"], seed)
    tried = _trial_maps(study, shown, settings["evaluations"], settings["cells"])
    parts = [*correlation_rows(shown, tried, "method_agreement"), *hidden_rows(study, visible)]
    raw = attribute_rows(study, shown, ["gradcam"]).maps
    counts = {"evaluations": np.array(settings["evaluations"])}
    return Result(tidy_table(parts), shown_rows(shown) | named_maps(tried) | named_maps(raw) | counts)


def _measure_words(study: Study, settings: Mapping[str, Any]) -> Result:
    word, seed = settings["word"], study.base.seed
    shown = frequent_words(study.predictions, [word] if word else [], settings["images"])
    options = settings["trials"], settings["grid"]
    tried, again = (lime_maps(study, shown, *options, seed + more) for more in (0, 1))
    raw = attribute_rows(study, shown, ["gradcam", "hirescam"]).maps
    size = tried.shape[1:]
    fitted = {name: upsample(torch.from_numpy(maps), (size[0], size[1])).numpy() for name, maps in raw.items()}
    parts = [
        tidy_rows(shown, "lime", "seed_agreement", spearman(tried, again), EMPTY_MAP),
        *correlation_rows(shown, {"lime": tried, **fitted}, "method_agreement"),
    ]
    arrays = {"map:lime": tried, "again:lime": again, "words": np.array(shown["predicted"], str)}
    arrays |= {"trials": np.array(settings["trials"])}
    return Result(tidy_table(parts), shown_rows(shown) | arrays | named_maps(raw))


def _trial_maps(
    study: Study, rows: pd.DataFrame, evaluations: int, cells: int
) -> dict[str, Float[np.ndarray, "n h w"]]:
    maps = trials.by_trial(study, rows, evaluations, cells)
    return {TRIALS[title]: some for title, some in maps.items()}


def _additivity_rows(
    shown: pd.DataFrame, classes: list[list[int]], share: np.ndarray, expected: np.ndarray, gap: np.ndarray
) -> list[pd.DataFrame]:
    parts = []
    for place in range(len(classes[0]) if classes else 0):
        rows = shown.assign(target=[some[place] for some in classes])
        sums = {"expected_sum": expected, "attribution_sum": expected + gap, "additivity_error": share}
        parts += [tidy_rows(rows, "shap_gradient", name, values[:, place], EMPTY_MAP) for name, values in sums.items()]
    return parts


def hidden_rows(study: Study, rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The score of each row's class for the photo, behind a blur (the partition explainer) and behind the mean colour
    (LIME)."""
    parts = []
    with torch.inference_mode():
        for part, batch in study.input_batches(rows, "scores with all hidden"):
            targets = torch.tensor(part["target"].tolist(), device=study.device)
            seen = {"": batch, "blur": blur_input(batch), "mean colour": torch.zeros_like(batch)}
            for hidden, one in seen.items():
                score = segmentation.target_score(output_of(study.model(one)), targets).cpu().numpy()
                parts.append(tidy_rows(part, "", "hidden_score", score, hidden=hidden))
    return parts


def shap_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 04: of what was measured, the additivity error, the agreement of seeds and of methods."""
    table = result.table
    error, pairs = select_rows(table, "additivity_error"), select_rows(table, "method_agreement")
    values = {
        "additivity_gap": error,  # of both classes of an image
        "stability": select_rows(table, "seed_agreement"),
        "confirmed": pairs[pairs["method"] == "shap_gradient"],
        "agreement": pairs[pairs["method"] == "shap_partition"].head(0 if len(error) else None),
    }
    figures: dict[str, Estimate | float] = {
        name: mean_of_images(some, seed) for name, some in values.items() if len(some)
    }
    arrays, shown = result.arrays, len(result.arrays["images"])
    figures |= {name: int(arrays[name]) for name in ("samples", "evaluations", "trials") if name in arrays}
    return figures | ({"cases": shown} if "evaluations" in arrays else {"words": shown} if "trials" in arrays else {})
