"""From comparisons to what their page shows: outcomes, likeness of maps, images with both maps, audits side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.audit import verdict
from seewhy.audit.paired import Pair
from seewhy.audit.statistics import Estimate, mean, proportion, written
from seewhy.comparison import OUTCOMES, SIDES, Comparison
from seewhy.methods.cam import TITLES
from seewhy.pages import facts
from seewhy.reporting import figures
from seewhy.reporting.sheet import shown

COMMON = 5  # images of a class from which on it has a row of its own
Likeness = dict[str, Estimate]


def outcomes(this: Comparison) -> pd.DataFrame:
    """How many of the labelled images both, one or none names right: count and share with its interval (Wilson)."""
    labelled = this.rows[this.rows["label"].notna()]
    names = (
        "both right",
        f"fixed: only {this.second.name} right",
        f"broken: only {this.first.name} right",
        "both wrong",
    )
    rows = []
    for title, outcome in zip(names, OUTCOMES, strict=True):
        share = proportion((labelled["outcome"] == outcome).to_numpy())
        rows.append((title, int((labelled["outcome"] == outcome).sum()), share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["", "images", "share", "low", "high"])


def groups(this: Comparison, most: int) -> dict[str, np.ndarray]:
    """Which images belong to what: all; each of the `most` most frequent explained classes; each outcome."""
    rows = this.rows
    counts = rows["explained"].value_counts()
    common = sorted(counts[counts >= COMMON].index[:most])
    by_class = {f"class {name}": (rows["explained"] == name).to_numpy() for name in common}
    by_outcome = {name: (rows["outcome"] == name).to_numpy() for name in OUTCOMES}
    return {"all images": np.ones(len(rows), bool), **by_class, **by_outcome}


def likeness(this: Comparison, found: pd.DataFrame, most: int) -> dict[str, Likeness]:
    """For each of `groups`: rank correlation of the maps of the same image, of different images, and the difference."""
    same, other = found["same"].to_numpy(), found["other"].to_numpy()
    return {
        name: {
            "same": mean(same[part], this.seed),
            "other": mean(other[part], this.seed),
            "over": mean((same - other)[part], this.seed),
        }
        for name, part in groups(this, most).items()
    }


def dots(found: Mapping[str, Likeness]) -> dict[str, Estimate]:
    """Rows of the dot plot: each group, and below it maps of different images."""
    both = ((name, one) for name, one in found.items() if one["same"].measured)
    return {
        told: estimate
        for name, one in both
        for told, estimate in ((name, one["same"]), (f"{name}, different images", one["other"]))
    }


def table(found: Mapping[str, Likeness]) -> pd.DataFrame:
    """Each group: same image, different images, and the difference, which is paired, with its interval."""
    rows = [
        (
            name,
            one["same"].value,
            one["other"].value,
            one["over"].value,
            one["over"].low,
            one["over"].high,
            one["same"].n,
        )
        for name, one in found.items()
    ]
    return pd.DataFrame(rows, columns=["", "same image", "different images", "difference", "low", "high", "n"])


def titles(this: Comparison, rows: pd.DataFrame) -> list[str]:
    """The true class, what either study says of the image, and how alike the maps are."""
    sides = list(zip(SIDES, this.studies, strict=True))
    return [
        "\n".join(
            [f"true: {'unknown' if pd.isna(row['label']) else shown(row['label'])}"]
            + [
                f"{study.name}: {shown(row[f'predicted_{side}'])} {row[f'confidence_{side}']:.2f}"
                for side, study in sides
            ]
            + [f"maps: {'nothing to compare' if pd.isna(row['likeness']) else written(row['likeness'], '+')}"]
        )
        for _, row in rows.iterrows()
    ]


def grid(this: Comparison, pair: Pair, found: pd.DataFrame, positions: Sequence[int]) -> tuple[Figure, str]:
    """Those images with the maps of both models for the class `explained`, and the alternative text."""
    rows, some = this.rows.assign(likeness=found["same"]).iloc[list(positions)], pair.take(list(positions))
    maps = {f"{study.name}: evidence": one for study, one in zip(this.studies, some.shown(), strict=True)}
    told = titles(this, rows)
    chart = figures.grid(this.photos(rows, some), maps, told, **this.first.look)
    return chart, f"Photos with the maps of both models: {'; '.join(one.replace(chr(10), ', ') for one in told)}"


Gates = dict[str, dict[str, Any]]  # rows of a verdict.json by gate


def audits(this: Comparison, method: str) -> pd.DataFrame:
    """What the audits of either study found of its reliance and of `method`: a row for each gate that one of them has,
    with status, figure and interval, and which study is higher where the two intervals do not meet."""
    first, second = this.verdicts
    rows = [
        (_claim(gate, method), _cell(one), _cell(other), _higher(this, one, other))
        for name in _gates(this, method)
        for one, other in [(first.get(name), second.get(name))]
        for gate in [one or other or {}]
    ]
    return pd.DataFrame(rows, columns=["", this.first.name, this.second.name, "clearly higher"])


def opposed(this: Comparison, method: str) -> str:
    """The gates that one study passes and the other fails, as a sentence; or which audit is missing."""
    both = list(zip(this.studies, this.verdicts, strict=True))
    missing = [study.name for study, gates in both if not gates]
    if missing:
        return f"Not run: the audit of {' and of '.join(missing)} (page 07)."
    told = []
    for name in _gates(this, method):
        found = {study.name: gates[name] for study, gates in both if name in gates}
        if {gate["status"] for gate in found.values()} == {"pass", "fail"}:
            says = ", ".join(f"{gate['status']} for {study}" for study, gate in found.items())
            told.append(f"*{_claim(next(iter(found.values())), method)}*: **{says}**")
    return (
        f"Opposite verdicts: {'; '.join(told)}." if told else "No gate is passed by one study and failed by the other."
    )


def _gates(this: Comparison, method: str) -> list[str]:
    """Names of the gates of the interventions and of `method`, in the order of the verdicts."""
    names = (name for gates in this.verdicts for name in gates if name.startswith(("reliance.", f"{method}.")))
    return list(dict.fromkeys(names))


def _claim(gate: Mapping[str, Any], method: str) -> str:
    """The gate's claim, without the control that was the best one in one of the two studies only."""
    what = gate["gate"].removeprefix(f"{method}.").removesuffix("_over_control")
    if gate["gate"] == f"{method}.{what}_over_control":
        return f"{TITLES[method]}: {verdict.OVER[what].format(control='the best control')}"
    return str(gate["claim"])


def _cell(gate: Mapping[str, Any] | None) -> str:
    if gate is None or gate["value"] is None:
        return "not run" if gate is None else gate["status"]
    value, low, high = (written(gate[key]) for key in ("value", "low", "high"))
    return f"{gate['status']} {value} ({low} to {high}, n = {gate['n']})"


def _higher(this: Comparison, first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> str:
    if not (first and second) or first["value"] is None or second["value"] is None:
        return "–"
    if first["low"] > second["high"]:
        return this.first.name
    return this.second.name if second["low"] > first["high"] else "neither"


def provenance(this: Comparison, **parameters: object) -> dict[str, str]:
    """What the page was made from: both studies' checkpoints, and what they share."""
    first, second = (facts.provenance(study, **parameters) for study in this.studies)
    return {key: value if second[key] == value else f"{value}; {second[key]}" for key, value in first.items()}
