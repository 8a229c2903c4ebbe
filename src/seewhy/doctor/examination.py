"""What is wrong or odd about a study, told before anything long runs: one line each, step by step."""

from collections.abc import Callable, Iterator

import typer

from seewhy.config.project import Project
from seewhy.doctor import sample_steps, study_steps
from seewhy.doctor.patient import Line, NotYetError, Patient
from seewhy.errors import SeewhyError
from seewhy.inputs.built import input_refusal

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}  # on a terminal, beside the word

Step = Callable[[Patient], Iterator[Line]]
STEPS: tuple[dict[str, Step], ...] = (  # by what a problem is told under; where one of a group is spoilt, none follows
    {"files": study_steps.check_files, "names": study_steps.check_method_names},
    {"dataset": study_steps.check_dataset, "checkpoint": study_steps.check_checkpoint},
    {"model": study_steps.check_model},
    {"preprocessing": study_steps.check_preprocessing},
    {"output": sample_steps.check_output},
    {
        "accuracy": sample_steps.check_accuracy,
        "neighbours": sample_steps.check_neighbours,
        "layer": sample_steps.check_layer,
    },
    {"guided": sample_steps.check_guided_methods, "forecast": sample_steps.forecast_time},
)


def print_examination(project: Project, names: list[str]) -> None:
    """Prints what there is to say of each study; raises typer.Exit with code 1 where there is a problem."""
    marks = set()
    for name in names:
        typer.echo(name)
        for line in examine_study(project, name):
            marks.add(line.mark)
            typer.secho(f"  {line.mark:<8}", fg=COLOURS[line.mark], nl=False)
            typer.echo(f"{line.what:<14}{line.text}")
    if "problem" in marks:
        raise typer.Exit(1)


def examine_study(project: Project, name: str) -> Iterator[Line]:
    """All that is to be said of the study of that name. No mistake of the user's is raised: it is a problem's line."""
    patient = Patient(project, name)
    for group in STEPS:
        spoilt = False
        for label, step in group.items():
            try:
                yield from step(patient)
            except SeewhyError as error:
                spoilt = True
                yield Line("warning" if isinstance(error, NotYetError) else "problem", label, str(error))
            except Exception as error:  # whatever a user's network raises on its input
                spoilt = True
                yield Line("problem", label, input_refusal(error))
        if spoilt:
            return
