"""Where `seewhy init` may write: a new or empty folder, or one that nothing of another tool stands in the way."""

import shutil
from pathlib import Path

from seewhy.config.params import FILE, OURS, Params
from seewhy.config.validation import validate_settings
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError, list_names
from seewhy.init.merging import RECORD
from seewhy.pipeline import notebooks

PIPELINES = ("dvc.yaml", "data/dvc.yaml")
VERB = "python -m seewhy"  # stands in every dvc.yaml of ours


def check_place(root: Path, here: bool) -> None:
    """Raises SeewhyError, with the way out, before anything is written."""
    if not shutil.which("git"):
        raise SeewhyError("git is not found; install it first: a project is a git repository")
    if root.exists() and not root.is_dir():
        raise SeewhyError(f"{root} is a file; allowed: a new or empty folder")
    if (root / "src/seewhy/__init__.py").is_file():
        raise SeewhyError(f"{root} is a repository of seewhy itself; allowed: a folder of your own: seewhy init DIR")
    if (root / RECORD).is_file():
        return
    others = _list_others(root)
    if others and not here:
        way = "to add a project to what is there, call in it: seewhy init --here"
        raise SeewhyError(f"{root} is not empty (found: {list_names(others)}); {way}")
    if others:
        _refuse_other_tools(root)


def _list_others(root: Path) -> list[str]:
    """What is in the folder, but for an empty repository and what a stopped call has left."""
    names = [path.name for path in root.iterdir()] if root.is_dir() else []
    return sorted(name for name in names if name != ".git" and not name.startswith((RECORD, f".{RECORD}")))


def _refuse_other_tools(root: Path) -> None:
    """A file of a name that a project needs for itself must be of seewhy."""
    way = "allowed: seewhy's own; give the project a folder of its own: seewhy init DIR"
    for name in PIPELINES:
        if (root / name).exists() and VERB not in (root / name).read_text(encoding="utf-8", errors="replace"):
            raise SeewhyError(f"{name} is of another pipeline; {way}")
    try:
        found = notebooks.find_notebooks(root)
    except SeewhyError as error:
        raise SeewhyError(f"{error}; or {way.removeprefix('allowed: ')}") from None
    if (root / FILE).exists():
        _check_params(root, {one.section for one in found}, way)


def _check_params(root: Path, sections: set[str], way: str) -> None:
    """params.yaml may hold sections of ours, valid ones, and of notebooks."""
    from seewhy.init.templates import template_root

    sections |= {one.section for one in notebooks.find_notebooks(template_root())}
    try:
        data = read_yaml(root / FILE)
        ours = {key: data[key] for key in Params.model_fields if key in data and key not in OURS}
        if foreign := sorted(map(str, set(data) - set(ours) - sections)):
            raise SeewhyError(f"{FILE} is of another tool: found {list_names(foreign)}")
        validate_settings(Params, ours, FILE)
    except SeewhyError as error:
        raise SeewhyError(f"{error}; {way}") from None
