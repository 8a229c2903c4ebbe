"""What a study's answers hang on: where the evidence lies, and what happens when the object, its background or a part
that the study suspects is changed, beside the same area elsewhere (see `audit.interventions`)."""

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Int, UInt8
from torch import nn

from seewhy.attributions import attribute
from seewhy.audit.interventions import KINDS, changed, elsewhere
from seewhy.audit.localisation import energy_inside, lift
from seewhy.audit.regions import region_masks
from seewhy.audit.statistics import Estimate, mean, proportion
from seewhy.audits import asked, outputs
from seewhy.errors import unknown
from seewhy.inputs import images
from seewhy.samples import one_each, with_objects
from seewhy.study import Study

COLUMNS = ["image", "region", "kind", "control", "answer", "change"]
Masks = dict[str, Bool[np.ndarray, "n h w"]]
Photos = UInt8[np.ndarray, "n h w 3"]


def regions(study: Study, rows: pd.DataFrame) -> Masks:
    """Where in the network's input the object, its background, the study's suspects and its regions are; empty where
    unknown."""
    objects = study.objects(rows)
    known = objects.any((1, 2), keepdims=True) & ~objects.all((1, 2), keepdims=True)
    found = {"object": objects & known, "background": ~objects & known}
    boxes = region_masks(study.settings.regions, *study.size)
    found |= {name: np.broadcast_to(mask, objects.shape) for name, mask in boxes.items()}
    return found | {name: _suspect(study, rows, name) for name in study.settings.suspects}


def _suspect(study: Study, rows: pd.DataFrame, name: str) -> Bool[np.ndarray, "n h w"]:
    column = study.settings.suspects[name]
    if column not in study.dataset.masks:
        raise unknown("mask", column, study.dataset.masks, f"studies.{study.name}.suspects.{name}")
    empty = np.zeros(study.size, bool)
    found = [empty if pd.isna(one) else images.mask(study.root / one, study.preprocessing) > 0 for one in rows[column]]
    return np.array(found).reshape(-1, *study.size)


def outside(study: Study, method: str) -> pd.DataFrame:
    """Share of the evidence for the answer outside the object, with what truly is there and whether it was right, one
    row an image; NaN where there is no evidence."""
    rows = one_each(with_objects(study.predictions), study.base.seed)
    if rows.empty:
        return pd.DataFrame({"class": [], "right": [], "outside": []})
    maps, masks = attribute(study, rows, [method]).upsampled(method), study.objects(rows)
    right = rows["correct"].fillna(False).to_numpy(bool)
    return pd.DataFrame({"class": rows["label"], "right": right, "outside": 1 - energy_inside(maps, masks)})


def passes(study: Study) -> int:
    """The most passes an image can take here: every kind on every region and elsewhere, the photo and its donor."""
    return 2 * len(KINDS) * (2 + len(study.settings.suspects) + len(study.settings.regions)) + 2


def marked(study: Study, method: str) -> pd.DataFrame:
    """Lift of the evidence for the answer on the object, every suspect and every region: 1 is chance. A column each,
    NaN where an image has none."""
    rows = one_each(study.predictions, study.base.seed)
    maps, masks = attribute(study, rows, [method]).upsampled(method), regions(study, rows)
    return pd.DataFrame({name: lift(maps, own) for name, own in masks.items() if name != "background"})


def candidates(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose answer can be put to the test: right ones where there are labels, and of those the ones whose object
    is known, where any is."""
    kept = rows[rows["correct"].fillna(True).astype(bool)].reset_index(drop=True)
    known = study.objects(kept).any((1, 2)) if len(kept) else np.empty(0, bool)
    return kept[known].reset_index(drop=True) if known.any() else kept


def tested(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Every intervention on every one of the `rows` whose region is known, each with an image without its answer, drawn
    by the seed from all that the model is right about (where there are labels).

    Columns: image, region, kind, control (whether that is what was done instead: to swap, blur or darken the same area
    elsewhere, to paste the same area of a third image, without the answer either), answer (whether the model gives the
    row's answer, as the task understands it), change (of its probability, from the photo as it is; of pasting, from
    the image that it was pasted onto).
    """
    chosen, third, pool = _given(study, rows)
    able = [k for k, donor in enumerate(chosen) if donor is not None]
    parts: list[pd.DataFrame] = []
    with asked(study, study.predictions) as model:  # there may be no rows: a model that is right about nothing
        for begin in range(0, len(able), study.base.batch_size):
            some = able[begin : begin + study.base.batch_size]
            given, plain = (pool.iloc[[places[k] for k in some]] for places in (chosen, third))
            parts += _batch(study, model, rows.iloc[some], given, plain)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def told(study: Study, rows: pd.DataFrame) -> str:
    """On how many images, and with what suspects."""
    suspects = ", ".join(f"*{name}* ({column})" for name, column in study.settings.suspects.items())
    return (
        f"{len(rows)} images whose answer is right, where there are labels, and whose object is known, where any is. "
        f"The answer counts as kept where {study.task.KEPT}. Suspects: {suspects or 'none are named'}."
    )


def example(study: Study, rows: pd.DataFrame) -> dict[str, UInt8[np.ndarray, "h w 3"]]:
    """The first row with all regions, the image it is changed with, and what swap and paste make of the two."""
    masks = regions(study, rows)
    full = np.all([own.any((1, 2)) for own in masks.values()], axis=0)
    place = int(np.argmax(full))  # the first where every region is there, or the first of all
    chosen, _, donor = _given(study, rows)
    row, other = (study.photos(frame.iloc[[k]])[0] for frame, k in ((rows, place), (donor, chosen[place] or 0)))
    made = {
        f"{region}, {kind}": changed(kind, row, own[place], other)
        for region, own in masks.items()
        if own[place].any()
        for kind in ("swap", "paste")
    }
    return {"as it is": row, "the other image": other, **made}


def _given(study: Study, rows: pd.DataFrame) -> tuple[list[int | None], list[int | None], pd.DataFrame]:
    """For each row the places of two images without its answer, among all that the model is right about; and these.
    None where there is none; where there is one only it is both."""
    every, seed = study.predictions, study.base.seed
    said = every.groupby("image")["predicted"].agg(set)
    right = one_each(every[every["correct"].fillna(True).astype(bool)], seed)
    pool, draw = right.reset_index(drop=True), np.random.default_rng(seed)
    chosen, third = [], []
    for answer in rows["predicted"]:
        without = np.flatnonzero([answer not in said[image] for image in pool["image"]])
        one = _drawn(without, draw)
        other = None if one is None else _drawn(np.setdiff1d(without, [one]), draw)
        chosen.append(one)
        third.append(one if other is None else other)
    return chosen, third, pool


def _drawn(places: Int[np.ndarray, " k"], draw: np.random.Generator) -> int | None:
    return int(draw.choice(places)) if len(places) else None


def _batch(
    study: Study, model: nn.Module, rows: pd.DataFrame, given: pd.DataFrame, plain: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    photos, others, thirds = (study.photos(frame) for frame in (rows, given, plain))
    first, sure = outputs(study, model, photos), study.task.certainty(rows, study)
    every = torch.arange(len(rows))
    before, donated = sure(first, every).numpy(), sure(outputs(study, model, others), every).numpy()
    for region, own, away in _places(regions(study, rows)):
        for kind, control in product(KINDS, (False, True)):
            where = away if control and kind != "paste" else own
            source = thirds if control and kind == "paste" else photos
            there = np.flatnonzero(where.any((1, 2)))
            if len(there):
                new = np.stack([changed(kind, source[k], where[k], others[k]) for k in there])
                output = outputs(study, model, new)
                answer = study.task.kept(rows.iloc[there], first[there], output, study)
                after = sure(output, torch.from_numpy(there)).numpy()
                change = after - (donated if kind == "paste" else before)[there]
                told = (rows["image"].iloc[there].to_numpy(), region, kind, control, answer, change)
                yield pd.DataFrame(dict(zip(COLUMNS, told, strict=True)))


def _places(masks: Masks) -> Iterator[tuple[str, Bool[np.ndarray, "n h w"], Bool[np.ndarray, "n h w"]]]:
    """Each region, and the same area elsewhere, outside the object and all suspects; empty where there is none."""
    avoid = np.any([own for name, own in masks.items() if name != "background"], axis=0)
    for region, own in masks.items():
        away = np.zeros_like(own)
        for k, mask in enumerate(own):
            moved = elsewhere(mask, avoid[k] | mask)
            away[k] = False if moved is None else moved
        yield region, own, away


def effects(found: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A row for each region and kind of `tested`: how often the answer was lost (of pasting: won), with interval and n,
    how often in the control, the paired difference of the two, and the mean change of the probability."""
    rows = []
    for (region, kind), some in found.groupby(["region", "kind"], sort=False):
        happened = some["answer"] if kind == "paste" else ~some["answer"].astype(bool)
        own, away = (some[some["control"] == control].set_index("image") for control in (False, True))
        hit, base = (happened[some["control"] == control].to_numpy(bool) for control in (False, True))
        both = pd.Series(hit, own.index).astype(float) - pd.Series(base, away.index).astype(float)
        rows.append(
            (region, kind, proportion(hit), proportion(base), mean(both.to_numpy(), seed), mean(own["change"], seed))
        )
    return pd.DataFrame(rows, columns=["region", "kind", "share", "control", "difference", "change"])


def figures(effects: pd.DataFrame, marked: pd.DataFrame, seed: int) -> dict[str, Estimate]:
    """Effects by flat names: `reliance.shadow_paste`, `..._control`, `..._over_control`, `..._change`; and the lift of
    the evidence on object and suspects, `reliance.shadow_lift`."""
    lifts = {f"reliance.{name}_lift": mean(marked[name].to_numpy(), seed) for name in marked}
    names = {"share": "", "control": "_control", "difference": "_over_control", "change": "_change"}
    found = {
        f"reliance.{row.region}_{row.kind}{end}": getattr(row, column)
        for row in effects.itertuples()
        for column, end in names.items()
    }
    return found | lifts
