"""The files that `seewhy init` writes: carried by the wheel, or at the top of the repository of an editable install."""

from pathlib import Path

from seewhy import __version__
from seewhy.config.code import PACKAGE
from seewhy.errors import SeewhyError
from seewhy.init import conversion

HERE = PACKAGE / "init"
CARRIED = HERE / "files"  # made by setup.py
PATTERNS = "files.txt"
WORKFLOW = ".github/workflows/seewhy.yml"


def template_root() -> Path:
    """The folder with the files as they are in the repository; raises SeewhyError where the install has none."""
    for folder in (CARRIED, PACKAGE.parents[1]):
        if (folder / "dvc.yaml").is_file() and (folder / "notebooks").is_dir():
            return folder
    raise SeewhyError(f"the files of a project are not in {CARRIED}; install seewhy again: pip install --force seewhy")


def project_files() -> dict[str, str]:
    """Every file of a project of one's own: its path below the project, and its text."""
    root = template_root()
    patterns = (HERE / PATTERNS).read_text(encoding="utf-8").split()
    paths = [path for pattern in patterns for path in sorted(root.glob(pattern))]
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    texts[WORKFLOW] = (HERE / "workflow.yml").read_text(encoding="utf-8")
    return {name: conversion.own_text(name, text, __version__) for name, text in texts.items()}
