"""Tables of figures, one value an image and map -> estimates, and each method against the best of the controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seewhy import stats
from seewhy.metrics.baselines import NAMES
from seewhy.stats import Estimate

Tables = dict[str, pd.DataFrame]  # by figure: a column for each method and control, NaN where a map says nothing
BETTER = {  # of each figure: whether more is better (1) or less (-1)
    "localisation_lift": 1,
    "pointing": 1,
    "deletion_auc": -1,
    "insertion_auc": 1,
    "road": 1,
    "average_drop": -1,
    "average_increase": 1,
}
COUNTED = ("pointing", "average_increase")  # an image is a hit (1), none (0), or in part (ties): means are shares


@dataclass(frozen=True)
class Versus:
    """A method beside the best of the controls: `difference` image by image, above 0 where the method is better, and p
    by flipping signs. `control` is empty where nothing was measured."""

    control: str
    difference: Estimate
    p: float


def versus(table: pd.DataFrame, method: str, better: int, seed: int, counted: bool = False) -> Versus:
    """`method` against the control with the best mean in the same images; `better` is 1 where more is, else -1.
    `counted`: an image is a hit or none."""
    if method not in table or not np.isfinite(table[method]).any():
        return Versus("", stats.NOTHING, float("nan"))
    there = table[np.isfinite(table[method])]
    best = str((better * there[list(NAMES)].mean()).idxmax())
    difference = (better * (there[method] - there[best])).to_numpy()
    if counted:
        over = stats.paired_shares(*(there[name].to_numpy(float) for name in (method, best)))
    else:
        over = stats.mean(difference, seed)
    return Versus(best, over, stats.signs(difference, seed))


def measured(tables: Mapping[str, pd.DataFrame], seed: int) -> dict[str, Estimate]:
    """Mean of every column of every table, as `column.table`."""
    return {
        f"{name}.{what}": stats.share(table[name]) if what in COUNTED else stats.mean(table[name], seed)
        for what, table in tables.items()
        for name in table
    }


def compared(tables: Mapping[str, pd.DataFrame], methods: Sequence[str], seed: int) -> dict[str, Versus]:
    """Each method against the best control in each table of `BETTER`, as `method.table`."""
    return {
        f"{method}.{what}": versus(tables[what], method, sign, seed, what in COUNTED)
        for what, sign in BETTER.items()
        if what in tables
        for method in methods
    }


def over(against: Mapping[str, Versus]) -> dict[str, Estimate]:
    """What each method has over the best control, as `method.table_over_control`: above 0 where it is better."""
    return {f"{name}_over_control": one.difference for name, one in against.items()}
