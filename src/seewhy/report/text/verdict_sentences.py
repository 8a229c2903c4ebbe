"""What the checks of a model come to, in plain words: does it work, is it stable, use it? See `shortcut_sentences`.

Every word follows from the status of a check. A sentence has at most 20 words, and one number.
"""

from collections.abc import Iterable, Sequence

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.majority_baseline import CAPTIONS, LABELS, NUMBERS, MajorityBaseline
from seewhy.checks.status import worst_status
from seewhy.checks.verdict import select_checks
from seewhy.formatting import capitalise_first, format_value
from seewhy.report.text.shortcut_sentences import Evidence

RIGHT = {  # metric of the baseline -> what stands behind the figure
    "accuracy": " of the images are classified correctly",
    CAPTIONS: " of the captions match the reference",
    LABELS: " of the images have all labels right",
    NUMBERS: " for the predicted numbers",
}
HALF = 0.5  # of the images: a model that is right on fewer works partly
CHANGES = {"noise": "Imperceptible noise", "shift": "A shift by one pixel", "jpeg": "JPEG compression"}
STATUS_WORDS = {"pass": "passed", "fail": "failed", "unsure": "undecided", "not run": "not tested"}


def works_answer(model: MajorityBaseline, own: Sequence[Check] = ()) -> Answer:
    """Does the model work? By its accuracy beside the majority baseline; else by the project's `own` checks."""
    if not model.accuracy_checks:
        return _own_checks_answer(own)
    check, always = model.accuracy_checks[0], model.baseline_phrase
    share, best = format_value(model.accuracy.value, model.accuracy_unit), format_value(model.best, model.accuracy_unit)
    detail = f"{'R²' if model.metric == NUMBERS else 'Correct'}: {model.accuracy.text(model.accuracy_unit)}."
    if model.metric == NUMBERS:
        share, best = f"R² {share}", f"R² {best}"
    if check.status == "fail":
        sentence = f"The model is worse than {always} ({share} against {best})."
        if model.is_constant:
            sentence += f" It predicts *{model.predicted}* for {model.given} of {model.images} images."
        so = "do not use this model, and do not read reasons from its maps"
        return Answer("No", sentence, "broken", f"The model is worse than {always}.", share, so, detail)
    if check.status == "unsure":
        sentence = f"The model is not clearly better than {always} ({share} against {best})."
        so = "test it on more labelled images"
        return Answer("Undecided", sentence, "unknown", sentence, share, so, detail)
    sentence = f"{share}{RIGHT.get(model.metric, RIGHT['accuracy'])}. {capitalise_first(always)} would reach {best}."
    if model.accuracy.value < HALF:
        short = f"Only {sentence.partition('. ')[0]}."
        return Answer("Partly", sentence, "unknown", short, share, "look at its errors before you use it", detail)
    return Answer("Yes", sentence, "fine", "The model works.", share, "", detail)


def _own_checks_answer(own: Sequence[Check]) -> Answer:
    """By the project's checks of the model's predictions, where no majority baseline says so."""
    if not own:
        sentence = "No label says which predictions are right, and no check of params.yaml sets a limit."
        return Answer("Not tested", sentence, "unknown", "Whether the model works was not tested.")
    status = worst_status([one.status for one in own])
    worst = next(one for one in own if one.status == status)
    value = format_value(worst.estimate.value) if worst.estimate.measured else ""
    answers = {"pass": ("Yes", "fine"), "fail": ("No", "broken")}
    answer, severity = answers.get(status, ("Undecided" if status == "unsure" else "Not tested", "unknown"))
    told = worst.sentence or f"Not decided: {worst.statement}"
    sentence = f"{capitalise_first(told)}."
    return Answer(
        answer,
        sentence,
        severity,
        sentence,
        value,
        "",
        f"{capitalise_first(str(worst.figure))}: {worst.estimate.text()}.",
    )


def stability_answer(checks: Iterable[Check], evidence: Evidence) -> Answer:
    """Do predictions stay when an image changes imperceptibly?"""
    found = select_checks(checks, "stability")
    if not found or found[0].status == "not run":
        return Answer("Not tested", "No image was changed.", "unknown", "Stability was not tested.")
    check, value = found[0], format_value(found[0].estimate.value, "%") if found[0].estimate.measured else ""
    change = CHANGES.get(evidence.change, "The worst of the imperceptible changes")
    told = f"{change} changes {value} of predictions."
    detail = f"Changed: {check.estimate.text('%')}."
    if check.status == "fail":
        so = "expect another prediction for a copy of the same image"
        short = "Imperceptible changes of an image change the prediction."
        return Answer("No", told, "unstable", short, value, so, detail)
    if check.status == "unsure":
        return Answer("Undecided", told, "unknown", "Stability is undecided.", value, "test it on more images", detail)
    return Answer("Yes", told, "fine", "The predictions are stable.", value, "", detail)


def verdict_status(checks: Iterable[Check], waiting: str = "") -> str:
    """`passed`, `failed`, `undecided` or `not tested`: the worst of the checks of the model and of the project's own.

    What predictions depend on has to be tested: without such a check nothing has passed, nor while candidates wait for
    a judgement (`Evidence.waiting`).
    """
    asked = select_checks(checks, "works", "object", "background", "suspect", "candidate", "stability", "own")
    causal = select_checks(asked, "object", "background", "suspect", "candidate")
    statuses = [one.status for one in asked] + ([] if causal else ["not run"])
    status = worst_status(statuses)
    return STATUS_WORDS["unsure" if status == "pass" and waiting else status]


def verdict_answer(status: str, works: Answer, shortcut: Answer, stable: Answer, own: Sequence[Check] = ()) -> Answer:
    """The verdict on a study, with what weighs most as its sentence; `short` is the line under every title."""
    weighed = [works, shortcut, stable]
    worst = next((one for one in weighed if one.severity in ("broken", "shortcut", "unstable")), None)
    broken = [one for one in own if one.status == "fail"]
    if worst is None and broken:
        told = f"{capitalise_first(broken[0].denial)}."
        worst = Answer("No", told, "broken", told)
    if worst is None and status != "passed":
        worst = next((one for one in (shortcut, works, stable) if one.severity == "unknown"), None)
    told = worst.short if worst else "No check of the model failed."
    severity = worst.severity if worst else "fine"
    word: dict[str, str] = {"passed": "Yes", "failed": "No", "undecided": "Undecided", "not tested": "Not tested"}
    return Answer(word[status], told, severity, f"Verdict for this model: {status.upper()}. {told}")


def use_answer(works: Answer, shortcut: Answer, stable: Answer, maps: Answer) -> dict[str, str]:
    """Should the model be used? `Yes`, `No`, `With care` or `Not tested`, and why."""
    if works.severity == "broken":
        return {"answer": "No", "why": works.short}
    if shortcut.severity == "shortcut":
        return {"answer": "No", "why": shortcut.short}
    if stable.severity == "unstable":
        return {"answer": "With care", "why": stable.short}
    if "Not tested" in (works.answer, shortcut.answer):
        return {"answer": "Not tested", "why": (works if works.answer == "Not tested" else shortcut).short}
    for one in (works, shortcut, stable):
        if one.severity == "unknown":
            return {"answer": "With care", "why": one.short}
    if maps.severity != "fine":
        return {"answer": "With care", "why": maps.short}
    return {"answer": "Yes", "why": "No check of the model or its maps failed."}
