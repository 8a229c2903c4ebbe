"""data/code: a hash of the installed code that each stage runs, so that DVC runs what an upgrade concerns.

Only projects that `seewhy init` made have it: in the repository itself, stages name the source files.
"""

from collections.abc import Iterator
from pathlib import Path

from seewhy.config import artifacts
from seewhy.config.code import PACKAGE, tree_hash
from seewhy.config.yaml_file import read_yaml
from seewhy.init.conversion import CODE, SOURCE
from seewhy.init.templates import template_root


def write_stage_code(root: Path) -> None:
    """Writes data/code/<stage>.json for every stage of the package's dvc.yaml, with one hash in each."""
    for name, stage in read_yaml(template_root() / "dvc.yaml")["stages"].items():
        named = [dep for dep in stage.get("do", stage)["deps"] if dep.startswith(SOURCE)]
        paths = [path for dep in named for path in _source_files(PACKAGE / Path(dep).relative_to(SOURCE))]
        artifacts.write_json(root / CODE / f"{name}.json", {"code": tree_hash(paths, PACKAGE)})


def _source_files(place: Path) -> Iterator[Path]:
    """A file, or all files in a folder that a person wrote."""
    for path in [place] if place.is_file() else place.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
