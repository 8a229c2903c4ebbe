"""What can be seen to be wrong before the pipeline starts, so that a mistake is told at once."""

from collections.abc import Iterator
from pathlib import Path

from seewhy.config import artifacts
from seewhy.config.params import FILE, Params
from seewhy.config.project import Project
from seewhy.errors import SeewhyError, unknown_name


def check_input_files(project: Project, studies: list[str]) -> None:
    """Refuses a file that is not there and that no piece of the demonstration makes."""
    params = project.params
    made = [Path(piece.out) for piece in params.demo.values()]
    made += [Path(one.demo["out"]) for one in params.datasets.values() if one.demo and one.demo.get("out")]
    made += [artifacts.dataset_path(project.root, name).relative_to(project.root) for name in params.datasets]
    for key, name in _input_files(params, studies):
        path = Path(name)
        if (project.root / path).exists() or any(path.is_relative_to(out) for out in made):
            continue
        there = sorted(one.relative_to(project.root).as_posix() for one in (project.root / path).parent.glob("*"))
        if not there:
            raise SeewhyError(f"{key} of {FILE}: there is no file '{name}'")
        known = dict.fromkeys([*there, *(out.as_posix() for out in made if out.parent == path.parent)])
        raise unknown_name("file", name, known, f"{key} of {FILE}")


def _input_files(params: Params, studies: list[str]) -> Iterator[tuple[str, str]]:
    """Key and path of every file that the studies start from."""
    for name, piece in params.demo.items():
        yield f"demo.{name}.from", piece.source
    for name in studies:
        dataset = params.studies[name].dataset
        for key in ("manifest", "images", "classes"):
            if isinstance(path := getattr(params.datasets[dataset], key), str):
                yield f"datasets.{dataset}.{key}", path
        yield f"studies.{name}.checkpoint", params.studies[name].checkpoint
