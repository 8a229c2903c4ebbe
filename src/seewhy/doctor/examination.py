"""What is wrong or odd about a study, told before anything long runs: one line each."""

from collections.abc import Iterator

import typer

from seewhy.config.project import Project
from seewhy.doctor.steps import STEPS, Line, NotYetError, Patient
from seewhy.errors import SeewhyError
from seewhy.inputs.built import input_refusal

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}  # on a terminal, beside the word


def consult(project: Project, names: list[str]) -> None:
    """Prints what there is to say of each study; raises typer.Exit with code 1 where there is a problem."""
    marks = set()
    for name in names:
        typer.echo(name)
        for line in examine(project, name):
            marks.add(line.mark)
            typer.secho(f"  {line.mark:<8}", fg=COLOURS[line.mark], nl=False)
            typer.echo(f"{line.what:<14}{line.text}")
    if "problem" in marks:
        raise typer.Exit(1)


def examine(project: Project, name: str) -> Iterator[Line]:
    """All that is to be said of the study of that name. No mistake of the user's is raised: it is a problem's line."""
    patient = Patient(project, name)
    for group in STEPS:
        spoilt = False
        for step in group:
            try:
                yield from step(patient)
            except SeewhyError as error:
                spoilt = True
                yield Line("warning" if isinstance(error, NotYetError) else "problem", step.__name__, str(error))
            except Exception as error:  # whatever a user's network raises on its input
                spoilt = True
                yield Line("problem", step.__name__, input_refusal(error))
        if spoilt:
            return
