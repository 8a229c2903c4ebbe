"""`report`: dvc repro with an eye on the clock, then the index, then a table of stages, seconds and pages."""

import re
import subprocess
import sys
import time
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from seewhy import artifacts
from seewhy.errors import SeewhyError
from seewhy.params import Project

RUNNING = re.compile(r"^Running stage '(?:.*:)?([^':]+)':")
SKIPPED = re.compile(r"^Stage '(?:.*:)?([^':]+)' (?:didn't change|is cached)")


def report(project: Project, study: str | None) -> None:
    """Builds all studies or one, writes reports/index.html and prints what took how long.

    Raises SeewhyError when a stage fails; what was built before it stays, and the next call goes on from there.
    """
    stages = _stages(project, study) if study else []
    seconds, failed = _repro(project.root, stages)
    index = write_index(project)
    _print_table(project, seconds)
    typer.echo(index)
    if failed:
        raise SeewhyError("the pipeline stopped, see the line above; what was built stays, call it again to go on")


def write_index(project: Project) -> Path:
    """reports/index.html over the pages that exist; its path."""
    from seewhy.reporting.site import StudySummary, write

    pages = [(notebook.stem, notebook.title) for notebook in project.notebooks]
    studies: list[StudySummary] = [
        {"name": name, "about": f"{study.architecture} on dataset {study.dataset}, split {study.split}", "pages": pages}
        for name, study in project.params.studies.items()
    ]
    return write(project.root, studies)


def _stages(project: Project, study: str) -> list[str]:
    project.params.study(study)
    return [f"{notebook.section}@{study}" for notebook in project.notebooks]


def _repro(root: Path, stages: list[str]) -> tuple[dict[str, float | None], bool]:
    """Seconds by stage (None: not run, nothing had changed), and whether dvc failed."""
    command = [sys.executable, "-m", "dvc", "repro", *stages]
    seconds: dict[str, float | None] = {}
    current, start = None, time.monotonic()
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := RUNNING.match(line):
                seconds |= {current: time.monotonic() - start} if current else {}
                current, start = found[1], time.monotonic()
                typer.echo(f"{current} ...")
            elif found := SKIPPED.match(line):
                seconds[found[1]] = None
            elif not line.startswith(("> ", "Updating", "Use `dvc", "Generating", "Data and")) and line.strip():
                typer.echo(f"  {line}", nl=False)
    seconds |= {current: time.monotonic() - start} if current else {}
    return seconds, process.returncode != 0


def _print_table(project: Project, seconds: dict[str, float | None]) -> None:
    sections = {notebook.section: notebook.stem for notebook in project.notebooks}
    table = Table("stage", "seconds", "page", box=None, pad_edge=False)
    for stage, took in seconds.items():
        section, _, study = stage.partition("@")
        page = artifacts.reports(project.root, study) / f"{sections[section]}.html" if section in sections else None
        shown = str(page.relative_to(project.root)) if page and page.is_file() else ""
        table.add_row(stage, "unchanged" if took is None else f"{took:.1f}", shown)
    total = sum(took or 0 for took in seconds.values())
    table.add_row("all", f"{total:.1f}", "")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
