"""What `seewhy new` prints and writes: a table of what was found, the two sections, and doctor's lines."""

import sys

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seewhy.config.editing import add_study
from seewhy.config.params import FILE
from seewhy.config.project import Project
from seewhy.inputs.new_study import check_name, propose_study
from seewhy.inputs.new_study_request import MissingOptionError, Proposal, Request


def make_study(project: Project, request: Request, only: bool) -> None:
    """Proposes, prints, writes and examines a study.

    Raises typer.Exit with code 2 for an option that is missing, with 1 where the doctor finds a problem, and
    SeewhyError for what is wrong in files and options.
    """
    check_name(project, request.study, only)
    try:
        found = propose_study(project, request, _ask_person if sys.stdin.isatty() else None)
    except MissingOptionError as error:
        typer.secho(f"seewhy: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
        raise typer.Exit(2) from None
    show_proposal(found)
    name = add_study(project.root, request.study, found.dataset, found.settings, only)
    typer.echo(f"\n{FILE}: wrote datasets.{name} and studies.{request.study}\n")
    from seewhy.doctor.examination import print_examination

    print_examination(Project(project.root), [request.study])
    typer.echo(f"\nnext: python -m seewhy report {request.study}")


def show_proposal(found: Proposal) -> None:
    """Prints what was found and why, one line each."""
    table = Table.grid(padding=(0, 2))
    for what, value, why in found.facts:
        table.add_row(Text(what, style="bold"), Text(value), Text(why, style="dim"))
    Console().print(table)


def _ask_person(question: str) -> str:
    return str(typer.prompt(question))
