"""summary.json: four questions that a reader has of a study, answered from its checks, and the verdict in one line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from seewhy.checks.candidates import find_judged, waiting_sentence
from seewhy.checks.check import Check
from seewhy.checks.figure import Figure
from seewhy.checks.majority_baseline import MajorityBaseline
from seewhy.checks.run import load_tables, run_checks
from seewhy.checks.summaries import method_titles, model_baseline, verdict_checks
from seewhy.checks.tables import StudyTables
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import SeewhyError
from seewhy.report.text import method_sentences, shortcut_sentences, slice_sentences, verdict_sentences
from seewhy.report.text.intervention_sentences import Evidence
from seewhy.report.text.shortcut_sentences import MOSTLY

MODEL, AUDIT = "01_model", "07_audit"  # the pages that show the answers


def write_summary(project: Project, study: str) -> Path:
    """Writes reports/<study>/summary.json from the study's measurements, checks and predictions; its path.

    It stands apart from the measure stage, so that a sentence in it can change without anything being measured.

    Raises SeewhyError where the study was not measured.
    """
    tables = load_tables(project, study)
    if tables is None:
        raise SeewhyError(f"study '{study}' is not measured yet; make it with: dvc repro measure@{study}")
    model = model_baseline(project, study, tables.images)
    verdict, own = verdict_checks(project, study, tables, model), run_checks(project, study, tables)
    evidence = gather_evidence(project, study, tables)
    title = method_titles(tables).get(evidence.method, evidence.method)
    facts = study_facts(project, study) | {"images": int(tables.images["image"].nunique())}
    path = artifacts.reports_folder(project.root, study) / "summary.json"
    artifacts.write_json(path, facts | summarise_answers(model, verdict, own, evidence, title))
    return path


def study_facts(project: Project, study: str) -> dict[str, Any]:
    """What is studied: name, task, model and data in one line, the checkpoint's hash."""
    settings, path = project.params.study_settings(study), artifacts.predictions_path(project.root, study)
    checkpoint = artifacts.read_table(path, f"explain@{study}")[1].get("checkpoint", "") if path.is_file() else ""
    return {
        "study": study,
        "task": project.params.task_of(study),
        "about": f"{settings.architecture} on dataset {settings.dataset}, split {settings.split}",
        "checkpoint": checkpoint,
        "dataset": settings.dataset,
    }


def summarise_answers(
    model: MajorityBaseline, verdict: Sequence[Check], own: Sequence[Check], evidence: Evidence, title: str
) -> dict[str, Any]:
    """Questions, use and verdict of summary.json, by one rule: every word follows from the status of a check."""
    judged = [*verdict, *own]
    of_model = [one for one in own if not one.figure.method and not one.figure.facets.get("region")]
    works = verdict_sentences.works_answer(model, of_model)
    shortcut = shortcut_sentences.shortcut_answer(verdict, evidence)
    stable = verdict_sentences.stability_answer(verdict, evidence)
    maps = method_sentences.maps_answer(verdict, title, evidence)
    status = verdict_sentences.verdict_status(judged, evidence.is_unsettled)
    uneven = slice_sentences.accuracy_answer(verdict)
    use = verdict_sentences.use_answer(status, works, shortcut, stable, maps, of_model, uneven)
    return {
        "questions": {
            "works": works.summary_entry(MODEL),
            "shortcut": shortcut.summary_entry(AUDIT),
            "stable": stable.summary_entry(AUDIT),
            "maps": maps.summary_entry(AUDIT),
        },
        "use": {"answer": use.answer, "why": use.lead.short},
        "verdict": {"status": status, "severity": use.lead.severity, "line": use.line, "page": AUDIT},
    }


def gather_evidence(project: Project, study: str, tables: StudyTables) -> Evidence:
    """What the sentences need beside the checks."""
    settings = project.params.study_settings(study)
    won = {name: target for name in settings.suspect_names if (target := won_class(tables, name))}
    flips = tables.select_rows(Figure("label_flip", facets={"change": "worst"}))
    change = str(flips["change"].iloc[0]) if len(flips) else ""
    methods = tables.tested_methods
    found = find_judged(project, study, tables)
    judged = any(one.has_effect and one.judged for one in found)
    boxed = not judged and "boxes" in tables.images and bool((tables.images["boxes"] != "[]").any())
    method = methods[0] if methods else "gradcam"
    return Evidence(tables, method, [*settings.regions], won, change, waiting_sentence(found), boxed)


def won_class(tables: StudyTables, suspect: str) -> str:
    """The class that nearly all predictions change to when a suspect is pasted; empty where there is none such."""
    rows = tables.select_rows(Figure("prediction_change", facets={"region": suspect, "kind": "paste"}))
    won = rows[rows["value"] > 0]
    if won.empty or "predicted" not in tables.images:
        return ""
    known = tables.images[["image", "target", "predicted"]].drop_duplicates(["image", "target"])
    names: pd.Series[int] = won.merge(known, on=["image", "target"])["predicted"].value_counts()
    return str(names.index[0]) if len(names) and names.iloc[0] >= MOSTLY * len(won) else ""
