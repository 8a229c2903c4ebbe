"""What is said of a study in one file, reports/<study>/summary.json, for its pages and the index."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.errors import SeewhyError

NAME = "summary.json"


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary in a study's folder of reports; empty before anything was measured.

    Raises SeewhyError for a file that is no summary.
    """
    path = folder / NAME
    if not path.is_file():
        return {}
    summary = artifacts.read_json(path)
    if not isinstance(summary, dict) or not {"questions", "use", "verdict"} <= {*summary}:
        raise SeewhyError(f"{path} is no summary of a study: delete it and measure again")
    return summary


def split_line(verdict: Mapping[str, Any]) -> tuple[str, str]:
    """The line of a verdict without its "See page 07", and the stem of the page that it points to.

    >>> split_line({"line": "Verdict for this model: FAILED. See page 07.", "page": "07_audit"})
    ('Verdict for this model: FAILED.', '07_audit')
    """
    page = str(verdict.get("page", ""))
    line = str(verdict.get("line", ""))
    pointer = f"See page {page[:2]}"
    return line.removesuffix(".").removesuffix(pointer).strip() if pointer in line else line, page
