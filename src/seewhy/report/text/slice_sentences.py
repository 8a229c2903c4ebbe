"""Which class or slice relies on something, or is right less often, where the others do not and are not."""

from collections.abc import Iterable, Sequence

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.figure import REST
from seewhy.checks.slices import CLASS, Uneven, column_of, value_of
from seewhy.checks.verdict import select_checks
from seewhy.formatting import capitalise_first, format_value, join_names
from seewhy.report.text.intervention_sentences import Evidence, intervention_texts

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NOUNS = {CLASS: ("class", "classes"), "group": ("group", "groups")}


def slices_answer(uneven: Uneven, candidates: Sequence[Check], evidence: Evidence) -> Answer:
    """The slices that rely on a shortcut, by the worst of them.

    Args:
        uneven: the slices.
        candidates: failed checks of judged candidates, one of which may say what a class relies on.
        evidence: with the tables.
    """
    worst, phrase = uneven.checks[0], slices_phrase(uneven)
    told, detail = intervention_texts(worst, evidence, f" of {slice_phrase(worst)}")
    thing = _judged_thing(uneven, candidates) or _thing_phrase(uneven, worst)
    verb = "depends" if uneven.column == CLASS and len(uneven.checks) == 1 else "depend"
    verb = f"hardly {verb} on the object" if thing == "the object" else f"{verb} on {thing}"
    others = others_clause(uneven)
    short = capitalise_first("; ".join(filter(None, (f"{phrase} {verb}", others))) + ".")
    sentence = f"{told.partition('. ')[0].removesuffix('.')}."
    sentence += f" {capitalise_first(others)} depend on that." if others else ""
    figure = f"{format_value(worst.estimate.value, 'points')} in {worst.title}"
    so = f"do not use its predictions of {phrase} before this is mended"
    return Answer("Yes", sentence, "shortcut", short, figure, so, detail)


def _judged_thing(uneven: Uneven, candidates: Sequence[Check]) -> str:
    """What a person judged a shortcut to the only class that relies on one; else empty."""
    own = [one for one in candidates if [one.subject.name.rpartition("/")[0]] == uneven.values]
    return own[0].statement.partition(" does not ")[0] if own and uneven.column == CLASS else ""


def _thing_phrase(uneven: Uneven, worst: Check) -> str:
    things = {"object": "the object", "background": "what surrounds the object"}
    return things.get(uneven.kind, f"the {worst.figure.facets['region']}")


def others_clause(uneven: Uneven) -> str:
    """What the other slices of the column do, if anything is known of them: 'the other four classes do not'."""
    if not uneven.cleared:
        return ""
    noun, verb = _noun(uneven.column, uneven.others), "do" if uneven.kind == "object" else "do not"
    if uneven.others == 1:
        return f"the other {noun} {verb.replace('do', 'does')}"
    many = f"the other {_number(uneven.others)} {noun}"
    return f"{many} {verb}" if uneven.cleared == uneven.others else f"{_number(uneven.cleared)} of {many} {verb}"


def certain_slices(uneven: Uneven | None) -> str:
    """Where it is certain slice by slice, in small type under a finding of all images; empty where in none."""
    return f"On its own it is certain for {slices_phrase(uneven)}." if uneven else ""


def slices_phrase(uneven: Uneven) -> str:
    """All slices that failed: '*jay* and *owl*', 'images of site *north*'."""
    names = join_names([f"*{value}*" for value in uneven.values])
    return names if uneven.column == CLASS else f"images of {uneven.column} {names}"


def slice_phrase(check: Check) -> str:
    """The slice of a check: '*jay*', 'site *north*'."""
    value = f"*{value_of(check)}*"
    return value if column_of(check) == CLASS else f"{column_of(check)} {value}"


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _noun(column: str, count: int) -> str:
    return NOUNS.get(column, (f"{column} value", f"{column} values"))[count != 1]


def accuracy_answer(checks: Iterable[Check]) -> Answer | None:
    """The slice in which predictions are right least often beside all others; None where that is certain of none."""
    failed = [one for one in select_checks(checks, "slice") if one.status == "fail" and one.figure.versus == REST]
    if not failed:
        return None
    worst = failed[0]
    value = format_value(worst.estimate.value, "points")
    short = f"Images of {slice_phrase(worst)} are classified correctly less often than others ({value})."
    more = f" The same holds for {_number(len(failed) - 1)} more." if len(failed) > 1 else ""
    so = "look at its mistakes there ([page 06](06_misclassification.html)) before you use it"
    detail = f"Difference: {worst.estimate.text('points')}."
    return Answer("Partly", f"{short}{more}", "unknown", short, f"{value} in {worst.title}", so, detail)


def slices_sentence(checks: Sequence[Check]) -> str:
    """The answer to "Does this hold for every class and slice?" on page 07, where one was tested."""
    every = select_checks(checks, "slice")
    tested = [one for one in every if one.status != "not run"]
    failed = list(dict.fromkeys(one.title for one in every if one.status == "fail"))
    if failed:
        return f"No. A check fails in {join_names([f'*{name}*' for name in failed])}."
    open_ones = [one for one in tested if one.status == "unsure"]
    if open_ones:
        return f"Not known. No check fails, and {len(open_ones)} of {len(tested)} are undecided for want of images."
    return f"Yes. All {len(tested)} checks pass."
