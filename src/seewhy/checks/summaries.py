"""From a study's measurement tables to the files that git keeps of it and that the index reads.

    reports/<study>/figures.csv         every metric of every method: by fields, with interval and n
    reports/<study>/verdict.json        the checks of every audit
    reports/<study>/checks.json         the checks of params.yaml
    reports/<study>/candidates.json     what moves the prediction, by class, and what a person says of it
    reports/<study>/metrics/*.json      the keys of the first edition, for one release
    reports/<study>/metrics/*.csv       confusion and mean curves, for `dvc plots`

Nothing here runs a model: tables and predictions are read.
"""

from pathlib import Path

import pandas as pd

from seewhy.checks.candidates import CANDIDATES, candidate_checks, candidate_lists, find_judged
from seewhy.checks.check import Check
from seewhy.checks.figure import BASELINE, CONTROL
from seewhy.checks.majority_baseline import MajorityBaseline, compare_task
from seewhy.checks.run import load_tables, run_checks, write_checks
from seewhy.checks.slices import find_slices, slice_checks
from seewhy.checks.tables import StudyTables
from seewhy.checks.verdict import LIMITS, map_checks, model_checks
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import SeewhyError
from seewhy.measure.family import facets_of
from seewhy.measure.store import read_family
from seewhy.measure.summary import TEXTS, summarise_table

SAID = ["predicted", "confidence", "correct"]  # columns of images.csv that each model has of its own
DIGITS = 6  # of figures.csv
CURVES = ("deletion_curve", "insertion_curve")  # points of a curve are no figures of their own


def write_summaries(study: str, project: Project) -> list[Path]:
    """Writes all files above for one study; of a comparison its figures, checks, metrics and images.csv. Their paths.

    Args:
        study: its name, or that of a comparison.
        project: whose data/measurements/<study> are read.

    Raises SeewhyError where the study was not measured, and for a check of params.yaml that asks for what is not there.
    """
    tables = load_tables(project, study)
    from seewhy.checks import old_metrics  # the families need torch

    if tables is None:
        raise SeewhyError(f"study '{study}' is not measured yet; make it with: dvc repro measure@{study}")
    folder = artifacts.reports_folder(project.root, study)
    if study in project.params.comparisons:
        write_comparison(project, study, tables)
        return [folder / name for name in ("figures.csv", "checks.json", "images.csv", "metrics/comparison.json")]
    model = model_baseline(project, study, tables.images)
    verdict, own = verdict_checks(project, study, tables, model), run_checks(project, study, tables)
    artifacts.write_csv(folder / "figures.csv", figure_table(tables))
    artifacts.write_json(folder / "candidates.json", candidate_lists(find_judged(project, study, tables)))
    artifacts.write_json(folder / "verdict.json", [one.row() for one in verdict])
    write_checks(project.root, study, own)
    old_metrics.write_old_metrics(project, study, tables)
    labelled = tables.images[tables.images["label"].notna()]
    artifacts.write_csv(folder / "metrics" / "confusion.csv", labelled[["label", "predicted"]])
    artifacts.write_csv(folder / "metrics" / "curves.csv", old_metrics.mean_curves(tables))
    names = ("figures.csv", "verdict.json", "checks.json", "candidates.json")
    return [*(folder / name for name in names), *sorted((folder / "metrics").iterdir())]


def write_comparison(project: Project, name: str, tables: StudyTables) -> None:
    """Writes the files of a comparison: images.csv has what both models say of each image.

    Args:
        project, name: of the comparison.
        tables: its measurements.
    """
    from seewhy.checks import old_metrics

    folder, sides = artifacts.reports_folder(project.root, name), ("first", "second")
    pair = zip(sides, project.params.comparisons[name].studies, strict=True)
    first, second = (said_of_images(project, study, side) for side, study in pair)
    likeness = tables.metric_rows("map_likeness").pivot(index="image", columns="compared", values="value").round(4)
    result = read_family(project.root, name, "paired")
    told = pd.DataFrame({key: result.arrays[key] for key in ("outcome", "explained")})
    told.index = pd.Index(result.arrays["images"])
    columns = [f"{key}_{side}" for side in sides for key in SAID]
    both = first.merge(second.drop(columns="label"), on="image")[["image", "label", *columns]]
    likeness = likeness.rename(columns={"same image": "likeness_same", "other images": "likeness_other"})
    rows = both.join(told, on="image").join(likeness[["likeness_same", "likeness_other"]], on="image")
    artifacts.write_csv(folder / "images.csv", rows)
    artifacts.write_csv(folder / "figures.csv", figure_table(tables))
    write_checks(project.root, name, run_checks(project, name, tables))
    old_metrics.write_old_metrics(project, name, tables)


def said_of_images(project: Project, study: str, side: str) -> pd.DataFrame:
    """What one model says of each image, with `_first` or `_second` behind its columns."""
    frame = artifacts.read_table(artifacts.predictions_path(project.root, study), f"explain@{study}")[0]
    return frame[["image", "label", *SAID]].rename(columns={key: f"{key}_{side}" for key in SAID})


def verdict_checks(project: Project, study: str, tables: StudyTables, model: MajorityBaseline) -> list[Check]:
    """The verdict on a study: does the model work, what does it depend on, and what are the maps of each method worth?

    Args:
        project, study: whose suspects, slices and `limits:` are taken.
        tables: its measurements.
        model: beside the majority baseline.
    """
    limits = {**LIMITS, **project.params.sections.get("audit", {}).get("limits", {})}
    settings, titles = project.params.study_settings(study), method_titles(tables)
    slices = find_slices(tables, settings.slices, project.params.task_of(study), f"studies.{study}.slices")
    judged = candidate_checks(find_judged(project, study, tables))
    return [
        *model.accuracy_checks,
        *model_checks(tables, settings.suspect_names, limits),
        *judged,
        *slice_checks(tables, slices, settings.suspect_names, limits),
        *map_checks(tables, titles, limits),
    ]


def method_titles(tables: StudyTables) -> dict[str, str]:
    """The methods that the audit tests, with their titles; the first is the one that the page leads with."""
    from seewhy.methods.cam import TITLES  # needs torch

    return {name: TITLES.get(name, name) for name in tables.tested_methods}


def model_baseline(project: Project, study: str, images: pd.DataFrame) -> MajorityBaseline:
    """The model beside the majority baseline; of a segmentation nothing is known.

    Args:
        project, study: whose task.
        images: see `StudyTables`.
    """
    task = project.params.task_of(study)
    if task == "captioning":
        from seewhy.metrics.captions import compare_captions

        frame = captions_of(project, study, images)
        return compare_captions(frame["written"].tolist(), frame["caption"].tolist())
    return compare_task(task, images, project.params.base.seed)


def captions_of(project: Project, study: str, images: pd.DataFrame) -> pd.DataFrame:
    """One row an image of the study's split: `written` (empty where nothing is said) and `caption`, the reference."""
    settings = project.params.study_settings(study)
    stage = artifacts.dataset_stage(settings.dataset)
    frame = artifacts.read_table(artifacts.dataset_path(project.root, settings.dataset), stage)[0]
    frame = frame[frame["split"] == settings.split]
    said = dict(zip(images["image"], images["written"], strict=True))
    return frame.assign(written=[said.get(image, "") for image in frame["image"]])[["image", "written", "caption"]]


def figure_table(tables: StudyTables) -> pd.DataFrame:
    """Every figure of every table: family, metric, method, versus, facets, estimate, low, high, n."""
    parts = []
    for family, table in tables.tables.items():
        if family == CANDIDATES:  # are estimates already: in candidates.json
            continue
        table = table[~table["metric"].isin(CURVES)]
        compared = [BASELINE] if table["is_baseline"].any() else []
        compared += [CONTROL] if CONTROL in table else []
        found = summarise_table(table, tables.seed, compared)
        parts.append(found.assign(family=family))
    if not parts:
        return pd.DataFrame()
    every = pd.concat(parts, ignore_index=True)
    facets = [name for table in tables.tables.values() for name in facets_of(table) if name not in TEXTS]
    order = [
        "family",
        "metric",
        "method",
        "versus",
        "against",
        *dict.fromkeys(facets),
        "estimate",
        "low",
        "high",
        "n",
        "p",
    ]
    return every[[name for name in order if name in every]].round(DIGITS)
