"""From the audits of two studies to what the page of their comparison shows: gates side by side, and what differs."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from seewhy.checks import verdict
from seewhy.checks.figure import BASELINE, baseline_title
from seewhy.checks.old_keys import find_figure
from seewhy.comparison import Comparison
from seewhy.methods.cam import TITLES
from seewhy.report.pages import facts
from seewhy.report.plots.gate_bars import CAUSAL, HARD, STEADY, Row, enough, figures
from seewhy.stats import proportion, written
from seewhy.study import Study

Gates = dict[str, dict[str, Any]]  # rows of a verdict.json by gate
MINDS = f"{CAUSAL}.object_swap_over_control"
AROUND = f"{CAUSAL}.background_swap"
FAILS = {
    CAUSAL: ("takes shortcuts", "take shortcuts"),
    AROUND: ("hangs on what is around the object", "hang on what is around the object"),
    STEADY: ("is not steady", "are not steady"),
}
FAR = (".kept", ".target_spearman")  # correlations that should be near 0 or below: of two such neither is the better


def audits(this: Comparison, method: str) -> pd.DataFrame:
    """Accuracy, and what the audits of either study found of its reliance and of `method`: a row for each gate that one
    of them has, with status, figure and interval, and which study is better where the two intervals do not meet.
    A difference to a control is followed by the plain share, which more images have."""
    first, second = this.verdicts
    named = [proportion(right) for right in this.right()]
    rows = (
        [("labelled images are named right", *(one.text("%") for one in named), "tested above")] if named[0].n else []
    )
    for name in _gates(this, method):
        pair = first.get(name), second.get(name)
        rows.append((_claim(pair[0] or pair[1] or {}, method), *map(_cell, pair), _better(this, *pair)))
        if all(shares := [_share(gate, own) for gate, own in zip(pair, this.figures, strict=True)]):
            rows.append(
                ("the same change over all answers, no control taken off", *map(_cell, shares), _better(this, *shares))
            )
    return pd.DataFrame(rows, columns=["", this.first.name, this.second.name, "clearly better"])


def worthless(this: Comparison) -> str:
    """Which of the two is worth no more than one fixed answer, as the first sentence of a finding; else empty."""
    told = {study.name: said for study in this.studies if (said := facts.broken_model(study))}
    if len(told) == 2:
        return f"**Neither model works.** {' '.join(f'{name}: {said}' for name, said in told.items())}"
    return "".join(f"**{name} does not work.** {said}" for name, said in told.items())


def judged(this: Comparison, method: str) -> str:
    """Which gates both fail, and which one of the two meets alone, as sentences; or which audit is missing."""
    missing = [study.name for study, gates in _both(this) if not gates]
    if missing:
        return f"Not run: the audit of {' and of '.join(missing)} (page 07)."
    groups: dict[str, list[str]] = {}
    for name in _gates(this, method):
        claim, status = _judged(this, name, method)
        if status[0] == status[1] == "fail":
            groups.setdefault("**Failed by both**", []).append(claim)
        for place, study in enumerate(this.studies):
            if status[place] == "pass" != status[1 - place]:
                told = f"{claim} ({status[1 - place]} for {this.studies[1 - place].name})"
                groups.setdefault(f"**Met by {study.name} alone**", []).append(told)
    said = [f"{title}: {'; '.join(claims)}." for title, claims in groups.items()]
    return " ".join(said) or "There is no gate that both fail, and none that one of them meets alone."


def failed(this: Comparison) -> str:
    """The shortcuts that interventions found in one or both, and whose answers unnoticed changes flip, as a clause;
    empty where there is nothing of it."""
    by: dict[tuple[str, str], list[str]] = {}
    for study, gates in _both(this):
        for name, gate in gates.items():
            kind = name if name in FAILS else name.partition(".")[0]
            if kind in FAILS and name != MINDS and gate["status"] == "fail":
                by.setdefault((kind, gate["denial"]), []).append(study.name)
    told: dict[str, list[str]] = {}
    for (kind, denial), names in by.items():
        one, both = FAILS[kind]
        told.setdefault(f"both {both}" if len(names) == 2 else f"{names[0]} {one}", []).append(denial)
    return "; ".join(f"**{who}**: {' and '.join(denials)}" for who, denials in told.items())


def steady(this: Comparison, method: str) -> str:
    """How alike either model's own maps stay when an image changes unnoticed, as a sentence; empty without audits."""
    name = f"{method}.stability_spearman"
    values = [gates[name]["value"] for gates in this.verdicts if gates.get(name, {}).get("value") is not None]
    if len(values) < 2:
        return ""
    told = " and ".join(map(written, values))
    return f"For scale: each model's own maps before and after an unnoticed change correlate by {told} (page 07)."


def _judged(this: Comparison, name: str, method: str) -> tuple[str, tuple[str, str]]:
    """The claim of a gate, and its status in either study."""
    found = [gates.get(name) for gates in this.verdicts]
    first, second = ("not run" if gate is None else str(gate["status"]) for gate in found)
    return _claim(next(gate for gate in found if gate), method), (first, second)


def _both(this: Comparison) -> Iterable[tuple[Study, Gates]]:
    return zip(this.studies, this.verdicts, strict=True)


def _gates(this: Comparison, method: str) -> list[str]:
    """Names of the gates of the models and of `method`, in the order of the verdicts."""
    names = (name for gates in this.verdicts for name in gates if name.partition(".")[0] in (*HARD, method))
    return list(dict.fromkeys(names))


def _claim(gate: Mapping[str, Any], method: str) -> str:
    """The gate's claim, without the control that was the best one in one of the two studies only."""
    what = gate["gate"].removeprefix(f"{method}.").removesuffix("_over_control")
    if gate["gate"] == f"{method}.{what}_over_control":
        return f"{TITLES[method]}: {_beyond(str(gate['gate']))}"
    return str(gate["claim"])


def _beyond(gate: str) -> str:
    """The statement of a map's check against the best baseline."""
    figure = find_figure(f"audit.{gate}")
    rules = (one for one in verdict.MAPS if one.versus == BASELINE and figure and one.metric == figure.metric)
    return next(rules).statement.format(baseline=baseline_title(BASELINE))


def _share(gate: Row | None, figures: Mapping[str, float]) -> Row | None:
    """The plain share beside a gate that holds its difference to a control, like a row of the verdict."""
    name = gate["gate"] if gate else ""
    key = name.removesuffix("_over_control")
    if not gate or not name.startswith("reliance.") or key == name or key not in figures:
        return None
    found = {end or "value": figures[f"{key}{'_' * bool(end)}{end}"] for end in ("", "low", "high", "n")}
    return {"gate": key, "status": "", "passes": gate["passes"], **found}


def _cell(gate: Row | None) -> str:
    if gate is None or gate["status"] == "not run":
        return "not run"
    value, about = figures(gate)
    return f"{gate['status']} {value} ({about})".strip()


def _better(this: Comparison, first: Row | None, second: Row | None) -> str:
    if not (first and second and enough(first) and enough(second)):
        return "–"
    if first["low"] <= second["high"] and second["low"] <= first["high"]:
        return "neither"
    if first["status"] == second["status"] == "pass" and first["gate"].endswith(FAR):
        return "–"
    return this.studies[(first["value"] > second["value"]) != (first["passes"] == "above")].name
