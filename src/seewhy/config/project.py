"""A project: the folder around params.yaml, its settings checked as a whole, and its notebooks."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from seewhy.checks.old_keys import check_gates
from seewhy.config.params import FILE, OURS, Comparison, Params, Task
from seewhy.config.validation import validate_settings
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError, unknown_name
from seewhy.pipeline import notebooks
from seewhy.pipeline.notebooks import STUDY, Notebook

TASKS = get_args(Task)


class Project:
    """A folder with params.yaml: its settings and its notebooks."""

    def __init__(self, root: Path):
        self.root = root

    @cached_property
    def notebooks(self) -> list[Notebook]:
        """All notebooks, in order."""
        return notebooks.find_notebooks(self.root)

    @cached_property
    def params(self) -> Params:
        """Everything in params.yaml, checked."""
        data = read_yaml(self.root / FILE)
        known = {notebook.section: notebook for notebook in self.notebooks}
        fixed = {key: value for key, value in data.items() if key in Params.model_fields and key not in OURS}
        rest = {key: {} if value is None else value for key, value in data.items() if key not in fixed}
        for key, given in rest.items():
            if key not in known:
                raise unknown_name(
                    "key", key, [*(name for name in Params.model_fields if name not in OURS), *known], FILE
                )
            if not isinstance(given, dict):
                raise SeewhyError(f"{key} in {FILE}: found {given!r}; allowed: a mapping of names to values")
        tasks = {name: rest[name]["tasks"] for name in known if "tasks" in rest.get(name, ())}
        own = {name: {key: value for key, value in rest.get(name, {}).items() if key != "tasks"} for name in known}
        sections = {name: notebook.check_settings(own[name]) for name, notebook in known.items()}
        return _check_references(validate_settings(Params, {**fixed, "sections": sections, "tasks": tasks}, FILE))

    def with_sections(self, sections: Mapping[str, Mapping[str, Any]]) -> "Project":
        """The same project with other values in the sections of notebooks, checked as those of params.yaml are."""
        known = {notebook.section: notebook for notebook in self.notebooks}
        for name in sections:
            if name not in known:
                raise unknown_name("section", name, known, f"the sections of {FILE}")
        changed = {
            name: known[name].check_settings(self.params.sections[name] | dict(sections[name])) for name in sections
        }
        other = Project(self.root)
        other.__dict__["params"] = self.params.model_copy(update={"sections": self.params.sections | changed})
        return other

    def run_names(self, notebook: Notebook) -> list[str]:
        """Names that the notebook is run for: the studies of the tasks that it serves, or all comparisons."""
        if notebook.subject_parameter != STUDY:
            return [*self.params.comparisons]
        served = self.params.tasks.get(notebook.section, TASKS)
        return [name for name in self.params.studies if self.params.task_of(name) in served]

    def notebooks_for(self, name: str) -> list[Notebook]:
        """The notebooks that are run for a study or comparison, in order, each as its task has it; an error names the
        closest name."""
        names = [*self.params.studies, *self.params.comparisons]
        if name not in names:
            raise unknown_name("study or comparison", name, names, FILE)
        task = self.params.task_of(name)
        return [one.variant_for(task) for one in self.notebooks if name in self.run_names(one)]

    def notebook_parameters(self, notebook: Notebook, name: str) -> dict[str, Any]:
        """What a notebook is given when it is run for a study or comparison: its name, and what params.yaml sets."""
        section = self.params.sections[notebook.section]
        return {
            notebook.subject_parameter: name,
            **{key: value for key, value in section.items() if key in notebook.parameters},
        }

    def notebook_defaults(self, section: str, name: str) -> dict[str, Any]:
        """The defaults of the notebook of that section that is run for a study; empty where there is none."""
        for notebook in self.notebooks_for(name):
            if notebook.section == section:
                return {key: value for key, value in notebook.parameters.items() if key != notebook.subject_parameter}
        return {}

    def page_titles(self, name: str) -> list[tuple[str, str]]:
        """Stem and title of all pages of a study or of a comparison, in order."""
        return [(one.stem, one.title) for one in self.notebooks_for(name)]


def find_project(start: Path | None = None) -> Project:
    """The project around `start` (default: the working folder): the nearest folder upwards that holds params.yaml."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return Project(folder)
    raise SeewhyError(f"no {FILE} in {start} or above it; call this inside a project")


def _check_references(params: Params) -> Params:
    for name, study in params.studies.items():
        if study.dataset not in params.datasets:
            raise unknown_name("dataset", study.dataset, params.datasets, f"studies.{name}.dataset of {FILE}")
        if study.object_words and params.task_of(name) != "captioning":
            key = f"studies.{name}.object_words in {FILE}"
            raise SeewhyError(f"{key}: found a {params.task_of(name)} study; allowed: captioning studies")
    for name, comparison in params.comparisons.items():
        _check_comparison(params, name, comparison)
    pages = [*params.studies, *params.comparisons]
    for name, gates in params.gates.items():
        if name not in pages:
            raise unknown_name("study or comparison", name, pages, f"gates of {FILE}")
        check_gates(gates, [*params.sections], f"gates.{name} of {FILE}")
    for name in params.checks:
        if name not in pages:
            raise unknown_name("study or comparison", name, pages, f"checks of {FILE}")
    return params


def _check_comparison(params: Params, name: str, comparison: Comparison) -> None:
    """Both studies exist, classify, and look at the same images; no study has the comparison's name."""
    key = f"comparisons.{name}"
    for one in comparison.studies:
        if one not in params.studies:
            raise unknown_name("study", one, params.studies, f"{key} of {FILE}")
    if name in params.studies:
        raise SeewhyError(f"{key} in {FILE}: found the name of a study; allowed: a name of its own, as its folder has")
    first, second = (params.studies[one] for one in comparison.studies)
    images = [f"'{one.split}' of '{one.dataset}'" for one in (first, second)]
    if images[0] != images[1]:
        told = f"split {images[0]} and split {images[1]}"
        raise SeewhyError(f"{key}.studies in {FILE}: found {told}; allowed: two studies of the same dataset and split")
    if params.task_of(name) != "classification":
        raise SeewhyError(f"{key}.studies in {FILE}: found {params.task_of(name)}; allowed: classification studies")
