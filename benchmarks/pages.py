"""The sides of the row that makes pages: the executed notebooks of one study as HTML, ours and nbconvert's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import torch
from nbconvert import HTMLExporter
from sides import Sides
from torch import Tensor

from seewhy.report.html.render import page_html

STUDY = Path(__file__).parents[1] / "data/pages/photos-lite0"


def pages(_: int) -> Sides:
    """Every page of the study, against nbconvert's lab template. Both give the bytes of each page."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in sorted(STUDY.glob("[0-9]*.ipynb"))}
    if not notebooks:
        raise SystemExit(f"no pages to make again: make report STUDY={STUDY.name}")
    known = [(stem, stem) for stem in notebooks]
    plain = HTMLExporter(template_name="lab")

    def ours(stem: str, notebook: Any) -> str:
        return page_html(notebook, stem, {"study": STUDY.name, "pages": known})

    def peer(_: str, notebook: Any) -> str:
        return str(plain.from_notebook_node(notebook)[0])

    def sizes(make: Callable[[str, Any], str]) -> Tensor:
        return torch.tensor([len(make(stem, notebook).encode()) for stem, notebook in notebooks.items()])

    def difference() -> float:
        """The share of headings and guidance, cell by cell, that one of the two lacks."""
        told = [line.strip() for book in notebooks.values() for cell in book.cells if cell.cell_type == "markdown"
                for line in cell.source.splitlines() if line.startswith("## ")]  # fmt: skip
        made = ["".join(make(stem, book) for stem, book in notebooks.items()) for make in (ours, peer)]
        return sum(line[3:].split("&")[0].split("'")[0] not in html for line in told for html in made) / len(told)

    return Sides(lambda: sizes(ours), lambda: sizes(peer), difference)
