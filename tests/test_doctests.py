"""Every example in a docstring runs; `study` in one is the project's small study."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"
WITH_EXAMPLES = [path for path in sorted((SOURCES / "seewhy").rglob("*.py")) if ">>> " in path.read_text()]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_examples_of_docstrings_run(path, request):
    given = {"study": request.getfixturevalue("study")} if "open_study" in path.read_text() or needs_study(path) else {}
    module = import_module(".".join(path.relative_to(SOURCES).with_suffix("").parts))
    result = doctest.testmod(module, extraglobs=given)
    assert result.attempted
    assert not result.failed


def needs_study(path):
    return any(line.strip().startswith(">>> ") and "study." in line for line in path.read_text().splitlines())
