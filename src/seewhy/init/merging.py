"""Files written into a project: missing ones are added, older ones that nobody changed are replaced, others are kept.

A file counts as unchanged where its hash is the one in .seewhy.json, which was noted when the file was written. The
note is written after each file, so that a call that was stopped is completed by the next.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from seewhy import __version__
from seewhy.config import artifacts
from seewhy.config.params import FILE
from seewhy.errors import SeewhyError
from seewhy.pipeline import notebooks

RECORD = ".seewhy.json"
IGNORE_FILES = (".gitignore", ".dvcignore")  # missing lines are added to one that is there
USERS = (FILE, ".dvc/config")  # the user's from the first day: never replaced


@dataclass
class Outcome:
    """What was done with which files; a kept file has the reason."""

    added: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def merge_files(root: Path, texts: dict[str, str]) -> Outcome:
    """Writes `texts` (by path below `root`) where that takes nothing away from anybody."""
    noted = read_record(root)
    write_record(root, noted)
    outcome = Outcome()
    for name, text in texts.items():
        if _merge_file(root, name, text, noted.get(name), outcome):
            noted[name] = content_hash(name, text)
            write_record(root, noted)
    for name in sorted(set(noted) - set(texts)):
        if (root / name).exists():
            outcome.kept[name] = f"seewhy {__version__} does not have it any more; delete it if you do not need it"
    return outcome


def read_record(root: Path) -> dict[str, str]:
    """The noted hash of each file that was written here, by its path; empty where there is no note."""
    path = root / RECORD
    if not path.is_file():
        return {}
    found = artifacts.read_json(path)
    files = found.get("files") if isinstance(found, dict) else None
    if not isinstance(files, dict):
        raise SeewhyError(f"{path}: found no mapping `files`; allowed: what `seewhy init` wrote, or no such file")
    return files


def write_record(root: Path, noted: dict[str, str]) -> None:
    """Notes hashes and the version that wrote last."""
    artifacts.write_json(root / RECORD, {"version": __version__, "files": noted})


def content_hash(name: str, text: str) -> str:
    """Hash of what a file says: of a notebook without outputs, so that one that was only run is unchanged."""
    if name.endswith(".ipynb"):
        try:
            return notebooks.text_hash(text, name)
        except SeewhyError:
            pass
    return hashlib.sha256(text.encode()).hexdigest()


def _merge_file(root: Path, name: str, text: str, noted: str | None, outcome: Outcome) -> bool:
    """Decides about one file; whether it now is as `text` says."""
    path, wanted = root / name, content_hash(name, text)
    if not path.exists() and not path.is_symlink():
        artifacts.write_text(path, text)
        outcome.added.append(name)
        return True
    there = path.read_text(encoding="utf-8", errors="replace")
    found = content_hash(name, there)
    if found == wanted:
        return True
    if name in USERS:
        return False
    if found == noted:
        artifacts.write_text(path, text)
        outcome.replaced.append(name)
        return True
    if name in IGNORE_FILES:
        _add_lines(path, there, text, outcome, name)
        return False
    outcome.kept[name] = _kept_reason(noted, wanted)
    return False


def _kept_reason(noted: str | None, wanted: str) -> str:
    newer = f"; delete it and call this again to have that of seewhy {__version__}"
    if noted == wanted:
        return "changed here"
    return ("changed here" if noted else "was there already") + newer


def _add_lines(path: Path, there: str, text: str, outcome: Outcome, name: str) -> None:
    """All lines at the end of a list of patterns that lacks some: their order matters."""
    patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
    if not set(patterns) <= set(there.splitlines()):
        artifacts.write_text(path, there + ("" if there.endswith("\n") or not there else "\n") + text)
        outcome.extended.append(name)
