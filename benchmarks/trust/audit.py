"""What the audit says of a network: `open_study`, `measure` and the checks of verdict.json, as any user has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, UInt8

from seewhy import open_study
from seewhy.checks.candidates import CANDIDATES, OBJECT, SHORTCUT, JudgedCandidate, find_judged
from seewhy.checks.check import Check
from seewhy.checks.summaries import model_baseline, verdict_checks
from seewhy.checks.summary import gather_evidence
from seewhy.checks.tables import StudyTables
from seewhy.config.params import Judgement
from seewhy.inputs.dataset import check_dataset
from seewhy.report.text.shortcut_sentences import shortcut_answer
from seewhy.session.labels import mask_files
from seewhy.session.opening import MANIFEST
from seewhy.study import Study
from trust.cues import CUES, plant_cue
from trust.nets import Trained
from trust.pictures import INK

CONDITIONS = ("nothing", "boxes", "suspects")  # what is marked: boxes around digits; these and a mask of the cue
AUDITED = 160  # pictures of the test
SUSPECT, COLUMN = "cue", "cue_mask"
CAUSES = ("object", "background", "suspect", "candidate")
GROUND = ("border", "ground", "colour")  # whole-picture properties that are not of a digit
RATIO, ABOVE = 0.5, 1.2  # of a picture's average: ink at most, and cue at least, in a place that stands for the cue


@dataclass(frozen=True)
class Audit:
    """What one condition came to.

    verdict: the answer to "does it rely on a shortcut?", of the marks alone. judged: the same once a person, who knows
    the cue, has judged the candidates; the same as `verdict` where there are none. statuses: of each check.
    rank: of the first candidate that stands for the cue (or, without a cue, for anything but the digit), 1 the first,
    the best of all classes that the cue speaks for; None where there is none.
    """

    verdict: str
    judged: str
    statuses: dict[str, str]
    rank: int | None
    accused_of: tuple[str, ...] = ()


def audit_net(net: Trained, condition: str, candidates: pd.DataFrame | None) -> tuple[Audit, pd.DataFrame]:
    """The audit of a network in a condition, and its table of candidates, which no mark enters: measured if None."""
    pictures, masks = plant_cue(net.plan.cue, net.test, net.told)
    study = open_marked(net, condition, pictures[:AUDITED], masks[:AUDITED])
    tables = {} if condition == "nothing" else {"interventions": study.measure("interventions").table}
    found = study.measure(CANDIDATES).table if candidates is None else candidates
    verdict, checks = answer_question(study, tables)
    judges = CueJudge(net, masks[:AUDITED])
    known = StudyTables({CANDIDATES: found}, study.predictions, study.base.seed)
    every = find_judged(study.project, study.name, known)
    shown = [one for one in every if one.has_effect]
    said = {one.id: SHORTCUT if judges.stands_for_cue(one) else OBJECT for one in shown}
    judge_study(study, said)
    judged, _ = answer_question(study, tables | {CANDIDATES: found})
    hits = [one for one in shown if said[one.id] == SHORTCUT]
    statuses = {_check_name(one): one.status for one in checks if one.subject.kind in CAUSES}
    told = tuple(f"{one.id} {one.candidate_phrase}" for one in hits)
    rank = min((one.rank for one in hits if judges.is_of_class(one)), default=None)
    return Audit(verdict, judged, statuses, rank, told), found


def open_marked(
    net: Trained, condition: str, pictures: UInt8[np.ndarray, "n h w 3"], masks: Bool[np.ndarray, "n h w"]
) -> Study:
    """A study of the network on those pictures, with the marks of the condition."""
    count = len(pictures)
    given = {"images": pictures, "labels": net.test.labels[:count].tolist(), "seed": net.plan.seed}
    if condition != "nothing":
        given["boxes"] = net.test.boxes[:count]
    study = open_study(model=net.model, name="net", **given)
    if condition != "suspects" or not masks.any():
        return study
    manifest = pd.read_csv(study.root / MANIFEST)  # `open_study` takes no suspects: as a manifest has them
    manifest[COLUMN] = mask_files(list(masks), count, "classification", study.root)
    manifest.to_csv(study.root / MANIFEST, index=False)
    check_dataset(study.name, study.project.params.datasets[study.name], study.root)
    return change_settings(study, suspects={SUSPECT: COLUMN})


def change_settings(study: Study, **changed: Any) -> Study:
    """The study with other settings, as if params.yaml said so."""
    settings = study.settings.model_copy(update=changed)
    study.project.params.studies[study.name] = settings
    return replace(study, settings=settings)


def judge_study(study: Study, said: Mapping[str, str]) -> None:
    """Judges candidates, by their ids."""
    change_settings(study, judged={name: Judgement.model_validate({"is": one}) for name, one in said.items()})


def answer_question(study: Study, tables: Mapping[str, pd.DataFrame]) -> tuple[str, Sequence[Check]]:
    """Does the model rely on a shortcut? accused, cleared, undecided or not tested; and the checks of verdict.json."""
    project, known = study.project, StudyTables(tables, study.predictions, study.base.seed)
    checks = verdict_checks(project, study.name, known, model_baseline(project, study.name, known.images))
    answer = shortcut_answer(checks, gather_evidence(project, study.name, known))
    words = {"Yes": "accused", "No": "cleared" if answer.severity == "fine" else "undecided"}
    return words.get(answer.answer, answer.answer.lower()), checks


def _check_name(check: Check) -> str:
    kind = str(check.figure.facets.get("kind", ""))
    return f"{check.subject} {kind}" if check.subject.kind == "suspect" else str(check.subject)


@dataclass(frozen=True)
class CueJudge:
    """A person who knows the cue: which candidates stand for it? Without a cue, whatever is not the digit.

    masks (n, h, w): where the cue is.
    """

    net: Trained
    masks: Bool[np.ndarray, "n h w"]

    def stands_for_cue(self, one: JudgedCandidate) -> bool:
        """Whether a candidate is the cue: by its property, or by a place with the cue in it and hardly any ink."""
        cue = CUES.get(self.net.plan.cue)
        if one.place is None:
            return one.name in (cue.properties if cue else GROUND)
        if _relative_share(self.net.test.ink[: len(self.masks)] > INK, one.place) > RATIO:
            return False
        return cue is None or _is_everywhere(self.masks) or _relative_share(self.masks, one.place) >= ABOVE

    def is_of_class(self, one: JudgedCandidate) -> bool:
        """Whether the cue speaks for the class of a candidate."""
        cue = CUES.get(self.net.plan.cue)
        return cue is None or cue.target is None or one.target == str(cue.target)


def _is_everywhere(masks: Bool[np.ndarray, "n h w"]) -> bool:
    return bool(masks.mean() > 0.9)


def _relative_share(masks: Bool[np.ndarray, "n h w"], place: tuple[float, float, float, float]) -> float:
    """How full of the masks a place is, times their average over the picture."""
    height, width = masks.shape[1:]
    x0, y0, x1, y1 = (round(share * side) for share, side in zip(place, (width, height, width, height), strict=True))
    inside = masks[:, y0:y1, x0:x1]
    return float(inside.mean() / masks.mean()) if masks.any() and inside.size else 0.0
