"""What the checks of a model come to, in plain words: does it work, is it stable, use it? See `shortcut_sentences`.

Every word follows from the status of a check. A sentence has at most 20 words, and one number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.majority_baseline import CAPTIONS, LABELS, NUMBERS, MajorityBaseline
from seewhy.checks.status import worst_status
from seewhy.checks.verdict import select_checks
from seewhy.formatting import capitalise_first, format_value
from seewhy.report.text.intervention_sentences import Evidence

RIGHT = {  # metric of the baseline -> what stands behind the figure
    "accuracy": " of the images are classified correctly",
    CAPTIONS: " of the captions match the reference",
    LABELS: " of the images have all labels right",
    NUMBERS: " for the predicted numbers",
}
HALF = 0.5  # of the images: a model that is right on fewer works partly
CHANGES = {"noise": "Imperceptible noise", "shift": "A shift by one pixel", "jpeg": "JPEG compression"}
OPEN = ("Not tested", "Undecided")
VERDICTS = {"No": "FAILED", "With care": "USE WITH CARE", "Not known": "NOT DECIDED", "Yes": "PASSED"}
RIGHT_SHORT = {"accuracy": "correct", CAPTIONS: "match", LABELS: "all right", NUMBERS: ""}
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
    figure = f"{share} {RIGHT_SHORT.get(model.metric, 'correct')}".strip()
    if check.status == "fail":
        sentence = f"The model is worse than {always} ({share} against {best})."
        if model.is_constant:
            sentence += f" It predicts *{model.predicted}* for {model.given} of {model.images} images."
        so = "do not use this model, and do not read reasons from its maps"
        return Answer("No", sentence, "broken", f"The model is worse than {always}.", figure, so, detail)
    if check.status == "unsure":
        sentence = f"The model is not clearly better than {always} ({share} against {best})."
        so = "test it on more labelled images"
        return Answer("Undecided", sentence, "unknown", sentence, figure, so, detail)
    sentence = f"{share}{RIGHT.get(model.metric, RIGHT['accuracy'])}. {capitalise_first(always)} would reach {best}."
    if model.accuracy.value < HALF:
        short = f"Only {sentence.partition('. ')[0]}."
        return Answer("Partly", sentence, "unknown", short, figure, "look at its errors before you use it", detail)
    return Answer("Yes", sentence, "fine", "The model works.", figure, "", detail)


def _own_checks_answer(own: Sequence[Check]) -> Answer:
    """By the project's checks of the model's predictions, where no majority baseline says so."""
    if not own:
        sentence = "No label says which predictions are right, and no check of params.yaml sets a limit."
        return Answer("Not tested", sentence, "unknown", "Whether the model works was not tested.")
    status = worst_status([one.status for one in own])
    worst = next(one for one in own if one.status == status)
    what = worst.what.removeprefix("the ") or str(worst.figure)
    value = f"{format_value(worst.estimate.value)} {what}" if worst.estimate.measured else ""
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
        f"{capitalise_first(what)}: {worst.estimate.text()}.",
    )


def stability_answer(checks: Iterable[Check], evidence: Evidence) -> Answer:
    """Do predictions stay when an image changes imperceptibly?"""
    found = select_checks(checks, "stability")
    if not found or found[0].status == "not run":
        return Answer("Not tested", "No image was changed.", "unknown", "Stability was not tested.")
    check, value = found[0], format_value(found[0].estimate.value, "%") if found[0].estimate.measured else ""
    change = CHANGES.get(evidence.change, "The worst of the imperceptible changes")
    told = f"{change} changes {value} of predictions."
    detail, figure = f"Changed: {check.estimate.text('%')}.", f"{value} of predictions change"
    if check.status == "fail":
        so = "expect another prediction for a copy of the same image"
        short = "Imperceptible changes of an image change the prediction."
        return Answer("No", told, "unstable", short, figure, so, detail)
    if check.status == "unsure":
        return Answer("Undecided", told, "unknown", "Stability is undecided.", figure, "test it on more images", detail)
    return Answer("Yes", told, "fine", "The predictions are stable.", figure, "", detail)


def verdict_status(checks: Iterable[Check], is_unsettled: bool = False) -> str:
    """`passed`, `failed`, `undecided` or `not tested`: the worst of the checks of the model and of the project's own.

    What predictions depend on has to be tested: without such a check nothing has passed, nor while what they depend on
    waits for a judgement (`Evidence.is_unsettled`). A class or slice counts only where its check fails.
    """
    checks = [*checks]
    asked = select_checks(checks, "works", "object", "background", "suspect", "candidate", "stability", "own")
    causal = select_checks(asked, "object", "background", "suspect", "candidate")
    slices = [one.status for one in select_checks(checks, "slice") if one.status == "fail"]
    statuses = [one.status for one in asked] + ([] if causal else ["not run"]) + slices
    status = worst_status(statuses)
    return STATUS_WORDS["unsure" if status == "pass" and is_unsettled else status]


@dataclass(frozen=True)
class Use:
    """Should the model be used? `answer` is a key of `VERDICTS`, `lead` the answer that weighs most."""

    answer: str
    lead: Answer

    @property
    def line(self) -> str:
        """The verdict as it stands under every title."""
        return f"Verdict for this model: {VERDICTS[self.answer]}. {self.lead.short}"

    @property
    def trust(self) -> Answer:
        """The finding of page 07, which asks whether model and heat maps can be trusted."""
        words = {"No": "No", "With care": "Partly", "Yes": "Yes"}
        return replace(self.lead, answer=words.get(self.answer, self.lead.answer))


def use_answer(
    status: str,
    works: Answer,
    shortcut: Answer,
    stable: Answer,
    maps: Answer,
    own: Sequence[Check] = (),
    uneven: Answer | None = None,
) -> Use:
    """What the answers and the project's `own` checks of the model come to, by what weighs most.

    A model that does not work, relies on a shortcut or fails a check of params.yaml is not used. One of which that is
    not known is not judged. Any other fault calls for care, and so do a class or slice in which it is right less often
    (`uneven`) and a status that is not "passed".
    """
    failed = [_failed_check_answer(one) for one in own if one.is_broken]
    if refused := [*_of_severity("broken", works), *_of_severity("shortcut", shortcut), *failed]:
        return Use("No", refused[0])
    if works.answer in OPEN:
        return Use("Not known", works)
    if shortcut.answer == "Not tested":
        return Use("Not known", shortcut)
    others = [one for one in (works, uneven, shortcut, stable, maps) if one and one.severity != "fine"]
    if faults := [*_of_severity("unstable", stable), *others]:
        return Use("With care", faults[0])
    if status != "passed":
        told = "No check failed, but not all of them are decided."
        return Use("With care", Answer("Undecided", told, "unknown", told, so="test it on more images"))
    told = "No check of the model or its maps failed."
    return Use("Yes", Answer("Yes", told, "fine", told))


def _of_severity(severity: str, answer: Answer) -> list[Answer]:
    return [answer] if answer.severity == severity else []


def _failed_check_answer(check: Check) -> Answer:
    told = f"{capitalise_first(check.denial)}."
    return Answer("No", told, "broken", told)
