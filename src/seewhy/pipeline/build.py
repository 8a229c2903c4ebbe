"""`report`: DVC with an eye on the clock, then the index, then a table of stages, seconds and pages."""

import logging
import os
import re
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import typer
from rich.console import Console
from rich.table import Table

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.doctor import preflight
from seewhy.errors import SeewhyError

RUNNING = re.compile(r"^Running stage '(?:.*:)?([^':]+)':")
SKIPPED = re.compile(r"^Stage '(?:.*:)?([^':]+)' (?:didn't change|is cached)")
WITH_KERNELS = ("pages", "comparison_pages")
INTERRUPTED = re.compile(r"exited with (?:130|-2)$")


def build_project(project: Project, name: str | None) -> None:
    """Builds everything, or one study or comparison, writes reports/index.html and prints what took how long.

    Raises SeewhyError for what is wrong before anything runs, and typer.Exit when a stage fails, which has told why:
    what was built before stays, and the next call goes on from there.
    """
    params = project.params
    if name in params.comparisons:
        studies = params.comparisons[name].studies
    elif name:
        params.study_settings(name)
        studies = [name]
    else:
        studies = [*params.studies]
    preflight.check_input_files(project, studies)
    stages = [f"{'comparison_render' if name in params.comparisons else 'render'}@{name}"] if name else []
    clock = Clock()
    try:
        with clock:
            _run_dvc(project.root, stages, clock)
    except KeyboardInterrupt:
        typer.echo("stopped; what was built stays, call it again to go on", err=True)
        raise typer.Exit(130) from None
    finally:
        _clear_failures(project, clock)
        index = write_index(project)
    _print_table(project, clock.seconds)
    typer.echo(index)


def write_index(project: Project) -> Path:
    """reports/index.html over the pages that exist, and reports/checks.json; the path of the index."""
    from seewhy.checks.run import write_all_checks
    from seewhy.report.site import ComparisonSummary, StudySummary, write_site_index

    write_all_checks(project)
    studies: list[StudySummary] = [
        {
            "name": name,
            "task": project.params.task_of(name),
            "about": f"{study.architecture} on dataset {study.dataset}, split {study.split}",
            "pages": project.page_titles(name),
        }
        for name, study in project.params.studies.items()
    ]
    comparisons: list[ComparisonSummary] = [
        {"name": name, "studies": one.studies} for name, one in project.params.comparisons.items()
    ]
    return write_site_index(project.root, studies, comparisons)


class Clock(logging.Handler):
    """Hears what DVC says: tells which stage begins, and keeps its seconds (None: not run, nothing had changed).

    Used as a context, it keeps one process from which the kernels of all stages are forked.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float | None] = {}
        self.current, self.start = "", 0.0
        self.kernels = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kernels.close()

    def emit(self, record: logging.LogRecord) -> None:
        """One line of DVC's; only warnings are passed on as they are."""
        line = record.getMessage()
        if found := RUNNING.match(line) or SKIPPED.match(line):
            self.end_stage()
            self.seconds[found[1]] = None
        if found := RUNNING.match(line):
            self.current, self.start = found[1], time.monotonic()
            typer.echo(f"{self.current} ...")
            self._keep_kernels()
        elif record.levelno >= logging.WARNING and not record.name.startswith("dvc.rwlock"):  # a lock of a killed run
            typer.echo(f"  {line}", err=True)

    def _keep_kernels(self) -> None:
        """Ready when the first notebook is: the stage before those that execute notebooks takes its time."""
        if self.current.partition("@")[0] in WITH_KERNELS:
            from seewhy.pipeline.forked_kernels import kernel_template

            self.kernels.enter_context(kernel_template())

    def end_stage(self) -> None:
        """The current stage, if any, has ended."""
        if self.current:
            self.seconds[self.current] = time.monotonic() - self.start
        self.current = ""


def _run_dvc(root: Path, stages: list[str], clock: Clock) -> None:
    """`dvc repro` in this process, heard by the clock."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    log = logging.getLogger("dvc")
    log.handlers, log.propagate = [clock], False
    log.setLevel(logging.INFO)
    own = str(Path(sys.executable).parent)  # stages call `python`, also where this environment is not activated
    os.environ["PATH"] = os.pathsep.join([own, os.environ.get("PATH", "")])
    try:
        Repo(str(root)).reproduce(stages or None)
        clock.end_stage()
    except DvcException as error:
        raise _explain_error(error) from None


def _explain_error(error: Exception) -> BaseException:
    """What DVC's error means here. A stage that failed has told why itself."""
    from dvc.exceptions import ReproductionError
    from dvc.lock import LockError
    from dvc.stage.exceptions import StageCmdFailedError

    cause = error.__cause__ if isinstance(error, ReproductionError) and error.__cause__ else error
    if isinstance(cause, StageCmdFailedError):
        return KeyboardInterrupt() if INTERRUPTED.search(str(cause)) else typer.Exit(1)
    if isinstance(cause, LockError):
        return SeewhyError("another run is at work in this project; wait for its end, then call again")
    said = str(error) if cause is error else f"{error}: {cause}"
    return SeewhyError(" ".join(said.split()))


def _clear_failures(project: Project, clock: Clock) -> None:
    """No page of a failure outlives it: a stage may come right without being run, when a mistake is undone."""
    for stage in clock.seconds:
        kind, _, name = stage.partition("@")
        if stage != clock.current and kind in WITH_KERNELS:
            for failed in artifacts.reports_folder(project.root, name).glob("*.failed.html"):
                failed.unlink()


def _print_table(project: Project, seconds: dict[str, float | None]) -> None:
    """Stages with what they took; a line for each study and comparison that says where its pages are."""
    table = Table("stage", "seconds", "pages", box=None, pad_edge=False)
    order = ["code", "settings", "dataset", "demo", "explain", "measure", *WITH_KERNELS, "render", "comparison_render"]

    def stage_order(stage: str) -> tuple[str, int]:
        kind, _, name = stage.partition("@")
        return name, order.index(kind) if kind in order else len(order)

    for stage in sorted(seconds, key=stage_order):
        took = seconds[stage]
        kind, _, name = stage.partition("@")
        shown = _count_pages(project, name) if kind.endswith("render") else ""
        table.add_row(stage, "unchanged" if took is None else f"{took:.1f}", shown)
    table.add_row("all", f"{sum(took or 0 for took in seconds.values()):.1f}", "")
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _count_pages(project: Project, name: str) -> str:
    """How many pages a study or comparison has, and where."""
    folder = artifacts.reports_folder(project.root, name)
    count = sum(
        path.with_suffix(".html").is_file() for path in (folder / stem for stem, _ in project.page_titles(name))
    )
    return f"{count} in {folder.relative_to(project.root)}/"
