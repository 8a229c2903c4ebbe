"""One line in the terminal while a notebook runs: which cell, how long, and what the cell itself says it is doing."""

import re
import sys
import time
from typing import Any, Self

CLEAR = "\r\x1b[2K"
WARNING = re.compile(r"\b\w*(?:Warning|Error)\b: .*")


class Progress:
    """A line that is written again and again where stderr is a terminal, and nothing where it is not.

    It also stands in for the notebook's stderr: the last piece of a progress bar joins the line, and warnings are
    counted and told at the end, since a page holds neither.
    """

    def __init__(self, stem: str, cells: int) -> None:
        self.stem, self.cells, self.number = stem, cells, 0
        self.said, self.warnings = "", list[str]()
        self.start, self.live = time.monotonic(), sys.stderr.isatty()

    def __enter__(self) -> Self:
        self._tell()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live:
            sys.stderr.write(CLEAR)
        if self.warnings:
            more = f" (and {len(self.warnings) - 1} more)" if len(self.warnings) > 1 else ""
            sys.stderr.write(f"{self.stem}: {self.warnings[0][:300]}{more}\n")
        sys.stderr.flush()

    def cell(self, cell_index: int, **_: Any) -> None:
        """The kernel starts a cell, counted from 0."""
        self.number, self.said = cell_index + 1, ""
        self._tell()

    def write(self, text: str) -> None:
        """The notebook wrote to its stderr."""
        self.warnings += [found for found in WARNING.findall(text) if found not in self.warnings]
        pieces = [piece.strip() for piece in re.split(r"[\r\n]", text) if piece.strip()]
        self.said = pieces[-1] if pieces else self.said
        self._tell()

    def flush(self) -> None:
        """Part of being a file."""

    def _tell(self) -> None:
        """Write the line again."""
        if self.live:
            seconds = time.monotonic() - self.start
            line = f"{self.stem}  cell {self.number} of {self.cells}  {seconds:.0f} s  {self.said}"
            sys.stderr.write(CLEAR + line[:110])
            sys.stderr.flush()
