"""`report`: DVC with an eye on the clock, then the index, then a table of stages, seconds and pages."""

import logging
import re
import sys
import time
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.doctor import preflight
from seewhy.errors import SeewhyError

RUNNING = re.compile(r"^Running stage '(?:.*:)?([^':]+)':")
SKIPPED = re.compile(r"^Stage '(?:.*:)?([^':]+)' (?:didn't change|is cached)")
INTERRUPTED = re.compile(r"exited with (?:130|-2)$")


def report(project: Project, name: str | None) -> None:
    """Builds everything, or one study or comparison, writes reports/index.html and prints what took how long.

    Raises SeewhyError for what is wrong before anything runs, and typer.Exit when a stage fails, which has told why:
    what was built before stays, and the next call goes on from there.
    """
    params = project.params
    if name in params.comparisons:
        studies = params.comparisons[name].studies
    elif name:
        params.study(name)
        studies = [name]
    else:
        studies = [*params.studies]
    preflight.check(project, studies)
    stages = [f"{one.section}@{name}" for one in project.notebooks if name in project.runs(one)]
    clock = Clock()
    try:
        _reproduce(project.root, stages, clock)
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
    from seewhy.report.site import ComparisonSummary, StudySummary, write

    write_all_checks(project)
    studies: list[StudySummary] = [
        {
            "name": name,
            "task": project.params.task(name),
            "about": f"{study.architecture} on dataset {study.dataset}, split {study.split}",
            "pages": project.pages(name),
        }
        for name, study in project.params.studies.items()
    ]
    comparisons: list[ComparisonSummary] = [
        {"name": name, "studies": one.studies} for name, one in project.params.comparisons.items()
    ]
    return write(project.root, studies, comparisons)


class Clock(logging.Handler):
    """Hears what DVC says: tells which stage begins, and keeps its seconds (None: not run, nothing had changed)."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: dict[str, float | None] = {}
        self.current, self.start = "", 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """One line of DVC's; only warnings are passed on as they are."""
        line = record.getMessage()
        if found := RUNNING.match(line) or SKIPPED.match(line):
            self.stop()
            self.seconds[found[1]] = None
        if found := RUNNING.match(line):
            self.current, self.start = found[1], time.monotonic()
            typer.echo(f"{self.current} ...")
        elif record.levelno >= logging.WARNING and not record.name.startswith("dvc.rwlock"):  # a lock of a killed run
            typer.echo(f"  {line}", err=True)

    def stop(self) -> None:
        """The current stage, if any, has ended."""
        if self.current:
            self.seconds[self.current] = time.monotonic() - self.start
        self.current = ""


def _reproduce(root: Path, stages: list[str], clock: Clock) -> None:
    """`dvc repro` in this process, heard by the clock."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    log = logging.getLogger("dvc")
    log.handlers, log.propagate = [clock], False
    log.setLevel(logging.INFO)
    try:
        Repo(str(root)).reproduce(stages or None)
        clock.stop()
    except DvcException as error:
        raise _understood(error) from None


def _understood(error: Exception) -> BaseException:
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
    stems = {notebook.section: notebook.stem for notebook in project.notebooks}
    for stage in clock.seconds:
        section, _, name = stage.partition("@")
        if stage != clock.current and section in stems:
            failed = artifacts.reports(project.root, name) / f"{stems[section]}.failed.html"
            failed.unlink(missing_ok=True)


def _print_table(project: Project, seconds: dict[str, float | None]) -> None:
    stems = {notebook.section: notebook.stem for notebook in project.notebooks}
    table = Table("stage", "seconds", "page", box=None, pad_edge=False)
    order = ["notebooks", "dataset", "demo", "attributions", *stems]

    def place(stage: str) -> tuple[str, int]:
        section, _, name = stage.partition("@")
        return name, order.index(section) if section in order else len(order)

    for stage in sorted(seconds, key=place):
        took = seconds[stage]
        section, _, name = stage.partition("@")
        page = artifacts.reports(project.root, name) / f"{stems[section]}.html" if section in stems else None
        shown = str(page.relative_to(project.root)) if page and page.is_file() else ""
        table.add_row(stage, "unchanged" if took is None else f"{took:.1f}", shown)
    table.add_row("all", f"{sum(took or 0 for took in seconds.values()):.1f}", "")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
