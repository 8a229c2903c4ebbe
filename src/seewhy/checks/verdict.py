"""The checks of every audit: whether the model works, what its predictions depend on, whether they and its maps hold.

Statements and limits are data; figures come from the measurement tables, by their fields.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from seewhy.checks.check import Check, Kind, Subject, correct_fails
from seewhy.checks.figure import BASELINE, CONTROL, Figure, baseline_title
from seewhy.checks.old_keys import WORST
from seewhy.formatting import format_value
from seewhy.stats import Estimate

MOST = 0.5  # of the predictions: a control that changes more leaves too little for anything else to be seen
BLIND = "the control alone changes most predictions"
LIMITS: Mapping[str, float] = {  # unless `audit.limits` of params.yaml says otherwise; by `Rule.limit`
    "lift": 1.0,
    "control": 0.0,
    "kept": 0.5,
    "target": 0.5,
    "stability": 0.7,
    "object": 0.1,
    "background": 0.1,
    "suspect": 0.1,
    "flipped": 0.1,
    "slice": -0.1,
}


class Figures(Protocol):
    """Where estimates come from: the measurement tables of a study."""

    def estimate_figure(self, figure: Figure) -> Estimate:
        """The figure with its interval; of no image where it was not measured."""

    def missing_reasons(self, figure: Figure) -> Mapping[str, int]:
        """Why images have no value of that figure, and how many."""

    def strongest_baseline(self, figure: Figure) -> str:
        """The baseline that `best_baseline` stands for in that figure; empty where nothing was measured."""


@dataclass(frozen=True)
class Rule:
    """A statement that is checked in every study. `limit` is a key of `limits:` in params.yaml; {name} stands for a
    suspect, {baseline} for the best baseline."""

    kind: Kind
    metric: str
    limit: str
    least: bool
    statement: str
    denial: str
    versus: str = ""
    facets: Mapping[str, Any] = field(default_factory=dict)

    def named_facets(self, name: str) -> dict[str, Any]:
        """The facets, with the name of a suspect."""
        return {key: one.format(name=name) if isinstance(one, str) else one for key, one in self.facets.items()}


OBJECT = (
    Rule(
        "object", "prediction_change", "object", True,
        "replacing the object changes the prediction more often than replacing an equal area elsewhere",
        "replacing the object hardly changes the prediction more often than replacing an equal area elsewhere",
        CONTROL, {"region": "object", "kind": "swap"},
    ),
    Rule(
        "background", "prediction_change", "background", False,
        "everything but the object can come from an image with another prediction as well as from one with the same",
        "the prediction changes when everything but the object comes from an image with another prediction",
        CONTROL, {"region": "background", "kind": "swap"},
    ),
)  # fmt: skip
SUSPECT = (
    Rule(
        "suspect", "prediction_change", "suspect", False,
        "pasting only the {name} into another image does not change its prediction",
        "pasting only the {name} into another image changes its prediction",
        CONTROL, {"region": "{name}", "kind": "paste"},
    ),
    Rule(
        "suspect", "prediction_change", "suspect", False,
        "replacing the {name} changes the prediction no more often than replacing an equal area elsewhere",
        "replacing the {name} changes the prediction more often than replacing an equal area elsewhere",
        CONTROL, {"region": "{name}", "kind": "swap"},
    ),
)  # fmt: skip
STABILITY = Rule(
    "stability", "label_flip", "flipped", False,
    "the prediction stays under imperceptible changes of the image",
    "an imperceptible change of the image changes the prediction",
    "", {"change": WORST},
)  # fmt: skip
PLAUSIBLE = "lift"  # whether a map lies on the object: of a model that relies on something else a right map does not
MAPS = (
    Rule(
        "map", "lift", "lift", True,
        "more of the map lies on the object than by chance", "no more of the map lies on the object than by chance",
    ),
    Rule(
        "map", "similarity_after_randomisation", "kept", False,
        "the map is lost when all weights are randomised", "the map survives when all weights are randomised",
    ),
    Rule(
        "map", "absolute_similarity_after_randomisation", "kept", False,
        "the map without its signs is lost when all weights are randomised",
        "the map without its signs survives when all weights are randomised",
    ),
    Rule(
        "map", "class_sensitivity", "target", False,
        "the map differs for another class", "the map is nearly the same for another class",
    ),
    Rule(
        "map", "stability", "stability", True,
        "the map is stable under the worst imperceptible perturbation",
        "the map changes under an imperceptible perturbation", "", {"change": WORST},
    ),
    Rule(
        "map", "lift", "control", True,
        "more of the map lies on the object than with the {baseline}",
        "less of the map lies on the object than with the {baseline}", BASELINE,
    ),
    Rule(
        "map", "deletion", "control", True,
        "covering its strongest squares lowers the score sooner than with the {baseline}",
        "covering its strongest squares lowers the score later than with the {baseline}", BASELINE,
    ),
    Rule(
        "map", "insertion", "control", True,
        "showing its strongest squares raises the score sooner than with the {baseline}",
        "showing its strongest squares raises the score later than with the {baseline}", BASELINE,
    ),
    Rule(
        "map", "road", "control", True,
        "imputing its strongest squares costs more than with the {baseline}",
        "imputing its strongest squares costs less than with the {baseline}", BASELINE,
    ),
)  # fmt: skip


def model_checks(figures: Figures, suspects: Iterable[str], limits: Mapping[str, float]) -> list[Check]:
    """The checks of what predictions depend on: object, background, each suspect, and imperceptible changes;
    corrected for their number.

    Args:
        figures: the measurement tables.
        suspects: names of the study's suspects.
        limits: the section's `limits`, by `Rule.limit`.
    """
    asked = [("", OBJECT), *((name, SUSPECT) for name in suspects), ("", (STABILITY,))]
    return correct_fails([check_rule(rule, figures, limits, name) for name, rules in asked for rule in rules])


def map_checks(figures: Figures, titles: Mapping[str, str], limits: Mapping[str, float]) -> list[Check]:
    """The checks of each method's maps, corrected for the number of checks of a method.

    Args:
        figures: the measurement tables.
        titles: of the methods, by name.
        limits: the section's `limits`, by `Rule.limit`.
    """
    made = [[check_rule(rule, figures, limits, name, title) for rule in MAPS] for name, title in titles.items()]
    return [one for checks in made for one in correct_fails(checks)]


def check_rule(
    rule: Rule,
    figures: Figures,
    limits: Mapping[str, float],
    name: str,
    title: str = "",
    narrow: Callable[[Figure], Figure] = lambda figure: figure,
) -> Check:
    """The check of a rule, with its estimate.

    Args:
        rule, figures: what is stated, and where it is measured.
        limits: by `Rule.limit`.
        name: of the suspect or method that it is about.
        title: of the method.
        narrow: makes of the figure that of some images alone.
    """
    figure = narrow(Figure(rule.metric, name if rule.kind == "map" else "", rule.versus, rule.named_facets(name)))
    words = {"name": name, "baseline": ""}
    if rule.versus == BASELINE:
        words["baseline"] = baseline_title(figures.strongest_baseline(figure) or BASELINE)
    statement, denial = (text.format(**words) for text in (rule.statement, rule.denial))
    subject, estimate = Subject(rule.kind, name), figures.estimate_figure(figure)
    missing, limit = "" if estimate.n else next(iter(figures.missing_reasons(figure)), ""), limits[rule.limit]
    check = Check(subject, figure, statement, denial, limit, rule.least, estimate, missing=missing, title=title)
    return _undecidable_check(check, figures) if rule.versus == CONTROL else check


def _undecidable_check(check: Check, figures: Figures) -> Check:
    """The check of an intervention with the reason where it has no figure; it does not pass where its control alone
    changes so much that nothing more can be seen."""
    told = [f"{reason} ({count} images)" for reason, count in figures.missing_reasons(check.figure).items()]
    control = figures.estimate_figure(replace(check.figure, versus="", facets={**check.figure.facets, CONTROL: True}))
    if check.status == "pass" and not check.least and control.value > MOST:
        blind = Estimate(math.nan, math.nan, math.nan, check.estimate.n)
        return replace(check, estimate=blind, missing=f"{BLIND} ({format_value(control.value, '%')})")
    return replace(check, missing="; ".join(told))


def select_checks(checks: Iterable[Check], *kinds: Kind, name: str = "") -> list[Check]:
    """Those checks that are about one of the kinds, and where a name is given about it."""
    return [one for one in checks if one.subject.kind in kinds and name in ("", one.subject.name)]
