"""Families measured: by the stage, which stores them, and for a notebook, which gets what is stored or computes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seewhy.measure import store
from seewhy.measure.family import Family, Result, Settings, find_family, study_families, tidy_table
from seewhy.measure.identity import asked_key, whole_key
from seewhy.measure.own_metrics import load_metrics
from seewhy.measure.work import plan_work

if TYPE_CHECKING:
    from seewhy.study import Study


def measure_study(study: "Study") -> list[Path]:
    """Measures every family of the study's task and writes data/measurements/<study>; the files' paths.

    What is kept of an earlier run is used where it is of the same model, images, settings and code. A run that was
    stopped loses the batch it was in. Tables of families that are no longer measured are removed.
    """
    load_metrics(study.root)
    families = study_families(study.dataset.task)
    files = [path for one in families for path in store_family(study, one.name)]
    store.remove_others(study.root, study.name, files)
    return files


def store_family(study: "Study", name: str) -> list[Path]:
    """Measures one family of a study and writes its table; the files' paths."""
    family = find_family(name)
    settings = family.settings_of(study)
    asked = {"asked": asked_key(study, family, settings)}
    if not family.by_map:
        key = whole_key(study, family, settings)
        result = stored_whole(study, family, key) or measure_whole(study, family, settings)
        return store.write_family(study.root, study.name, name, result, {"key": key, **asked})
    work = plan_work(study, family, settings, None)
    parts = store.Parts.of_run(study.root, study.name, name, work.run_key)
    table = work.measure_missing(parts)
    files = store.write_family(study.root, study.name, name, Result(table), {**work.table_note, **asked})
    parts.remove_parts()
    return files


def measure_family(study: "Study", name: str, methods: Sequence[str] | None = None) -> Result:
    """What is stored of a family, where that is what is asked for; what is missing is computed now. Nothing is written
    into a project; a study of a session keeps it in its own folder.

    methods: of a map family, default: those of the settings.
    """
    family = find_family(name)
    settings = family.settings_of(study)
    if (there := stored_result(study, family, settings, methods)) is not None:
        return there
    if not family.by_map:
        key = whole_key(study, family, settings)
        result = stored_whole(study, family, key) or measure_whole(study, family, settings)
        if study.keeps_measurements:
            store.write_family(study.root, study.name, name, result, {"key": key})
        return result
    work = plan_work(study, family, settings, methods)
    parts = store.Parts.of_run(study.root, study.name, name, work.run_key) if study.keeps_measurements else None
    return Result(work.measure_missing(parts))


def stored_result(study: "Study", family: Family, settings: Settings, methods: Sequence[str] | None) -> Result | None:
    """What is stored, where it is all that is asked for: found without loading the model."""
    asked = asked_key(study, family, settings)
    for path in store.family_files(study.root, study.name, family.name):
        note = store.read_note(path)
        if note.get("asked") != asked or not set(methods or []) <= set(note.get("methods", methods or [])):
            continue
        table = store.read_tidy(path)
        if methods is not None and family.by_map:
            table = table[table["method"].isin(methods)]
        if study.chosen is None:
            return Result(table.reset_index(drop=True), store.read_arrays(path))
        if family.by_map and set(study.chosen) <= set(table["image"]):
            return Result(table[table["image"].isin(study.chosen)].reset_index(drop=True))
    return None


def measure_whole(study: "Study", family: Family, settings: Settings) -> Result:
    """A family measured whole, its table in order."""
    result = family.measure(study, settings)
    return Result(tidy_table([result.table]), result.arrays)


def stored_whole(study: "Study", family: Family, key: str) -> Result | None:
    """A family that is measured whole, as it is stored under that key."""
    found = store.find_note(study.root, study.name, family.name, key)
    if found is None:
        return None
    return Result(store.read_tidy(found[0]), store.read_arrays(found[0]))
