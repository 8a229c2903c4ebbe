"""Cards and notebooks for the tests: small, seeded, with hostile names where asked for."""

from pathlib import Path

import nbformat
import numpy as np

from seewhy.report.plots.gallery import Card

HOSTILE = "<script>alert('x')</script> \"quoted\" & $x^2$ **bold** \u202eRTL 🐈 " + "long " * 60
SITE = {"study": "photos", "pages": [("02_grad_cam", "Where?"), ("04_shap", "What pushes?")], "studies": ["trees"]}


def photo(seed: int = 0, side: int = 64) -> np.ndarray:
    """uint8 (side, side, 3), smooth enough to be compressed like a photo."""
    y, x = np.mgrid[:side, :side] / side
    shift = np.random.default_rng(seed).uniform(0, 6, 3)
    return np.stack([127 + 120 * np.sin(5 * x + 3 * y + s) for s in shift], 2).astype(np.uint8)


def blob(row: float = 0.5, column: float = 0.5, side: int = 7) -> np.ndarray:
    """float32 (side, side), 1 at its maximum."""
    y, x = np.mgrid[:side, :side] / (side - 1)
    cam = np.exp(-((y - row) ** 2 + (x - column) ** 2) / 0.08).astype(np.float32)
    return cam / cam.max()


def card(
    name: str = "a.png", predicted: str = "cat", true: str | None = "cat", confidence: float = 0.9, **more
) -> Card:
    """A card with one Grad-CAM map unless told otherwise."""
    more.setdefault("maps", {"Grad-CAM": blob()})
    return Card(name, more.pop("photo", photo()), predicted, confidence, true, **more)


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with a question, a parameters cell, and the given code cells; "# " starts a Markdown one."""
    new = nbformat.v4
    made = [
        new.new_markdown_cell("# Where does it look?\n\nOn the cat."),
        new.new_code_cell('study = "photos"\nseed = 0'),
    ]
    made[1].metadata["tags"] = ["parameters"]
    made += [new.new_markdown_cell(c) if c.startswith(("#", ">")) else new.new_code_cell(c) for c in cells]
    nbformat.write(new.new_notebook(cells=made), path)
    return path


def executed(*outputs: dict, source: str = "show()") -> nbformat.NotebookNode:
    """An executed notebook with a question and one cell that shows the given mime bundles."""
    new = nbformat.v4
    shown = [new.new_output("display_data", data=data, metadata=data.pop("metadata", {})) for data in outputs]
    cells = [new.new_markdown_cell("# Where does it look?"), new.new_code_cell(source, outputs=shown)]
    return new.new_notebook(cells=cells)


def run(stem: str, source: Path, parameters: dict, folder: Path, site: dict) -> Path:
    """Execute a notebook and render it into a folder; the page."""
    from seewhy.report.run import render_page, run_notebook

    executed, page = folder / f"{stem}.ipynb", folder / f"{stem}.html"
    run_notebook(stem, source, parameters, executed, folder / f"{stem}.failed.html", site, {"fingerprint": "f"})
    render_page(stem, executed, page, site, "<!-- note -->")
    return page
