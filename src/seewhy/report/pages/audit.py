"""Page 07: the checks of a study and what they come to, from its measurements, by the code that writes verdict.json."""

from dataclasses import dataclass

import pandas as pd

from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.run import run_checks
from seewhy.checks.summaries import method_titles, model_baseline, verdict_checks
from seewhy.checks.summary import gather_evidence
from seewhy.checks.tables import StudyTables, read_images
from seewhy.formatting import format_value
from seewhy.measure.driver import measure_family
from seewhy.measure.family import FAMILIES as KNOWN
from seewhy.measure.own_metrics import load_metrics
from seewhy.metrics.registry import METRICS
from seewhy.report.pages.estimates import method_title
from seewhy.report.text import method_sentences, shortcut_sentences, slice_sentences, verdict_sentences
from seewhy.study import Study

FAMILIES = (
    "predictions", "segments", "captions", "agreement", "localisation", "faithfulness", "randomisation",
    "class_sensitivity", "stability", "interventions", "regions", "candidates",
)  # fmt: skip
COLUMNS = {  # metric, and whether it is compared with the best baseline -> the heading of its checks
    ("lift", False): "plausible: on the object",
    ("lift", True): "plausible: more than a baseline",
    ("deletion", True): "deletion",
    ("insertion", True): "insertion",
    ("road", True): "ROAD",
    ("similarity_after_randomisation", False): "lost with the weights",
    ("absolute_similarity_after_randomisation", False): "lost without signs, too",
    ("class_sensitivity", False): "differs by class",
    ("stability", False): "stable",
}


@dataclass(frozen=True)
class Judged:
    """The checks of a study and its answers.

    Args:
        checks: of every audit. own: of params.yaml.
        titles: of the methods, the one that the page leads with first.
        works, shortcut, stable, maps: the answers. use: what they come to.
        tables: the measurements that they rest on.
    """

    checks: list[Check]
    own: list[Check]
    titles: dict[str, str]
    works: Answer
    shortcut: Answer
    stable: Answer
    maps: Answer
    use: verdict_sentences.Use
    tables: StudyTables

    @property
    def main_method(self) -> str:
        """The method that the page leads with."""
        return next(iter(self.titles))

    @property
    def better_method(self) -> str:
        """Which method passes more checks than the first, as a sentence; else empty."""
        return method_sentences.better_method(self.titles, self.checks)

    @property
    def finding(self) -> dict[str, str]:
        """The arguments of `show.finding`: what weighs most, with one severity."""
        return self.use.trust.finding_arguments()

    @property
    def rows(self) -> list[dict[str, object]]:
        """Rows for `show.checks`: of the model, of the first method, and of params.yaml; of classes and slices, which
        have a section of their own, only what fails."""
        kept = [
            one
            for one in self.checks
            if (one.subject.kind != "map" or one.subject.name == self.main_method)
            and (one.subject.kind != "slice" or one.status == "fail")
        ]
        return [one.row() for one in [*kept, *self.own]]


def judge_study(study: Study) -> Judged:
    """The checks and answers of a study, from what is stored of its measurements, or from what is computed now."""
    project, tables = study.project, study_tables(study)
    model = model_baseline(project, study.name, tables.images)
    checks, own = verdict_checks(project, study.name, tables, model), run_checks(project, study.name)
    evidence, titles = gather_evidence(project, study.name, tables), method_titles(tables)
    of_model = [one for one in own if not one.figure.method and not one.figure.facets.get("region")]
    works = verdict_sentences.works_answer(model, of_model)
    shortcut = shortcut_sentences.shortcut_answer(checks, evidence)
    stable = verdict_sentences.stability_answer(checks, evidence)
    maps = method_sentences.maps_answer(checks, titles.get(evidence.method, evidence.method), evidence)
    status = verdict_sentences.verdict_status([*checks, *own], evidence.is_unsettled)
    uneven = slice_sentences.accuracy_answer(checks)
    use = verdict_sentences.use_answer(status, works, shortcut, stable, maps, of_model, uneven)
    return Judged(checks, own, titles, works, shortcut, stable, maps, use, tables)


def study_tables(study: Study) -> StudyTables:
    """The tables that checks rest on, those of metrics of the project's own too."""
    load_metrics(study.root)
    names = [name for name in (*FAMILIES, *own_metrics(study)) if study.dataset.task in KNOWN[name].tasks]
    tables = {name: measure_family(study, name).table for name in names}
    return StudyTables(tables, read_images(study.project, study.name), study.base.seed)


def own_metrics(study: Study) -> list[str]:
    """The names of metrics that a notebook or my_metrics.py of the project added."""
    load_metrics(study.root)
    return [name for name, one in METRICS.items() if one.is_own]


def check_table(judged: Judged) -> pd.DataFrame:
    """Methods down, their checks across: status and figure."""
    by = {
        (one.subject.name, one.figure.metric, bool(one.figure.versus)): one
        for one in judged.checks
        if one.subject.kind == "map"
    }
    columns = {
        told: [check_cell(by.get((name, *key))) for name in judged.titles]
        for key, told in COLUMNS.items()
        if any((name, *key) in by for name in judged.titles)
    }
    return pd.DataFrame({"": [method_title(name) for name in judged.titles], **columns})


def check_cell(check: Check | None) -> str:
    """Status and figure of a check: 'pass 1.72'."""
    if check is None or not check.estimate.measured:
        return "not run" if check is None else check.status
    return f"{check.status} {format_value(check.estimate.value, '+' if check.figure.versus else '')}"
