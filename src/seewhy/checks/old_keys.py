"""The keys of the first edition's metrics and gates, and the fields that they stand for now. Kept for one release.

One table goes both ways: it writes the old keys of `metrics/audit.json` and of verdict.json from figures, and
translates `gates:` of params.yaml into `checks:`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seewhy.checks.figure import BASELINE, CONTROL, Figure
from seewhy.checks.settings import GateSettings
from seewhy.errors import SeewhyError, unknown_name

FIELDS = {"method": r"[^.]+?", "region": r".+?", "kind": r"swap|blur|darken|paste", "name": r".+"}
WORST = "worst"  # as facet `change`: the imperceptible perturbation that moves most


@dataclass(frozen=True)
class OldKey:
    """`key` of `section`.json and its figure; both with the same fields in braces. {first} is the method that the page
    leads with. `complement`: the key held 1 less the figure. `without`: values of fields that had no key."""

    section: str
    key: str
    figure: Figure
    complement: bool = False
    without: tuple[str, ...] = ()

    @property
    def key_pattern(self) -> re.Pattern[str]:
        """What the key matches, with a group for each field."""
        parts = re.split(r"\{(\w+)\}", self.key)
        told = [re.escape(part) if k % 2 == 0 else f"(?P<{part}>{FIELDS[part]})" for k, part in enumerate(parts)]
        return re.compile("".join(told))


def _map_keys() -> Iterator[OldKey]:
    compared = {
        "localisation_lift": "lift",
        "pointing": "pointing_game",
        "deletion_auc": "deletion",
        "insertion_auc": "insertion",
        "road": "road",
        "average_drop": "average_drop",
        "average_increase": "average_increase",
    }
    for old, metric in compared.items():
        yield OldKey("audit", f"{{method}}.{old}_over_control", Figure(metric, "{method}", BASELINE))
        yield OldKey("audit", f"{{method}}.{old}", Figure(metric, "{method}"))
    yield OldKey("audit", "{method}.kept", Figure("similarity_after_randomisation", "{method}"))
    yield OldKey("audit", "{method}.target_spearman", Figure("class_sensitivity", "{method}"))
    yield OldKey("audit", "{method}.stability_spearman", Figure("stability", "{method}", facets={"change": WORST}))


def _intervention_keys() -> Iterator[OldKey]:
    done = {"region": "{region}", "kind": "{kind}"}
    yield OldKey("audit", "reliance.{region}_{kind}_over_control", Figure("prediction_change", "", CONTROL, done))
    yield OldKey(
        "audit", "reliance.{region}_{kind}_control", Figure("prediction_change", facets=done | {"control": True})
    )
    yield OldKey("audit", "reliance.{region}_{kind}_change", Figure("probability_change", facets=done))
    yield OldKey("audit", "reliance.{region}_{kind}", Figure("prediction_change", facets=done))
    yield OldKey(
        "audit",
        "reliance.{region}_lift",
        Figure("region_lift", "{first}", facets={"region": "{region}", "tested": True}),
        without=("background",),
    )


OLD_KEYS: tuple[OldKey, ...] = (
    OldKey("model", "accuracy", Figure("accuracy")),
    OldKey("model", "exact", Figure("exact_match")),
    OldKey("comparison", "likeness", Figure("map_likeness", "{first}")),
    OldKey("audit", "stability.flipped", Figure("label_flip", facets={"change": WORST})),
    OldKey("audit", "reliance.background", Figure("object_share", "{first}", facets={"class_is": "predicted"}), True),
    OldKey("audit", "sanity.spearman", Figure("correlation_after_randomisation", "{first}")),
    *_intervention_keys(),
    *_map_keys(),
)
WORDS = {  # of `gates:`: a key by one word
    "accuracy": "model.accuracy",
    "localisation_lift": "audit.gradcam.localisation_lift",
    "faithfulness": "audit.gradcam.deletion_auc_over_control",
    "sanity": "audit.gradcam.kept",
    "background": "audit.reliance.background",
    "similarity": "comparison.likeness",
}
HIGH = ("accuracy", "localisation_lift", "faithfulness", "similarity")  # of these a gate may only set `min`


def old_key(figure: Figure) -> str:
    """Where the first edition kept a figure, as FILE.KEY; empty for a new one.

    >>> old_key(Figure("prediction_change", versus="control", facets={"region": "shadow", "kind": "paste"}))
    'audit.reliance.shadow_paste_over_control'
    """
    for known in OLD_KEYS:
        fields = _match_fields(known.figure, figure)
        if fields is not None and not known.complement:
            return f"{known.section}.{known.key.format(**fields)}"
    return ""


def is_old_key(metric: str) -> bool:
    """Whether a metric's name is FILE.KEY of the first edition: names of now have no dot."""
    return "." in metric


def find_figure(key: str) -> Figure | None:
    """The figure of an old key, FILE.KEY; None where no table has it, or only 1 less the figure.

    >>> str(find_figure("audit.layercam.insertion_auc_over_control"))
    'insertion, layercam, versus best_baseline'
    """
    section, _, rest = WORDS.get(key, key).partition(".")
    for known in OLD_KEYS:
        found = known.key_pattern.fullmatch(rest) if known.section == section else None
        if found and not known.complement:
            return fill_figure(known.figure, found.groupdict())
    return None


def check_gates(gates: Mapping[str, GateSettings], files: Sequence[str], where: str) -> None:
    """Refuses a gate that is neither a word of the first edition nor a key of one of its metrics files."""
    for key, limit in gates.items():
        if key in WORDS:
            if limit.least != (key in HIGH):
                found, allowed = ("min", "max") if limit.least else ("max", "min")
                raise SeewhyError(f"{where}: {key} found with {found}; allowed: {allowed}")
            continue
        file, dot, rest = key.partition(".")
        if not dot or not rest:
            raise unknown_name("gate", key, [*WORDS, "FILE.KEY of a metrics file"], where)
        if file not in files:
            raise unknown_name("metrics file", file, files, f"{key} of {where}")


def fill_figure(figure: Figure, fields: Mapping[str, str]) -> Figure:
    """The figure with its fields in braces replaced; {first} is Grad-CAM unless it is given."""
    given = {"first": "gradcam", **fields}
    facets = {name: value.format(**given) if isinstance(value, str) else value for name, value in figure.facets.items()}
    return Figure(figure.metric, figure.method.format(**given), figure.versus, facets)


def _match_fields(known: Figure, figure: Figure) -> dict[str, Any] | None:
    """The values of the known figure's fields in braces, if the other is one of its kind."""
    own, other = ((one.metric, one.versus, {*one.facets}) for one in (known, figure))
    if own != other or figure.label or figure.images:
        return None
    fields: dict[str, Any] = {}
    pairs = [(known.method, figure.method), *((known.facets[name], figure.facets[name]) for name in known.facets)]
    for told, value in pairs:
        if isinstance(told, str) and told.startswith("{"):
            if not value:
                return None
            fields[told.strip("{}")] = value
        elif told != value:
            return None
    return fields
