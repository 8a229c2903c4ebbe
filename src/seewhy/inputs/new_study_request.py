"""What a person asks for at the prompt, what is proposed, and the question where neither files nor person tell."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seewhy.errors import SeewhyError

Ask = Callable[[str], str]


class MissingOptionError(SeewhyError):
    """What only the user knows and did not say; the message names the option to add. The verb exits with code 2."""


@dataclass(frozen=True)
class Request:
    """What was asked for at the prompt, as text; "" where nothing was said."""

    study: str
    data: str
    checkpoint: str = ""
    architecture: str = ""
    transform: str = ""
    split: str = ""
    classes: str = ""
    task: str = ""
    layer: str = ""
    settings: tuple[str, ...] = ()


@dataclass
class Proposal:
    """The two sections, and what was found, as (what, value, why) for people."""

    study: str
    dataset: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    facts: list[tuple[str, str, str]] = field(default_factory=list)

    def add_fact(self, what: str, value: object, why: str = "") -> None:
        """Adds a line of the table."""
        self.facts.append((what, str(value), why))


def ask_or_refuse(what: str, option: str, ask: Ask | None, why: str) -> str:
    """The user's word for it, or the refusal that names the option."""
    if ask is not None:
        return ask(f"{what} ({why})")
    raise MissingOptionError(f"{what} is not known: {why}; add {option}")


def path_of_option(given: str, root: Path, option: str) -> Path:
    """The file or folder that an option names, from the current folder or the project. Raises SeewhyError for none."""
    for path in (Path.cwd() / given, root / given):
        if path.exists():
            return Path(os.path.normpath(path))
    raise SeewhyError(f"{option}: there is no file or folder '{given}'")
