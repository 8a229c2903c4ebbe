"""A project: the folder around params.yaml, its settings checked as a whole, and its notebooks."""

from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from seewhy.checks.old_keys import check_gates
from seewhy.config.params import FILE, Comparison, Params
from seewhy.config.validation import validate
from seewhy.errors import SeewhyError, unknown
from seewhy.pipeline import notebooks
from seewhy.pipeline.notebooks import STUDY, Notebook


class Project:
    """A folder with params.yaml: its settings and its notebooks."""

    def __init__(self, root: Path):
        self.root = root

    @cached_property
    def notebooks(self) -> list[Notebook]:
        """All notebooks, in order."""
        return notebooks.find(self.root)

    @cached_property
    def params(self) -> Params:
        """Everything in params.yaml, checked."""
        data = read(self.root / FILE)
        known = {notebook.section: notebook for notebook in self.notebooks}
        fixed = {key: value for key, value in data.items() if key in Params.model_fields and key != "sections"}
        rest = {key: {} if value is None else value for key, value in data.items() if key not in fixed}
        for key, given in rest.items():
            if key not in known:
                raise unknown("key", key, [*(name for name in Params.model_fields if name != "sections"), *known], FILE)
            if not isinstance(given, dict):
                raise SeewhyError(f"{key} in {FILE}: found {given!r}; allowed: a mapping of names to values")
        for name, notebook in known.items():
            if name not in rest:
                raise SeewhyError(f"missing key '{name}' in {FILE}: the section of notebooks/{notebook.path.name}")
        sections = {name: notebook.settings(rest[name]) for name, notebook in known.items()}
        return _check_references(validate(Params, {**fixed, "sections": sections}, FILE))

    def runs(self, notebook: Notebook) -> list[str]:
        """Names that the notebook is run for: all studies, or all comparisons."""
        return [*(self.params.studies if notebook.whose == STUDY else self.params.comparisons)]

    def pages(self, name: str) -> list[tuple[str, str]]:
        """Stem and title of all pages of a study or of a comparison, in order."""
        task = self.params.task(name)
        return [(one.stem, one.of(task).title) for one in self.notebooks if name in self.runs(one)]


def find_project(start: Path | None = None) -> Project:
    """The project around `start` (default: the working folder): the nearest folder upwards that holds params.yaml."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return Project(folder)
    raise SeewhyError(f"no {FILE} in {start} or above it; call this inside a project")


def read(path: Path) -> dict[str, Any]:
    """A YAML 1.2 mapping, as DVC reads it (so `1e-3` is a number and `on` a word)."""
    try:
        data = YAML(typ="safe").load(path.read_text())
    except (YAMLError, UnicodeDecodeError) as error:
        raise SeewhyError(f"{path.name} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise SeewhyError(f"{path.name}: found {type(data).__name__}; allowed: a mapping of sections")
    return data


def _check_references(params: Params) -> Params:
    for name, study in params.studies.items():
        if study.dataset not in params.datasets:
            raise unknown("dataset", study.dataset, params.datasets, f"studies.{name}.dataset of {FILE}")
        if study.object_words and params.task(name) != "captioning":
            key = f"studies.{name}.object_words in {FILE}"
            raise SeewhyError(f"{key}: found a {params.task(name)} study; allowed: captioning studies")
    for name, comparison in params.comparisons.items():
        _check_comparison(params, name, comparison)
    pages = [*params.studies, *params.comparisons]
    for name, gates in params.gates.items():
        if name not in pages:
            raise unknown("study or comparison", name, pages, f"gates of {FILE}")
        check_gates(gates, [*params.sections], f"gates.{name} of {FILE}")
    for name in params.checks:
        if name not in pages:
            raise unknown("study or comparison", name, pages, f"checks of {FILE}")
    return params


def _check_comparison(params: Params, name: str, comparison: Comparison) -> None:
    """Both studies exist, classify, and look at the same images; no study has the comparison's name."""
    key = f"comparisons.{name}"
    for one in comparison.studies:
        if one not in params.studies:
            raise unknown("study", one, params.studies, f"{key} of {FILE}")
    if name in params.studies:
        raise SeewhyError(f"{key} in {FILE}: found the name of a study; allowed: a name of its own, as its folder has")
    first, second = (params.studies[one] for one in comparison.studies)
    images = [f"'{one.split}' of '{one.dataset}'" for one in (first, second)]
    if images[0] != images[1]:
        told = f"split {images[0]} and split {images[1]}"
        raise SeewhyError(f"{key}.studies in {FILE}: found {told}; allowed: two studies of the same dataset and split")
    if params.task(name) != "classification":
        raise SeewhyError(f"{key}.studies in {FILE}: found {params.task(name)}; allowed: classification studies")
