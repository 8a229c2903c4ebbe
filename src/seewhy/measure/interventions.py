"""What a study's predictions depend on: its object, its background or a part that it suspects is changed, compared with
a control of the same area, shape and seam.

| kind | what is put where | its control |
| --- | --- | --- |
| swap | a donor's pixels on the part | the same of the same donor, on a part of equal area elsewhere |
| swap of the background | a donor's pixels all round the object | those of an image with the same prediction |
| blur, darken | the part itself, changed | the same on a part of equal area elsewhere |
| paste | the part on a donor | an equal part of a third image on that donor |

Neither a donor nor a third image brings an object along (see `donors`). The control of the background is another one
since as much elsewhere is the object itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn

from seewhy.measure.donors import ALIKE, DONORS, OTHERS, THIRDS, DonorPhotos, read_donors
from seewhy.measure.forward import photo_outputs
from seewhy.measure.intervention_rows import region_kinds
from seewhy.measure.reliance import Masks, Regions, decidable_regions
from seewhy.metrics.interventions import change_region, move_elsewhere
from seewhy.study import Study

COLUMNS = ("image", "target", "region", "kind", "control", "donor", "kept", "probability", "odds", "reason")
SURE = 1e-12  # the least and, from 1, the most probability that log-odds are taken of
ALONE = "no image without that prediction can be used, or its object is at a place that is not known"
NO_PLACE = "no equal area is free elsewhere"
NO_ALIKE = "no other image with that prediction can be used"


@dataclass(frozen=True)
class Edit:
    """One intervention on every row of a batch.

    masks: where, nowhere in a row that it is not made on. donors: names, empty where none is needed. before: the
    outputs that the change is counted from.
    """

    region: str
    kind: str
    control: bool
    masks: Bool[np.ndarray, "n h w"]
    photos: UInt8[np.ndarray, "n h w 3"]
    donors: list[str]
    before: Float[Tensor, "n ..."]


def intervene_batch(study: Study, model: nn.Module, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Every intervention on some rows, as frames with `COLUMNS`.

    rows: of `draw_rows` and `draw_donors`. kept: whether the model gives the row's prediction; probability and odds: by
    how much its probability and log-odds change, from the photo as it is; of pasting, from the image that is pasted
    onto. reason: why a region cannot be tested.
    """
    regions, photos = decidable_regions(study, rows), study.photos(rows)
    away = {name: _same_elsewhere(own, regions.avoid) for name, own in regions.masks.items()}
    yield from untested_rows(rows, regions, away)
    first = photo_outputs(study, model, photos)
    for edit in batch_edits(study, model, rows, regions.masks, away, photos, first):
        there = np.flatnonzero(edit.masks.any((1, 2)))
        if not len(there):
            continue
        output, own = photo_outputs(study, model, edit.photos[there]), rows.iloc[there]
        kept = study.task.keeps_answer(own, first[there], output, study)
        after, before = (probabilities(study, own, one) for one in (output, edit.before[there]))
        values = (kept, after - before, log_odds(after) - log_odds(before), "")
        yield _frame(own, edit.region, edit.kind, edit.control, np.array(edit.donors, object)[there], *values)


def _frame(rows: pd.DataFrame, *values: object) -> pd.DataFrame:
    """A frame with `COLUMNS`: of the rows image and target, then the values in order."""
    facts = (rows["image"].to_numpy(), rows["target"].to_numpy())
    return pd.DataFrame(dict(zip(COLUMNS, (*facts, *values), strict=True)))


def untested_rows(rows: pd.DataFrame, regions: Regions, away: Masks) -> Iterator[pd.DataFrame]:
    """Rows with the reason why a region or its control cannot be tested, for the kinds that the verdict rests on."""
    alone, unlike = (~rows[name].map(bool).to_numpy(bool) for name in (OTHERS, ALIKE))
    for region, own in regions.masks.items():
        shown, free = own.any((1, 2)), away[region].any((1, 2))
        told = np.where(shown & alone, ALONE, np.array(regions.reasons[region], object))
        lacks = (
            np.where(shown & unlike, NO_ALIKE, "") if region == "background" else np.where(shown & ~free, NO_PLACE, "")
        )
        pasting = [] if region in ("object", "background") else [("paste", False, told), ("paste", True, told)]
        controls = np.where(told != "", told, lacks)
        for kind, control, why in [("swap", False, told), ("swap", True, controls), *pasting]:
            there = np.flatnonzero(why != "")
            yield _frame(rows.iloc[there], region, kind, control, "", np.nan, np.nan, np.nan, why[there])


def probabilities(study: Study, rows: pd.DataFrame, output: Float[Tensor, "n ..."]) -> Float[np.ndarray, " n"]:
    """How sure the output is of each row's prediction, in double precision, which has steps next to 1 too."""
    return study.task.answer_certainty(rows, study)(output.double(), torch.arange(len(rows))).numpy()


def log_odds(probability: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """log(p / (1 - p)), p at least `SURE` from either end."""
    inside = np.clip(probability, SURE, 1 - SURE)
    return np.log(inside) - np.log1p(-inside)


def batch_edits(
    study: Study,
    model: nn.Module,
    rows: pd.DataFrame,
    masks: Masks,
    away: Masks,
    photos: UInt8[np.ndarray, "n h w 3"],
    first: Float[Tensor, "n ..."],
) -> Iterator[Edit]:
    """All interventions of a batch, donor after donor; what needs no donor is done once."""
    explores = bool(rows["explores"].any())
    kinds = {region: region_kinds(study, region, explores) for region in masks}
    for region, kind, control in product(masks, ("blur", "darken"), (False, True)):
        if kind in kinds[region]:
            where = (away if control else masks)[region]
            changed = np.stack([change_region(kind, *one, one[0]) for one in zip(photos, where, strict=True)])
            yield Edit(region, kind, control, where, changed, [""] * len(rows), first)
    for k in range(DONORS):
        given = {name: read_donors(study, rows, name, k) for name in (OTHERS, THIRDS, ALIKE)}
        for region, control in product(masks, (False, True)):
            alike = control and region == "background"
            where = (away if control and not alike else masks)[region]
            yield _swap_edit(region, control, where, photos, given[ALIKE if alike else OTHERS], first)
        pasting = [region for region in masks if "paste" in kinds[region]]
        if pasting:
            bases = read_donors(study, rows, OTHERS, k, whole=True)
            before = photo_outputs(study, model, bases.photos)
            for region, control in product(pasting, (False, True)):
                source = given[THIRDS].photos if control else photos
                there = bases.there & given[THIRDS].there if control else bases.there
                where = masks[region] & there[:, None, None]
                pasted = np.where(where[..., None], source, bases.photos)
                yield Edit(region, "paste", control, where, pasted, bases.names, before)


def _swap_edit(
    region: str,
    control: bool,
    masks: Bool[np.ndarray, "n h w"],
    photos: UInt8[np.ndarray, "n h w 3"],
    given: DonorPhotos,
    first: Float[Tensor, "n ..."],
) -> Edit:
    where = masks & given.there[:, None, None]
    changed = np.where(where[..., None], given.photos, photos)
    return Edit(region, "swap", control, where, changed, given.names, first)


def _same_elsewhere(masks: Bool[np.ndarray, "n h w"], avoid: Bool[np.ndarray, "n h w"]) -> Bool[np.ndarray, "n h w"]:
    """The same area elsewhere, off what is to avoid; empty where there is none."""
    moved = [move_elsewhere(mask, other | mask) for mask, other in zip(masks, avoid, strict=True)]
    return np.array([np.zeros_like(mask) if one is None else one for one, mask in zip(moved, masks, strict=True)], bool)


def find_example(study: Study, row: pd.DataFrame, donor: str) -> dict[str, UInt8[np.ndarray, "h w 3"]]:
    """One tested row (a frame), the image that it is changed with, and what swap and paste make of the two."""
    given = row.assign(**{OTHERS: [[donor]]})
    photo, masks = study.photos(row)[0], decidable_regions(study, row).masks
    clean, whole = (read_donors(study, given, OTHERS, 0, whole).photos[0] for whole in (False, True))
    made = {
        f"{region}, {kind}": change_region(kind, photo, own[0], whole if kind == "paste" else clean)
        for region, own in masks.items()
        if own.any()
        for kind in region_kinds(study, region, True)
        if kind in ("swap", "paste")
    }
    return {"as it is": photo, "the other image": whole, **made}
