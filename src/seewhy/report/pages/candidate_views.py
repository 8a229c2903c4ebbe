"""Page 07 and `seewhy judge`: what else moves the prediction, as figures and a table to judge by."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.checks.candidates import CANDIDATES, JudgedCandidate, find_judged, stale_judgements, waiting_sentence
from seewhy.checks.tables import StudyTables
from seewhy.formatting import join_names
from seewhy.measure.driver import measure_family
from seewhy.measure.family import find_family
from seewhy.report.plots.candidate_rows import CandidateRow, candidate_rows
from seewhy.stats import Estimate
from seewhy.study import Study

CLASSES = 4  # that have a figure; the others are in the table


def effect_text(effect: Estimate) -> str:
    """'+3.2 (+1.1 to +5.3), n = 40'.

    >>> effect_text(Estimate(3.21, 1.1, 5.3, 40))
    '+3.21 (+1.10 to +5.30), n = 40'
    """
    value, low, high = (f"{one:+.2f}" for one in (effect.value, effect.low, effect.high))
    return f"{value} ({low} to {high}), n = {effect.n}"


def effects_text(one: JudgedCandidate) -> str:
    """The effect of a candidate, and of a part what its removal at the layer does: '...; removed: -1.20 (...)'."""
    told = effect_text(one.effect)
    if not one.removal.n:
        return told
    lower = Estimate(-one.removal.value, -one.removal.high, -one.removal.low, one.removal.n)
    return f"{told}; removed at the layer: {effect_text(lower)}"


def study_candidates(study: Study, tables: StudyTables) -> list[JudgedCandidate]:
    """The candidates of a study, with what params.yaml says of them; none where none could be looked for."""
    return find_judged(study.project, study.name, tables)


def judgement_text(one: JudgedCandidate) -> str:
    """What a person says of it, or whether one should."""
    if one.judged:
        return f"judged: {one.judged}" if one.pinned else f"judged: {one.judged}, without its hash"
    return "waits for your judgement" if one.has_effect else "effect not clear"


def candidate_figures(
    found: Sequence[JudgedCandidate], arrays: Mapping[str, np.ndarray], classes: int = CLASSES
) -> dict[str, tuple[Figure, str]]:
    """By class a figure of its candidates and the alternative text, of at most so many classes.

    arrays: of the family, in the order of `found`.
    """
    rows: dict[str, list[tuple[JudgedCandidate, CandidateRow]]] = {}
    for number, one in enumerate(found):
        images, crops = arrays["crop_images"][number], arrays["crops"][number]
        title = f"{one.id}: {one.candidate_phrase}, {effects_text(one)}, {judgement_text(one)}"
        own = CandidateRow(title, arrays["examples"][number], one.place, list(crops[images != ""]))
        rows.setdefault(one.target, []).append((one, own))
    return {
        name: (candidate_rows([row for _, row in some]), "; ".join(row.title for _, row in some))
        for name, some in list(rows.items())[:classes]
    }


def candidate_table(found: Sequence[JudgedCandidate]) -> pd.DataFrame:
    """All candidates: what, effect, judgement."""
    rows: list[dict[str, Any]] = [
        {"candidate": one.id, "what": one.candidate_phrase, "effect": effects_text(one), "": judgement_text(one)}
        for one in found
    ]
    return pd.DataFrame(rows)


def candidate_sentence(study: Study, found: Sequence[JudgedCandidate]) -> str:
    """How many wait for a judgement, and which judgements are of what is no longer found."""
    told = waiting_sentence(found)
    if not told and not any(one.has_effect for one in found):
        told = "No candidate has a clear effect. That does not show that there is no shortcut."
    elif not told:
        told = "Every candidate with a clear effect is judged."
    held = [
        one for _, one in study.settings.held_shortcuts.values() if one.place
    ]  # tested as suspects, found again or not
    stale = stale_judgements(found, {key: one for key, one in study.settings.judged.items() if one not in held})
    if stale:
        told += f" Not taken over, since something else was seen then: {join_names(stale)}."
    return told


def candidate_pictures(study: Study) -> tuple[Mapping[str, np.ndarray], str]:
    """The arrays of the family, and why no candidate was looked for; the latter is empty where some were."""
    if study.dataset.task not in find_family(CANDIDATES).tasks:
        return {}, "a study of classes, labels or numbers"
    result = measure_family(study, CANDIDATES)
    reasons = result.table.loc[result.table["value"].isna(), "reason"]
    return result.arrays, str(reasons.iloc[0]) if len(reasons) else ""
