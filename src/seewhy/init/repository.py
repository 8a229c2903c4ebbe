"""The git repository around a project: made where there is none, and asked what it ignores."""

import os
import subprocess
from pathlib import Path

from seewhy.errors import SeewhyError


def ensure_git(root: Path) -> bool:
    """Makes the folder a git repository unless one is around it; whether it was made."""
    asked = _call_git(root, "rev-parse", "--show-toplevel")
    if asked.returncode == 0:
        return False
    if "not a git repository" not in asked.stderr:
        raise _git_error(root, asked.stderr)
    made = _call_git(root, "init", "--quiet")
    if made.returncode:
        raise _git_error(root, made.stderr)
    return True


def ignored_files(root: Path, names: list[str]) -> list[str]:
    """Those of the files that git ignores, so that neither it nor DVC would keep them."""
    return _call_git(root, "check-ignore", "--no-index", "--", *names).stdout.splitlines()


def _call_git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-c", "core.quotePath=false", *words]
    given = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, cwd=root, env=given, capture_output=True, text=True, check=False)


def _git_error(root: Path, said: str) -> SeewhyError:
    return SeewhyError(f"git cannot use {root}: {' '.join(said.split())}; call this again when it can")
