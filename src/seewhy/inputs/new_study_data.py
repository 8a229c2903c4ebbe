"""The dataset of a new study: its layout, task, classes and split, read from the files."""

from pathlib import Path
from typing import Any

from seewhy.config.dataset import WITHOUT_CLASSES
from seewhy.config.dataset import Dataset as DatasetSettings
from seewhy.config.params import FILE
from seewhy.config.project import Project
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import dataset
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.guess import Guess
from seewhy.inputs.layouts import Finding, choose_layout, table
from seewhy.inputs.new_study_request import Ask, MissingOptionError, Proposal, Request, ask_or_refuse
from seewhy.inputs.paths import path_from_root

SPLIT_ORDER = ("test", "val", "train")  # which split is studied where none is named


def settle_layout(data: Path, of_dataset: dict[str, Any], found: Proposal) -> Finding:
    """The layout that was said, or the one that fits. Raises MissingOptionError where several fit alike."""
    asked = str(of_dataset.get("layout", "auto"))
    try:
        finding = choose_layout(data, asked, "layout")
    except SeewhyError as error:
        if "can be read in" in str(error):
            raise MissingOptionError(f"{error}; add --set layout=NAME") from None
        raise
    found.add_fact("layout", finding.layout, finding.reason)
    return finding


def settle_task(
    request: Request, finding: Finding, of_dataset: dict[str, Any], guesses: list[Guess], found: Proposal
) -> None:
    """The task that was said, or that the marks are of; a network for segmentation says so, too."""
    segments = bool(guesses) and guesses[0].architecture.startswith("smp:")
    task, why = finding.task, f"what the layout '{finding.layout}' marks"
    if segments and task == "classification":
        task, why = "segmentation", f"{guesses[0].architecture} answers pixel by pixel"
    if request.task or "task" in of_dataset:
        task, why = request.task or str(of_dataset["task"]), "--task"
    found.dataset["task"] = task
    found.add_fact("task", task, why)


def settle_classes(
    project: Project, request: Request, point: Checkpoint, found: Proposal, ask: Ask | None
) -> dataset.Unchecked:
    """The dataset as its section says, not yet checked; class names and their order are settled here."""
    task = found.dataset["task"]
    if request.classes:
        found.dataset["classes"] = _class_option(request.classes, project.root)
    settings = validate_settings(DatasetSettings, found.dataset, f"the new dataset of {FILE}")
    try:
        unchecked = dataset.read_dataset(request.study, settings, project.root)
    except SeewhyError as error:
        if "name no classes" not in str(error):
            raise
        why, option = _lacking_classes(project.root / found.dataset["data"])
        known = point.classes or ask_or_refuse("the classes' names", option, ask, why)
        found.dataset["classes"] = known.split(",") if isinstance(known, str) else known
        unchecked = dataset.read_dataset(
            request.study, validate_settings(DatasetSettings, found.dataset, FILE), project.root
        )
    in_order = unchecked.classes == sorted(unchecked.classes)
    why = "names sorted as text, as ImageFolder does" if in_order else "as the data themselves have them"
    why = "--classes" if request.classes else f"the order of the data: {why}"
    told = point.classes
    if told and task not in WITHOUT_CLASSES and list(told) != unchecked.classes:
        unchecked, why = _by_checkpoint(project, request, list(told), unchecked, found, why)
    if unchecked.classes:
        found.dataset.setdefault("classes", unchecked.classes)
        found.add_fact("classes", f"{len(unchecked.classes)}: {list_names(unchecked.classes)}", why)
    return unchecked


def _lacking_classes(data: Path) -> tuple[str, str]:
    """Why no class names are known, and the option that gives them; of a table with its columns."""
    option, columns = "--classes a,b,c or --classes FILE", table.column_names(data)
    if not columns:
        return "the data name none", option
    return (
        f"no column of '{data.name}' is known as that of the labels, of {list_names(columns)}",
        f"--set columns.label=NAME, or {option}",
    )


def _by_checkpoint(
    project: Project, request: Request, told: list[str], unchecked: dataset.Unchecked, found: Proposal, why: str
) -> tuple[dataset.Unchecked, str]:
    """The checkpoint's own names and order, where they are of the data's classes or stand for its numbers."""
    ours = unchecked.classes
    if request.classes:
        if set(told) == set(ours):
            raise SeewhyError(
                f"--classes says {list_names(ours)}, the checkpoint {list_names(told)}; "
                "allowed: the order of the checkpoint"
            )
        found.add_fact("note", f"the checkpoint calls its classes {list_names(told)}")
        return unchecked, why
    numbers = all(name.isdecimal() for name in ours) and len(ours) <= len(told)
    if not (set(ours) <= set(told) or numbers):
        found.add_fact("note", f"the checkpoint calls its classes {list_names(told)}, the data {list_names(ours)}")
        return unchecked, why
    found.dataset["classes"] = told
    settings = validate_settings(DatasetSettings, found.dataset, FILE)
    return dataset.read_dataset(request.study, settings, project.root), "the checkpoint's own names, in its order"


def _class_option(given: str, root: Path) -> str | list[str]:
    """A file of names, or names separated by commas."""
    for path in (Path.cwd() / given, root / given):
        if path.is_file():
            return path_from_root(path, root)
    return [name.strip() for name in given.split(",") if name.strip()]


def _rows_of_line(line: str, unchecked: dataset.Unchecked, root: Path) -> str:
    """What a line of splitting takes, as a sentence; raises SeewhyError for one that takes nothing."""
    from seewhy.inputs.split_line import select_rows

    frame = unchecked.frame if "split" in unchecked.frame else unchecked.frame.assign(split="test")
    return str(select_rows(line, frame, root, unchecked.classes).sentence)


def settle_split(line: str, unchecked: dataset.Unchecked, root: Path, found: Proposal) -> None:
    """The line of splitting that was said, or the first split that the data have; all images where they have none."""
    frame = unchecked.frame
    held = frame["split"].replace("", "test").value_counts() if "split" in frame else None
    counts = (
        f"{len(frame):,} images" if held is None else list_names(f"{name} {count:,}" for name, count in held.items())
    )
    found.add_fact("images", counts)
    if line:
        found.settings["split"] = line
        plain = held is not None and line in held.index
        found.add_fact("split", line, "--split" if plain else _rows_of_line(line, unchecked, root))
    elif held is None:
        found.add_fact(
            "split", "all images", "no split is named; --split 'random_split([0.8, 0.2], seed=42)[1]' takes a part"
        )
    else:
        names = [one for one in SPLIT_ORDER if one in held.index] or [str(held.index[0])]
        rest = f", not {list_names(one for one in held.index if one != names[0])}" if len(held) > 1 else ""
        found.settings["split"] = names[0]
        found.add_fact("split", names[0], f"the first of {', '.join(SPLIT_ORDER)} that is there{rest}")
