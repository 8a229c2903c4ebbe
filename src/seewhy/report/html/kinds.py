"""The kinds of output that a page or the index treats apart, each told by a MIME type that stands beside its HTML.

An executed notebook so says by itself what its outputs are: nothing is read from HTML.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FINDING, CHECKS, TEXT, NOTE, GALLERY, NOT_RUN, PROVENANCE = (
    f"application/vnd.seewhy.{kind}+json"
    for kind in ("finding", "checks", "text", "note", "gallery", "not-run", "provenance")
)
ALL = (FINDING, CHECKS, TEXT, NOTE, GALLERY, NOT_RUN, PROVENANCE)


def output_kind(data: Mapping[str, Any]) -> str:
    """The MIME type of ours that an output's data have; empty for any other output.

    >>> output_kind({"text/html": "<p>one</p>", NOTE: {}}) == NOTE
    True
    """
    return next((kind for kind in ALL if kind in data), "")


def read_outputs(notebook: Path) -> list[dict[str, Any]]:
    """The data of all outputs of an executed notebook, in order; none when the file is not there."""
    if not notebook.is_file():
        return []
    return list(_all_data(json.loads(notebook.read_text(encoding="utf-8"))))


def first_output(outputs: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """What the first output of that kind says; empty when there is none."""
    return next((dict(data[kind]) for data in outputs if kind in data), {})


def _all_data(notebook: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for cell in notebook["cells"]:
        yield from (output["data"] for output in cell.get("outputs", []) if "data" in output)
