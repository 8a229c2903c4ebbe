"""A verdict in plain words: what holds, what does not, what was not tested. Every word follows from a gate's status."""

from collections.abc import Mapping, Sequence

from seewhy.checks.verdict import MINDS, Gate
from seewhy.formatting import headline, written
from seewhy.metrics.stability import TITLES
from seewhy.stats import FEWEST, NOTHING, Estimate

NOTHING_TESTED = (
    "**What the answers hang on was not tested**: no object, suspect or region is known, no answer is right, or all "
    "answers are the same, so that there is nothing to put in its place."
)
CLEAR = 1.5  # times chance: a lift that may be above it is not called none
HALF = 0.5  # of the answers: where replacing the object changes more, the background alone is not what they hang on
AROUND = "reliance.background_swap"
ELSEWHERE = "replacing as much elsewhere"
ALONE = {  # what a single failed gate means that convicts no suspect
    f"reliance.{MINDS}": "**The answers hardly hang on the object**",
    AROUND: "**The answers hang on what is around the object**",
}
LOST = {  # figure -> what was found; {name}: a suspect, {share}: of the answers, {over}: beside the control
    MINDS: f"replacing the object changes {{share}}, {{over}} {ELSEWHERE}",
    "background_swap": "replacing all but the object changes {share}",
    "{name}_paste_over_control": "the {name} alone, pasted into an image that is answered otherwise, wins {share}, "
    "{over} as much of another image",
    "{name}_swap_over_control": f"replacing the {{name}} changes {{share}}, {{over}} {ELSEWHERE}",
}


def finding(gates: Sequence[Gate], figures: Mapping[str, Estimate], regions: Sequence[str]) -> str:
    """What the answers hang on, by the `gates` of the interventions and the `figures` behind them, and whether maps
    showed it. Where no gate could be run: what replacing the study's own `regions` did."""
    failed, unsure, held = ([one for one in gates if one.status == status] for status in ("fail", "unsure", "pass"))
    there = [one for one in unsure if _open(one)]
    if failed:
        first = ALONE.get(failed[0].gate if len(failed) == 1 else "", "**It takes shortcuts**")
        either = figures.get("reliance.object_swap", NOTHING)
        if first == ALONE[AROUND] and either.low > HALF and gates[0] not in held:
            lost = f"{_facts(failed, figures)[0]}; replacing the object itself, {either.text('%')}"
            return f"**The answers change whatever is replaced, so what they hang on is not shown**: {lost}."
        return f"{first}: {'; '.join([*_facts(failed, figures), *_shown(failed, figures)])}."
    if there:
        first = "Whether the answers hang on the object is not clear"
        if any(one.about for one in gates):
            first = "No shortcut is proven, none ruled out"
        return f"**{first}**: {'; '.join(_facts(there, figures))}; that decides nothing."
    if held:
        suspects = any(one.about for one in held)
        first = "**No shortcut was found among the suspects**" if suspects else "**The answers hang on the object**"
        return f"{first}: {'; '.join(_facts(held, figures))}."
    if unsure:
        few = max(one.found.n for one in unsure)
        return (
            f"**What the answers hang on was not tested**: it takes {FEWEST} images with something to replace and "
            f"an answer to test, which is right where a label can say so (n = {few})."
        )
    return _parts(figures, regions)


def untested(gates: Sequence[Gate]) -> str:
    """Where the interventions clear the answers: which suspects they say nothing of, as a sentence; else empty."""
    held = [one for one in gates if one.status == "pass"]
    if not held or any(one.status == "fail" or _open(one) for one in gates):
        return ""
    suspects = dict.fromkeys(gate.about for gate in gates if gate.about)
    rest = [f"the {name}" for name in suspects if name not in {gate.about for gate in held}]
    if not suspects:
        return "No suspect shortcut is named, so none was looked for."
    return f"**Not tested**: {_listed(rest)}, seen in too few images." if rest else ""


def _open(gate: Gate) -> bool:
    """Whether a gate was tested on enough images, and is unsure all the same."""
    return gate.status == "unsure" and gate.found.measured and gate.found.n >= FEWEST


def together(worthless: str, causal: str, flips: str, *under: str) -> str:
    """The finding of page 07 from sentences that may be empty: that the model is worth nothing (`Fixed.told`), what its
    answers hang on (`finding`), what flips them (`fragile`); two of these on top, the rest under them."""
    lead, rest = ((worthless, causal), flips) if worthless else ((causal, flips), "")
    return headline(" ".join(filter(None, lead)), rest, *under)


def _facts(gates: Sequence[Gate], figures: Mapping[str, Estimate]) -> list[str]:
    """What was found of each gate; the interval is that of the figure that decides."""
    told = []
    for gate in gates:
        key = gate.gate.removeprefix("reliance.")
        text = LOST[key.replace(gate.about, "{name}", 1) if gate.about else key]
        share = figures.get(f"reliance.{key.removesuffix('_over_control')}", gate.found)
        beside = "{over}" in text
        shown = f"{written(share.value, '%')} of {share.n} answers" if beside else f"answers: {gate.found.text('%')}"
        told.append(text.format(name=gate.about, share=shown, over=f"{gate.found.text('points')} against"))
    return told


def _parts(figures: Mapping[str, Estimate], regions: Sequence[str]) -> str:
    """Which of the study's own regions the answers hang on: those of which two changes are clearly worse than as much
    elsewhere; of the others is told which one is."""
    ways = {"swap": "replacing", "blur": "blurring", "darken": "darkening"}
    found = {
        (name, way): figures.get(f"reliance.{name}_{way}_over_control", NOTHING) for name in regions for way in ways
    }
    if not any(one.measured for one in found.values()):
        return NOTHING_TESTED
    clear = {name: [way for way in ways if found[name, way].low > 0] for name in regions}
    named = [name for name in sorted(regions, key=lambda name: -found[name, "swap"].value) if clear[name]]
    if not named:
        return (
            "**No named part decides by itself**: no change of one flips clearly more answers than as much elsewhere."
        )
    told = [
        f"{_listed([ways[way] for way in clear[name]])} the {name}, {found[name, clear[name][0]].text('points')}"
        for name in named
    ]
    sure = _listed([f"the {name}" for name in named if len(clear[name]) > 1])
    first = f"**The answers hang on {sure}**" if sure else "**What the answers hang on is not clear**"
    return f"{first}: more of them change than with as much elsewhere by {'; by '.join(told)}."


def _shown(failed: Sequence[Gate], figures: Mapping[str, Estimate]) -> list[str]:
    """Whether the maps gave away the suspects that interventions convicted."""
    told = []
    for name in dict.fromkeys(gate.about for gate in failed if gate.about):
        lift = figures.get(f"reliance.{name}_lift")
        if lift is not None and lift.measured:
            unclear = "it is not clear that the maps show it" if lift.high > CLEAR else "**the maps do not show it**"
            shown = "the maps show it" if lift.low > 1 else unclear
            there = (
                f"in the images as they are, the evidence on the {name} is {lift.text('×')} what chance would put there"
            )
            told.append(f"{shown}: {there}")
    return told


def fragile(gate: Gate, kind: str) -> str:
    """That the unnoticed change of that `kind` flips answers, where that is clear; else empty."""
    if gate.status != "fail":
        return ""
    return f"**An unnoticed change flips answers**: {TITLES[kind]}, {gate.found.text('%')}."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
