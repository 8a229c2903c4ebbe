"""A verdict in plain words: what holds, what does not, what was not tested. Every word follows from a gate's status."""

from collections.abc import Mapping, Sequence

from seewhy.audit.controls import TITLES
from seewhy.audit.statistics import NOTHING, Estimate
from seewhy.audit.units import written
from seewhy.audit.verdict import Gate, Versus

ODDS = 0.05  # p from which on chance is not ruled out


def method(name: str, title: str, gates: Sequence[Gate], against: Mapping[str, Versus]) -> str:
    """What holds and what does not for one method, in plain words."""
    by = {gate.gate.removeprefix(f"{name}."): gate for gate in gates if gate.gate.startswith(f"{name}.")}
    parts = [*_localised(by, against.get(f"{name}.localisation_lift")), *_ranked(by), *_own(by)]
    return f"{title} {'; '.join(parts)}." if parts else f"{title} was not tested."


def ahead(titles: Mapping[str, str], gates: Sequence[Gate]) -> str:
    """Which method passes most gates, where the first does not."""
    passed = {name: sum(gate.status == "pass" for gate in gates if gate.gate.startswith(f"{name}.")) for name in titles}
    first, best = next(iter(titles)), max(titles, key=lambda name: passed[name])
    if passed[best] == passed[first]:
        return ""
    return f" {titles[best]} passes more of these gates: {passed[best]}, where {titles[first]} passes {passed[first]}."


def _localised(by: Mapping[str, Gate], beside: Versus | None) -> list[str]:
    gate = by.get("localisation_lift")
    if gate is None or gate.status == "not run":
        return ["was not held against objects: none are known"]
    if not gate.found.measured:
        return [f"was held against too few objects (n = {gate.found.n})"]
    lift = f"{written(gate.found.value, '×')} as much evidence on the object as chance would"
    told = {"pass": f"puts **{lift}**", "fail": f"puts **only {lift}**"}.get(
        gate.status, f"puts {lift}, which is not clear"
    )
    if beside is None or not beside.difference.measured:
        return [told]
    over, control = by["localisation_lift_over_control"].status, TITLES[beside.control]
    p = "p < 0.01" if beside.p < 0.01 else f"p = {beside.p:.2f}"
    return [f"{told}, {_judged(over, beside.p)} {control} ({p})"]


def _judged(status: str, p: float) -> str:
    """Interval and test have to agree before anything is called better or worse: with few images they may not."""
    clear = {"pass": "better than", "fail": "**worse than**"} if p < ODDS else {}
    return clear.get(status, "**not clearly better than**")


def _ranked(by: Mapping[str, Gate]) -> list[str]:
    """The three figures that change the image in the map's order, in one clause."""
    kinds = {"deletion": "deletion_auc", "insertion": "insertion_auc", "ROAD": "road"}
    found = {told: by[f"{key}_over_control"].status for told, key in kinds.items() if f"{key}_over_control" in by}
    tested = {told: status for told, status in found.items() if status != "not run"}
    if not tested:
        return ["its ranking of cells was not tested"]
    weak, worse = (
        [told for told, status in tested.items() if status in some] for some in (("fail", "unsure"), ("fail",))
    )
    if not weak:
        return [f"its ranking of cells beats the controls at {_listed(list(tested))}"]
    how = f"**worse than the best control** at {_listed(worse)}, " if worse else ""
    rest = [told for told in weak if told not in worse]
    clear = f"**no better than the best control**, as far as can be told, at {_listed(rest)}" if rest else ""
    return [f"it is {(how + clear).removesuffix(', ')}: do not use it to rank cells"]


def _own(by: Mapping[str, Gate]) -> list[str]:
    """Weights, class, and changes that nobody would notice."""
    said = {
        "kept": {
            "pass": "it is gone when the weights are redrawn",
            "fail": "**it stays when the weights are redrawn**: it shows the picture, not what was learnt",
            "unsure": "how much of it outlives redrawn weights is unclear",
        },
        "target_spearman": {"fail": "**it hardly knows what it explains**"},
        "stability_spearman": {"fail": "**it moves when the image changes unnoticed**"},
    }
    return [told[by[key].status] for key, told in said.items() if key in by and by[key].status in told]


def finding(
    gates: Sequence[Gate], figures: Mapping[str, Estimate], outside: Estimate, regions: Sequence[str], method: str
) -> str:
    """The answer of the page: what the answers hang on, by the `gates` of the interventions, whether maps showed it, by
    the share of the evidence `outside` the object and its lift on suspects, and the sentence of the first `method`.

    Where no gate could be run, what replacing the study's own `regions` did.
    """
    failed, unsure, held = ([gate for gate in gates if gate.status == one] for one in ("fail", "unsure", "pass"))
    if failed:
        first = f"**It takes shortcuts**: {'; '.join(f'{gate.denial}, {_amount(gate)}' for gate in failed)}"
    elif unsure:
        told = "; ".join(f"{gate.claim}, {_amount(gate)}" for gate in unsure)
        first = f"**No shortcut is proven, none ruled out**; open is whether {told}"
    elif held:
        first = f"**No shortcut was found**: {'; '.join(f'{gate.claim}, {_amount(gate)}' for gate in held)}"
    else:
        first = _parts(figures, regions)
    return f"{'; '.join([first, *_shown(failed, figures), *_beyond(outside)])}. {method}"


def _parts(figures: Mapping[str, Estimate], regions: Sequence[str]) -> str:
    """Which of the study's own regions the answers hang on most, held against as much replaced elsewhere."""
    found = {name: figures.get(f"reliance.{name}_swap_over_control", NOTHING) for name in regions}
    measured = sorted((name for name in found if found[name].measured), key=lambda name: -found[name].value)
    if not measured:
        return "**What the answers hang on was not tested**: no object and no suspect is known here"
    told = "; ".join(f"{name} {_points(found[name])}" for name in measured)
    clear = [name for name in measured if found[name].low > 0]
    hang = f"**The answers hang on {_listed([f'the {name}' for name in clear])}**"
    what = hang if clear else "**No named part decides by itself**"
    return f"{what}: more answers change when it is replaced than when as much is replaced elsewhere, {told}"


def _shown(failed: Sequence[Gate], figures: Mapping[str, Estimate]) -> list[str]:
    """Whether the maps gave away the suspects that interventions convicted."""
    told = []
    for name in dict.fromkeys(gate.about for gate in failed if gate.about):
        lift = figures.get(f"reliance.{name}_lift")
        if lift is not None and lift.measured:
            shown = "the maps show it" if lift.low > 1 else "**the maps do not show it**"
            told.append(f"{shown}: {written(lift.value, '×')} as much evidence on the {name} as chance would put there")
    return told


def _beyond(outside: Estimate) -> list[str]:
    return [f"{written(outside.value, '%')} of the evidence lies outside the object"] if outside.measured else []


def _amount(gate: Gate) -> str:
    """The figure behind a gate; a difference beside its control says so."""
    if not gate.found.measured:
        return f"too few to tell (n = {gate.found.n})"
    if gate.gate.endswith("_over_control"):
        return _points(gate.found, " more often than the control")
    return f"lost in {gate.found.text('%')}"


def _points(found: Estimate, than: str = "") -> str:
    """A difference of shares, in points."""
    return found.text("%").replace(" % (", f" points{than} (", 1)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
