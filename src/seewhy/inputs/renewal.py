"""What a dataset is made from, looked at on every run: DVC does not see the images that a manifest names."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seewhy.config import artifacts
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError
from seewhy.inputs.recipes import build_from_recipe, recipe_hash

if TYPE_CHECKING:
    from seewhy.config.dataset import Dataset as Settings
    from seewhy.config.project import Project

FILE = "params.yaml"
FILES = ("manifest", "data", "classes", "images", "splits", "colours")  # keys of files and folders that are looked at
PACKAGE = Path(__file__).parents[1]
Seen = dict[str, list[int | str]]  # path from the project's root -> size and time of change, or hash


def is_current(root: Path, name: str) -> bool:
    """Whether nothing has changed since the dataset was checked last; takes no more than a look at each file."""
    try:
        entry = read_yaml(root / FILE)["datasets"][name]
    except (OSError, SeewhyError, KeyError, TypeError):
        return False
    known = _read_note(_note_path(root, name))
    files = known.get("files", {})
    settled = known.get("made") == _checking_code(entry) and known.get("recipe") == _recipe_code(entry)
    return settled and _are_there(root, files) and _file_stats(root, files) == files


def renew_dataset(project: "Project", name: str) -> None:
    """Makes what the demonstration makes and checks the dataset, each only where something changed since the last time.

    What was seen then stands in data/datasets/.<name>.seen.json: settings, code, and the size and time of change of
    every file; of a dataset's folder too, so that a new image in it is noticed. Of the checked table it is the hash:
    DVC puts an equal file in its place after every run.
    """
    root, settings = project.root, project.params.datasets[name]
    if is_current(root, name):
        return
    entry, note = read_yaml(root / FILE)["datasets"][name], _note_path(root, name)
    known = _read_note(note)
    if settings.demo and (known.get("recipe") != _recipe_code(entry) or not _are_there(root, known.get("files", {}))):
        build_from_recipe(settings.demo, root, f"datasets.{name}.demo of {FILE}")
    from seewhy.inputs.dataset import check_dataset

    note.unlink(missing_ok=True)
    check_dataset(name, settings, root)
    seen = _file_stats(root, _watched_files(root, settings, artifacts.dataset_path(root, name)))
    artifacts.write_json(note, {"made": _checking_code(entry), "recipe": _recipe_code(entry), "files": seen})


def _are_there(root: Path, files: Seen) -> bool:
    return bool(files) and all((root / one).exists() for one in files)


def _note_path(root: Path, name: str) -> Path:
    path = artifacts.dataset_path(root, name)
    return path.with_name(f".{path.stem}.seen.json")


def _read_note(note: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(note.read_text()))
    except (OSError, ValueError, TypeError):
        return {}


def _checking_code(entry: dict[str, Any]) -> str:
    """Settings and code that a check rests on."""
    code = [*sorted((PACKAGE / "inputs").rglob("*.py")), *sorted((PACKAGE / "config").glob("*.py"))]
    return f"{json.dumps(entry, sort_keys=True)} {artifacts.file_sha256(*code)}"


def _recipe_code(entry: dict[str, Any]) -> str:
    """Settings and code that made the files; empty where the user did."""
    made = entry.get("demo")
    return f"{json.dumps(made, sort_keys=True)} {recipe_hash(str(made.get('recipe')))}" if made else ""


def _file_stats(root: Path, names: Iterable[str]) -> Seen:
    found: Seen = {}
    for name in names:
        path = root / name
        try:
            stat = path.stat()
        except OSError:
            continue
        ours = path.parent == artifacts.dataset_path(root, "").parent
        found[name] = [0 if path.is_dir() else stat.st_size, artifacts.file_sha256(path) if ours else stat.st_mtime_ns]
    return found


def _watched_files(root: Path, settings: "Settings", checked: Path) -> list[str]:
    """The table itself, the files that params.yaml names, every image and mask, and a folder with all folders in it."""
    import pyarrow.parquet as pq

    from seewhy.inputs.paths import path_from_root
    from seewhy.inputs.sources import source_file

    table = pq.read_table(checked, columns=[name for name in pq.read_schema(checked).names if _is_path(name)])
    named = dict.fromkeys(name for column in table.columns for name in column.to_pylist() if name)
    images = dict.fromkeys(path_from_root(source_file(root / name), root) for name in named)
    own = [str(checked.relative_to(root)), *(getattr(settings, key) for key in FILES)]
    folder = settings.images or settings.data
    inner = (path for path in (root / folder).rglob("*/")) if folder else ()
    folders = [path_from_root(path, root) for path in inner if path.is_dir()]
    return list(dict.fromkeys([*(name for name in own if isinstance(name, str)), *folders, *images]))


def _is_path(column: str) -> bool:
    return column in ("image", "mask") or column.endswith("_mask")
