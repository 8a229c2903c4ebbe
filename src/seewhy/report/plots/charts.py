"""Charts: dots with intervals, reliability, curves. Every estimate carries its interval; without any, a sentence."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seewhy.report.plots.sheet import (
    INK,
    MARKERS,
    MUTE,
    RIGHT,
    SERIES,
    WRONG,
    empty_chart,
    house_style,
    new_figure,
    shorten_text,
    wrap_text,
)

MOST = 60  # rows of a dot plot: of more, the lowest and the highest are shown
ACROSS = 5.8  # inches: a chart of that width can still be read when it is shrunk to a phone's
NAMED = 2.1  # inches for the names of a dot plot, in up to two lines


def interval_chart(
    labels: Sequence[str],
    values: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    counts: Sequence[int],
    reference: float | None = None,
    xlabel: str = "",
    percent: bool = False,
) -> Figure:
    """One row for each label: the estimate as a dot, its 95 % interval as a bar, n at the right.

    reference: a value that all are compared with (a baseline, chance, the mean), as a dashed line. percent: the values
    are shares, the axis counts in percent.
    """
    if not len(labels):
        return empty_chart()
    kept = _extreme_rows(values)
    if len(kept) < len(labels):
        xlabel = f"{xlabel} (the {MOST // 2} lowest and {MOST // 2} highest of {len(labels)})".strip()
        labels, counts = [labels[k] for k in kept], [counts[k] for k in kept]
        values, lows, highs = ([group[k] for k in kept] for group in (values, lows, highs))
    rows = np.arange(len(labels))
    names = [wrap_text(shorten_text(label, 40), NAMED) for label in labels]
    with house_style():
        letters = max(len(line) for name in names for line in [*name.split("\n"), ""])
        step = 0.38 if any("\n" in name for name in names) else 0.27
        left, height = 0.2 + 0.076 * letters, 0.85 + step * len(labels)
        fig = new_figure(ACROSS, height)
        ax = fig.add_axes((left / ACROSS, 0.6 / height, (ACROSS - left - 0.65) / ACROSS, (height - 0.85) / height))
        ax.hlines(rows, lows, highs, color=RIGHT, linewidth=2.2, alpha=0.75)
        ax.plot(values, rows, "o", color=RIGHT, markersize=6.5, clip_on=False)
        if reference is not None:
            _draw_reference(ax, reference, f"{100 * reference:.1f} %" if percent else f"{reference:g}")
        if percent:
            ax.xaxis.set_major_formatter(partial(_percent_label, ax))
        ax.set(yticks=rows, yticklabels=names, ylim=(len(labels) - 0.4, -0.6), xlabel=xlabel)
        ax.grid(axis="x")
        ax.locator_params(axis="x", nbins=6)
        ax.tick_params(length=0)
        ax.spines["left"].set_visible(False)
        _write_counts(ax, rows, counts)
    return fig


def _percent_label(ax: Axes, value: float, _place: int | None = None) -> str:
    """A share on the axis below, in percent, with as many decimals as the ticks need to be told apart."""
    ticks = 100 * ax.get_xticks()
    decimals = next((k for k in range(4) if np.allclose(ticks, ticks.round(k), rtol=0, atol=1e-6)), 4)
    return f"{100 * value:z.{decimals}f} %".replace("-", "\N{MINUS SIGN}")


def _extreme_rows(values: Sequence[float]) -> list[int]:
    """Which rows to show, in their order: all, or the lowest and highest of too many to be read."""
    order = np.argsort(np.asarray(values, float), kind="stable")
    chosen = order if len(order) <= MOST else np.concatenate([order[: MOST // 2], order[-MOST // 2 :]])
    return sorted(int(k) for k in chosen)


def _draw_reference(ax: Axes, reference: float, told: str) -> None:
    """The dashed line that all values are compared with, its value written above it."""
    ax.axvline(reference, color=WRONG, linestyle=(0, (4, 3)), linewidth=1.3)
    ax.text(reference, 1.0, told, transform=ax.get_xaxis_transform(), ha="center", va="bottom", color=WRONG, size=9)


def _write_counts(ax: Axes, rows: np.ndarray, counts: Sequence[int]) -> None:
    """n of each row, in a column right of the axes."""
    style = {"transform": ax.get_yaxis_transform(), "ha": "right", "color": MUTE, "size": 9}
    ax.text(1.14, -0.62, "n", va="bottom", **style)  # type: ignore[arg-type]
    for row, count in zip(rows, counts, strict=True):
        ax.text(1.14, row, f"{count:,}", va="center", **style)  # type: ignore[arg-type]


def reliability_diagram(
    confidence: Sequence[float],
    accuracy: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    counts: Sequence[int],
    counted: str = "images",
) -> Figure:
    """Accuracy against mean confidence, one point for each bin with its 95 % interval, and how many images each holds.

    Bins without images (count 0) are left out. counted: what is counted, where that is not images.
    """
    conf, acc, lo, hi, n = (np.asarray(values, float) for values in (confidence, accuracy, low, high, counts))
    kept = (n > 0) & np.isfinite(conf) & np.isfinite(acc)
    with house_style():
        fig = new_figure(5.6, 5.3)
        ax, below = fig.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        fig.subplots_adjust(left=0.13, right=0.97, top=0.95, bottom=0.1, hspace=0.1)
        ax.plot([0, 1], [0, 1], color=MUTE, linestyle=(0, (4, 3)), linewidth=1.2)
        ax.text(0.03, 0.045, "as sure as it is right", color=MUTE, size=9, rotation=45,
                rotation_mode="anchor", transform_rotates_text=True)  # fmt: skip
        ax.vlines(conf[kept], lo[kept], hi[kept], color=RIGHT, linewidth=2.2, alpha=0.75)
        ax.plot(conf[kept], acc[kept], "o-", color=RIGHT, linewidth=1, markersize=6.5, clip_on=False)
        ax.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
        ax.grid()
        below.bar(conf[kept], n[kept], width=0.035, color="#9aa4ae")
        below.set(xlabel="confidence", ylabel=counted)
        below.grid(axis="y")
        fig.align_ylabels()
    return fig


def curve_chart(
    x: Sequence[object],
    series: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    ylabel: str = "",
    xlabel: str = "",
    reference: float | None = None,
    colours: Sequence[str] = SERIES,
) -> Figure:
    """Lines over numbers or names, each with the band of its interval, its own mark, and its name in the legend.

    series: name -> (values, lows, highs), each as long as x; `reference`: a value drawn as a dashed line; `colours`:
    one for each series.
    """
    if not any(np.isfinite(np.asarray(values, float)).any() for values, _, _ in series.values()):
        return empty_chart()
    numeric = all(isinstance(value, int | float | np.number) for value in x)
    at = np.asarray(x, float) if numeric else np.arange(len(x))
    with house_style():
        fig = new_figure(ACROSS, 4.2)
        ax = fig.add_axes((0.12, 0.2, 0.84, 0.66))
        for i, (name, (values, lows, highs)) in enumerate(series.items()):
            colour = colours[i % len(colours)]
            ax.fill_between(
                at, np.asarray(lows, float), np.asarray(highs, float), color=colour, alpha=0.14, linewidth=0
            )
            ax.plot(at, values, color=colour, marker=MARKERS[i % len(MARKERS)], markersize=5.5,
                    label=shorten_text(name, 24), linestyle=("-", "--", "-.", ":")[i // len(SERIES) % 4])  # fmt: skip
        if reference is not None:
            ax.axhline(reference, color=WRONG, linestyle=(0, (4, 3)), linewidth=1.3)
        ax.set(ylabel=ylabel, xlabel=xlabel)
        ax.grid(axis="y")
        if not numeric:
            ax.set_xticks(at, [shorten_text(value, 18) for value in x], rotation=30, ha="right", rotation_mode="anchor")
        _draw_legend(ax)
    return fig


def scatter_chart(
    groups: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    colours: Sequence[str],
    xlabel: str = "",
    ylabel: str = "",
) -> Figure:
    """One dot for each pair of numbers, each group (name -> xs, ys) with its own colour and mark."""
    with house_style():
        fig = new_figure(ACROSS, 4.2)
        ax = fig.add_axes((0.12, 0.15, 0.84, 0.71))
        for i, (name, (xs, ys)) in enumerate(groups.items()):
            ax.plot(xs, ys, MARKERS[i % len(MARKERS)], color=colours[i % len(colours)], markersize=4.5, alpha=0.75,
                    markeredgecolor="white", markeredgewidth=0.4, label=shorten_text(name, 24))  # fmt: skip
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.grid()
        _draw_legend(ax)
    return fig


def _draw_legend(ax: Axes) -> None:
    """The names above the axes, where the width of a phone has room for them."""
    names = ax.get_legend_handles_labels()[1]
    across = 3 if max(map(len, names)) < 18 else 2
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=across, frameon=False, fontsize=9, labelcolor=INK,
              columnspacing=1.4, handlelength=1.8)  # fmt: skip
