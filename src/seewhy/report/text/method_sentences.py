"""What the maps of a method are worth, in plain words. Every word follows from the status of a check."""

from collections.abc import Iterable, Mapping, Sequence

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.figure import BASELINE
from seewhy.checks.verdict import PLAUSIBLE, select_checks
from seewhy.formatting import join_names
from seewhy.report.text.intervention_sentences import Evidence
from seewhy.report.text.shortcut_sentences import shows_suspects

RANKING = {"deletion": "deletion", "insertion": "insertion", "road": "ROAD"}  # of squares, by their effect on the score
RANDOMISED, CLASS, STABLE = "similarity_after_randomisation", "class_sensitivity", "stability"
UNSIGNED = f"absolute_{RANDOMISED}"
FAULTS = {  # metric -> what its failed check says of a map
    RANDOMISED: "The {title} map survives when all weights are randomised, so it does not show what was learnt.",
    UNSIGNED: "The {title} map without its signs survives when all weights are randomised.",
    CLASS: "The {title} map is nearly the same for another class.",
    STABLE: "The {title} map changes under an imperceptible perturbation.",
}


def maps_answer(checks: Iterable[Check], title: str, evidence: Evidence) -> Answer:
    """Can the maps of the first method be trusted? By its checks, and by whether they hide a shortcut.

    Whether a map lies on the object is plausibility, which does not count here: the right map of a model that relies on
    something else does not.

    Args:
        checks: all checks of the study.
        title: of the first method, `evidence.method`.
        evidence: see `shortcut_sentences.Evidence`.
    """
    every = list(checks)
    own = trust_checks(every, evidence.method)
    tested = [one for one in own if one.status != "not run"]
    passed = [one for one in tested if one.status == "pass"]
    count = f"{len(passed)} of {len(tested)} checks"
    detail = f"{title} passes {count}."
    if not shows_suspects(every, evidence):
        hidden = join_names([f"the {name}" for name in _relied_suspects(every)])
        told = f"Heat maps do not mark {hidden}, which the model relies on."
        figure, so = f"do not mark {hidden}", "rely on interventions, not on maps"
        return Answer("No", told, "misleading", told, figure, so, detail)
    if not tested:
        return Answer("Not tested", f"{title} was not tested.", "unknown", "The maps were not tested.")
    if len(passed) == len(tested):
        return Answer(
            "Yes", f"{title} passes all {count.partition(' of ')[2]}.", "fine", "The maps passed.", f"{count} passed"
        )
    return _fault_answer(own, title, count, detail)


def _fault_answer(own: Sequence[Check], title: str, count: str, detail: str) -> Answer:
    """Not all checks passed: the worst fault, then what is undecided."""
    failed = {one.figure.metric for one in own if one.status == "fail"}
    sentences = map_faults(own, title)
    told = " ".join(sentences[:2]) or f"{title} passes {count}, and the others are undecided."
    short = sentences[0] if sentences else told
    if not failed:
        return Answer("Undecided", told, "unknown", short, f"{count} passed", "test it on more images", detail)
    if failed & {RANDOMISED, UNSIGNED}:
        return Answer("No", told, "misleading", short, f"{count} passed", "do not read reasons from this map", detail)
    severity = "unstable" if failed == {STABLE} else "misleading"
    return Answer("Partly", told, severity, short, f"{count} passed", "use the map only for what it passed", detail)


def map_faults(own: Sequence[Check], title: str) -> list[str]:
    """What fails for one method, a sentence each: what it shows, then what a baseline does better."""
    failed = {(one.figure.metric, one.figure.versus) for one in own if one.status == "fail"}
    told = [text.format(title=title) for metric, text in FAULTS.items() if (metric, "") in failed]
    worse = [name for metric, name in RANKING.items() if (metric, BASELINE) in failed]
    if worse:
        told.append(f"A baseline ranks the squares of the image better than {title} ({join_names(worse)}).")
    return told


def trust_checks(checks: Iterable[Check], method: str) -> list[Check]:
    """The checks of what a method's maps are worth: all but those of their plausibility."""
    return [one for one in select_checks(checks, "map", name=method) if one.figure.metric != PLAUSIBLE]


def better_method(titles: Mapping[str, str], checks: Iterable[Check]) -> str:
    """Which method passes most checks, as a sentence; empty where it is the first."""
    own = {name: trust_checks(checks, name) for name in titles}
    passed = {name: sum(one.status == "pass" for one in some) for name, some in own.items()}
    first, best = next(iter(titles)), max(titles, key=lambda name: passed[name])
    if passed[best] == passed[first]:
        return ""
    return f"{titles[best]} passes {passed[best]} checks, {titles[first]} {passed[first]}."


def _relied_suspects(checks: Iterable[Check]) -> list[str]:
    """The suspects that the model relies on."""
    failed = (one for one in select_checks(checks, "suspect") if one.status == "fail")
    return list(dict.fromkeys(one.subject.name for one in failed))
