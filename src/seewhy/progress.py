"""Progress on long work: a bar on the terminal or in JupyterLab, never in a notebook's stored outputs."""

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
VARIABLE = "SEEWHY_PROGRESS"
RELAYED = "relayed"  # the runner shows on its terminal what a notebook writes to stderr: a kernel has none of its own
OFF = "off"
TOLD = "{desc}: {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"


def show_progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """`items` again, with a bar of `total` steps named `label` that says what is done and forecasts the rest."""
    relayed = os.environ.get(VARIABLE) == RELAYED
    form = {"bar_format": TOLD, "nrows": 2, "mininterval": 1} if relayed else {}
    with _bar_class()(items, total=total, desc=label, disable=not _is_shown(), leave=False, delay=1, **form) as bar:
        yield from bar


def print_above_bars(line: str) -> None:
    """A line above the bars, where there are any."""
    if _is_shown():
        _bar_class().write(line, file=sys.stderr)


def _bar_class() -> Any:
    """tqdm's class: text for a terminal and for the runner, a widget in JupyterLab."""
    if os.environ.get(VARIABLE) == RELAYED:
        from tqdm.std import tqdm
    else:
        from tqdm.auto import tqdm  # type: ignore[assignment]
    return tqdm


def _is_shown() -> bool:
    """Whether anybody looks."""
    mode = os.environ.get(VARIABLE)
    return mode != OFF and (mode == RELAYED or sys.stderr.isatty() or "ipykernel" in sys.modules)
