"""One line in the terminal while a notebook runs: how far it is, how long, and what the cell says that it is doing."""

import os
import re
import sys
import threading
import time
from typing import Any, Self

CLEAR = "\r\x1b[2K"
WIDTH = 16  # letters of the bar of cells
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
        self.ended = threading.Event()
        self.clock = threading.Thread(target=self._tick_seconds, daemon=True)

    def __enter__(self) -> Self:
        self._write_line()
        self.clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.clock.join()
        if self.live:
            sys.stderr.write(CLEAR)
        if self.warnings:
            more = f" (and {len(self.warnings) - 1} more)" if len(self.warnings) > 1 else ""
            sys.stderr.write(f"{self.stem}: {self.warnings[0][:300]}{more}\n")
        sys.stderr.flush()

    def start_cell(self, cell_index: int, **_: Any) -> None:
        """The kernel starts a cell, counted from 0."""
        self.number, self.said = cell_index + 1, ""
        self._write_line()

    def write(self, text: str) -> None:
        """The notebook wrote to its stderr."""
        self.warnings += [found for found in WARNING.findall(text) if found not in self.warnings]
        pieces = [piece.strip() for piece in re.split(r"[\r\n]", text) if piece.strip()]
        self.said = pieces[-1] if pieces else self.said
        self._write_line()

    def flush(self) -> None:
        """Part of being a file."""

    def _tick_seconds(self) -> None:
        """The seconds go on, also in a cell that says nothing."""
        while not self.ended.wait(1):
            self._write_line()

    def _terminal_width(self) -> int:
        """Letters that the terminal has in a line; some say 0."""
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80

    def _write_line(self) -> None:
        """Write the line again, as much of it as the terminal is wide."""
        if self.live:
            done = WIDTH * self.number // self.cells
            bar = "\N{FULL BLOCK}" * done + "\N{LIGHT SHADE}" * (WIDTH - done)
            seconds = time.monotonic() - self.start
            line = f"{self.stem}  {bar}  cell {self.number} of {self.cells}  {seconds:.0f} s  {self.said}"
            sys.stderr.write(CLEAR + line[: self._terminal_width() - 1])
            sys.stderr.flush()
