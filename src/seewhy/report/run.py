"""Run a notebook and make its page: papermill executes, `normalise_notebook` steadies, `page_html` writes HTML."""

import ast
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seewhy.config import artifacts
from seewhy.errors import SeewhyError, unknown_name
from seewhy.report.html.normalise import normalise_notebook
from seewhy.report.html.render import Site, page_html
from seewhy.report.progress import Progress

UNUSED = "rfc3987_syntax"  # jsonschema tries to import it and takes a second; no notebook has what it checks
EMBEDDED = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
NOTE = "seewhy"  # key of our note in an executed notebook's metadata


def run_notebook(
    stem: str,
    notebook: Path,
    parameters: Mapping[str, Any],
    executed: Path,
    failed_page: Path,
    site: Site,
    note: Mapping[str, Any],
) -> None:
    """Execute a notebook with parameters and write it to `executed`, with `note` in its metadata.

    The kernel is `python3` and runs in the caller's folder. Raises SeewhyError for a parameter that the notebook's cell
    tagged `parameters` does not set, and for a cell that fails: then `failed_page` shows how far it came. A mistake of
    the user's (a SeewhyError in a cell) is told in its own line, without the cell that met it. Styles and scripts are
    left out, since a page brings its own. Nothing is half written, also after Ctrl-C.
    """
    nbformat = _import_nbformat()
    source = nbformat.read(notebook, as_version=4)
    _refuse_unknown(stem, source, parameters)
    with Progress(stem, len(source.cells) + bool(parameters)) as progress:
        result, crash = _execute_notebook(notebook, parameters, progress)
        result = _drop_styles(normalise_notebook(result))
    if failure := _failed_cell(result, crash):
        artifacts.write_text(failed_page, page_html(result, stem, site, failed=failure.line))
        raise SeewhyError(failure.mistake or f"{stem}: {failure.line}\nsee {failed_page}")
    result.metadata[NOTE] = dict(note)
    artifacts.write_text(executed, nbformat.writes(result) + "\n")
    failed_page.unlink(missing_ok=True)


def render_page(stem: str, executed: Path, page: Path, site: Site, note: str) -> None:
    """Write an executed notebook as HTML, with `note` in its last line."""
    html = page_html(_import_nbformat().read(executed, as_version=4), stem, site)
    artifacts.write_text(page, f"{html.rstrip()}\n{note}\n")


def _import_nbformat() -> Any:
    """nbformat, without a second for what it checks only in schemas of others."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]
    import nbformat

    return nbformat


def _drop_styles(notebook: Any) -> Any:
    """The notebook whose outputs bring no styles and no script of their own: a changed style must not change it."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = EMBEDDED.sub("", output.data["text/html"])
    return notebook


def _refuse_unknown(stem: str, notebook: Any, parameters: Mapping[str, Any]) -> None:
    """papermill only warns of a parameter that no cell reads."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise SeewhyError(f"{stem}: needs exactly one cell tagged 'parameters', found {len(cells)}")
    known = [
        name.id for name in ast.walk(ast.parse(cells[0].source)) if isinstance(name, ast.Name) and _is_assigned(name)
    ]
    for name in parameters:
        if name not in known:
            raise unknown_name("parameter", name, known, f"the parameters cell of {stem}")


def _is_assigned(name: ast.Name) -> bool:
    """Whether a name is assigned, not read."""
    return isinstance(name.ctx, ast.Store)


def _execute_notebook(notebook: Path, parameters: Mapping[str, Any], progress: Progress) -> tuple[Any, str]:
    """The executed notebook, as far as it came, and what killed the kernel, if anything did.

    The kernel talks through sockets in a folder of its own (ipc): no TCP port is open, and no warning about one.
    """
    nbformat = _import_nbformat()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from seewhy.pipeline.forked_kernels import ForkingManager

    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # else the kernel warns of frozen modules
    with tempfile.TemporaryDirectory(prefix="seewhy-") as scratch:
        copy = Path(scratch, "executed.ipynb")
        kernel = {"transport": "ipc", "connection_file": str(Path(scratch, "kernel.json"))}
        try:
            papermill.execute_notebook(
                str(notebook), str(copy), dict(parameters), kernel_name="python3", language="python",
                cwd=str(Path.cwd()), progress_bar=False, request_save_on_cell_execute=False, stderr_file=progress,
                on_cell_start=progress.start_cell, shutdown_kernel="immediate", config=Config(KernelManager=kernel),
                kernel_manager_class=ForkingManager,
                extra_arguments=["--IPKernelApp.log_level=40"],  # else it warns, late, when its runner was stopped
            )  # fmt: skip
        except PapermillExecutionError:
            pass  # the copy tells which cell and why
        except DeadKernelError:
            return nbformat.read(notebook, as_version=4), "the kernel died, perhaps for want of memory"
        return nbformat.read(copy, as_version=4), ""


@dataclass(frozen=True)
class Failure:
    """What ended a notebook early: one line for its page, and the user's mistake where that was the cause."""

    line: str
    mistake: str = ""


def _failed_cell(notebook: Any, crash: str) -> Failure | None:
    """The cell that failed: its number, the heading above it, the exception; None when none did."""
    heading = ""
    cells = [cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(cells, start=1):
        if cell.cell_type == "markdown":
            titles = [line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return _error_text(output, f'cell {number} of {len(cells)} ("{heading}") failed')
    return Failure(crash) if crash else None


def _error_text(error: Any, place: str) -> Failure:
    said = " ".join(error.evalue.split())
    if error.ename == SeewhyError.__name__:
        return Failure(f"{place}: {said}", said)
    return Failure(f"{place}: {error.ename}: {said}")
