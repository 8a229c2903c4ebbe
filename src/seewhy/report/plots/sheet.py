"""A sheet of panels measured in inches, so that titles have their own room and never touch; the look of all figures."""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seewhy.errors import SeewhyError

WIDTH = 9.6  # inches: the column of a page at 100 CSS pixels an inch
LINE = 0.175  # inches that one line of a title takes
RIGHT, WRONG, INK, MUTE = "#0072b2", "#b84a00", "#1b1f24", "#59636e"
SMOOTH: dict[str, Any] = {"aspect": "auto", "interpolation": "bilinear"}  # small photos: sharp squares double a page
SERIES = ("#0072b2", "#b84a00", "#009e73", "#8a5a9e", "#56b4e9", "#8a6100", "#1b1f24", "#cc79a7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LOOK: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "axes.edgecolor": "#8a929b",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "grid.color": "#e3e6ea",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$x"
    "xtick.color": MUTE,
    "ytick.color": MUTE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def house_style() -> Iterator[None]:
    """The look of the house while a figure is drawn; the caller's own settings come back afterwards."""
    with matplotlib.rc_context(LOOK):  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches that pyplot knows nothing of: nobody has to close it."""
    fig = Figure(figsize=(width, height))
    FigureCanvasAgg(fig)
    return fig


def empty_chart() -> Figure:
    """What stands in place of a chart that would be empty."""
    with house_style():
        fig = new_figure(WIDTH / 2, 0.5)
        fig.text(0.02, 0.5, "Not measured: too few images.", va="center", color=MUTE)
    return fig


def wrap_text(text: object, inches: float, lines: int = 2, size: float = 9.5) -> str:
    """The text in at most `lines` lines that fit that many inches, cut with an ellipsis when it is longer.

    Each line of the text is an item that starts on a line of its own; where there is no room for that, dots part them.
    """
    letters = max(4, int(inches * 72 / (size * 0.6)))
    items = [" ".join("".join(c if c.isprintable() else " " for c in item).split()) for item in str(text).split("\n")]
    if len(items) > lines:
        items = [" · ".join(items)]
    parts = [textwrap.wrap(item, letters, max_lines=lines // len(items), placeholder=" …") for item in items]
    return "\n".join("\n".join(part) for part in parts)


def shorten_text(text: object, letters: int = 30) -> str:
    """The text on one line, cut in the middle when it is longer: long class names differ at either end.

    Dots at the cut, as of the name of a layer, are left out: the ellipsis has enough of them."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    half = (letters - 1) // 2
    return plain if len(plain) <= letters else f"{plain[:half].rstrip(' .')}…{plain[-half:].lstrip(' .')}"


def mark_title(title: str, correct: bool | None) -> str:
    """The title with its mark, so that right and wrong differ by more than colour."""
    return title if correct is None else f"{'✓' if correct else '✗'} {title}"


@dataclass(frozen=True)
class Sheet:
    """Rows x columns of panels, all lengths in inches."""

    rows: int
    columns: int
    panel: float
    aspect: float = 1.0  # height over width
    head: float = 0.3  # above each row, for titles
    left: float = 0.05
    right: float = 0.05
    top: float = 0.0
    gap: float = 0.08

    @property
    def width(self) -> float:
        """Of the whole sheet."""
        return self.left + self.columns * (self.panel + self.gap) + self.right

    @property
    def height(self) -> float:
        """Of the whole sheet."""
        return self.top + self.rows * (self.head + self.panel * self.aspect) + 0.08

    def empty_sheet(self) -> Figure:
        """The empty sheet."""
        return new_figure(self.width, self.height)

    def panel_corner(self, row: int, column: int) -> tuple[float, float]:
        """The upper left corner of a panel, in inches from the upper left of the sheet."""
        x = self.left + column * (self.panel + self.gap)
        return x, self.top + self.head + row * (self.head + self.panel * self.aspect)

    def add_panel(self, fig: Figure, row: int, column: int) -> Axes:
        """A panel without ticks."""
        x, y = self.panel_corner(row, column)
        tall = self.panel * self.aspect
        bounds = (x / self.width, 1 - (y + tall) / self.height, self.panel / self.width, tall / self.height)
        ax = fig.add_axes(bounds)
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set(visible=True, color="#c9ced4", linewidth=0.6)
        return ax

    def add_text(self, fig: Figure, x: float, y: float, text: str, centre: bool = False, **style: Any) -> None:
        """Lines of text that end at y; x and y in inches from the upper left. Each line stands on its own baseline."""
        for k, line in enumerate(reversed(text.split("\n"))):
            place = (x / self.width, 1 - (y - k * LINE) / self.height)
            fig.text(*place, line, **{"size": 9.5, "ha": "center" if centre else "left", "va": "baseline", **style})

    def add_colour_bar(self, fig: Figure, scale: object, label: str, row: int | None = None) -> None:
        """One colour bar at the right edge, for the whole sheet or for a row of it."""
        tall = min(self.height - self.top - self.head - 0.1, 2.6) if row is None else self.panel * self.aspect
        x, y = self.width - self.right + 0.15, self.panel_corner(row or 0, 0)[1]
        cax = fig.add_axes((x / self.width, 1 - (y + tall) / self.height, 0.13 / self.width, tall / self.height))
        bar = fig.colorbar(scale, cax=cax, ticks=MaxNLocator(5))  # type: ignore[arg-type]
        bar.set_label(label, size=9)
        bar.ax.tick_params(labelsize=8.5)
        bar.outline.set_linewidth(0.5)  # type: ignore[operator]


def mark_frame(ax: Axes, correct: bool | None) -> None:
    """Right: solid blue frame; wrong: dashed vermillion one; unlabelled: left as it is."""
    if correct is None:
        return
    for spine in ax.spines.values():
        spine.set(color=RIGHT if correct else WRONG, linewidth=2.2, linestyle="-" if correct else (0, (4, 2)))


def title_colour(correct: bool | None) -> str:
    """The colour of a title."""
    return INK if correct is None else RIGHT if correct else WRONG


def most_lines(texts: Sequence[str]) -> int:
    """Lines of the longest of some wrapped texts."""
    return 1 + max((text.count("\n") for text in texts), default=0)


def maps_by_name(maps: dict[str, np.ndarray]) -> dict[str, Sequence[object]]:
    """The maps of each column under a name that an error can use."""
    return {f"maps of {name}": list(cams) for name, cams in maps.items()}


def check_lengths(**groups: Sequence[object]) -> None:
    """One of each for every image, and at least one image."""
    counts = {name: len(group) for name, group in groups.items()}
    if len(set(counts.values())) > 1 or 0 in counts.values():
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        raise SeewhyError(f"a figure needs as many of each as it has images, and at least one; found {told}")
