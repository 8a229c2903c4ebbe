"""Files -> a study: what they are, why it seems so, and the two sections of params.yaml. Nothing in them is run."""

import ast
from pathlib import Path
from typing import Any

from seewhy.config.dataset import Dataset as DatasetSettings
from seewhy.config.params import FILE, Study
from seewhy.config.project import Project
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError
from seewhy.inputs.guess import guess_networks
from seewhy.inputs.layouts import table
from seewhy.inputs.new_study_data import settle_classes, settle_layout, settle_split, settle_task
from seewhy.inputs.new_study_network import settle_checkpoint, settle_network, settle_preprocessing
from seewhy.inputs.new_study_request import Ask, Proposal, Request, path_of_option
from seewhy.inputs.option_values import split_options
from seewhy.inputs.paths import path_from_root


def propose_study(project: Project, request: Request, ask: Ask | None = None) -> Proposal:
    """Looks at the files of a request and settles both sections; `ask` asks a person for what cannot be known.

    Raises MissingOptionError without `ask`, SeewhyError for what is wrong in files and options.
    """
    found = Proposal(request.study)
    of_dataset, of_study = split_options(request.settings)
    data = path_of_option(request.data, project.root, "--data")
    point = settle_checkpoint(project, request, found, ask)
    guesses = guess_networks(point)
    finding = settle_layout(data, of_dataset, found)
    settle_task(request, finding, of_dataset, guesses, found)
    found.dataset |= {
        "data": path_from_root(data, project.root),
        "layout": finding.layout,
        **finding.settings,
        **of_dataset,
    }
    colours = found.dataset.get("colours")
    if colours and Path(colours).is_absolute():
        found.dataset["colours"] = path_from_root(Path(colours), project.root)
    line = request.split or str(of_study.get("split", ""))
    if kept := [name for name in names_in_line(line) if name in table.column_names(data)]:
        found.dataset["keep"] = list(dict.fromkeys([*found.dataset.get("keep", []), *kept]))
    unchecked = settle_classes(project, request, point, found, ask)
    settle_split(line, unchecked, project.root, found)
    settle_network(project, request, point, guesses, unchecked.classes, of_study, found, ask)
    settle_preprocessing(request, point, of_study, found, ask)
    if request.layer:
        found.settings["layer"] = request.layer
        found.add_fact("layer", request.layer, "--layer")
    found.settings |= _merged_settings(found.settings, of_study)
    for note in unchecked.notes[1:]:
        found.add_fact("note", note)
    validate_settings(DatasetSettings, found.dataset, f"the new dataset of {FILE}")
    validate_settings(Study, {"dataset": request.study} | found.settings, f"the new study of {FILE}")
    return found


def names_in_line(line: str) -> list[str]:
    """Names and texts in a line of splitting, which may be columns: `fold == 3`, `stratify=df["dx"]`.

    >>> names_in_line("fold == 3"), names_in_line("train_test_split(df, stratify=df['dx'])[1]")
    (['fold'], ['train_test_split', 'df', 'dx'])
    """
    try:
        nodes = list(ast.walk(ast.parse(line.strip(), mode="eval")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [
        one.id if isinstance(one, ast.Name) else one.value for one in nodes if isinstance(one, ast.Name | ast.Constant)
    ]
    return list(dict.fromkeys(one for one in found if isinstance(one, str)))


def _merged_settings(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`more` over `settings`, mappings key by key."""
    both = {
        key: settings[key] | value
        for key, value in more.items()
        if isinstance(value, dict) and isinstance(settings.get(key), dict)
    }
    return more | both


def check_name(project: Project, name: str, only: bool) -> None:
    """Refuses a name that stands in params.yaml, but for one of the demonstration where that is taken out."""
    params = project.params
    own = {key for key, one in params.datasets.items() if not (only and one.demo)}
    studies = {key for key, one in params.studies.items() if one.dataset in own}
    for section, names in (("studies", studies), ("comparisons", set(params.comparisons)), ("datasets", own)):
        if name in names:
            raise SeewhyError(f"{section}.{name} stands in {FILE} already; allowed: a new name, or edit it there")
