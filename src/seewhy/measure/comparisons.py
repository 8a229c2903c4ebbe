"""Comparisons measured: what two studies of the same images share, kept and written as a study's families are."""

from collections.abc import Mapping
from pathlib import Path

from seewhy.comparison import ANSWER, SIDES, Comparison
from seewhy.config import artifacts
from seewhy.measure import store
from seewhy.measure.families.paired import likeness_pairs
from seewhy.measure.family import FAMILIES, Family, Result, find_family, tidy_table
from seewhy.measure.identity import short_digest, whole_key
from seewhy.measure.own_metrics import load_metrics
from seewhy.measure.page_figures import section_figures

TASK = "comparison"  # among the tasks of a family: it is measured for comparisons
DIGITS = 4  # of images.csv


def store_comparison(comparison: Comparison) -> list[Path]:
    """Measures every family of comparisons and writes data/measurements/<comparison>; the files' paths."""
    load_metrics(comparison.first.root)
    files = []
    for family in FAMILIES.values():
        if TASK in family.tasks:
            result, key = measure_comparison(comparison, family.name), comparison_key(comparison, family)
            files += store.write_family(comparison.first.root, comparison.name, family.name, result, {"key": key})
    return files


def measure_comparison(comparison: Comparison, name: str) -> Result:
    """What is stored of a family, where that is what is asked for; else it is measured now. Nothing is written."""
    load_metrics(comparison.first.root)
    family = find_family(name)
    found = store.find_note(comparison.first.root, comparison.name, name, comparison_key(comparison, family))
    if found:
        return Result(store.read_tidy(found[0]), store.read_arrays(found[0]))
    result = family.measure(comparison, family.settings_of(comparison.first))
    return Result(tidy_table([result.table]), result.arrays)


def comparison_key(comparison: Comparison, family: Family) -> str:
    """Digest of all that a family of a comparison is of: both studies, settings, code."""
    settings = family.settings_of(comparison.first)
    return short_digest([whole_key(study, family, settings) for study in comparison.studies])


def write_comparison(comparison: Comparison, results: Mapping[str, Result]) -> list[Path]:
    """Writes reports/<comparison>/metrics/comparison.json, and images.csv with what both models say of each image.

    Args:
        comparison: of what.
        results: what was measured, by family.
    """
    metrics = artifacts.metrics(comparison.first.root, comparison.name, "comparison")
    artifacts.write_metrics(metrics, section_figures("comparison", results, comparison.seed))
    same, other = likeness_pairs(results["paired"])
    columns = ["image", "label", *(f"{name}_{side}" for side in SIDES for name in ANSWER[1:])]
    likeness = {"likeness_same": same.round(DIGITS), "likeness_other": other.round(DIGITS)}
    path = comparison.files("images.csv")[0]
    artifacts.write_csv(path, comparison.rows[[*columns, "outcome", "explained"]].assign(**likeness))
    return [metrics, path]
