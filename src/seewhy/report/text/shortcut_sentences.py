"""Does the model rely on a shortcut? The answer in plain words.

Every word follows from the status of a check. A sentence has at most 20 words, and one number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.figure import CONTROL, Figure
from seewhy.checks.slices import find_uneven
from seewhy.checks.verdict import select_checks
from seewhy.formatting import capitalise_first, format_value, join_names
from seewhy.report.text.intervention_sentences import (
    WAYS,
    Evidence,
    intervention_texts,
    kind_of_change,
    pasted_class,
)
from seewhy.report.text.slice_sentences import certain_slices, slices_answer
from seewhy.stats import FEWEST, smallest_share

CLEAR = 1.5  # times chance: from there on a map marks a part
MOSTLY = 0.9  # of the changed predictions: from here on the class that they change to is named


def shortcut_answer(checks: Iterable[Check], evidence: Evidence) -> Answer:
    """Does the model rely on a shortcut? By the checks of object, background, suspects and judged candidates."""
    every = list(checks)
    asked = select_checks(every, "object", "background", "suspect")
    failed = [
        one for one in select_checks(every, "object", "background", "suspect", "candidate") if one.status == "fail"
    ]
    held, undecided = [one for one in asked if one.status == "pass"], [one for one in asked if one.is_open]
    untested = [one for one in asked if one not in (*held, *undecided)]
    uneven = find_uneven(every)
    if uneven and (uneven.cleared or not failed):
        return slices_answer(uneven, select_checks(failed, "candidate"), evidence)
    if failed:
        answer = _relies_answer(failed, evidence)
        return replace(answer, detail=" ".join(filter(None, (answer.detail, certain_slices(uneven)))))
    if undecided:
        return _undecided_answer(undecided[0], evidence)
    if held:
        return _no_shortcut_answer(held, untested, evidence)
    if any(one.missing for one in untested):
        return _untested_answer(untested, evidence)
    if few := [one.estimate.n for one in asked if one.status == "unsure"]:
        sentence = f"Fewer than {FEWEST} images have a part to replace and a right prediction."
        short, detail = "Too few images to test what the model relies on.", f"Images: {max(few)}."
        if evidence.waiting:
            return _waiting_answer(evidence, detail)
        return Answer("Not tested", sentence, "unknown", short, detail=detail)
    return _regions_answer(evidence)


def _relies_answer(failed: Sequence[Check], evidence: Evidence) -> Answer:
    """Something failed: a suspect first, then the object, then the background."""
    order = ("suspect", "candidate", "object", "background")
    worst = min(failed, key=lambda one: order.index(one.subject.kind))
    if worst.subject.kind == "candidate":
        return _relies_on_candidate(worst)
    told, detail = intervention_texts(worst, evidence)
    name, kind = worst.subject.name, worst.subject.kind
    so = "do not use this model where that may happen; its errors there are not visible in the maps"
    if kind == "suspect":
        shown = _map_clause(name, evidence)
        share = format_value(evidence.changed_share(name, kind_of_change(worst)).value, "%")
        short = f"A pasted {name} alone makes the model predict {pasted_class(name, evidence)} ({share}){shown[0]}."
        if kind_of_change(worst) == "swap":
            short = f"The predictions depend on the {name}{shown[0]}."
        so = f"do not use this model where a {name} can stand without the object"
        return Answer("Yes", told, "shortcut", short, _main_figure(worst, evidence), so, f"{detail} {shown[1]}".strip())
    if kind == "object":
        short = "The predictions hardly depend on the object."
        return Answer("Yes", told, "shortcut", short, _main_figure(worst, evidence), so, detail)
    short = "The predictions depend on what surrounds the object."
    return Answer("Yes", told, "shortcut", short, _main_figure(worst, evidence), so, detail)


def _relies_on_candidate(check: Check) -> Answer:
    """A candidate that a person judged a shortcut, and that clearly moves the prediction."""
    name, value = check.subject.name.rpartition("/")[0], format_value(check.estimate.value, "+")
    thing, _, target = check.statement.partition(" does not make the model predict ")
    told = f"{capitalise_first(thing)} makes the model predict *{target}*. You judged this a shortcut."
    short = f"The model relies on a shortcut: {thing} makes it predict {target}."
    so = f"do not use this model where {thing} can look like that without *{target}*"
    gain = "Gain in log-odds" if target == name else "Gain in standard deviations of the labels"
    return Answer("Yes", told, "shortcut", short, value, so, f"{gain}: {check.estimate.text()}.")


def _waiting_answer(evidence: Evidence, detail: str = "") -> Answer:
    """Nothing else was tested, and something that was found waits for a person."""
    told = f"{evidence.waiting} Each moves the prediction, and only you can say whether it is the object."
    so = "judge them: see *What else moves the prediction?*, or `python -m seewhy judge`"
    return Answer("Not tested", told, "unknown", evidence.waiting, "", so, detail)


def _undecided_answer(check: Check, evidence: Evidence) -> Answer:
    told, detail = intervention_texts(check, evidence)
    short = "Too few images to decide whether the model relies on a shortcut."
    seen = format_value(smallest_share(check.estimate.n), "%")
    detail = f"{detail} Less than {seen} of predictions cannot be told from none with {check.estimate.n} images."
    return Answer("Undecided", told, "unknown", short, _main_figure(check, evidence), "test it on more images", detail)


def _untested_answer(untested: Sequence[Check], evidence: Evidence) -> Answer:
    """Nothing could be tested, with the reason why."""
    names, reasons = _part_names(untested), _reasons_text(untested)
    if evidence.waiting:
        return _waiting_answer(evidence, reasons)
    told = f"What was marked could not be tested: {join_names(names)}."
    so = "test it on more images, and mark parts that leave room beside them"
    return Answer("Not tested", told, "unknown", "What the model relies on could not be tested.", "", so, reasons)


def _no_shortcut_answer(held: Sequence[Check], untested: Sequence[Check], evidence: Evidence) -> Answer:
    """Nothing failed and nothing is undecided. Only where all was tested, and nothing waits, is that an answer."""
    told, detail = intervention_texts(held[0], evidence)
    figure, has_suspects = _main_figure(held[0], evidence), any(one.subject.kind == "suspect" for one in held)
    if untested:
        short = f"No shortcut was found, but {join_names(_part_names(untested))} could not be tested."
        detail = " ".join(filter(None, (_reasons_text(untested), evidence.waiting, detail)))
        return Answer("Undecided", told, "unknown", short, figure, "test it on more images", detail)
    limit = "" if has_suspects else "No suspect is named, so no particular shortcut was looked for."
    if evidence.boxed:
        short = f"The predictions depend on what is inside the boxes. {evidence.waiting}".strip()
        limit = f"A box holds more than its object, and what in it decides was not judged. {limit}".strip()
        so = "judge it: see *What else moves the prediction?*, or `python -m seewhy judge`"
        return Answer("Undecided", told, "unknown", short, figure, so, f"{limit} {detail}")
    of_object = select_checks(held, "object")
    short = "The predictions depend on the object." if of_object else f"{capitalise_first(held[0].statement)}."
    short = "No shortcut was found." if has_suspects else short
    detail = " ".join(filter(None, (limit, evidence.waiting, detail)))
    if evidence.waiting:
        short = f"{short} {evidence.waiting}"
    severity = "unknown" if evidence.waiting else "fine"  # what waits for a judgement has not passed
    return Answer("No", told, severity, short, figure, "", detail)


def _part_names(checks: Sequence[Check]) -> list[str]:
    """What checks are about, each once: 'the shadow', 'the object'."""
    return list(dict.fromkeys(f"the {one.subject.name or one.subject.kind}" for one in checks))


def _reasons_text(checks: Sequence[Check]) -> str:
    """Why checks have no figure: 'Not tested: the cast, since the mask overlaps the object (40 images).'"""
    told = {
        name: [one for one in checks if f"the {one.subject.name or one.subject.kind}" == name]
        for name in _part_names(checks)
    }
    few = "too few images show it"
    parts = [f"{name}, since {next((one.missing for one in own if one.missing), few)}" for name, own in told.items()]
    return f"Not tested: {'; '.join(parts)}."


def _main_figure(check: Check, evidence: Evidence) -> str:
    region, kind = str(check.figure.facets["region"]), kind_of_change(check)
    share = evidence.changed_share(region, kind)
    if not share.measured:
        return ""
    told = f"by the {region} alone" if kind == "paste" else f"of predictions change with the {region}"
    return f"{format_value(share.value, '%')} {told}"


def _map_clause(name: str, evidence: Evidence) -> tuple[str, str]:
    """Whether the maps show a suspect: a clause, and the figure behind it."""
    lift = evidence.suspect_lift(name)
    if not lift.measured:
        return "", ""
    clauses = {"shown": "heat maps mark it", "excluded": "heat maps do not mark it"}
    clause = clauses.get(lift.outcome(CLEAR), "whether heat maps mark it is not clear")
    return f", and {clause}", f"Attribution on the {name}: {lift.text('×')} of chance."


def shows_suspects(checks: Iterable[Check], evidence: Evidence) -> bool:
    """False where maps clearly hide a suspect that the model relies on."""
    failed = [one for one in select_checks(checks, "suspect") if one.status == "fail"]
    found = [evidence.suspect_lift(one.subject.name) for one in failed]
    return not any(lift.outcome(CLEAR) == "excluded" for lift in found)


def _regions_answer(evidence: Evidence) -> Answer:
    """Without object and suspects: on which of the study's own regions the predictions depend."""
    ways = ("swap", "blur", "darken")
    over = {
        (name, way): evidence.figures.estimate_figure(
            Figure("prediction_change", versus=CONTROL, facets={"region": name, "kind": way})
        )
        for name in evidence.regions
        for way in ways
    }
    if not any(one.measured for one in over.values()):
        if evidence.waiting:
            return _waiting_answer(evidence)
        sentence = "No object, suspect or region is marked in enough images, so nothing could be replaced."
        so = "mark objects, or name `suspects` or `regions` in params.yaml"
        return Answer("Not tested", sentence, "unknown", "What the model relies on was not tested.", "", so)
    clear = {name: [way for way in ways if over[name, way].outcome(0) == "shown"] for name in evidence.regions}
    sure = sorted((name for name in clear if len(clear[name]) > 1), key=lambda name: -over[name, clear[name][0]].value)
    if not sure:
        sentence = "No change of a named region clearly changes more predictions than the same change elsewhere."
        return Answer("Undecided", sentence, "unknown", "No named region decides by itself.")
    name, way = sure[0], clear[sure[0]][0]
    share, other = (evidence.changed_share(name, way, control) for control in (False, True))
    told = f"{WAYS[way]} the {name} changes {format_value(share.value, '%')} of predictions."
    told += f" {WAYS[way]} an equal area elsewhere changes {format_value(other.value, '%')}."
    short = f"The predictions depend on {join_names([f'the {one}' for one in sure])}."
    so, detail = "judge whether that is the object or a shortcut", f"Difference: {over[name, way].text('points')}."
    figure = f"{format_value(share.value, '%')} of predictions change with the {name}"
    return Answer("Undecided", told, "unknown", short, figure, so, detail)
