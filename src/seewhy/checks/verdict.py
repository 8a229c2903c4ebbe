"""From figures and thresholds to a verdict: gates, and the same in plain words.

A gate passes only when the whole interval of its figure is on the passing side, and fails only when it is wholly on the
other: everything else is unsure. There is no score over all of them; a pass here does not make up for a fail there.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seewhy.checks.status import status
from seewhy.measure.against_baselines import Versus
from seewhy.metrics.baselines import TITLES
from seewhy.stats import NOTHING, Estimate


@dataclass(frozen=True)
class Gate:
    """A figure held against a limit; `least`: it has to be above, else below. `denial` is what a fail means, `about`
    names the suspect that it is about, if any."""

    gate: str
    claim: str
    found: Estimate
    limit: float
    least: bool
    denial: str = ""
    about: str = ""

    @property
    def status(self) -> str:
        """pass, fail, unsure, or not run where no image could be measured."""
        found = self.found
        return status(found.value, found.low, found.high, found.n, self.limit, self.least)

    def row(self) -> dict[str, Any]:
        """What verdict.json holds; figures rounded, null where there are none. `passes`: on which side of the limit."""
        figures = {key: getattr(self.found, key) for key in ("value", "low", "high")}
        plain = {key: round(value, 10) if math.isfinite(value) else None for key, value in figures.items()}
        return {
            "gate": self.gate,
            "claim": self.claim,
            **plain,
            "limit": self.limit,
            "passes": "above" if self.least else "below",
            "n": self.found.n,
            "status": self.status,
            "denial": self.denial,
        }


OVER = {  # figures that are held against the best control, and what it means to be better
    "localisation_lift": "has more of its evidence on the object than {control}",
    "deletion_auc": "the score falls sooner than with {control} when its strongest cells are taken away",
    "insertion_auc": "the score rises sooner than with {control} when its strongest cells are shown",
    "road": "removing its strongest cells, imputed, costs more beside its weakest than with {control}",
}
ALONE = {  # figure -> claim, key of the limits, whether the figure has to be above it
    "localisation_lift": ("more of its evidence lies on the object than chance would put there", "lift", True),
    "kept": ("it is not kept when all weights are redrawn", "kept", False),
    "target_spearman": ("it is another map for another target", "target", False),
    "stability_spearman": ("it stays under the unnoticed change that moves it most", "stability", True),
}


def methods(
    figures: Mapping[str, Estimate],
    against: Mapping[str, Versus],
    titles: Mapping[str, str],
    limits: Mapping[str, float],
) -> list[Gate]:
    """The gates of every method (`titles` by name), of figures named as in `versus.measured` and `versus.compared`."""
    found = []
    for name, title in titles.items():
        for what, (claim, key, least) in ALONE.items():
            value = figures.get(f"{name}.{what}", NOTHING)
            found.append(Gate(f"{name}.{what}", f"{title}: {claim}", value, limits[key], least))
        for what, claim in OVER.items():
            beside = against.get(f"{name}.{what}")
            told = claim.format(control=TITLES.get(beside.control if beside else "", "any control"))
            value = beside.difference if beside else NOTHING
            found.append(Gate(f"{name}.{what}_over_control", f"{title}: {told}", value, limits["control"], True))
    return found


def steady(flipped: Estimate, limits: Mapping[str, float]) -> Gate:
    """The gate of answers that stay when the image changes unnoticed; `flipped`: their share by the worst change."""
    claim, denial = (
        "the answer stays when the image changes unnoticed",
        "an unnoticed change of the image flips the answer",
    )
    return Gate("stability.flipped", claim, flipped, limits["flipped"], False, denial)


MINDS = "object_swap_over_control"  # whether the answer minds the object: no shortcut, if it does not
OBJECT = {  # figure -> claim, denial, key of the limits, whether the figure has to be above it
    MINDS: (
        "replacing the object changes the answer more often than replacing as much elsewhere",
        "replacing the object hardly changes the answer more often than replacing as much elsewhere",
        "object",
        True,
    ),
    "background_swap": (
        "the answer mostly stays when all but the object is replaced",
        "the answer mostly changes when all but the object is replaced",
        "background",
        False,
    ),
}
SUSPECT = {
    "{name}_paste_over_control": (
        "the {name} alone does not win the answer when pasted onto an image that is answered otherwise",
        "the {name} alone wins the answer when pasted onto an image that is answered otherwise",
        "suspect",
        False,
    ),
    "{name}_swap_over_control": (
        "replacing the {name} changes the answer no more often than replacing as much elsewhere",
        "replacing the {name} changes the answer more often than replacing as much elsewhere",
        "suspect",
        False,
    ),
}


def reliance(figures: Mapping[str, Estimate], suspects: Iterable[str], limits: Mapping[str, float]) -> list[Gate]:
    """The gates of the interventions, of figures named as in `reliance.figures`."""
    asked = [("", OBJECT), *((name, SUSPECT) for name in suspects)]
    return [
        Gate(
            f"reliance.{what.format(name=name)}",
            claim.format(name=name),
            figures.get(f"reliance.{what.format(name=name)}", NOTHING),
            limits[key],
            least,
            denial.format(name=name),
            name,
        )
        for name, rules in asked
        for what, (claim, denial, key, least) in rules.items()
    ]
