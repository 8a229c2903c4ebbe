"""The metrics files of the first edition, from the tables: the same keys and values, for one release."""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd

from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import OLD_KEYS, OldKey, fill_figure
from seewhy.checks.tables import StudyTables
from seewhy.config.project import Project
from seewhy.metrics.baselines import NAMES
from seewhy.stats import Estimate

Figures = dict[str, float]


def section_figures(project: Project, study: str, tables: StudyTables) -> dict[str, Figures]:
    """By metrics file, its keys: each figure with `_low`, `_high` and `_n` behind it."""
    audit = {key: value for name, one in audit_estimates(tables).items() for key, value in one.metrics(name).items()}
    return {"audit": audit | image_counts(tables)}


def audit_estimates(tables: StudyTables) -> dict[str, Estimate]:
    """All figures of the audit by their old keys, from the one table of keys and fields."""
    found: dict[str, Estimate] = {}
    for known in OLD_KEYS:
        if known.section == "audit":
            for fields in known_fields(known, tables):
                key = known.key.format(**fields)
                found.setdefault(key, tables.estimate(fill_figure(known.figure, fields)))
    return found


def known_fields(known: OldKey, tables: StudyTables) -> Iterator[Mapping[str, str]]:
    """Every combination of the fields in braces that the tables have."""
    table = tables.metric_rows(known.figure.metric)
    wanted = {name: value for name, value in known.figure.facets.items() if str(value).startswith("{")}
    if any(name not in table for name in wanted) or table.empty:
        return
    columns = ["method", *wanted]
    for values in table[columns].drop_duplicates().itertuples(index=False):
        fields = dict(zip(columns, values, strict=True))
        if any(pd.isna(value) or value == "" for name, value in fields.items() if name != "method"):
            continue
        if not (known.figure.versus and fields["method"] in NAMES):
            yield fields


def image_counts(tables: StudyTables) -> Figures:
    """How many images each part of the audit took."""
    of = {"images": "deletion", "probed": "similarity_after_randomisation", "intervened": "prediction_change"}
    return {key: tables.metric_rows(metric)["image"].nunique() for key, metric in of.items()}


def mean_curves(tables: StudyTables) -> pd.DataFrame:
    """Mean deletion and insertion curves of the first method and the baselines, by the share of squares."""
    raise NotImplementedError


_ = (product, np, Figure)
