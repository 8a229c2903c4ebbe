"""What else moves the prediction? Squares, whole-picture properties and parts, found where nothing is marked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.engine.evidence import collect_evidence
from seewhy.measure.budget import Budget
from seewhy.measure.discovery.candidates import CHANCE, COARSE, REFINED, Candidate, find_candidates
from seewhy.measure.discovery.contrasts import TASKS, find_contrast, output_scores, pair_images
from seewhy.measure.discovery.crops import CROPS, crop_picture, crop_size, find_examples, seen_hash, seen_place
from seewhy.measure.discovery.edits import PROPERTIES
from seewhy.measure.discovery.judged import pack_masks
from seewhy.measure.discovery.parts import Part, find_parts
from seewhy.measure.discovery.removal import measure_removal
from seewhy.measure.discovery.transfer import FEWEST, Effect, Pairing, Photo, Pictures
from seewhy.measure.families.channels import own_scores
from seewhy.measure.families.tables import unmeasured_row
from seewhy.measure.family import OF_THE_MODEL, Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.forward import fast_study_model, photo_outputs
from seewhy.metrics.registry import declare_metric
from seewhy.progress import show_progress
from seewhy.study import Study

NAME = "candidates"
PARTS = 6  # of the layer's activations
EDITS = COARSE**2 + 4 * REFINED + len(PROPERTIES) + 2 * PARTS  # of a class; parts are carried over, and taken out
WANTED = 20  # bases of a class: classes are left out before there are fewer
MOST = 100  # bases of a class: more make intervals little narrower
LOG_ODDS, NUMBER = "log-odds", "sd"  # of the prediction; standard deviations of the labels
FEW = {
    "classification": f"it takes {FEWEST} correct images of a class and {FEWEST} of others",
    "multilabel": f"it takes {FEWEST} correct images with a label and {FEWEST} without it",
    "regression": f"it takes {FEWEST} images with a high number and {FEWEST} with a low one",
}

declare_metric(
    "candidate_effect",
    family=NAME,
    title="Gain of the prediction",
    question="What makes the model predict a class, label or higher number when it is carried into other images?",
    chance=0.0,
)


@whole_family(NAME, section="audit", tasks=TASKS, defaults={"work": 3000})
def measure_candidates(study: Study, settings: Mapping[str, Any]) -> Result:
    """For each class, label or number the strongest candidates, a row each, the strongest first.

    Table: `candidate_effect`, gain in log-odds of the class or label, or of a number in standard deviations of the
    labels, with `class`, `rank`, `kind` (square, whole, part), `name`, the place x0, y0, x1, y1 in shares of the
    picture, the interval `low` to `high`, corrected for all edits, `n` images, `donors`, `seen`, the hash of what a
    person judges, and the `unit` of the effect. Of
    parts `removal` to `removal_high` with `removal_n`: by how much the prediction is weaker without it at the layer.

    Arrays, in the order of the rows: `crops` (k, 8, h, w, 3), black where there are fewer images, `crop_images` (k, 8)
    with their names, and `examples` (k, h, w, 3), the first of these images whole. Of those that are parts:
    `part_masks` (p, n, bytes), packed, `part_images` (n) and `part_seen` (p).
    """
    contrast = find_contrast(study)
    bases, targets = spend_budget(Budget(study, settings["work"]), contrast.usable_targets)
    rows, pairings = pair_images(study, contrast, targets, bases)
    if not pairings:
        return Result(unmeasured_row("candidate_effect", FEW[study.dataset.task]))
    with fast_study_model(study, rows) as model:

        def score_photos(photos: Sequence[Photo]) -> Float[np.ndarray, "m targets"]:
            return output_scores(study, photo_outputs(study, model, np.stack(photos)))

        pictures, parts = Pictures(study.photos(rows), score_photos), layer_parts(study, rows)
        masks = [one.masks for one in parts]
        found = find_candidates(
            pictures, pairings, masks, lambda some, n, told: show_progress(some, n, f"{study.name}: candidates, {told}")
        )
    chance = CHANCE / max(1, len(parts) * len(pairings))
    ranked = [
        (pairing, rank, with_removal(study, rows, pairing, parts, one, chance))
        for pairing in pairings
        for rank, one in enumerate(found[pairing.target], start=1)
    ]
    if not ranked:
        return Result(unmeasured_row("candidate_effect", "nothing moves the prediction"))
    return tabulate_candidates(study, rows, pictures, masks, ranked)


def spend_budget(budget: Budget, classes: list[int]) -> tuple[int, list[int]]:
    """How many bases each class gets, and which classes can be paid for, at least one.

    Every edit of a base takes a pass, and its control, or the image with the part, another.
    """
    if not classes:
        return 0, []
    affordable = classes[: budget.affordable_times(2 * EDITS * WANTED, 1)]
    return min(MOST, budget.affordable_times(2 * EDITS * len(affordable), FEWEST)), affordable


def with_removal(
    study: Study, rows: pd.DataFrame, pairing: Pairing, parts: list[Part], one: Candidate, chance: float
) -> Candidate:
    """A candidate with what its removal does in the images that have its class, label or number, where it is a part."""
    if one.kind != "part":
        return one
    part, used = parts[int(one.name) - 1], np.unique(pairing.donors)
    return replace(one, removal=measure_removal(study, rows, part, one.target, used, chance))


def layer_parts(study: Study, rows: pd.DataFrame) -> list[Part]:
    """Parts that the study's layer knows; none where it has no places."""
    parts = [
        collect_evidence(study.model, batch, [study.layer], own_scores(study, some)).evidence[study.layer][0].activation
        for some, batch in study.input_batches(rows, "parts")
    ]
    activation = np.concatenate([one.cpu().numpy() for one in parts])
    if min(activation.shape[2:]) < 2:
        return []
    return find_parts(activation, PARTS, study.size, study.base.seed)


def tabulate_candidates(
    study: Study,
    rows: pd.DataFrame,
    pictures: Pictures,
    masks: list[Bool[np.ndarray, "n h w"]],
    ranked: Sequence[tuple[Pairing, int, Candidate]],
) -> Result:
    """Rows and arrays of the candidates of all classes."""
    size, names = crop_size(*study.size), rows["image"].to_numpy(str)
    crops = np.zeros((len(ranked), CROPS, *size, 3), np.uint8)
    examples = np.zeros((len(ranked), *size, 3), np.uint8)
    images, table = np.full((len(ranked), CROPS), "", names.dtype), []
    for k, (pairing, rank, one) in enumerate(ranked):
        shown = find_examples(one, pairing.donors.tolist(), masks)
        for column, number in enumerate(shown):
            crops[k, column] = crop_picture(pictures.photos[number], seen_place(one, number, masks))
        examples[k], images[k, : len(shown)] = crop_picture(pictures.photos[shown[0]], None), names[shown]
        seen = seen_hash(one, crops[k], images[k].tolist())
        unit = NUMBER if study.dataset.task == "regression" else LOG_ODDS
        table.append(candidate_row(study.dataset.classes[one.target], rank, one, seen, unit))
    arrays = {"crops": crops, "crop_images": images, "examples": examples}
    parts = [number for number, (_, _, one) in enumerate(ranked) if one.kind == "part"]
    if parts:
        arrays["part_masks"] = np.stack([pack_masks(masks[int(ranked[number][2].name) - 1]) for number in parts])
        arrays["part_seen"] = np.array([table[number]["seen"].iloc[0] for number in parts])
        arrays["part_images"] = names
    return Result(tidy_table(table), arrays)


def candidate_row(name: str, rank: int, one: Candidate, seen: str, unit: str) -> pd.DataFrame:
    """One candidate as a tidy row."""
    sides = dict(zip(("x0", "y0", "x1", "y1"), one.place or [np.nan] * 4, strict=True))
    effect = one.effect
    told: dict[str, Any] = {"class": name, "rank": rank, "kind": one.kind, "name": one.name, **sides}
    gone = one.removal or Effect(np.nan, np.nan, np.nan, 0, 0)
    removal: dict[str, Any] = {
        "removal": gone.value,
        "removal_low": gone.low,
        "removal_high": gone.high,
        "removal_n": gone.n,
    }
    measured: dict[str, Any] = {
        "low": effect.low,
        "high": effect.high,
        "n": effect.n,
        "donors": effect.donors,
        "seen": seen,
        "unit": unit,
    }
    row = pd.DataFrame({"image": [""], "target": [one.target]})
    return tidy_rows(row, OF_THE_MODEL, "candidate_effect", [effect.value], **told, **measured, **removal)
