"""The verbs: what the stages of dvc.yaml, the Makefile and a user at a prompt call."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from seewhy.config.params import FILE
from seewhy.config.project import find_project
from seewhy.errors import SeewhyError, unknown_name
from seewhy.pipeline import notebooks

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
# Larger arenas for the processes started from here: freeing and mapping big tensors anew costs a fifth of the time.
ARENAS = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}
StudyName = Annotated[str, typer.Argument(help="an entry under studies: in params.yaml", metavar="STUDY")]
PageName = Annotated[str, typer.Argument(help="a study, or a comparison", metavar="NAME")]
Workers = Annotated[
    int, typer.Option(min=0, envvar="SEEWHY_WORKERS", help="threads that decode images ahead; changes nothing else")
]


@app.command()
def init(
    folder: Annotated[Path | None, typer.Argument(help="a new or empty folder", metavar="[DIR]")] = None,
    here: Annotated[bool, typer.Option("--here", help="in this folder: add what is missing, upgrade")] = False,
) -> None:
    """Makes a project of your own in DIR; `--here` adds what is missing here, and replaces only unchanged files."""
    from seewhy.init.verb import start_project

    start_project(folder, here)


@app.command()
def dataset(name: Annotated[str, typer.Argument(help="an entry under datasets: in params.yaml")]) -> None:
    """Checks a manifest, row by row, and writes data/datasets/NAME.parquet; does nothing where nothing has changed."""
    project = find_project()
    if name not in project.params.datasets:
        raise unknown_name("dataset", name, project.params.datasets, FILE)
    from seewhy.inputs.renewal import renew_dataset

    renew_dataset(project, name)


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="a checkpoint, table, list of class names or folder of images")],
) -> None:
    """Tells what a file is, without running anything in it, and the lines of params.yaml that put it to use."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from seewhy.inputs.inspect import inspect_file

    found = inspect_file(file, _project_folder())
    table = Table.grid(padding=(0, 2))
    for fact, value in found.facts.items():
        table.add_row(Text(fact, style="bold"), Text(value))
    Console().print(table)
    typer.echo(f"\n# for {FILE}\n{found.lines}", nl=False)


@app.command()
def new(
    study: Annotated[str, typer.Argument(help="a name for the study", metavar="STUDY")],
    data: Annotated[str, typer.Option(help="a folder, table, JSON or array file; read where it lies")],
    checkpoint: Annotated[str, typer.Option(help="the weights")] = "",
    architecture: Annotated[str, typer.Option(help="torchvision:NAME, timm:NAME, smp:NAME or my_nets:MyNet")] = "",
    transform: Annotated[str, typer.Option(help="the line of preprocessing of your own code; parsed, never run")] = "",
    split: Annotated[str, typer.Option(help="a split's name, or the line that makes it; parsed, never run")] = "",
    classes: Annotated[str, typer.Option(help="names in the order of the outputs: a,b,c or a file")] = "",
    task: Annotated[str, typer.Option(help="classification, multilabel, regression, segmentation, captioning")] = "",
    layer: Annotated[str, typer.Option(help="the layer that maps are taken from (default: auto)")] = "",
    settings: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of either section; repeat it")] = None,
    only: Annotated[bool, typer.Option("--only", help="take the demonstration out of params.yaml")] = False,
) -> None:
    """Writes the two sections of params.yaml for your files, tells why, and lets the doctor look at the study."""
    from seewhy.inputs.new_study_request import Request
    from seewhy.inputs.new_study_verb import make_study

    given = (study, data, checkpoint, architecture, transform, split, classes, task, layer, tuple(settings or ()))
    make_study(find_project(), Request(*given), only)


@app.command()
def weights(
    architecture: Annotated[str, typer.Argument(help="torchvision:NAME or timm:NAME")],
    which: Annotated[str, typer.Argument(help="DEFAULT, or the weights' own name")],
    file: Annotated[Path, typer.Argument(help="the checkpoint to write")],
) -> None:
    """Fetches published weights, where there is a network, and writes a checkpoint with what it needs to be used."""
    from seewhy.inputs.hub import fetch_weights

    typer.echo(fetch_weights(architecture, which, file, _project_folder()), nl=False)


@app.command()
def settings() -> None:
    """Writes data/settings: what each stage rests on, with all defaults; DVC runs the stages whose file changed."""
    from seewhy.pipeline.stage_settings import write_stage_settings

    write_stage_settings(find_project())


@app.command()
def code() -> None:
    """Writes data/code: a hash of the installed code that each stage runs; DVC runs the stages whose hash changed."""
    from seewhy.init.stage_code import write_stage_code

    write_stage_code(find_project().root)


@app.command()
def predict(study: StudyName) -> None:
    """Asks a study's model for every image: data/predictions/STUDY.parquet and reports/STUDY/predictions.csv."""
    find_project().params.study_settings(study)
    from seewhy.pipeline.explain import predict_study

    predict_study(study)


@app.command()
def explain(study: StudyName, workers: Workers = 2) -> None:
    """Predicts, and makes the maps of every image, stored in data/attributions/STUDY; goes on where it was stopped."""
    find_project().params.study_settings(study)
    from seewhy.pipeline.explain import explain_study

    explain_study(study, workers)


@app.command()
def measure(name: PageName) -> None:
    """Measures a study or comparison: data/measurements/NAME, its metrics, checks and verdict; keeps what is right."""
    project = find_project()
    project.notebooks_for(name)
    from seewhy.pipeline.measure import measure_tables

    measure_tables(project, name)


@app.command()
def pages(name: PageName) -> None:
    """Executes the notebooks of a study or comparison whose inputs changed; the others are kept as they are."""
    project = find_project()
    project.notebooks_for(name)
    from seewhy.pipeline.pages import execute_pages

    execute_pages(project, name)


@app.command()
def render(name: PageName) -> None:
    """Renders the executed notebooks of a study or comparison to reports/NAME, without running anything."""
    project = find_project()
    project.notebooks_for(name)
    from seewhy.pipeline.pages import render_pages

    render_pages(project, name)


@app.command()
def run(
    notebook: Annotated[str, typer.Argument(help="stem of a notebook, as 02_grad_cam")],
    name: PageName,
    workers: Workers = 2,
) -> None:
    """Runs a notebook for a study or comparison and renders it to reports/NAME/NOTEBOOK.html; makes what it needs."""
    project = find_project()
    found = notebooks.get_notebook(project.root, notebook)
    if name not in project.run_names(found):
        raise unknown_name(found.subject_parameter, name, project.run_names(found), FILE)
    own = found.variant_for(project.params.task_of(name))
    from seewhy.pipeline.explain import make_missing_inputs
    from seewhy.pipeline.pages import run_page

    make_missing_inputs(project, name, workers)
    run_page(project, name, own)


@app.command()
def site() -> None:
    """Writes reports/index.html over the pages that exist, and reports/checks.json."""
    from seewhy.pipeline.build import write_index

    typer.echo(write_index(find_project()))


CheckedName = Annotated[str, typer.Argument(help="one study or comparison (default: all)", metavar="[STUDY]")]
Strict = Annotated[bool, typer.Option("--strict", help="undecided, not tested and unexpected passes break, too")]


@app.command()
def check(study: CheckedName = "", strict: Strict = False) -> None:
    """Holds what was measured to `checks:` in params.yaml; exit code 1 and a line for each check that is broken."""
    project = find_project()
    named = list(dict.fromkeys([*project.params.checks, *project.params.gates]))
    if study and study not in named:
        raise unknown_name("study or comparison", study, named, f"checks of {FILE}")
    from seewhy.checks.own_checks import gate_lines
    from seewhy.checks.run import collect_checks, show_checks

    names = [study] if study else named
    for line in [line for name in names for line in gate_lines(project.params, name)]:
        typer.echo(line, err=True)
    found = collect_checks(project, names)
    show_checks(found)
    reported = [(name, one) for name, checks in found.items() for one in checks if one.is_unexpected]
    for name, one in reported:
        typer.echo(one.report_line(name), err=one.is_broken or strict)
    if any(one.is_broken or strict for _, one in reported):
        raise typer.Exit(1)


@app.command(hidden=True)
def gate(study: CheckedName = "", strict: Strict = False) -> None:
    """The old name of `check`, for one release."""
    typer.echo("`seewhy gate` is now `seewhy check`", err=True)
    check(study, strict)


@app.command()
def doctor(study: Annotated[str, typer.Argument(help="one study (default: all)", metavar="[STUDY]")] = "") -> None:
    """Says what is wrong or odd about the studies, before anything long runs; exit code 1 where there is a problem."""
    project = find_project()
    names = [*project.params.studies]
    if study:
        project.params.study_settings(study)
        names = [study]
    from seewhy.doctor.examination import print_examination

    print_examination(project, names)


@app.command()
def judge(study: StudyName) -> None:
    """Shows what moves the predictions of a study and asks whether it is the object or a shortcut; writes params.yaml.

    Without a terminal it prints the lines to add, and exits with code 2 where any candidate waits."""
    project = find_project()
    project.params.study_settings(study)
    from seewhy.pipeline.judging import judge_candidates

    judge_candidates(project, study)


@app.command()
def export(
    study: StudyName,
    images: Annotated[str, typer.Option(help="a quoted pattern, as 'folder/*.jpg'; ** stands for any folders")],
    methods: Annotated[str, typer.Option(help="names separated by commas, as gradcam,guided_gradcam")],
    out: Annotated[Path, typer.Option(help="the folder to write to, made where it is not there")],
    wanted: Annotated[str, typer.Option("--class", help="explain this class (default: what the model says)")] = "",
    layer: Annotated[str, typer.Option(help="take the maps from this layer (default: the study's)")] = "",
) -> None:
    """Writes overlays, raw maps and a table of pictures that are in no manifest; exit code 1 if one is unreadable."""
    project = find_project()
    settings = project.params.study_settings(study)
    from seewhy import export as verb
    from seewhy.inputs.renewal import renew_dataset
    from seewhy.study import open_study

    found = verb.find_pictures(images, out)
    renew_dataset(project, settings.dataset)
    this = open_study(study)
    wrong = verb.export_maps(this, found, verb.make_order(this, methods, out, layer, wanted))
    for line in wrong:
        typer.echo(line, err=True)
    typer.echo(f"{len(found) - len(wrong)} of {len(found)} pictures exported to {out}")
    if wrong:
        raise typer.Exit(1)


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="one study or comparison (default: all)", metavar="[NAME]")] = "",
) -> None:
    """Runs the pipeline (for one name: what it needs), writes the index, and lists stages, seconds and pages."""

    from seewhy.pipeline.build import build_project

    build_project(find_project(), name or None)


def _project_folder() -> Path:
    """The project's folder, or the working folder where there is no project."""
    with suppress(SeewhyError):
        return find_project().root
    return Path.cwd()


def main() -> None:
    """Runs a verb; a user's mistake is one line and exit code 1."""
    for name, value in ARENAS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except SeewhyError as error:
        typer.secho(f"seewhy: {error}", err=True, fg="red" if sys.stderr.isatty() else None)
        sys.exit(1)
