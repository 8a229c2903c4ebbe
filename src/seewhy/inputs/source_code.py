"""The code of a script or notebook: its statements, which names they bind and use, and what they call."""

import ast
import json
import operator
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PLACED = ("to", "cuda", "cpu", "eval", "train", "half", "float")  # methods that give the network itself back
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
Statement = ast.stmt


def error_text(error: Exception) -> str:
    """The error of a user's own code in one line: its kind and its message."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def source_of(path: Path) -> str:
    """The code of a script, or of a notebook's code cells without its magics and shell lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "\n\n".join(_code_of_cell("".join(cell["source"])) for cell in cells)


def _code_of_cell(cell: str) -> str:
    """A cell's code without magics; nothing for a cell in another language, or one that is no Python."""
    if re.match(r"\s*%%(?!time|capture|timeit|prun)", cell):
        return ""
    lines = [re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in cell.splitlines()]
    code = "\n".join(re.sub(r"^\s*\?.*|^(?!.*['\"#]).*\?\s*$", "", line) for line in lines)
    try:
        ast.parse(code)
    except SyntaxError:
        return ""
    return code


def top_statements(body: list[Statement]) -> Iterator[Statement]:
    """Top-level statements; `if __name__ == "__main__"` is no definition, but what it defines is one."""
    for one in body:
        if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test):
            yield from top_statements(one.body)
        else:
            yield one


def without_placement(one: Statement) -> Statement:
    """`net = Net().to(device)` without what moves it: it stays on the CPU."""
    if isinstance(one, ast.Assign):
        while (
            isinstance(one.value, ast.Call)
            and isinstance(one.value.func, ast.Attribute)
            and one.value.func.attr in PLACED
        ):
            one.value = one.value.func.value
    return one


def names_bound(one: Statement) -> list[str]:
    """The names that a statement defines or changes; of a block those of the statements in it."""
    if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [one.name]
    if isinstance(one, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name.split(".")[0]) for alias in one.names if alias.name != "*"]
    if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        return [part for target in targets for part in _target_names(target)]
    if isinstance(one, ast.If | ast.Try | ast.With | ast.For):
        parts = [part for part in ast.walk(one) if isinstance(part, ast.stmt) and part is not one]
        return list(dict.fromkeys(name for part in parts for name in names_bound(part)))
    return []


def _target_names(target: ast.expr) -> list[str]:
    """The names that a target binds or changes: `x`, and `x` of `x.fc` and `x[0]`."""
    if isinstance(target, ast.Tuple | ast.List):
        return [name for part in target.elts for name in _target_names(part)]
    while isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        target = target.value
    return [target.id] if isinstance(target, ast.Name) else []


def names_used(one: ast.AST) -> list[str]:
    """The names that stand anywhere in a statement, each once."""
    used = (part.id for part in ast.walk(one) if isinstance(part, ast.Name))
    return list(dict.fromkeys(used))


def calls_in(value: ast.expr) -> Iterator[ast.Call]:
    """Calls that happen when the expression is worked out: those inside a lambda do not."""
    if isinstance(value, ast.Lambda):
        return
    if isinstance(value, ast.Call):
        yield value
    for part in ast.iter_child_nodes(value):
        if isinstance(part, ast.expr | ast.keyword | ast.comprehension):
            yield from calls_in(part)  # type: ignore[arg-type]
