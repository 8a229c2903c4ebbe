"""A network defined in a notebook or training script: the definitions that it needs are taken out and run, no others.

Imports, classes, functions and constants are found by the names that they use, through files beside the script as
well. What trains, reads data or is made by a call is not run: where a network needs such a value, it is told.
"""

import __future__

import ast
import builtins
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs.absent import Absent, stand_in

SUFFIXES = (".py", ".ipynb")
CALLED = {  # what may be called for the value of a constant
    *("int", "float", "str", "bool", "len", "range", "list", "dict", "tuple", "set", "sorted", "max", "min", "sum"),
    *("zip", "enumerate", "round", "abs", "frozenset", "partial", "functools.partial", "namedtuple", "Path"),
    *("collections.namedtuple", "os.path.join", "os.environ.get", "os.getenv", "torch.device", "device"),
    *("torch.cuda.is_available", "torch.backends.mps.is_available", "OrderedDict", "SimpleNamespace", "Namespace"),
    *("argparse.Namespace", "types.SimpleNamespace", "torch.tensor", "np.array", "defaultdict", "field"),
}
MAKERS = ("nn.", "torch.nn.", "math.", "models.", "torchvision.models.", "timm.", "smp.")  # and everything in there
TRAINING = {"backward", "step", "zero_grad", "fit", "DataLoader", "download", "imread", "read_csv", "ImageFolder"}
PLACED = ("to", "cuda", "cpu", "eval", "train", "half", "float")  # methods that give the network itself back
COUNTED = re.compile(r"(?i)class|label|categor|breed|species")  # names of what there is one of for each output
Statement = ast.stmt


def is_file(module: str) -> bool:
    """Whether the part before the colon of an architecture is a script or a notebook."""
    return module.endswith(SUFFIXES)


@dataclass
class Taken:
    """What was made of a file: the module with its definitions, and what was not run, by name."""

    module: ModuleType
    unknown: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def take(path: Path, name: str, given: dict[str, Any], classes: int, root: Path, where: str) -> Taken:
    """The module with `name` and all that it needs. `given` are values for constants that only a run would tell; those
    that were taken are `used`.

    Raises SeewhyError for a file that cannot be read, and for a name that it does not define.
    """
    reader = _Reader(root, given, classes)
    try:
        file = reader.file(path)
        defined = {key for key in file.bound if not key.startswith("_")}
        if name not in defined:
            kinds = [one.name for one in file.statements if isinstance(one, ast.ClassDef | ast.FunctionDef)]
            raise unknown_name("architecture", f"{path.name}:{name}", [f"{path.name}:{kind}" for kind in kinds], where)
        file.provide(name)
    except SeewhyError:
        raise
    except Exception as error:  # the file is the user's: it may fail in any way
        raise SeewhyError(f"architecture '{path.name}:{name}' of {where}: {_told(error)}") from None
    return Taken(file.module, file.unknown, reader.used, reader.notes)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def source_of(path: Path) -> str:
    """The code of a script, or of a notebook's code cells without its magics and shell lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return "\n\n".join(_plain("".join(cell["source"])) for cell in cells)


def _plain(cell: str) -> str:
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


class _Reader:
    """Files that are read for one network, each once."""

    def __init__(self, root: Path, given: dict[str, Any], classes: int):
        self.root, self.given, self.classes = root, given, classes
        self.files: dict[Path, _File] = {}
        self.used: set[str] = set()
        self.notes: list[str] = []

    def file(self, path: Path) -> "_File":
        """The file, read when it is first asked for."""
        path = path.resolve()
        if path not in self.files:
            self.files[path] = _File(path, self)
            self.files[path].read()
        return self.files[path]

    def local(self, module: str, folder: Path) -> Path | None:
        """The file of a module that lies beside the script or in the project."""
        for base in dict.fromkeys((folder, self.root)):
            for path in (base / f"{module.replace('.', '/')}.py", base / module.replace(".", "/") / "__init__.py"):
                if module and path.is_file():
                    return path
        return None


class _File:
    """One file: its statements by the names that they bind, run one by one as they are needed."""

    def __init__(self, path: Path, reader: _Reader):
        self.path, self.reader = path, reader
        name = "seewhy_" + re.sub(r"\W", "_", path.relative_to(path.anchor).with_suffix("").as_posix())
        self.module = ModuleType(name)
        self.module.__dict__["__file__"] = str(path)
        sys.modules[name] = self.module  # dataclasses and pickles look a class's module up
        self.statements: list[Statement] = []
        self.bound: dict[str, list[Statement]] = {}
        self.done: set[int] = set()
        self.begun: set[str] = set()
        self.unknown: dict[str, str] = {}

    def read(self) -> None:
        """Parses the file; nothing of it is run."""
        self.statements = [_unplaced(one) for one in _flat(ast.parse(source_of(self.path), str(self.path)).body)]
        for one in self.statements:
            for name in _names_bound(one):
                self.bound.setdefault(name, []).append(one)

    def provide(self, name: str) -> None:
        """Runs what the name needs, and what it needs in turn; then what makes the name itself."""
        if name in self.begun:
            return
        self.begun.add(name)
        if name not in self.bound:
            if not hasattr(builtins, name):
                for one in self.statements:
                    if isinstance(one, ast.ImportFrom) and one.names[0].name == "*":
                        self._run(one)
            return
        last = self.bound[name][-1]
        defined = [one for one in self.bound[name] if isinstance(one, ast.ClassDef | ast.FunctionDef)]
        chosen = defined[-1:] if defined and last in defined else [last]
        if not defined and not isinstance(last, ast.Import | ast.ImportFrom):
            chosen = self.bound[name]
        for one in chosen:
            self._run(one, name)

    def _run(self, one: Statement, name: str = "") -> None:
        if id(one) in self.done:
            return
        self.done.add(id(one))
        if isinstance(one, ast.Import | ast.ImportFrom):
            self._import(one)
            return
        if not self._is_safe(one):
            self._leave(one)
            return
        for needed in _names_used(one):
            if needed != name:
                self.provide(needed)
        # annotations stay text: they name what is not needed
        code = compile(ast.Module([one], []), str(self.path), "exec", __future__.annotations.compiler_flag)
        try:
            exec(code, self.module.__dict__)
        except Exception:
            if not isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.If):
                raise
            self._leave(one)  # it rests on what was not run

    def _leave(self, one: Statement) -> None:
        """A value that only a run would tell: one that was given, the number of classes, or none."""
        for name in _names_bound(one):
            line = " ".join(ast.unparse(one).split())[:80]
            if name in self.reader.given:
                self.module.__dict__[name] = self.reader.given[name]
                self.reader.used.add(name)
            elif self.reader.classes and COUNTED.search(name):
                number = self.reader.classes
                counts = isinstance(one, ast.Assign) and ast.unparse(one.value).startswith("len(")
                counts = counts or bool(re.search(r"(?i)^n|num|count|size|len", name))
                self.module.__dict__[name] = number if counts else [str(index) for index in range(number)]
                self.reader.notes.append(f"'{line}' is not run: {number} classes, as in the dataset")
            else:
                self.unknown[name] = f"line {one.lineno}: {line}"

    def _is_safe(self, one: Statement) -> bool:
        if isinstance(one, ast.ClassDef | ast.FunctionDef):
            return True
        if isinstance(one, ast.If | ast.Try | ast.With):
            inside = [part for part in ast.iter_child_nodes(one) if isinstance(part, ast.stmt | ast.ExceptHandler)]
            parts = [
                part for block in inside for part in (block.body if isinstance(block, ast.ExceptHandler) else [block])
            ]
            test = [one.test] if isinstance(one, ast.If) else []
            return not isinstance(one, ast.With) and all(map(self._is_value, test)) and all(map(self._is_safe, parts))
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
            return one.value is None or self._is_value(one.value)
        return isinstance(one, ast.Import | ast.ImportFrom | ast.Pass | ast.Raise)

    def _is_value(self, value: ast.expr) -> bool:
        """Whether working it out calls nothing but harmless functions, makers of networks and classes of the file."""
        return all(self._may_call(ast.unparse(one.func)) for one in _calls(value))

    def _may_call(self, name: str) -> bool:
        if name in CALLED or name.startswith(MAKERS):
            return True
        found = [one for one in self.bound.get(name, []) if isinstance(one, ast.ClassDef | ast.FunctionDef)]
        if found:
            return self._makes_only(found[-1])
        source = next((one for one in self.bound.get(name, []) if isinstance(one, ast.ImportFrom)), None)
        return source is not None and f"{source.module}.".startswith(("torchvision.models.", "timm.", "torch.nn."))

    def _makes_only(self, one: ast.ClassDef | ast.FunctionDef) -> bool:
        """Whether calling it makes something and trains nothing: settings, a network, a function that returns one."""
        if isinstance(one, ast.FunctionDef):
            named = {part.attr for part in ast.walk(one) if isinstance(part, ast.Attribute)} | set(_names_used(one))
            return not named & TRAINING and any(isinstance(part, ast.Return) for part in ast.walk(one))
        bases = [ast.unparse(base) for base in one.bases]
        plain = not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in one.body)
        marked = any("dataclass" in ast.unparse(mark) for mark in one.decorator_list)
        return plain or marked or any(base.endswith("Module") or self._may_call(base) for base in bases)

    def _import(self, one: ast.Import | ast.ImportFrom) -> None:
        space = self.module.__dict__
        if isinstance(one, ast.Import):
            for alias in one.names:
                found = self._module(alias.name)
                whole = found if alias.asname or "." not in alias.name else self._module(alias.name.split(".")[0])
                space[alias.asname or alias.name.split(".")[0]] = whole
            return
        folder = self.path.parent
        for _ in range(one.level - 1):
            folder = folder.parent
        for alias in one.names:
            found = self._attributes(one.module or "", alias.name, folder, one.level)
            if alias.name == "*":
                space |= found
            else:
                space[alias.asname or alias.name] = found[alias.name]

    def _module(self, name: str) -> Any:
        local = self.reader.local(name, self.path.parent)
        if local:
            return self._whole(local)
        try:
            return importlib.import_module(name)
        except ImportError:
            self.reader.notes.append(f"'{name}' is not installed here: what the file uses of it stands empty")
            return stand_in(name)

    def _whole(self, path: Path) -> ModuleType:
        """All definitions of a file beside this one."""
        other = self.reader.file(path)
        for name in list(other.bound):
            other.provide(name)
        return other.module

    def _attributes(self, module: str, name: str, folder: Path, level: int) -> dict[str, Any]:
        """What `from module import name` binds; all public names for a star."""
        base = folder / module.replace(".", "/") if module else folder
        files = [base.with_suffix(".py"), base / "__init__.py"] if level else []
        local = next((path for path in files if path.is_file()), None) or self.reader.local(module, self.path.parent)
        if local and name == "*":
            return {key: one for key, one in vars(self._whole(local)).items() if not key.startswith("_")}
        if local:
            other = self.reader.file(local)
            other.provide(name)
            if hasattr(other.module, name):
                return {name: getattr(other.module, name)}
        inside = next((one for one in (base / f"{name}.py", base / name / "__init__.py") if one.is_file()), None)
        if (level or local or base.is_dir()) and inside:
            return {name: self._whole(inside)}
        found = self._module(module)
        if isinstance(found, Absent):
            return {name: getattr(found, name)}
        if name == "*":
            return {key: getattr(found, key) for key in getattr(found, "__all__", dir(found)) if key[:1] != "_"}
        return {name: getattr(found, name) if hasattr(found, name) else self._module(f"{module}.{name}")}


def _flat(body: list[Statement]) -> Iterator[Statement]:
    """Top-level statements; `if __name__ == "__main__"` is no definition, but what it defines is one."""
    for one in body:
        if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test):
            yield from _flat(one.body)
        else:
            yield one


def _unplaced(one: Statement) -> Statement:
    """`net = Net().to(device)` without what moves it: it stays on the CPU."""
    if isinstance(one, ast.Assign):
        while (
            isinstance(one.value, ast.Call)
            and isinstance(one.value.func, ast.Attribute)
            and one.value.func.attr in PLACED
        ):
            one.value = one.value.func.value
    return one


def _names_bound(one: Statement) -> list[str]:
    if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [one.name]
    if isinstance(one, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name.split(".")[0]) for alias in one.names if alias.name != "*"]
    if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        return [part for target in targets for part in _roots(target)]
    if isinstance(one, ast.If | ast.Try | ast.With | ast.For):
        parts = [part for part in ast.walk(one) if isinstance(part, ast.stmt) and part is not one]
        return list(dict.fromkeys(name for part in parts for name in _names_bound(part)))
    return []


def _roots(target: ast.expr) -> list[str]:
    """The names that a target binds or changes: `x`, and `x` of `x.fc` and `x[0]`."""
    if isinstance(target, ast.Tuple | ast.List):
        return [name for part in target.elts for name in _roots(part)]
    while isinstance(target, ast.Attribute | ast.Subscript | ast.Starred):
        target = target.value
    return [target.id] if isinstance(target, ast.Name) else []


def _names_used(one: ast.AST) -> list[str]:
    used = (part.id for part in ast.walk(one) if isinstance(part, ast.Name))
    return list(dict.fromkeys(used))


def _calls(value: ast.expr) -> Iterator[ast.Call]:
    """Calls that happen when the expression is worked out: those inside a lambda do not."""
    if isinstance(value, ast.Lambda):
        return
    if isinstance(value, ast.Call):
        yield value
    for part in ast.iter_child_nodes(value):
        if isinstance(part, ast.expr | ast.keyword | ast.comprehension):
            yield from _calls(part)  # type: ignore[arg-type]


def network_of(taken: Taken, name: str) -> Any:
    """What the file calls `name`: a class of networks, a function, or a network that its lines made; else None."""
    found = getattr(taken.module, name, None)
    own = callable(found) and getattr(found, "__module__", "").startswith("seewhy_")
    if isinstance(found, nn.Module) or (isinstance(found, type) and issubclass(found, nn.Module)):
        return found
    return found if own and not isinstance(found, type) else None


def missing_value(taken: Taken, error: Exception, where: str) -> SeewhyError | None:
    """The sentence about a name that only a run of the file would give; None where the error is another."""
    name = getattr(error, "name", None) if isinstance(error, NameError) else None
    if name not in taken.unknown:
        return None
    return SeewhyError(
        f"{where}: the network needs '{name}', which is made by {taken.unknown[name]}; that is not run: "
        f"write `arguments: {{{name}: ...}}`; others: {list_names(taken.unknown)}"
    )
