"""What a study's answers hang on: its object, its background or a part that it suspects is changed, beside the same
area elsewhere (see `audit.interventions`)."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int, UInt8
from torch import nn

from seewhy.measure.forward import photo_outputs
from seewhy.measure.reliance import Masks, find_regions
from seewhy.metrics.interventions import KINDS, change_region, move_elsewhere
from seewhy.samples import one_each
from seewhy.study import Study
from seewhy.tasks import regression

COLUMNS = ["image", "said", "other", "region", "kind", "control", "answer", "change"]


def most_passes(study: Study) -> int:
    """The most passes an image can take here: every kind on every region and elsewhere, the photo and its donor."""
    return 2 * len(KINDS) * (2 + len(study.settings.suspects) + len(study.settings.regions)) + 2


def _kinds_of_region(region: str) -> tuple[str, ...]:
    """What is done with a region. To paste the object is to swap the background, and the other way round."""
    return tuple(kind for kind in KINDS if kind != "paste" or region not in ("object", "background"))


def testable_rows(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose answer can be put to the test: right ones where there are labels, and of those the ones whose object
    is known, where any is. Where some of `rows` have an answer that is not about the object, another of the same images
    that is, where there is one, drawn by the seed."""
    if not study.task.is_about_object(rows, study).all():
        every = study.predictions
        about = every[
            every["image"].isin(rows["image"])
            & every["correct"].fillna(True)
            & study.task.is_about_object(every, study)
        ]
        rows = one_each(about, study.base.seed)
    kept = rows[rows["correct"].fillna(True).astype(bool)].reset_index(drop=True)
    known = study.object_masks(kept).any((1, 2)) if len(kept) else np.empty(0, bool)
    return kept[known].reset_index(drop=True) if known.any() else kept


def find_example(study: Study, rows: pd.DataFrame) -> dict[str, UInt8[np.ndarray, "h w 3"]]:
    """The first tested row with all regions, the image it is changed with, and what swap and paste make of the two."""
    masks, (chosen, _, donor) = find_regions(study, rows), choose_donors(study, rows)
    able = [k for k, other in enumerate(chosen) if other is not None]
    full = [k for k in able if all(own[k].any() for own in masks.values())]
    place = (full or able)[0]
    row, other = (study.photos(frame.iloc[[k]])[0] for frame, k in ((rows, place), (donor, chosen[place])))
    made = {
        f"{region}, {kind}": change_region(kind, row, own[place], other)
        for region, own in masks.items()
        if own[place].any()
        for kind in _kinds_of_region(region)
        if kind in ("swap", "paste")
    }
    return {"as it is": row, "the other image": other, **made}


def choose_donors(study: Study, rows: pd.DataFrame) -> tuple[list[int | None], list[int | None], pd.DataFrame]:
    """For each row the places of two images without its answer, among all that the model is right about; and these.
    None where there is none; where there is one only it is both."""
    every, seed = study.predictions, study.base.seed
    right = one_each(every[every["correct"].fillna(True).astype(bool)], seed)
    if study.settings.object_words:  # a caption that does not tell of the object may be of an image that has it
        right = right[~study.object_masks(right).any((1, 2))]
    pool, draw = right.reset_index(drop=True), np.random.default_rng(seed)
    chosen, third = [], []
    for without in lacking_images(study, rows, pool):
        one = _draw_places(without, draw)
        other = None if one is None else _draw_places(np.setdiff1d(without, [one]), draw)
        chosen.append(one)
        third.append(one if other is None else other)
    return chosen, third, pool


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


def _draw_places(places: Int[np.ndarray, " k"], draw: np.random.Generator) -> int | None:
    return int(draw.choice(places)) if len(places) else None


def intervene_batch(
    study: Study, model: nn.Module, rows: pd.DataFrame, given: pd.DataFrame, plain: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """`tested` of some rows: each with an image without its answer, and a third one, as rows with the column image."""
    photos, others, thirds = (study.photos(frame) for frame in (rows, given, plain))
    first, sure = photo_outputs(study, model, photos), study.task.answer_certainty(rows, study)
    every = torch.arange(len(rows))
    before, donated = sure(first, every).numpy(), sure(photo_outputs(study, model, others), every).numpy()
    for region, own, away in _changed_places(find_regions(study, rows)):
        for kind, control in product(_kinds_of_region(region), (False, True)):
            where = away if control and kind != "paste" else own
            source = thirds if control and kind == "paste" else photos
            there = np.flatnonzero(where.any((1, 2)))
            if len(there):
                new = np.stack([change_region(kind, source[k], where[k], others[k]) for k in there])
                output = photo_outputs(study, model, new)
                answer = study.task.keeps_answer(rows.iloc[there], first[there], output, study)
                after = sure(output, torch.from_numpy(there)).numpy()
                change = after - (donated if kind == "paste" else before)[there]
                names = [rows["image"], rows["predicted"], given["image"]]
                told = [*(some.to_numpy()[there] for some in names), region, kind, control, answer, change]
                yield pd.DataFrame(dict(zip(COLUMNS, told, strict=True)))


def _changed_places(masks: Masks) -> Iterator[tuple[str, Bool[np.ndarray, "n h w"], Bool[np.ndarray, "n h w"]]]:
    """Each region, and the same area elsewhere, outside the object and all suspects; empty where there is none."""
    avoid = np.any([own for name, own in masks.items() if name != "background"], axis=0)
    for region, own in masks.items():
        away = np.zeros_like(own)
        for k, mask in enumerate(own):
            moved = move_elsewhere(mask, avoid[k] | mask)
            away[k] = False if moved is None else moved
        yield region, own, away
