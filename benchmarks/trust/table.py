"""The error rates as tables, with Wilson intervals."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seewhy.stats import proportion
from trust.cues import CUES
from trust.nets import GUILTY

OWED = 0.05  # accuracy that a cue costs: below, it is no miss that the cue was not found
MUCH = 0.1  # from here on nothing may be cleared
TOP = 3
HEADING = "## Results"
MARKED = {
    "nothing": "nothing marked, candidates judged",
    "boxes": "boxes around the objects",
    "suspects": "boxes, and a mask of the cue",
}
Rows = Sequence[dict[str, Any]]


def owes(row: dict[str, Any], limit: float = OWED) -> bool:
    """Whether a network owes so much accuracy to its cue."""
    return bool(row["kind"] == GUILTY and row["reliance"] >= limit)


def is_innocent(row: dict[str, Any]) -> bool:
    """Whether a network was trained without an informative cue, and owes clearly less than `OWED` to it."""
    return bool(row["kind"] != GUILTY and row["high"] < OWED)


def is_local(row: dict[str, Any]) -> bool:
    """Whether the cue has a place of its own in the picture."""
    return not CUES[row["cue"]].whole


def answer_of(row: dict[str, Any]) -> str:
    """The answer that counts in a condition: of the marks alone, or where nothing is marked once it is judged."""
    return str(row["judged"] if row["condition"] == "nothing" else row["verdict"])


def count_share(hits: Iterable[bool]) -> str:
    """'17 of 18 (74 to 99 %)', with the Wilson interval.

    >>> count_share([True, False])
    '1 of 2 (9 to 91 %)'
    """
    found = np.array([*hits], bool)
    if not len(found):
        return "none"
    share = proportion(found)
    return f"{found.sum()} of {len(found)} ({100 * share.low:.0f} to {100 * share.high:.0f} %)"


def rate_table(rows: Rows) -> str:
    """A column a condition: how often a cue was found, an innocent network accused or cleared, and nothing decided."""
    of = {name: [row for row in rows if row["condition"] == name] for name in MARKED}
    lines = ["| | " + " | ".join(MARKED.values()) + " |", "| --- |" + " --- |" * len(MARKED)]

    def add(title: str, shares: Iterable[str]) -> None:
        lines.append(f"| {title} | " + " | ".join(shares) + " |")

    kinds = {"in one place": True, "of the whole picture": False}
    for words, local in kinds.items():
        able = {name: [row for row in own if owes(row) and is_local(row) == local] for name, own in of.items()}
        for most in (1, TOP):
            found = count_share(row["rank"] is not None and row["rank"] <= most for row in able["nothing"])
            rank = "first candidate" if most == 1 else f"among the first {most}"
            add(f"cue {words}, {rank}", [found, "–", "–"])
        add(
            f"cue {words}, relies on a shortcut",
            [count_share(answer_of(row) == "accused" for row in own) for own in able.values()],
        )
    innocent = {name: [row for row in own if is_innocent(row)] for name, own in of.items()}
    add("innocent, accused", [count_share(answer_of(row) == "accused" for row in own) for own in innocent.values()])
    add(
        "innocent, cleared once judged",
        [count_share(row["judged"] == "cleared" for row in own) for own in innocent.values()],
    )
    guilty = {name: [row for row in own if owes(row)] for name, own in of.items()}
    add(
        "owes 5 % or more, undecided or not tested",
        [count_share(answer_of(row) in ("undecided", "not tested") for row in own) for own in guilty.values()],
    )
    much = {name: [row for row in own if owes(row, MUCH)] for name, own in of.items()}
    add(
        "owes 10 % or more, cleared, also once judged",
        [count_share("cleared" in (row["verdict"], row["judged"]) for row in own) for own in much.values()],
    )
    return "\n".join(lines)


def cue_table(rows: Rows) -> str:
    """A row a cue and strength: what each network owes to it, the rank of the candidate, and how the marks answered."""
    lines = [
        "| cue | right in | networks | accuracy that the cue costs | rank of the candidate | boxes | mask of the cue |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    guilty = [row for row in rows if row["kind"] == GUILTY]
    keys = sorted({(row["cue"], -row["strength"]) for row in guilty}, key=lambda key: ([*CUES].index(key[0]), key[1]))
    for cue, strength in keys:
        own = [row for row in guilty if (row["cue"], -row["strength"]) == (cue, strength)]
        of = {name: [row for row in own if row["condition"] == name] for name in MARKED}
        costs = ", ".join(f"{100 * row['reliance']:.1f}" for row in of["nothing"])
        ranks = ", ".join(str(row["rank"] or "none") for row in of["nothing"])
        told = [", ".join(row["verdict"] for row in of[name]) for name in ("boxes", "suspects")]
        cells = [cue.replace("_", " "), f"{-strength:.0%}", len(of["nothing"]), f"{costs} %", ranks, *told]
        lines.append("| " + " | ".join(map(str, cells)).replace("%", " %").replace("  %", " %") + " |")
    return "\n".join(lines)


def list_misses(rows: Rows) -> str:
    """Every wrong answer: the network, the condition, and the checks that it rests on."""
    lines = []
    for row in rows:
        owed, rank = f"owes {100 * row['reliance']:.1f} %", row["rank"]
        statuses = ", ".join(f"{name} {status}" for name, status in row["statuses"].items())
        of = f"`{row['net']}`, {MARKED[row['condition']]}"
        if is_innocent(row) and answer_of(row) == "accused":
            told = "; ".join(row["accused_of"]) if row["condition"] == "nothing" else statuses
            lines.append(f"- innocent, accused: {of} ({told})")
        elif owes(row) and row["condition"] == "nothing" and (rank or TOP + 1) > TOP:
            lines.append(f"- not among the first {TOP}: {of}, {owed}, rank {rank or 'none'}")
        elif owes(row) and row["condition"] != "nothing" and answer_of(row) != "accused":
            lines.append(f"- not found: {of}, {owed}, {row['verdict']} ({statuses})")
    return "\n".join(lines) or "None."


def make_results(rows: Rows) -> str:
    """Everything below `HEADING` of docs/trust.md."""
    apart = [row for row in rows if row["kept_apart"]]
    names = {row["net"] for row in rows}
    ones = {row["net"]: row for row in rows}.values()
    few = sum(row["kind"] == GUILTY and not owes(row) for row in ones)
    told = (
        f"{len(names)} networks, {len({row['net'] for row in apart})} of them kept apart. "
        f"{sum(map(owes, ones))} owe 5 % of accuracy or more to a cue. {few} were trained with a cue and owe less, "
        f"which is no miss. {sum(map(is_innocent, ones))} are innocent."
    )
    parts = [
        (HEADING, told),
        ("### Networks kept apart", rate_table(apart)),
        ("### All networks", rate_table(rows)),
        ("### By cue", cue_table(rows)),
        ("### Wrong answers", list_misses(rows)),
    ]
    return "\n\n".join(f"{title}\n\n{text}" for title, text in parts) + "\n"


def write_results(rows: Rows, path: Path) -> None:
    """Replaces what stands below `HEADING` in a page."""
    before = path.read_text().partition(HEADING)[0] if path.exists() else ""
    path.write_text(before + make_results(rows))
