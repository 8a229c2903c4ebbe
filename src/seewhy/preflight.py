"""What can be seen to be wrong or out of date before the pipeline starts, so that a mistake is told at once.

DVC watches the files that params.yaml names. It does not watch the images that a manifest names.
"""

from collections.abc import Iterator
from pathlib import Path

from seewhy import artifacts
from seewhy.errors import SeewhyError, unknown
from seewhy.params import FILE, Params, Project


def check(project: Project, studies: list[str]) -> None:
    """Refuses a file that is not there and that no piece of the demonstration makes."""
    made = [Path(piece.out) for piece in project.params.demo.values()]
    for key, name in _files(project.params, studies):
        path = Path(name)
        if (project.root / path).exists() or any(path.is_relative_to(out) for out in made):
            continue
        there = sorted(one.relative_to(project.root).as_posix() for one in (project.root / path).parent.glob("*"))
        if not there:
            raise SeewhyError(f"{key} of {FILE}: there is no file '{name}'")
        known = dict.fromkeys([*there, *(out.as_posix() for out in made if out.parent == path.parent)])
        raise unknown("file", name, known, f"{key} of {FILE}")


def _files(params: Params, studies: list[str]) -> Iterator[tuple[str, str]]:
    """Key and path of every file that the studies start from."""
    for name, piece in params.demo.items():
        yield f"demo.{name}.from", piece.source
    for name in studies:
        dataset = params.studies[name].dataset
        for key in ("manifest", "images", "classes"):
            if isinstance(path := getattr(params.datasets[dataset], key), str):
                yield f"datasets.{dataset}.{key}", path
        yield f"studies.{name}.checkpoint", params.studies[name].checkpoint


def outdated(project: Project, studies: list[str]) -> list[str]:
    """Datasets of these studies with an image or mask that is gone, or newer than the dataset's last check."""
    names = dict.fromkeys(project.params.studies[name].dataset for name in studies)
    return [name for name in names if _outdated(project.root, name)]


def _outdated(root: Path, dataset: str) -> bool:
    checked = artifacts.dataset(root, dataset)
    if not checked.is_file():
        return False  # DVC runs the check anyway
    time = checked.stat().st_mtime
    return any(not path.is_file() or path.stat().st_mtime > time for path in _images(root, checked))


def _images(root: Path, checked: Path) -> Iterator[Path]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        columns = [name for name in pq.read_schema(checked).names if name == "image" or name.endswith("mask")]
        table = pq.read_table(checked, columns=columns)
    except (pa.ArrowException, OSError):
        return  # damaged: DVC sees it by its hash
    for column in table.columns:
        yield from (root / name for name in column.to_pylist() if name)
