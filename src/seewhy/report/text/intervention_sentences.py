"""What interventions changed, in sentences, and the evidence that answers rest on beside the checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from seewhy.checks.check import Check
from seewhy.checks.figure import CONTROL, Figure
from seewhy.checks.verdict import Figures
from seewhy.formatting import capitalise_first, format_value
from seewhy.stats import Estimate

WAYS = {"swap": "Replacing", "blur": "Blurring", "darken": "Darkening", "paste": "Pasting only"}


@dataclass(frozen=True)
class Evidence:
    """What sentences need beside the checks.

    Args:
        figures: the measurement tables.
        method: the first method, whose maps may show a suspect.
        regions: names of the study's own regions.
        won: by suspect, the class that most predictions change to when it is pasted; missing where none is.
        change: the imperceptible change that changes most predictions.
        waiting: how many candidates wait for a person's judgement, as a sentence; empty for none.
        boxed: whether boxes mark the objects and nobody has judged what in them moves the prediction.
    """

    figures: Figures
    method: str = "gradcam"
    regions: Sequence[str] = ()
    won: Mapping[str, str] = field(default_factory=dict)
    change: str = ""
    waiting: str = ""
    boxed: bool = False

    @property
    def is_unsettled(self) -> bool:
        """Whether what the predictions depend on waits for a person: nothing has passed until then."""
        return bool(self.waiting) or self.boxed

    def changed_share(self, region: str, kind: str, control: bool = False) -> Estimate:
        """How often an intervention, or its control, changed the prediction."""
        facets = {"region": region, "kind": kind} | ({"control": True} if control else {})
        return self.figures.estimate_figure(Figure("prediction_change", facets=facets))

    def suspect_lift(self, suspect: str) -> Estimate:
        """How much of the map lies on a suspect, times chance."""
        facets = {"region": suspect, "tested": True}
        return self.figures.estimate_figure(Figure("region_lift", self.method, facets=facets))


def intervention_texts(check: Check, evidence: Evidence, whose: str = "") -> tuple[str, str]:
    """What an intervention changed, and what its control did: sentences with one number each, then the intervals.

    whose: which predictions, as " of *jay*"; empty for all.
    """
    region, kind = str(check.figure.facets["region"]), kind_of_change(check)
    plain = replace(check.figure, versus="", facets={"region": region, "kind": kind})
    share, other = (
        evidence.figures.estimate_figure(one) for one in (plain, replace(plain, facets={**plain.facets, CONTROL: True}))
    )
    part = "everything but the object" if region == "background" else f"the {region}"
    value = format_value(share.value, "%")
    if kind == "paste":
        won = pasted_class(region, evidence)
        told = f"Pasting only {part}{whose} into other images makes the model predict {won} in {value} of cases."
        beside = f"Pasting an equal area of another image does so in {format_value(other.value, '%')}."
    else:
        told = f"{WAYS[kind]} {part} changes {value} of predictions{whose}."
        beside = f"{WAYS[kind]} {control_phrase(region)} changes {format_value(other.value, '%')}."
    if check.figure.versus != CONTROL:
        return told, f"{capitalise_first(part)}: {share.text('%')}."
    detail = f"Difference: {check.estimate.text('points')}."
    return (f"{told} {beside}" if other.measured else told), detail


def control_phrase(region: str) -> str:
    """What the control of a swap replaces."""
    return "it by that of images with the same prediction" if region == "background" else "an equal area elsewhere"


def pasted_class(name: str, evidence: Evidence) -> str:
    """What the model predicts when a suspect is pasted."""
    return f"*{evidence.won[name]}*" if name in evidence.won else "the object"


def kind_of_change(check: Check) -> str:
    """Which intervention a check is of."""
    return str(check.figure.facets["kind"])
