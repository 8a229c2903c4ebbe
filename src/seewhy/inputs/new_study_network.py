"""The checkpoint of a new study, and the network and the preprocessing that it is of."""

from pathlib import Path
from typing import Any

from seewhy.config.project import Project
from seewhy.errors import list_names
from seewhy.inputs.checkpoint import NAMES, Checkpoint, config_key, load_checkpoint
from seewhy.inputs.constructors import LIBRARIES
from seewhy.inputs.guess import Guess
from seewhy.inputs.new_study_request import Ask, Proposal, Request, ask_or_refuse, path_of_option
from seewhy.inputs.paths import path_from_root


def settle_checkpoint(project: Project, request: Request, found: Proposal, ask: Ask | None) -> Checkpoint:
    """The checkpoint file that was said, or that a person names when asked, read as data."""
    given = request.checkpoint or ask_or_refuse("the checkpoint", "--checkpoint PATH", ask, "a study has one")
    path = path_of_option(given, project.root, "--checkpoint")
    point = load_checkpoint(path, "--checkpoint")
    found.settings["checkpoint"] = path_from_root(path, project.root)
    found.add_fact("checkpoint", f"{len(point.weights):,} tensors", f"'{path.name}', read as data")
    for note in getattr(point, "notes", ()):
        found.add_fact("note", note)
    return point


def settle_network(
    project: Project,
    request: Request,
    point: Checkpoint,
    guesses: list[Guess],
    classes: list[str],
    of_study: dict[str, Any],
    found: Proposal,
    ask: Ask | None,
) -> None:
    """The architecture that was said, or the only one whose every tensor is in the file."""
    exact = [one for one in guesses if one.is_exact]
    said = request.architecture or str(of_study.get("architecture", ""))
    if said:
        found.settings["architecture"] = said
        found.add_fact("network", said, "--architecture")
    elif point.config.get("architectures"):  # that of a folder of save_pretrained alone
        found.settings["architecture"] = f"transformers:{found.settings['checkpoint']}"
        found.add_fact("network", found.settings["architecture"], "config.json beside the weights names its class")
    elif exact:
        found.settings["architecture"] = exact[0].architecture
        found.settings |= {"arguments": dict(exact[0].arguments)} if exact[0].arguments else {}
        more = f"; also {list_names(one.architecture for one in exact[1:])}" if exact[1:] else ""
        found.add_fact("network", exact[0].architecture, f"all {exact[0].total} tensors of it are in the file{more}")
    elif own := _class_of_model(point.path, project.root):
        found.settings["architecture"] = own
        found.add_fact("network", own, f"the file holds a whole model of class {point.path}")
    else:
        found.settings["architecture"] = ask_or_refuse(
            "the network",
            "--architecture torchvision:NAME, timm:NAME or my_nets:MyNet (my_nets.py beside params.yaml)",
            ask,
            _nearest_network(point, guesses),
        )
    outputs = next((one.classes for one in exact if one.classes), None)
    if outputs and classes and outputs not in (len(classes), 1) and found.dataset["task"] != "captioning":
        found.add_fact(
            "note", f"the network has {outputs} outputs, the data {len(classes)} classes: --classes names all of them"
        )


def _class_of_model(path: str, root: Path) -> str:
    """The class of a model that was saved whole, as an architecture: one of a library that makes it by what the file
    says, or of a file of that name in the project; "" where there is neither. A module of a package, as YOLOv5's
    `models.yolo`, is imported as a whole; a script may train when it is."""
    module, _, name = path.rpartition(".")
    file = f"{module.replace('.', '/')}.py"
    if module.partition(".")[0] in LIBRARIES or ("." in module and (root / file).is_file()):
        return f"{module}:{name}"
    return f"{file}:{name}" if module and (root / file).is_file() else ""


def _nearest_network(point: Checkpoint, guesses: list[Guess]) -> str:
    """What is known of a network that the file does not tell: the class of a whole model, or what comes nearest."""
    if point.path:
        return f"the file holds a whole model of class {point.path}"
    if guesses:
        return f"the nearest is {guesses[0].architecture} with {guesses[0].matched} of {guesses[0].total} tensors"
    return "no known network has such tensors"


def settle_preprocessing(
    request: Request, point: Checkpoint, of_study: dict[str, Any], found: Proposal, ask: Ask | None
) -> None:
    """The user's line, or what the file says; never a guess."""
    if request.transform:
        found.settings["preprocessing"] = request.transform
        found.add_fact("preprocessing", request.transform, "--transform")
        return
    side = point.config.get("imgsz")
    if isinstance(side, int) and not of_study.get("preprocessing"):
        line = f"Compose([LetterBox(({side}, {side}), auto=False), ToTensor()])"
        found.settings["preprocessing"] = line
        found.add_fact("preprocessing", line, f"the checkpoint's own imgsz {side}, every image in a square")
        return
    told = {key: point.config[name] for key in NAMES if (name := config_key(point.config, key))}
    given = of_study.get("preprocessing", {})
    lacking = [key for key in NAMES if key not in told and key not in given]
    if isinstance(given, dict) and lacking and "transform" not in given:
        line = ask_or_refuse(
            "the preprocessing",
            "--transform 'LINE', the line of your own code, as 'Compose([Resize(224), ToTensor(), Normalize(...)])'",
            ask,
            f"the file does not tell {list_names(lacking)}",
        )
        found.settings["preprocessing"] = line
        found.add_fact("preprocessing", line, "as you said")
        return
    found.add_fact(
        "preprocessing",
        list_names(f"{key} {value}" for key, value in (told | dict(given)).items()),
        "the checkpoint's own settings" if not given else "--set",
    )
