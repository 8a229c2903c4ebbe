"""The metrics files of the first edition, from the tables: the same keys and values, for one release."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import OLD_KEYS, OldKey, fill_figure
from seewhy.checks.tables import StudyTables
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.measure.families import (
    agreement,
    caption_errors,
    captions,
    channels,
    label_issues,
    mistake_groups,
    mistakes,
    neighbours,
    predictions,
    segment_errors,
    segment_maps,
    segments,
    shap,
    words,
)
from seewhy.measure.family import Result
from seewhy.measure.store import read_family
from seewhy.metrics.baselines import NAMES
from seewhy.stats import Estimate

CURVES = ("deletion", "insertion")
COUNTS = {  # how many images each part of the audit took: key -> a metric of that part
    "images": "deletion",
    "probed": "similarity_after_randomisation",
    "intervened": "prediction_change",
}


Named = dict[str, Estimate | float]


def write_old_metrics(project: Project, study: str, tables: StudyTables) -> None:
    """Writes reports/<study>/metrics/*.json with the keys of the first edition.

    Args:
        project, study: where to, and the settings of the pages.
        tables: the study's measurements.
    """
    found: dict[str, dict[str, float]] = {"audit": audit_figures(tables)}
    for section, one in page_figures(project, study, tables):
        found.setdefault(section, {}).update(flat_figures(one))
    for section, figures in found.items():
        artifacts.write_metrics(artifacts.metrics(project.root, study, section), figures)


def flat_figures(found: Mapping[str, Estimate | float]) -> dict[str, float]:
    """Estimates with `_low`, `_high` and `_n` behind their keys; counts as whole numbers."""
    flat: dict[str, float] = {}
    for name, one in found.items():
        if isinstance(one, Estimate):
            flat |= one.metrics(name)
        else:
            flat[name] = int(one) if float(one).is_integer() else one
    return flat


def page_figures(project: Project, study: str, tables: StudyTables) -> Iterator[tuple[str, Named]]:
    """What the families of the other pages say of themselves: the section of each, and its figures by old keys."""
    bins = project.params.sections.get("model", {}).get("bins", 10)
    layer = study_layer(project, study)
    for family, (section, figures) in of_families(bins, layer).items():
        if family in tables.tables:
            yield section, figures(read_family(project.root, study, family), tables.seed)
    if "diagnosis" in tables.tables:
        yield "grad_cam", look_figures(tables)
    if "captions" in tables.tables:
        result = read_family(project.root, study, "captions")
        yield "misclassification", {"words_in_reference": captions.right_words(result.table, tables.seed)}


def study_layer(project: Project, study: str) -> str:
    """The layer that the study's maps are taken from, as its predictions note it."""
    path: Path = artifacts.predictions(project.root, study)
    return str(artifacts.read_table(path, f"explain@{study}")[1].get("layer", "")) if path.is_file() else ""


def of_families(bins: int, layer: str) -> dict[str, tuple[str, Callable[[Result, int], Named]]]:
    """By family, the metrics file that its figures stood in, and what makes them.

    Args:
        bins: of the calibration.
        layer: of the study's maps.
    """
    return {
        "predictions": ("model", partial(predictions.prediction_figures, bins=bins)),
        "segments": ("model", segments.segment_figures),
        "captions": ("model", captions.caption_figures),
        "segment_maps": ("grad_cam", lambda result, seed: segment_maps.segment_map_figures(result, layer, seed)),
        "words": ("grad_cam", words.word_figures),
        "agreement": ("cam_variants", agreement.agreement_figures),
        "shap": ("shap", shap.shap_figures),
        "channels": ("features", channels.channel_figures),
        "mistakes": ("misclassification", mistakes.mistake_figures),
        "neighbours": ("misclassification", neighbours.neighbour_figures),
        "mistake_groups": ("misclassification", mistake_groups.group_figures),
        "label_issues": ("misclassification", label_issues.label_figures),
        "segment_errors": ("misclassification", segment_errors.segment_error_figures),
        "caption_errors": ("misclassification", caption_errors.caption_error_figures),
    }


def look_figures(tables: StudyTables) -> Named:
    """Figures of page 02 of a classification: lift beside the centre and the activation, and the words of the maps."""
    rows, spread = (tables.metric_rows(name) for name in ("diagnosis", "spread"))
    own, wide = (some[some["method"] == "gradcam"] for some in (rows, spread))
    counts = own["word"].value_counts()
    lifts = tables.metric_rows("lift")
    known = lifts[(lifts["method"] == "gradcam") & (lifts["class_is"] == "true")] if len(lifts) else lifts
    figures = {
        "lift": Figure("lift", "gradcam"),
        "centre_lift": Figure("lift", "centre"),
        "lift_over_centre": Figure("lift", "gradcam", "centre"),
        "lift_over_activation": Figure("lift", "gradcam", "activation"),
    }
    named: Named = {f"word.{str(word).replace(' ', '_')}": count / len(own) for word, count in counts.items()}
    named |= {"images": len(own), "boxed": len(known), "empty": int(wide["value"].isna().sum())}
    return named | {key: tables.estimate(figure) for key, figure in figures.items()}


def audit_figures(tables: StudyTables) -> dict[str, float]:
    """The keys of metrics/audit.json: each figure with `_low`, `_high` and `_n` behind it, and counts of images."""
    found = {key: value for name, one in audit_estimates(tables).items() for key, value in one.metrics(name).items()}
    return found | {key: tables.metric_rows(metric)["image"].nunique() for key, metric in COUNTS.items()}


def audit_estimates(tables: StudyTables) -> dict[str, Estimate]:
    """The figures of the audit by their old keys, from the one table of keys and fields."""
    found: dict[str, Estimate] = {}
    for known in OLD_KEYS:
        for fields in known_fields(known, tables) if known.section == "audit" else ():
            one = tables.estimate(fill_figure(known.figure, fields))
            found.setdefault(known.key.format(**fields), complement(one) if known.complement else one)
    return found


def complement(one: Estimate) -> Estimate:
    """1 less the figure."""
    return Estimate(1 - one.value, 1 - one.high, 1 - one.low, one.n)


def known_fields(known: OldKey, tables: StudyTables) -> Iterator[Mapping[str, str]]:
    """Every combination of the key's fields in braces that the tables have."""
    table = tables.metric_rows(known.figure.metric, known.figure.family)
    facets = [name for name, value in known.figure.facets.items() if str(value).startswith("{")]
    if table.empty or not {*facets} <= {*table}:
        return
    first = {"first": next(iter(tables.tested_methods), "")}
    wanted = ["method", *facets] if known.figure.method == "{method}" else facets
    if not wanted:
        yield first
        return
    for values in table[wanted].drop_duplicates().dropna().itertuples(index=False):
        fields = first | dict(zip(wanted, map(str, values), strict=True))
        is_baseline = fields.get("method") in NAMES
        if not (known.figure.versus and is_baseline) and not {*fields.values()} & {*known.without}:
            yield fields


def mean_curves(tables: StudyTables) -> pd.DataFrame:
    """Mean deletion and insertion curves of the first method and the baselines, a row for each share of squares."""
    first = next(iter(tables.tested_methods), "")
    columns: dict[str, pd.Series[float]] = {}
    for name in (first, *NAMES):
        for kind in CURVES:
            rows = tables.metric_rows(f"{kind}_curve")
            own = rows[rows["method"] == name]
            if len(own):
                columns[kind if name == first else f"{kind}_{name}"] = own.groupby("share")["value"].mean().round(4)
    order = [*CURVES, *(f"{kind}_{name}" for kind in CURVES for name in NAMES)]
    found = pd.DataFrame({name: columns[name] for name in order if name in columns}).reset_index()
    return found.assign(share=found["share"].round(4)) if len(found) else pd.DataFrame(columns=["share", *CURVES])
