"""The metrics files of the first edition, from the tables: the same keys and values, for one release."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import OLD_KEYS, OldKey, fill_figure
from seewhy.checks.tables import StudyTables
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.measure.family import with_groups
from seewhy.measure.page_figures import SECTIONS, section_figures
from seewhy.measure.store import read_family
from seewhy.metrics.baselines import NAMES
from seewhy.stats import Estimate

CURVES = ("deletion", "insertion")
COUNTS = {  # how many images each part of the audit took: key -> a metric of that part
    "images": "deletion",
    "probed": "similarity_after_randomisation",
    "intervened": "prediction_change",
}


def write_old_metrics(project: Project, study: str, tables: StudyTables) -> None:
    """Writes reports/<study>/metrics/*.json with the keys of the first edition.

    Args:
        project, study: where to.
        tables: the study's measurements.
    """
    stored = {name: read_family(project.root, study, name) for name in tables.tables}
    results = {name: replace(one, table=with_groups(one.table, tables.groups)) for name, one in stored.items()}
    found = {section: section_figures(section, results, tables.seed) for section in SECTIONS}
    if study in project.params.studies:
        found["audit"] = audit_figures(tables)
    if "diagnosis" in tables.tables:
        found["grad_cam"] |= look_figures(tables)
    for section, figures in found.items():
        if figures:
            artifacts.write_metrics(artifacts.metrics_path(project.root, study, section), figures)


def look_figures(tables: StudyTables) -> dict[str, float]:
    """Figures of page 02 of a classification: lift beside the centre and the activation, and the words of the maps."""
    rows = tables.metric_rows("diagnosis")
    own = rows[rows["method"] == "gradcam"]
    counts = own["word"].value_counts()
    lifts = tables.metric_rows("lift")
    known = lifts[(lifts["method"] == "gradcam") & (lifts["class_is"] == "true")] if len(lifts) else lifts
    figures = {
        "lift": Figure("lift", "gradcam"),
        "centre_lift": Figure("lift", "centre"),
        "lift_over_centre": Figure("lift", "gradcam", "centre"),
        "lift_over_activation": Figure("lift", "gradcam", "activation"),
    }
    named: dict[str, float] = {
        f"word.{str(word).replace(' ', '_')}": count / len(own) for word, count in counts.items()
    }
    named |= {"images": len(own), "boxed": len(known)}
    estimates = {key: tables.estimate_figure(figure) for key, figure in figures.items()}
    return named | {key: value for name, one in estimates.items() for key, value in one.metric_entries(name).items()}


def audit_figures(tables: StudyTables) -> dict[str, float]:
    """The keys of metrics/audit.json: each figure with `_low`, `_high` and `_n` behind it, and counts of images."""
    found = {
        key: value for name, one in audit_estimates(tables).items() for key, value in one.metric_entries(name).items()
    }
    counts = {key: tables.metric_rows(metric).dropna(subset="value") for key, metric in COUNTS.items()}
    return found | {key: rows["image"].nunique() for key, rows in counts.items()}


def audit_estimates(tables: StudyTables) -> dict[str, Estimate]:
    """The figures of the audit by their old keys, from the one table of keys and fields."""
    found: dict[str, Estimate] = {}
    for known in OLD_KEYS:
        for fields in known_fields(known, tables) if known.section == "audit" else ():
            one = tables.estimate_figure(fill_figure(known.figure, fields))
            found.setdefault(known.key.format(**fields), complement_estimate(one) if known.complement else one)
    return found


def complement_estimate(one: Estimate) -> Estimate:
    """1 less the figure."""
    return replace(one, value=1 - one.value, low=1 - one.high, high=1 - one.low)


def known_fields(known: OldKey, tables: StudyTables) -> Iterator[Mapping[str, str]]:
    """Every combination of the key's fields in braces that the tables have."""
    table = tables.metric_rows(known.figure.metric)
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
