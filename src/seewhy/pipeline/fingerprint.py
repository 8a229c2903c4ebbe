"""What a page was made from, as one hash: equal hashes mean an equal page, so that it need not be made again."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.config.code import PACKAGE, code_hash, tree_hash
from seewhy.config.project import Project
from seewhy.pipeline.stage_settings import PAGES, stage_settings


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
        "data": [_content_hash(path) for path in page_inputs(project, name)],
        "code": code_hash(stem),
    }
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


def page_inputs(project: Project, name: str) -> list[Path]:
    """Files and folders that pages of a study or comparison read; some may not be there."""
    root, params = project.root, project.params
    studies = params.comparisons[name].studies if name in params.comparisons else [name]
    found = [artifacts.measurements_folder(root, name)] if name in params.comparisons else []
    for study in studies:
        settings = params.study_settings(study)
        found += [artifacts.dataset_path(root, settings.dataset), root / settings.checkpoint]
        found += [artifacts.predictions_path(root, study), artifacts.attributions_folder(root, study)]
        found += [artifacts.measurements_folder(root, study)]
        if study != name:
            found += [
                artifacts.reports_folder(root, study) / "verdict.json",
                artifacts.metrics_path(root, study, "audit"),
            ]
    return found


def _content_hash(path: Path) -> str:
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
    return artifacts.file_sha256(path)


def render_hash(executed: Path, site: dict[str, Any]) -> str:
    """Hex digest of all that a page's HTML is made from: executed notebook, surroundings, template and styles."""
    own = [artifacts.file_sha256(executed), site, _rendering_code()]
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()


@cache
def _rendering_code() -> str:
    return tree_hash([*_list_files(PACKAGE / "report/html"), *_list_files(PACKAGE / "report/plots")], PACKAGE)


def _list_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
