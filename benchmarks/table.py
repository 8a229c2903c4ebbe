"""The results as a table for the README."""

from measure import Result
from rows import ROWS, Row


def table(results: list[Result]) -> str:
    """The results for the README, in Markdown, with what each row should reach."""
    lines = [
        "| row | what | ours | peer | ratio | to reach | extra memory, ours / peer | largest difference |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        row = ROWS[result.name]
        goal = f"{'>=' if row.over_peer else '<='} {row.goal:g} x"
        share = f", memory <= {row.memory_goal:.2f}" if row.memory_goal else ""
        met = "" if _met(row, result) else " **missed**"
        lines.append(
            f"| `{row.name}` | {row.what} | {result.ours_s:.2f} s | {row.peer}: {result.peer_s:.2f} s | "
            f"{result.ratio:.2f} x | {goal}{share}{met} | {result.peak_mb:.0f} / {result.peer_peak_mb:.0f} MB | "
            f"{result.max_abs_diff:.0e} |"
        )
    return "\n".join(lines) + "\n"


def _met(row: Row, result: Result) -> bool:
    fast = result.ratio >= row.goal if row.over_peer else result.ratio <= row.goal
    small = row.memory_goal is None or result.peak_mb <= row.memory_goal * result.peer_peak_mb
    return fast and small and result.max_abs_diff <= row.tolerance
