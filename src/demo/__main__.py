"""`python -m demo NAME`: makes a checkpoint of the demonstration, or the files of one of its datasets."""

import sys

from seewhy.config.params import FILE
from seewhy.config.project import find_project
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs.recipes import build_from_recipe


def main(name: str) -> None:
    """Makes the piece of that name in params.yaml; an error names the closest."""
    project = find_project()
    datasets = {key: one.demo for key, one in project.params.datasets.items() if one.demo}
    pieces = {key: (piece.model_dump(by_alias=True), f"demo.{key}") for key, piece in project.params.demo.items()}
    pieces |= {key: (entry, f"datasets.{key}.demo") for key, entry in datasets.items() if key not in pieces}
    if name not in pieces:
        raise unknown_name("piece", name, pieces, f"demo of {FILE}")
    entry, where = pieces[name]
    build_from_recipe(entry, project.root, f"{where} of {FILE}")


if __name__ == "__main__":
    try:
        main(sys.argv[1] if sys.argv[1:] else "")
    except SeewhyError as error:
        sys.exit(f"demo: {error}")
