"""Commands in a project of the tests, each in a process of its own: Python, DVC and git, and what they leave behind."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from seewhy.pipeline import notebooks

ROOT = Path(__file__).parents[1]
STEMS = [one.stem for one in notebooks.find_notebooks(ROOT) if one.subject_parameter == notebooks.STUDY]
LOOK = "data/dvc.yaml:dataset@things"  # is taken every time


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "SEEWHY_PROGRESS": "off"}


def call(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)


def stale(root: Path) -> set[str]:
    """The stages that `dvc status` names, but for the look at the dataset."""
    ended = call(root, "dvc", "status", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return set(json.loads(ended.stdout)) - {LOOK}


def prepare(root: Path) -> None:
    """Make a project's folder a repository of git and DVC, with the package's source as its code."""
    (root / "src").symlink_to(ROOT / "src")
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in (".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, root)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)


def traces(root: Path) -> dict[str, str]:
    """The hash of every file that stages have made below data/ and reports/, hidden ones too, by its path."""
    inputs, paths = root / "data/inputs", [*(root / "data").rglob("*"), *(root / "reports").rglob("*")]
    made = sorted(path for path in paths if path.is_file() and inputs not in path.parents)
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in made}
