"""From the interventions of an audit to what its page shows: answers that were lost, and where the evidence lies."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.figure import Figure

from seewhy.methods.cam import TITLES
from seewhy.report import figures
from seewhy.stats import FEWEST, NOTHING, Estimate, mean


def intervened(effects: pd.DataFrame) -> dict[str, Estimate]:
    """Shares of `reliance.effects`, each followed by its control, of those with enough images."""
    found = {}
    for row in effects.itertuples():
        if row.share.n < FEWEST:
            continue
        found[f"{row.region}, {row.kind}"] = row.share
        if row.control.n >= FEWEST:
            found[f"{row.region}, {row.kind} (control)"] = row.control
    return found


def over(effects: pd.DataFrame) -> dict[str, Estimate]:
    """Differences to the controls, of those that have one."""
    there = effects[[one.n > 0 for one in effects["difference"]]]
    return {f"{row.region}, {row.kind}": row.difference for row in there.itertuples()}


def marked(measured: Mapping[str, Estimate], names: Iterable[str], method: str) -> str:
    """Where the maps of that method lie, on the object and on further `names`, as a sentence."""
    lifts = {name: measured.get(f"reliance.{name}_lift", NOTHING) for name in ("object", *names)}
    told = [f"{name} {one.text('×')}" for name, one in lifts.items() if one.n]
    beside = f"What {TITLES[method]} says of the same answers, as lift (1 is chance)"
    return f"{beside}: {'; '.join(told)}."


def composites(shown: Mapping[str, UInt8[np.ndarray, "h w 3"]]) -> tuple[Figure, str]:
    """Photos under their names, and the alternative text."""
    told = f"An image and what was made of it: {'; '.join(shown)}"
    return figures.inputs([*shown.values()], [*shown], [None] * len(shown)), told


def outside(frame: pd.DataFrame, seed: int) -> dict[str, Estimate]:
    """Share of the evidence outside the object by class and by right and wrong, of groups that can be measured."""
    words = {True: "answer right", False: "answer wrong"}
    found = {
        f"{name} ({words[bool(right)]})": mean(group["outside"].to_numpy(), seed)
        for (name, right), group in frame.groupby(["class", "right"])
    }
    return {name: one for name, one in found.items() if one.measured}
