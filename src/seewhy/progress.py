"""Progress on long work: a bar on the terminal or in JupyterLab, never in a notebook's stored outputs."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

Item = TypeVar("Item")
VARIABLE = "SEEWHY_PROGRESS"  # terminal: the controlling terminal, if any (set by the runner); off: nothing


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """`items` again, with a bar of `total` steps named `label` that says what is done and forecasts the rest."""
    from tqdm.auto import tqdm

    stream = _stream()
    with tqdm(items, total=total, desc=label, file=stream, disable=stream is None, leave=False, delay=1) as bar:
        yield from bar


def tell(line: str) -> None:
    """A line above the bars, where there are any."""
    from tqdm.auto import tqdm

    stream = _stream()
    if stream is not None:
        tqdm.write(line, file=stream)


def _stream() -> IO[str] | None:
    """Where bars go: executed notebooks keep what is written to stderr, so a run writes past it to the terminal."""
    mode = os.environ.get(VARIABLE)
    if mode == "off":
        return None
    if mode == "terminal":
        try:
            return Path("/dev/tty").open("w")
        except OSError:
            return None
    return sys.stderr if sys.stderr.isatty() or "ipykernel" in sys.modules else None
