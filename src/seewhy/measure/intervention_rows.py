"""Which images interventions are made on, and how many: those that can be tested are found first, then drawn from."""

from collections import Counter

import numpy as np
import pandas as pd
from jaxtyping import Bool

from seewhy.measure.budget import Budget
from seewhy.measure.donors import DONORS
from seewhy.measure.reliance import decidable_regions
from seewhy.samples import one_each, stratified_sample
from seewhy.study import Study

DECIDES = 40  # images: with fewer than 35 not even no change at all is clearly below 10 %
AT_ONCE = 64  # images whose masks are read in one go


def region_kinds(study: Study, region: str, explores: bool) -> list[str]:
    """What is done with a region: what the verdict rests on, and where it `explores` the rest.

    The object is not pasted, and only replaced is the background: a control of equal area has no place elsewhere.
    """
    if region == "background":
        return ["swap"]
    if region in study.settings.regions:
        return ["swap", "blur", "darken", *(["paste"] if explores else [])]
    paste = [] if region == "object" else ["paste"]
    return ["swap", *paste, *(["blur", "darken"] if explores else [])]


def count_passes(study: Study, explores: bool) -> int:
    """The most passes an image can take here: every kind on every region, each with its control, and the originals."""
    kinds = [
        kind
        for region in ("object", "background", *study.settings.suspect_names, *study.settings.regions)
        for kind in region_kinds(study, region, explores)
    ]
    return 1 + DONORS + sum(2 * (DONORS if kind in ("swap", "paste") else 1) for kind in kinds)


def testable_rows(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose prediction can be put to the test, one an image: right ones where there are labels, about the object,
    and of those the ones whose object is marked, where any is."""
    about = study.task.is_about_object(rows, study) if len(rows) else np.empty(0, bool)
    kept = one_each(rows[rows["correct"].fillna(True).astype(bool) & about], study.base.seed)
    marked = _is_marked(study, kept)
    return kept[marked].reset_index(drop=True) if marked.any() else kept


def _is_marked(study: Study, rows: pd.DataFrame) -> Bool[np.ndarray, " n"]:
    """Whether the manifest has a mark for the object of each row."""
    if study.dataset.task == "segmentation":
        return rows["label"].notna().to_numpy(bool)
    marked = rows["boxes"] != "[]"
    return (marked | rows["mask"].notna() if "mask" in rows else marked).to_numpy(bool)


def draw_rows(study: Study, budget: Budget) -> pd.DataFrame:
    """Rows for the interventions, in random order, balanced over predictions: as many that have each region as the
    budget pays for, at least `DECIDES`; and on the way those that have one that cannot be tested.

    The column `explores` says whether more than the verdict needs is paid for.
    """
    rows = testable_rows(study, budget.row_pool)
    explores = budget.affordable_times(count_passes(study, True), 0) >= DECIDES
    most = budget.affordable_times(count_passes(study, explores), DECIDES)
    order, counts, taken = stratified_sample(rows, len(rows), study.base.seed), Counter[str](), list[int]()
    for begin in range(0, len(order), AT_ONCE):
        regions = decidable_regions(study, order.iloc[begin : begin + AT_ONCE])
        for k in range(min(AT_ONCE, len(order) - begin)):
            own = [name for name, mask in regions.masks.items() if mask[k].any()]
            if any(some[k] for some in regions.reasons.values()) or any(counts[name] < most for name in own):
                taken.append(begin + k)
                counts.update(own)
        if all(counts[name] >= most for name in regions.masks):
            break
    return order.iloc[taken].reset_index(drop=True).assign(explores=explores)
