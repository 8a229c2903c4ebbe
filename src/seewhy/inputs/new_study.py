"""Files -> a study: what they are, why it seems so, and the two sections of params.yaml. Nothing in them is run."""

import ast
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seewhy.config.dataset import WITHOUT_CLASSES
from seewhy.config.dataset import Dataset as DatasetSettings
from seewhy.config.params import FILE, Study
from seewhy.config.project import Project
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import dataset
from seewhy.inputs.checkpoint import NAMES, Checkpoint, load, named
from seewhy.inputs.guess import Guess, guess
from seewhy.inputs.layouts import Finding, choose_layout, table
from seewhy.inputs.option_values import split_options
from seewhy.inputs.paths import relative

SPLIT_ORDER = ("test", "val", "train")  # which split is studied where none is named
Ask = Callable[[str], str]


class MissingOptionError(SeewhyError):
    """What only the user knows and did not say; the message names the option to add. The verb exits with code 2."""


@dataclass(frozen=True)
class Request:
    """What was asked for at the prompt, as text; "" where nothing was said."""

    study: str
    data: str
    checkpoint: str = ""
    architecture: str = ""
    transform: str = ""
    split: str = ""
    classes: str = ""
    task: str = ""
    layer: str = ""
    settings: tuple[str, ...] = ()


@dataclass
class Proposal:
    """The two sections, and what was found, as (what, value, why) for people."""

    study: str
    dataset: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    facts: list[tuple[str, str, str]] = field(default_factory=list)

    def tell(self, what: str, value: object, why: str = "") -> None:
        """Adds a line of the table."""
        self.facts.append((what, str(value), why))


def propose_study(project: Project, request: Request, ask: Ask | None = None) -> Proposal:
    """Looks at the files of a request and settles both sections; `ask` asks a person for what cannot be known.

    Raises MissingOptionError without `ask`, SeewhyError for what is wrong in files and options.
    """
    found = Proposal(request.study)
    of_dataset, of_study = split_options(request.settings)
    data = _there(request.data, project.root, "--data")
    point = _checkpoint(project, request, found, ask)
    guesses = guess(point)
    finding = _layout(data, of_dataset, found)
    _task(request, finding, of_dataset, guesses, found)
    found.dataset |= {"data": relative(data, project.root), "layout": finding.layout, **finding.settings, **of_dataset}
    colours = found.dataset.get("colours")
    if colours and Path(colours).is_absolute():
        found.dataset["colours"] = relative(Path(colours), project.root)
    line = request.split or str(of_study.get("split", ""))
    if kept := [name for name in names_in_line(line) if name in table.column_names(data)]:
        found.dataset["keep"] = list(dict.fromkeys([*found.dataset.get("keep", []), *kept]))
    unchecked = _read(project, request, point, found, ask)
    _split(line, unchecked, project.root, found)
    _network(request, guesses, unchecked.classes, of_study, found, ask)
    _preprocessing(request, point, of_study, found, ask)
    if request.layer:
        found.settings["layer"] = request.layer
        found.tell("layer", request.layer, "--layer")
    found.settings |= _merged(found.settings, of_study)
    for note in unchecked.notes[1:]:
        found.tell("note", note)
    validate_settings(DatasetSettings, found.dataset, f"the new dataset of {FILE}")
    validate_settings(Study, {"dataset": request.study} | found.settings, f"the new study of {FILE}")
    return found


def _missing(what: str, option: str, ask: Ask | None, why: str) -> str:
    """The user's word for it, or the refusal that names the option."""
    if ask is not None:
        return ask(f"{what} ({why})")
    raise MissingOptionError(f"{what} is not known: {why}; add {option}")


def _there(given: str, root: Path, option: str) -> Path:
    for path in (Path.cwd() / given, root / given):
        if path.exists():
            return Path(os.path.normpath(path))
    raise SeewhyError(f"{option}: there is no file or folder '{given}'")


def _layout(data: Path, of_dataset: dict[str, Any], found: Proposal) -> Finding:
    asked = str(of_dataset.get("layout", "auto"))
    try:
        finding = choose_layout(data, asked, "layout")
    except SeewhyError as error:
        if "can be read in" in str(error):
            raise MissingOptionError(f"{error}; add --set layout=NAME") from None
        raise
    found.tell("layout", finding.layout, finding.reason)
    return finding


def _task(
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
    found.tell("task", task, why)


def _read(project: Project, request: Request, point: Checkpoint, found: Proposal, ask: Ask | None) -> dataset.Unchecked:
    """The dataset as its section says, not yet checked; class names and their order are settled here."""
    task = found.dataset["task"]
    if request.classes:
        found.dataset["classes"] = _class_option(request.classes, project.root)
    settings = validate_settings(DatasetSettings, found.dataset, f"the new dataset of {FILE}")
    try:
        unchecked = dataset.read(request.study, settings, project.root)
    except SeewhyError as error:
        if "name no classes" not in str(error):
            raise
        known = point.classes or _missing(
            "the classes' names", "--classes a,b,c or --classes FILE", ask, "the data name none"
        )
        found.dataset["classes"] = known.split(",") if isinstance(known, str) else known
        unchecked = dataset.read(request.study, validate_settings(DatasetSettings, found.dataset, FILE), project.root)
    why = "--classes" if request.classes else "the order of the data: names sorted as text, as ImageFolder does"
    told = point.classes
    if told and task not in WITHOUT_CLASSES and list(told) != unchecked.classes:
        unchecked, why = _by_checkpoint(project, request, list(told), unchecked, found, why)
    if unchecked.classes:
        found.dataset.setdefault("classes", unchecked.classes)
        found.tell("classes", f"{len(unchecked.classes)}: {list_names(unchecked.classes)}", why)
    return unchecked


def _by_checkpoint(
    project: Project, request: Request, told: list[str], unchecked: dataset.Unchecked, found: Proposal, why: str
) -> tuple[dataset.Unchecked, str]:
    """The checkpoint's own names and order, where they are of the data's classes or stand for its numbers."""
    ours = unchecked.classes
    if request.classes:
        if set(told) == set(ours):
            said = f"--classes says {list_names(ours)}, the checkpoint {list_names(told)}"
            raise SeewhyError(f"{said}; allowed: the order of the checkpoint")
        found.tell("note", f"the checkpoint calls its classes {list_names(told)}")
        return unchecked, why
    numbers = all(name.isdecimal() for name in ours) and len(ours) <= len(told)
    if not (set(ours) <= set(told) or numbers):
        found.tell("note", f"the checkpoint calls its classes {list_names(told)}, the data {list_names(ours)}")
        return unchecked, why
    found.dataset["classes"] = told
    settings = validate_settings(DatasetSettings, found.dataset, FILE)
    return dataset.read(request.study, settings, project.root), "the checkpoint's own names, in its order"


def _class_option(given: str, root: Path) -> str | list[str]:
    """A file of names, or names separated by commas."""
    for path in (Path.cwd() / given, root / given):
        if path.is_file():
            return relative(path, root)
    return [name.strip() for name in given.split(",") if name.strip()]


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


def _rows_of_line(line: str, unchecked: dataset.Unchecked, root: Path) -> str:
    """What a line of splitting takes, as a sentence; raises SeewhyError for one that takes nothing."""
    from seewhy.inputs.split_line import select_rows

    frame = unchecked.frame if "split" in unchecked.frame else unchecked.frame.assign(split="test")
    return str(select_rows(line, frame, root, unchecked.classes).sentence)


def _split(line: str, unchecked: dataset.Unchecked, root: Path, found: Proposal) -> None:
    frame = unchecked.frame
    held = frame["split"].replace("", "test").value_counts() if "split" in frame else None
    counts = (
        f"{len(frame):,} images" if held is None else list_names(f"{name} {count:,}" for name, count in held.items())
    )
    found.tell("images", counts)
    if line:
        found.settings["split"] = line
        plain = held is not None and line in held.index
        found.tell("split", line, "--split" if plain else _rows_of_line(line, unchecked, root))
    elif held is None:
        found.tell(
            "split", "all images", "no split is named; --split 'random_split([0.8, 0.2], seed=42)[1]' takes a part"
        )
    else:
        names = [one for one in SPLIT_ORDER if one in held.index] or [str(held.index[0])]
        rest = f", not {list_names(one for one in held.index if one != names[0])}" if len(held) > 1 else ""
        found.settings["split"] = names[0]
        found.tell("split", names[0], f"the first of {', '.join(SPLIT_ORDER)} that is there{rest}")


def _checkpoint(project: Project, request: Request, found: Proposal, ask: Ask | None) -> Checkpoint:
    given = request.checkpoint or _missing("the checkpoint", "--checkpoint PATH", ask, "a study has one")
    path = _there(given, project.root, "--checkpoint")
    point = load(path, "--checkpoint")
    found.settings["checkpoint"] = relative(path, project.root)
    found.tell("checkpoint", f"{len(point.weights):,} tensors", f"'{path.name}', read as data")
    for note in getattr(point, "notes", ()):
        found.tell("note", note)
    return point


def _network(
    request: Request,
    guesses: list[Guess],
    classes: list[str],
    of_study: dict[str, Any],
    found: Proposal,
    ask: Ask | None,
) -> None:
    """The architecture that was said, or the only one whose every tensor is in the file."""
    exact = [one for one in guesses if one.exact]
    said = request.architecture or str(of_study.get("architecture", ""))
    if said:
        found.settings["architecture"] = said
        found.tell("network", said, "--architecture")
    elif exact:
        found.settings["architecture"] = exact[0].architecture
        found.settings |= {"arguments": dict(exact[0].arguments)} if exact[0].arguments else {}
        more = f"; also {list_names(one.architecture for one in exact[1:])}" if exact[1:] else ""
        found.tell("network", exact[0].architecture, f"all {exact[0].total} tensors of it are in the file{more}")
    else:
        near = (
            f"the nearest is {guesses[0].architecture} with {guesses[0].matched} of {guesses[0].total} tensors"
            if guesses
            else "no known network has such tensors"
        )
        found.settings["architecture"] = _missing(
            "the network",
            "--architecture torchvision:NAME, timm:NAME or my_nets:MyNet (my_nets.py beside params.yaml)",
            ask,
            near,
        )
    outputs = next((one.classes for one in exact if one.classes), None)
    if outputs and classes and outputs not in (len(classes), 1) and found.dataset["task"] != "captioning":
        found.tell(
            "note", f"the network has {outputs} outputs, the data {len(classes)} classes: --classes names all of them"
        )


def _preprocessing(
    request: Request, point: Checkpoint, of_study: dict[str, Any], found: Proposal, ask: Ask | None
) -> None:
    """The user's line, or what the file says; never a guess."""
    if request.transform:
        found.settings["preprocessing"] = request.transform
        found.tell("preprocessing", request.transform, "--transform")
        return
    told = {key: point.config[name] for key in NAMES if (name := named(point.config, key))}
    given = of_study.get("preprocessing", {})
    lacking = [key for key in NAMES if key not in told and key not in given]
    if isinstance(given, dict) and lacking and "transform" not in given:
        line = _missing(
            "the preprocessing",
            "--transform 'LINE', the line of your own code, as 'Compose([Resize(224), ToTensor(), Normalize(...)])'",
            ask,
            f"the file does not tell {list_names(lacking)}",
        )
        found.settings["preprocessing"] = line
        found.tell("preprocessing", line, "as you said")
        return
    found.tell(
        "preprocessing",
        list_names(f"{key} {value}" for key, value in (told | dict(given)).items()),
        "the checkpoint's own settings" if not given else "--set",
    )


def _merged(settings: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
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
