"""Models as the index shows them: studies of one checkpoint together, and how many of them may be used."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from seewhy.report.html.inline import inline_html
from seewhy.report.html.severity import SEVERITIES, worst_severity
from seewhy.report.html.summary import split_line

QUESTIONS = {
    "works": "Does it work?",
    "shortcut": "Does it rely on a shortcut?",
    "stable": "Is it stable?",
    "maps": "Are its heat maps trustworthy?",
}
HEADS = {"works": "works?", "shortcut": "shortcut?", "stable": "stable?", "maps": "maps trustworthy?"}
USES = ("No", "Not known", "With care", "Yes")  # from the worst to the best
LEVELS = {"No": "broken", "With care": "unstable", "Yes": "fine", "Not known": "unknown"}
MARKS = {"No": "✗", "With care": "!", "Yes": "✓", "Not known": "?"}
PARTLY = "◐"  # the mark of an answer that is neither yes nor no
UNTESTED: Mapping[str, str] = {"answer": "Not tested", "severity": "unknown", "sentence": "", "figure": "", "page": ""}


def group_models(studies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Models in the order of their first study: studies of a checkpoint with the same hash are one model.

    studies: with `name` and `summary` (empty where nothing was measured). A model has the name of its first study, the
    worst of its studies' uses, and the studies, each with its `answers`.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for study in studies:
        groups.setdefault(str(study["summary"].get("checkpoint") or study["name"]), []).append(study)
    return [_model_entry(some) for some in groups.values()]


def _model_entry(studies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    named = [_with_answers(study) for study in studies]
    answer = min((study["use"]["answer"] for study in named), key=USES.index)
    level = worst_severity([study["use"]["severity"] for study in named])
    return {"name": named[0]["name"], "studies": named, "use": answer, "level": level}


def _with_answers(study: Mapping[str, Any]) -> dict[str, Any]:
    line, page = split_line(study["summary"].get("verdict", {}))
    more = {"answers": study_answers(study["summary"]), "use": study_use(study["summary"])}
    return {**study, **more, "line": inline_html(line), "verdict_page": page}


def study_answers(summary: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """For each question of the index its answer, with the mark of its severity; "Not tested" where there is none."""
    asked = summary.get("questions", {})
    return {key: _answer_html({**UNTESTED, **asked.get(key, {})}) for key in QUESTIONS}


def study_use(summary: Mapping[str, Any]) -> dict[str, str]:
    """Whether the model may be used on the study's data, why, and the severity in whose colour that is written."""
    use = {"answer": "Not known", "why": "", **summary.get("use", {})}
    answer = use["answer"] if use["answer"] in USES else "Not known"
    level = LEVELS[answer]
    if answer == "No":  # said in the colour of what is wrong
        level = worst_severity([one.get("severity") for one in summary.get("questions", {}).values()]) or level
    return {"answer": answer, "why": inline_html(str(use["why"])), "severity": level, "mark": MARKS[answer]}


def count_usable(models: Sequence[Mapping[str, Any]]) -> str:
    """How many models may be used, in one or two sentences, as HTML.

    >>> count_usable([{"name": "jays", "use": "Yes"}, {"name": "trees", "use": "No"}])
    '<strong>1 of 2 models may be used</strong>: jays. 1 must not be used.'
    """
    by = {use: [model for model in models if model["use"] == use] for use in USES}
    total, usable = len(models), by["Yes"]
    if not models or len(by["Not known"]) == total:
        return "<strong>Not known yet</strong>: no model here is judged."
    of, count = f"{total} model{'s' * (total != 1)}", sum(len(model.get("studies", [0])) for model in models)
    lead = f"{len(usable)} of {of} may be used" if usable else f"None of {of} may be used as it is"
    names = f": {', '.join(escape(str(model['name'])) for model in usable)}" if usable else ""
    rest = [
        f"{len(some)} {words}"
        for some, words in (
            (by["No"], "must not be used"),
            (by["Not known"], "are not judged yet"),
            (by["With care"], "may be used with care"),
        )
        if some
    ]
    told = f" {', '.join(rest)}." if rest else ""
    told += f" They were tested in {count} studies." if count > total else ""
    return f"<strong>{lead}</strong>{names}.{told}"


def _answer_html(question: Mapping[str, Any]) -> dict[str, str]:
    level = question["severity"] if question["severity"] in SEVERITIES else "unknown"
    text = {key: str(value) for key, value in question.items()}
    mark = PARTLY if text["answer"] == "Partly" else SEVERITIES[level].mark
    return {**text, "sentence": inline_html(text["sentence"]), "severity": level, "mark": mark}
