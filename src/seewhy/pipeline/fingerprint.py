"""What a page was made from, as one hash: equal hashes mean an equal page, so that it need not be made again."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.pipeline.stage_settings import PAGES, stage_settings

PACKAGE = Path(__file__).parents[1]
TEXTS = PACKAGE / "report" / "text"
PAGE_TEXT = re.compile(r"\d\d_")  # begins the name of a template that one page reads
# what starts, checks and tells, and what makes HTML of an executed notebook: none of it changes what a notebook shows
UNSEEN: tuple[str, ...] = ("pipeline", "doctor", "cli.py", "__main__.py", "export.py", "errors.py", "progress.py")
UNSEEN += ("report/run.py", "report/progress.py", "report/site.py", "report/index_*.py")
UNSEEN += tuple(f"report/html/{name}" for name in ("template", "assets.py", "excerpts.py", "render.py"))


def page_fingerprint(project: Project, name: str, stem: str) -> str:
    """Hex digest of all that the page of that stem shows for a study or comparison: its notebook and parameters, the
    study's settings, the tables and maps that it reads, the code that draws, and its own texts."""
    settings = stage_settings(project, name)[PAGES]
    section = stem.partition("_")[2]
    own = {
        "base": settings["base"],
        "studies": settings["studies"],
        "notebook": settings["notebooks"][stem],
        "parameters": settings["sections"][section],
        "data": [_content(path) for path in page_inputs(project, name)],
        "code": _code(stem),
    }
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def page_inputs(project: Project, name: str) -> list[Path]:
    """Files and folders that pages of a study or comparison read; some may not be there."""
    root, params = project.root, project.params
    studies = params.comparisons[name].studies if name in params.comparisons else [name]
    found = [artifacts.measurements(root, name)] if name in params.comparisons else []
    for study in studies:
        settings = params.study(study)
        found += [artifacts.dataset(root, settings.dataset), root / settings.checkpoint]
        found += [artifacts.predictions(root, study), artifacts.attributions(root, study)]
        found += [artifacts.measurements(root, study)]
        if study != name:
            found += [artifacts.reports(root, study) / "verdict.json", artifacts.metrics(root, study, "audit")]
    return found


def tree_hash(paths: Iterable[Path], root: Path) -> str:
    """Hex digest of the files' names below `root` and their bytes, in the order of the names."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root).as_posix()} {artifacts.sha256(path)}\n".encode())
    return digest.hexdigest()


def code_files(stem: str) -> Iterator[Path]:
    """The package's files that a page's notebook can run or read: of the texts of single pages, only its own."""
    unseen = {path for pattern in UNSEEN for path in PACKAGE.glob(pattern)}
    for path in sorted(PACKAGE.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts or unseen.intersection((path, *path.parents)):
            continue
        of_a_page = path.parent == TEXTS and PAGE_TEXT.match(path.name)
        if not of_a_page or path.name.startswith(stem):
            yield path


@cache
def _code(stem: str) -> str:
    return tree_hash(code_files(stem), PACKAGE)


def _content(path: Path) -> str:
    """Hash of a file, or of all files in a folder; empty for what is not there."""
    if path.is_dir():
        return tree_hash((one for one in path.rglob("*") if one.is_file()), path)
    if not path.is_file():
        return ""
    stat = path.stat()
    return _file_hash(path, stat.st_size, stat.st_mtime_ns)


@cache
def _file_hash(path: Path, _size: int, _changed: int) -> str:
    """Hash of a file, taken once for all pages of a process."""
    return artifacts.sha256(path)


def render_hash(executed: Path, site: dict[str, Any]) -> str:
    """Hex digest of all that a page's HTML is made from: executed notebook, surroundings, template and styles."""
    own = [artifacts.sha256(executed), site, _rendering_code()]
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


@cache
def _rendering_code() -> str:
    return tree_hash([*_files(PACKAGE / "report/html"), *_files(PACKAGE / "report/plots")], PACKAGE)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
