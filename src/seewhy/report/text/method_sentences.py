"""What the maps of a method are worth, in plain words. Every word follows from a gate's status."""

from collections.abc import Mapping, Sequence

from seewhy.checks.verdict import Gate
from seewhy.formatting import chance
from seewhy.measure.against_baselines import Versus
from seewhy.metrics.baselines import TITLES
from seewhy.stats import ODDS


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
    return f"{titles[best]} passes more of these gates than {titles[first]}: {passed[best]} against {passed[first]}. "


def _localised(by: Mapping[str, Gate], beside: Versus | None) -> list[str]:
    gate = by.get("localisation_lift")
    if gate is None or gate.status == "not run":
        return ["was not held against objects: none are known"]
    if not gate.found.measured:
        return [f"was held against too few objects (n = {gate.found.n})"]
    only = "only " * (gate.status == "fail")
    unclear = " (not clear)" * (gate.status == "unsure")
    lift = f"**{only}{gate.found.text('×')}** as much of the evidence for what is there on the object"
    told = f"puts {lift} as chance would{unclear}"
    if beside is None or not beside.difference.measured:
        return [told]
    over, control = by["localisation_lift_over_control"].status, TITLES[beside.control]
    return [f"{told}, {_judged(over, beside.p)} {control} ({chance(beside.p)})"]


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
        return ["its ranking of cells could not be tested"]
    weak = [told for told, status in tested.items() if status != "pass"]
    worse = [told for told, status in tested.items() if status == "fail"]
    if not weak:
        return [f"its ranking of cells beats the controls ({', '.join(tested)})"]
    if worse:
        return [f"**do not rank cells by it**: a map that knows nothing does better ({', '.join(worse)})"]
    return [f"**do not rank cells by it**: it does not clearly beat the controls ({', '.join(weak)})"]


def _own(by: Mapping[str, Gate]) -> list[str]:
    """Weights, class, and changes that nobody would notice."""
    said = {
        "kept": {
            "fail": "**it stays when the weights are redrawn**: it shows the picture, not what was learnt",
            "unsure": "how much of it outlives redrawn weights is unclear",
        },
        "target_spearman": {"fail": "**it hardly knows what it explains**"},
        "stability_spearman": {"fail": "**it moves when the image changes unnoticed**"},
    }
    return [told[by[key].status] for key, told in said.items() if key in by and by[key].status in told]
