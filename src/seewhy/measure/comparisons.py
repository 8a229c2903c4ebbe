"""Comparisons measured: what two studies of the same images share, kept and written as a study's families are."""

from pathlib import Path

from seewhy.comparison import Comparison
from seewhy.measure import store
from seewhy.measure.family import FAMILIES, Family, Result, find_family, tidy_table
from seewhy.measure.identity import short_digest, whole_key
from seewhy.measure.own_metrics import load_metrics

TASK = "comparison"  # among the tasks of a family: it is measured for comparisons


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
