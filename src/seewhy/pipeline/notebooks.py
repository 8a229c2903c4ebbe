"""The notebooks as the pipeline sees them: stem, section of params.yaml, title, and the parameters they take.

A notebook declares its parameters, their defaults and so their types in its one cell tagged `parameters`. Nothing else
lists notebooks, so that a new one touches the notebook only, and params.yaml where it takes settings or serves some
tasks (`tasks: [classification]` in its section). One that declares `comparison` is run for each comparison, all others,
which declare `study`, for each study. notebooks/<task>/<stem>.ipynb takes the place of notebooks/<stem>.ipynb for
studies of that task.
"""

import ast
import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seewhy.errors import SeewhyError, unknown_name

PATTERN = "[0-9][0-9]_*.ipynb"
STUDY, COMPARISON = "study", "comparison"  # every notebook takes one of these, which no section of params.yaml may set


@dataclass(frozen=True)
class Notebook:
    """One notebook: `stem` 02_grad_cam, `section` grad_cam, its question as `title`, `parameters` with defaults."""

    path: Path
    title: str
    parameters: dict[str, Any]
    tasks: dict[str, "Notebook"] = field(default_factory=dict)  # those that take its place, by task

    @property
    def stem(self) -> str:
        """File name without ending: also the page's."""
        return self.path.stem

    @property
    def section(self) -> str:
        """Stem without its number: the section of params.yaml, the DVC stage and the metrics file."""
        return self.stem.partition("_")[2]

    @property
    def subject_parameter(self) -> str:
        """What the notebook is run for: the parameter that names a study, or a comparison."""
        return COMPARISON if COMPARISON in self.parameters else STUDY

    def check_settings(self, given: dict[str, Any]) -> dict[str, Any]:
        """`given`, checked: refuses a name that no notebook of this stem takes, or a value of another type."""
        known = {name: value for one in (*self.tasks.values(), self) for name, value in one.parameters.items()}
        own = {name: value for name, value in known.items() if name != self.subject_parameter}
        for name, value in given.items():
            if name not in own:
                raise unknown_name("key", name, own, f"section '{self.section}' of params.yaml")
            if not _same_type(value, own[name]):
                raise SeewhyError(
                    f"{self.section}.{name} in params.yaml: found {value!r}; "
                    f"allowed: {type(own[name]).__name__}, as its default {own[name]!r} in notebooks/{self.path.name}"
                )
        return {name: self._fill_defaults(name, value, own[name]) for name, value in given.items()}

    def _fill_defaults(self, name: str, value: Any, default: Any) -> Any:
        """A mapping with the defaults of the keys that it leaves out; other values as they are."""
        if not isinstance(value, dict):
            return value
        for key, one in value.items():
            where = f"{self.section}.{name} of params.yaml"
            if key not in default:
                raise unknown_name("key", key, default, where)
            if not _same_type(one, default[key]):
                raise SeewhyError(f"{key} in {where}: found {one!r}; allowed: {type(default[key]).__name__}")
        return default | value

    def variant_for(self, task: str) -> "Notebook":
        """The notebook that studies of that task run."""
        return self.tasks.get(task, self)


def find_notebooks(root: Path) -> list[Notebook]:
    """All notebooks of the project in the order of their numbers."""
    folder = root / "notebooks"
    found = [_read_notebook(path) for path in sorted(folder.glob(PATTERN))]
    return [
        replace(one, tasks={path.parent.name: _read_notebook(path) for path in _task_variants(folder, one)})
        for one in found
    ]


def _task_variants(folder: Path, notebook: Notebook) -> list[Path]:
    return sorted(folder.glob(f"*/{notebook.path.name}"))


def get_notebook(root: Path, stem: str) -> Notebook:
    """The notebook with that stem; an error names the closest."""
    notebooks = {notebook.stem: notebook for notebook in find_notebooks(root)}
    if stem not in notebooks:
        raise unknown_name("notebook", stem, notebooks, "notebooks/")
    return notebooks[stem]


def source_hash(path: Path) -> str:
    """Hex digest of what a notebook says: cells and their tags, without outputs, counts, ids and an editor's notes."""
    return text_hash(path.read_text(), path.name)


def text_hash(text: str, name: str) -> str:
    """`source_hash` of the text of a notebook of that name."""
    cells = _parse_notebook(text, name)["cells"]
    said = [[cell["cell_type"], cell["metadata"].get("tags", []), _cell_source(cell)] for cell in cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _parse_notebook(text: str, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
        right = all(isinstance(cell["metadata"], dict) and "source" in cell for cell in notebook["cells"])
    except (ValueError, KeyError, TypeError):
        right = False
    if not right:
        raise SeewhyError(f"notebooks/{name} is not a notebook: allowed: JSON with a list of cells")
    return dict(notebook)


def _read_notebook(path: Path) -> Notebook:
    cells = _parse_notebook(path.read_text(), path.name)["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        raise SeewhyError(f"notebooks/{path.name}: found {len(tagged)} cells tagged 'parameters'; allowed: exactly one")
    heading = next((line for cell in cells for line in _cell_source(cell).splitlines() if line.startswith("# ")), "")
    return Notebook(path, heading.removeprefix("# ").strip(), _parse_assignments(_cell_source(tagged[0]), path))


def _parse_assignments(source: str, path: Path) -> dict[str, Any]:
    """`name = literal` lines as a dict. The cell is data: anything else in it is refused."""
    try:
        return dict(map(_parse_assignment, ast.parse(source).body))
    except (SyntaxError, ValueError):
        raise SeewhyError(
            f"notebooks/{path.name}: the 'parameters' cell may hold only lines of the form name = value"
        ) from None


def _parse_assignment(node: ast.stmt) -> tuple[str, Any]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, ast.literal_eval(value)
    raise ValueError(ast.dump(node))


def _cell_source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def _same_type(value: Any, default: Any) -> bool:
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
