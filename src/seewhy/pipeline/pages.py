"""The pages of a study or comparison: executed in one process, rendered in another, each only where it has to be."""

import json
import os
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path

from seewhy.checks.summary import write_summary
from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.pipeline import forked_kernels
from seewhy.pipeline.fingerprint import page_fingerprint, render_hash
from seewhy.pipeline.notebooks import Notebook
from seewhy.pipeline.stage_settings import RENDER, stage_settings
from seewhy.progress import RELAYED, VARIABLE
from seewhy.report.html.render import Site
from seewhy.report.html.summary import read_summary
from seewhy.report.run import NOTE, render_page, run_notebook


def execute_pages(project: Project, name: str) -> list[str]:
    """Executes all notebooks that serve a study or comparison and whose inputs changed; the stems of those.

    Writes data/pages/<name>/<stem>.ipynb, and removes those of notebooks that are gone. Raises SeewhyError for the
    first that fails; those before it are kept.
    """
    serving, done = project.notebooks_for(name), list[str]()
    if name in project.params.studies:
        write_summary(project, name)
    _remove_others(artifacts.executed_path(project.root, name, "").parent, "*.ipynb", serving)
    with ExitStack() as stack:
        for notebook in serving:
            fingerprint = page_fingerprint(project, name, notebook.stem)
            if _known_fingerprint(artifacts.executed_path(project.root, name, notebook.stem)) == fingerprint:
                _failed_page(project, name, notebook.stem).unlink(missing_ok=True)
                continue
            if not done:
                stack.enter_context(forked_kernels.kernel_template())
            execute_page(project, name, notebook, fingerprint)
            done.append(notebook.stem)
    return done


def run_page(project: Project, name: str, notebook: Notebook) -> None:
    """Executes and renders one page of a study or comparison, whatever was there before."""
    if name in project.params.studies:
        write_summary(project, name)
    execute_page(project, name, notebook, page_fingerprint(project, name, notebook.stem))
    render_pages(project, name, [notebook.stem])


def execute_page(project: Project, name: str, notebook: Notebook, fingerprint: str) -> None:
    """Executes one notebook for a study or comparison, whatever was there before."""
    os.environ.setdefault(VARIABLE, RELAYED)
    os.chdir(project.root)
    run_notebook(
        notebook.stem,
        notebook.path,
        project.notebook_parameters(notebook, name),
        artifacts.executed_path(project.root, name, notebook.stem),
        _failed_page(project, name, notebook.stem),
        _page_site(project, name, notebook),
        {"fingerprint": fingerprint},
    )


def render_pages(project: Project, name: str, stems: Collection[str] = ()) -> list[Path]:
    """Writes reports/<name>/<stem>.html from the executed notebooks, without a kernel, where notebook, template, styles
    or the study's list of pages changed; of all that are there, or of `stems`. The pages that were written."""
    written = []
    serving = project.notebooks_for(name)
    _remove_others(artifacts.reports_folder(project.root, name), "[0-9][0-9]_*.html", serving)
    for notebook in serving:
        stem, site = notebook.stem, _page_site(project, name, notebook)
        if stems and stem not in stems:
            continue
        executed, page = artifacts.executed_path(project.root, name, stem), _page_html(project, name, stem)
        if not executed.is_file():
            continue
        note = f"<!-- made from {render_hash(executed, dict(site))} -->"
        if page.is_file() and page.read_bytes().rstrip().endswith(note.encode()):
            continue
        render_page(stem, executed, page, site, note)
        written.append(page)
    return written


def _page_html(project: Project, name: str, stem: str) -> Path:
    return artifacts.reports_folder(project.root, name) / f"{stem}.html"


def _failed_page(project: Project, name: str, stem: str) -> Path:
    return artifacts.reports_folder(project.root, name) / f"{stem}.failed.html"


def _page_site(project: Project, name: str, notebook: Notebook) -> Site:
    site: Site = stage_settings(project, name)[RENDER]  # type: ignore[assignment]
    summary = read_summary(artifacts.reports_folder(project.root, name))
    source = notebook.path.relative_to(project.root).as_posix()
    return {**site, "verdict": summary.get("verdict", {}), "source": source}


def _known_fingerprint(executed: Path) -> str:
    """What an executed notebook says that it was made from; empty where there is none, or it is damaged."""
    try:
        return str(json.loads(executed.read_text())["metadata"][NOTE]["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _remove_others(folder: Path, pattern: str, serving: list[Notebook]) -> None:
    """Removes what notebooks left that are gone, or that serve this study no more."""
    stems = {notebook.stem for notebook in serving}
    for path in folder.glob(pattern):
        if path.name.partition(".")[0] not in stems:
            path.unlink()
