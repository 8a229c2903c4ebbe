"""Lines of params.yaml to paste: names, paths and values as YAML 1.2 reads them back."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORDS = {"true", "false", "null", "yes", "no", "on", "off", "nan", "inf"}  # which YAML, or a reader, takes for others


@dataclass(frozen=True)
class Found:
    """What a file was found to be: facts to read, and lines to paste into params.yaml."""

    facts: dict[str, str]
    lines: str


def entry_name(path: Path) -> str:
    """A name for an entry, as params.yaml allows them."""
    return re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:80] or "mine"


def yaml_path(path: Path, root: Path) -> str:
    """The path as params.yaml has it: from the project's folder; where it should lie, if it is outside."""
    whole = path.resolve()
    inside = whole.relative_to(root.resolve()).as_posix() if whole.is_relative_to(root.resolve()) else None
    return flow_style(inside or f"data/inputs/{path.name}")


def flow_style(value: Any) -> str:
    """A value in YAML's flow style; text is quoted where YAML would read it as something else."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow_style(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow_style, value)) + "]"
    if isinstance(value, str) and not _is_plain(value):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _is_plain(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_/][\w./-]*", text, re.ASCII)) and text.lower() not in WORDS
