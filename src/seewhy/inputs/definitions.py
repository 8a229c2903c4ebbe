"""A network defined in a notebook or training script: the definitions that it needs are taken out and run, no others.

Imports, classes, functions and constants are found by the names that they use, through files beside the script as
well. What trains, reads data or is made by a call is not run: where a network needs such a value, it is told.
"""

import __future__

import ast
import builtins
import importlib
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from seewhy.errors import SeewhyError, list_names, unknown_name
from seewhy.inputs.absent import Absent, stand_in
from seewhy.inputs.safe_code import is_safe
from seewhy.inputs.source_code import (
    Statement,
    error_text,
    names_bound,
    names_used,
    source_of,
    top_statements,
    without_placement,
)

SUFFIXES = (".py", ".ipynb")
COUNTED = re.compile(r"(?i)class|label|categor|breed|species")  # names of what there is one of for each output


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


def take_definitions(path: Path, name: str, given: dict[str, Any], classes: int, root: Path, where: str) -> Taken:
    """The module with `name` and all that it needs. `given` are values for constants that only a run would tell; those
    that were taken are `used`.

    Raises SeewhyError for a file that cannot be read, and for a name that it does not define.
    """
    reader = _Reader(root, given, classes)
    try:
        file = reader.read_file(path)
        defined = {key for key in file.bound if not key.startswith("_")}
        if name not in defined:
            kinds = [one.name for one in file.statements if isinstance(one, ast.ClassDef | ast.FunctionDef)]
            raise unknown_name("architecture", f"{path.name}:{name}", [f"{path.name}:{kind}" for kind in kinds], where)
        file.provide_name(name)
    except SeewhyError:
        raise
    except Exception as error:  # the file is the user's: it may fail in any way
        raise SeewhyError(f"architecture '{path.name}:{name}' of {where}: {error_text(error)}") from None
    return Taken(file.module, file.unknown, reader.used, reader.notes)


class _Reader:
    """Files that are read for one network, each once."""

    def __init__(self, root: Path, given: dict[str, Any], classes: int):
        self.root, self.given, self.classes = root, given, classes
        self.files: dict[Path, _File] = {}
        self.used: set[str] = set()
        self.notes: list[str] = []

    def read_file(self, path: Path) -> "_File":
        """The file, read when it is first asked for."""
        path = path.resolve()
        if path not in self.files:
            self.files[path] = _File(path, self)
            self.files[path].parse_file()
        return self.files[path]

    def local_file(self, module: str, folder: Path) -> Path | None:
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

    def parse_file(self) -> None:
        """Parses the file; nothing of it is run."""
        self.statements = [
            without_placement(one) for one in top_statements(ast.parse(source_of(self.path), str(self.path)).body)
        ]
        for one in self.statements:
            for name in names_bound(one):
                self.bound.setdefault(name, []).append(one)

    def provide_name(self, name: str) -> None:
        """Runs what the name needs, and what it needs in turn; then what makes the name itself."""
        if name in self.begun:
            return
        self.begun.add(name)
        if name not in self.bound:
            if not hasattr(builtins, name):
                for one in self.statements:
                    if isinstance(one, ast.ImportFrom) and one.names[0].name == "*":
                        self._run_statement(one)
            return
        whole = self.bound[name]
        defined = [one for one in whole if isinstance(one, ast.ClassDef | ast.FunctionDef)]
        if isinstance(whole[-1], ast.Import | ast.ImportFrom):
            chosen = whole[-1:]
        else:  # the last definition, with what changes it afterwards, as Net.forward = other
            chosen = whole[whole.index(defined[-1]) :] if defined else whole
        for one in chosen:
            self._run_statement(one, name)
        if defined and name in self.unknown:
            self.reader.notes.append(f"{self.unknown[name]} is not run: '{name}' is taken as it is defined")

    def _run_statement(self, one: Statement, name: str = "") -> None:
        if id(one) in self.done:
            return
        self.done.add(id(one))
        if isinstance(one, ast.Import | ast.ImportFrom):
            self._run_import(one)
            return
        if not is_safe(one, self.bound):
            self._leave_unrun(one)
            return
        for needed in names_used(one):
            if needed != name:
                self.provide_name(needed)
        # annotations stay text: they name what is not needed
        code = compile(ast.Module([one], []), str(self.path), "exec", __future__.annotations.compiler_flag)
        try:
            exec(code, self.module.__dict__)
        except Exception:
            if not isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.If):
                raise
            self._leave_unrun(one)  # it rests on what was not run

    def _leave_unrun(self, one: Statement) -> None:
        """A value that only a run would tell: one that was given, the number of classes, or none."""
        for name in names_bound(one):
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

    def _run_import(self, one: ast.Import | ast.ImportFrom) -> None:
        space = self.module.__dict__
        if isinstance(one, ast.Import):
            for alias in one.names:
                found = self._import_module(alias.name)
                whole = (
                    found if alias.asname or "." not in alias.name else self._import_module(alias.name.split(".")[0])
                )
                space[alias.asname or alias.name.split(".")[0]] = whole
            return
        folder = self.path.parent
        for _ in range(one.level - 1):
            folder = folder.parent
        for alias in one.names:
            found = self._imported_names(one.module or "", alias.name, folder, one.level)
            if alias.name == "*":
                space |= found
            else:
                space[alias.asname or alias.name] = found[alias.name]

    def _import_module(self, name: str) -> Any:
        local = self.reader.local_file(name, self.path.parent)
        if local:
            return self._whole_module(local)
        try:
            return importlib.import_module(name)
        except ImportError:
            self.reader.notes.append(f"'{name}' is not installed here: what the file uses of it stands empty")
            return stand_in(name)

    def _whole_module(self, path: Path) -> ModuleType:
        """All definitions of a file beside this one."""
        other = self.reader.read_file(path)
        for name in list(other.bound):
            other.provide_name(name)
        return other.module

    def _imported_names(self, module: str, name: str, folder: Path, level: int) -> dict[str, Any]:
        """What `from module import name` binds; all public names for a star."""
        base = folder / module.replace(".", "/") if module else folder
        files = [base.with_suffix(".py"), base / "__init__.py"] if level else []
        local = next((path for path in files if path.is_file()), None) or self.reader.local_file(
            module, self.path.parent
        )
        if local and name == "*":
            return {key: one for key, one in vars(self._whole_module(local)).items() if not key.startswith("_")}
        if local:
            other = self.reader.read_file(local)
            other.provide_name(name)
            if hasattr(other.module, name):
                return {name: getattr(other.module, name)}
        inside = next((one for one in (base / f"{name}.py", base / name / "__init__.py") if one.is_file()), None)
        if (level or local or base.is_dir()) and inside:
            return {name: self._whole_module(inside)}
        found = self._import_module(module)
        if isinstance(found, Absent):
            return {name: getattr(found, name)}
        if name == "*":
            return {key: getattr(found, key) for key in getattr(found, "__all__", dir(found)) if key[:1] != "_"}
        return {name: getattr(found, name) if hasattr(found, name) else self._import_module(f"{module}.{name}")}


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
