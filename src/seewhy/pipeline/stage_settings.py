"""data/settings: what each stage of each study and comparison rests on, so that DVC runs what a change concerns.

DVC refuses a stage that names a section which params.yaml has not, and knows no defaults. So the one stage `settings`
reads params.yaml and the notebooks, fills in every default, and writes a file for each stage; the stages depend on
these. Colours are no business of the maps, nor texts of the measurements.
"""

import shutil
from typing import Any

from seewhy.config import artifacts
from seewhy.config.params import Params, Study
from seewhy.config.project import Project
from seewhy.pipeline import notebooks

COLOURS = {"colormap", "opacity"}  # only pages look at these
JUDGED = {"judged", "slices"}  # no map depends on them
EXPLAIN, MEASURE, PAGES, RENDER = "explain", "measure", "pages", "render"


def write_stage_settings(project: Project) -> None:
    """Writes data/settings/<name>/<stage>.json for every study and comparison; files of what is gone are removed."""
    wanted = {
        artifacts.settings_path(project.root, name, stage): values
        for name in (*project.params.studies, *project.params.comparisons)
        for stage, values in stage_settings(project, name).items()
    }
    folder = artifacts.settings_path(project.root, "", "").parent
    folder.mkdir(parents=True, exist_ok=True)  # a project without a study has it, too: DVC insists on it
    for path in folder.glob("*/*.json"):
        if path not in wanted:
            path.unlink()
    for path, values in wanted.items():
        artifacts.write_json(path, values)
    for place in folder.glob("*/"):
        if not any(place.iterdir()):
            shutil.rmtree(place)


def _study_settings(study: Study) -> dict[str, Any]:
    """All settings of a study; `strict` only where it is off and `slices` only where there are any, so that what was
    built before they existed is not stale."""
    plain = ({"strict"} if study.strict else set()) | (set() if study.slices else {"slices"})
    return _drop_keys(study.model_dump(mode="json"), plain)


def stage_settings(project: Project, name: str) -> dict[str, dict[str, Any]]:
    """What the stages of a study or comparison rest on, by stage; plain values only."""
    params = project.params
    compared = params.comparisons[name].studies if name in params.comparisons else [name]
    studies = {one: _study_settings(params.studies[one]) for one in compared}
    base = params.base.model_dump(mode="json")
    serving = project.notebooks_for(name)
    sections = {one.section: one.parameters | params.sections[one.section] for one in serving}
    bare = {one: _drop_keys(settings, COLOURS) for one, settings in studies.items()}
    worked = {"base": _drop_keys(base, COLOURS), "studies": bare}
    explained = worked | {"studies": {one: _drop_keys(settings, JUDGED) for one, settings in bare.items()}}
    return {
        EXPLAIN: explained | {"attributions": params.attributions.model_dump(mode="json")},
        MEASURE: worked
        | {"attributions": params.attributions.model_dump(mode="json"), "sections": sections}
        | {"checks": _asked_checks(params, name)},
        PAGES: {
            "base": base,
            "studies": studies,
            "notebooks": {one.stem: notebooks.source_hash(one.path) for one in serving},
            "sections": sections,
        },
        RENDER: _page_site(project, name),
    }


def _asked_checks(params: Params, name: str) -> list[Any]:
    """What params.yaml asks of a study or comparison, in the new words and the old."""
    gates = {key: one.model_dump(mode="json") for key, one in params.gates.get(name, {}).items()}
    return [[one.model_dump(mode="json") for one in params.checks.get(name, [])], gates]


def _page_site(project: Project, name: str) -> dict[str, Any]:
    """What a page knows of its surroundings (see `report.html.render.Site`)."""
    site: dict[str, Any] = {"study": name, "pages": [list(one) for one in project.page_titles(name)]}
    if name in project.params.comparisons:
        others = project.params.comparisons[name].studies
        site["compared"] = {one: [list(page) for page in project.page_titles(one)] for one in others}
    return site


def _drop_keys(values: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in keys}
