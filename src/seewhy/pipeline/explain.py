"""The stage `explain`: what a study's model says of its images, and the maps of them; all later stages read these."""

from seewhy.config import artifacts
from seewhy.config.project import Project
from seewhy.errors import SeewhyError


def predict_study(name: str) -> None:
    """Writes data/predictions/<name>.parquet and reports/<name>/predictions.csv."""
    from seewhy.study import open_study

    study = open_study(name)
    study.save_predictions(study.predict())


def explain_study(name: str, workers: int) -> None:
    """Predicts, then writes data/attributions/<name>; images are decoded by `workers` threads ahead of the model.

    Maps that an interrupted run has stored are kept.
    """
    from seewhy.maps.driver import attribute_all
    from seewhy.study import open_study

    predict_study(name)
    attribute_all(open_study(name), workers)


def make_missing_inputs(project: Project, name: str, workers: int) -> None:
    """Makes what a page of a study or comparison reads and what is not there yet: datasets to measurements.

    Raises SeewhyError for a file that is not there, with the stage that makes it if there is one.
    """
    params = project.params
    studies = params.comparisons[name].studies if name in params.comparisons else [name]
    for study in studies:
        _check_files(project, study)
        if not artifacts.dataset_path(project.root, params.study_settings(study).dataset).is_file():
            from seewhy.inputs.renewal import renew_dataset

            renew_dataset(project, params.study_settings(study).dataset)
        made = (artifacts.predictions_path(project.root, study), artifacts.attributions_folder(project.root, study))
        if not all(path.exists() for path in made):
            explain_study(study, workers)
    for measured in dict.fromkeys([*studies, name]):
        if not artifacts.measurements_folder(project.root, measured).exists():
            from seewhy.pipeline.measure import measure_tables

            measure_tables(project, measured)


def _check_files(project: Project, study: str) -> None:
    """Refuses a file that is not there; one that a stage makes is named with it."""
    from seewhy.doctor import preflight

    preflight.check_input_files(project, [study])
    settings = project.params.study_settings(study)
    if not (project.root / settings.checkpoint).is_file():
        stages = {piece.out: artifacts.demo_stage(key) for key, piece in project.params.demo.items()}
        stage = stages.get(settings.checkpoint, artifacts.dataset_stage(settings.dataset))
        raise SeewhyError(f"'{settings.checkpoint}' is not there yet; make it with: dvc repro {stage}")
