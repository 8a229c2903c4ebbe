"""Where the evidence lies: on the object, outside it, on what the study suspects; and what swaps of these come to."""

import numpy as np
import pandas as pd
from jaxtyping import Bool

from seewhy.inputs import images
from seewhy.maps.attributions import attribute
from seewhy.metrics.localisation import energy_inside, lift
from seewhy.metrics.regions import region_masks
from seewhy.samples import of_objects
from seewhy.stats import Estimate, mean, paired_shares, proportion
from seewhy.study import Study

Masks = dict[str, Bool[np.ndarray, "n h w"]]


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
    empty = np.zeros(study.size, bool)
    pairs = [(one, study.root / image) for one, image in zip(rows[column], rows["image"], strict=True)]
    seen = study.preprocessing
    found = [empty if pd.isna(one) else images.mask(study.root / one, seen, photo) > 0 for one, photo in pairs]
    return np.array(found).reshape(-1, *study.size)


def outside(study: Study, method: str) -> pd.DataFrame:
    """Share of the evidence for the answer outside the object, with what truly is there and whether it was right, one
    row an image; NaN where there is no evidence."""
    rows = of_objects(study)
    if rows.empty:
        return pd.DataFrame({"class": [], "right": [], "outside": []})
    maps, masks = attribute(study, rows, [method]).upsampled(method), study.objects(rows)
    right = rows["correct"].fillna(False).to_numpy(bool)
    return pd.DataFrame({"class": rows["label"], "right": right, "outside": 1 - energy_inside(maps, masks)})


def marked(study: Study, rows: pd.DataFrame, method: str) -> pd.DataFrame:
    """Lift of the evidence for the answer on the object, every suspect and every region: 1 is chance. A column each,
    NaN where an image has none. `rows`: those that interventions test, so that both speak of the same answers."""
    if rows.empty:
        return pd.DataFrame()
    maps, masks = attribute(study, rows, [method]).upsampled(method), regions(study, rows)
    return pd.DataFrame({name: lift(maps, own) for name, own in masks.items() if name != "background"})


def effects(found: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A row for each region and kind of `swaps.tested`: how often the answer was lost (of pasting: won), with interval
    and n, how often in the control, the paired difference of the two, and the mean change of the probability."""
    rows = []
    for (region, kind), some in found.groupby(["region", "kind"], sort=False):
        happened = some["answer"] if kind == "paste" else ~some["answer"].astype(bool)
        own, away = (some[some["control"] == control].set_index("image") for control in (False, True))
        hit, base = (happened[some["control"] == control].to_numpy(bool) for control in (False, True))
        pairs = pd.DataFrame({"own": pd.Series(hit, own.index), "away": pd.Series(base, away.index)}).dropna()
        both = paired_shares(pairs["own"].to_numpy(bool), pairs["away"].to_numpy(bool))
        rows.append((region, kind, proportion(hit), proportion(base), both, mean(own["change"], seed)))
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
