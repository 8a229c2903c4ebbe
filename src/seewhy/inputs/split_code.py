"""A small reader of Python's tree for lines that split: simple names, parts of the rows, seeds and known calls."""

import ast
import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.split_draws import LABELS, SEEDERS, SPLITTERS, Draws, Folds, Part, Splits, refused, unseeded

DATA = (
    "dataset",
    "data",
    "df",
    "X",
    "x",
    "samples",
    "paths",
    "images",
    "files",
    "frame",
    "full",
    "idx",
    "indices",
    "self",
)
COUNTS = ("n", "N", "n_samples", "num_samples", "dataset_size", "dataset_len", "total", "length")
ROUNDED: dict[str, Callable[[Any], Any]] = {"int": int, "round": round, "float": float}
ROUNDED |= {"floor": math.floor, "ceil": math.ceil}
SAME = (
    "values",
    "index",
    "samples",
    "imgs",
    "tolist",
    "to_numpy",
    "reset_index",
    "indices",
    "numpy",
    "copy",
    "dataset",
)
TAKEN_AS_TEST = ("test", "val", "valid", "eval", "hold", "dev")
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


@dataclass(frozen=True)
class Name:
    """A dotted name that the text does not set."""

    text: str

    @property
    def last(self) -> str:
        """The name after the last dot."""
        return self.text.rpartition(".")[2]


class SplitInterpreter:
    """Values of a line's expressions: numbers, parts of the rows, and generators with the user's seeds."""

    def __init__(self, frame: pd.DataFrame, classes: Sequence[str] | None) -> None:
        self.frame, self.draws = frame, Draws(frame, classes)
        self.whole = self.draws.whole
        self.assigned: dict[str, Any] = {}

    # statements

    def run_statements(self, body: list[ast.stmt]) -> Any:
        """Assigns names in order; the value of the last statement where that is an expression."""
        last = None
        for statement in body:
            last = None
            if isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            if isinstance(statement, ast.Assign):
                value = self.value(statement.value)
                for target in statement.targets:
                    self._assign(target, value)
            elif isinstance(statement, ast.Expr):
                last = self.value(statement.value)
            else:
                raise refused(statement)
        return last

    def test_part(self) -> Any:
        """The part that a name calls test, or else validation. Raises SeewhyError where none does, or several."""
        parts = {name: value for name, value in self.assigned.items() if isinstance(value, Part) and not value.column}
        for word in TAKEN_AS_TEST:
            found = [name for name in parts if word in name.lower()]
            if len(found) == 1:
                return parts[found[0]]
        raise SeewhyError(f"split: the line names these parts: {list_names(parts)}; allowed: one named test or val")

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assigned[target.id] = value
            return
        parts = value.parts if isinstance(value, Splits | Folds) else value
        if not isinstance(target, ast.Tuple | ast.List) or not isinstance(parts, list | tuple):
            raise refused(target)
        if len(target.elts) != len(parts):
            raise SeewhyError(f"split: '{ast.unparse(target)}' are {len(target.elts)} names for {len(parts)} parts")
        for one, part in zip(target.elts, parts, strict=True):
            self._assign(one, part)

    # expressions

    def value(self, node: ast.expr) -> Any:
        """What an expression is. Raises SeewhyError for what is not known."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value(one) for one in node.elts]
        if isinstance(node, ast.Attribute):
            return self._attribute(self.value(node.value), node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(self.value(node.value), node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand)
            return -inner if isinstance(inner, int | float) else _raise(node)
        if isinstance(node, ast.ListComp):
            return self._comprehension(node)
        raise refused(node)

    def _name(self, name: str) -> Any:
        if name in self.assigned:
            return self.assigned[name]
        if name in COUNTS:
            return len(self.frame)
        if name in self.frame and name not in ("image",):
            return Part(self.whole.rows, name)
        if name in LABELS:
            return Part(self.whole.rows, "label")
        words = name.lower().replace("_", " ").split()
        if name in DATA or any(word.rstrip("s") in {one.rstrip("s") for one in DATA} for word in words):
            return self.whole
        return Name(name)

    def _attribute(self, base: Any, node: ast.Attribute) -> Any:
        if isinstance(base, Name):
            return Name(f"{base.text}.{node.attr}")
        if isinstance(base, Part) and (node.attr in LABELS or node.attr in self.frame):
            return replace(base, column=node.attr if node.attr in self.frame else "label")
        return base if isinstance(base, Part) and node.attr in SAME else _raise(node)

    def _subscript(self, base: Any, node: ast.Subscript) -> Any:
        if isinstance(node.slice, ast.Slice):
            start, stop, step = (
                self.value(one) if one else None for one in (node.slice.lower, node.slice.upper, node.slice.step)
            )
            if not isinstance(base, Part) or not all(one is None or type(one) is int for one in (start, stop, step)):
                raise refused(node)
            return replace(base, rows=base.rows[start:stop:step])
        key = self.value(node.slice)
        if isinstance(base, Splits | Folds | list) and type(key) is int:
            parts = list(base) if isinstance(base, list) else base.parts
            if -len(parts) <= key < len(parts):
                return parts[key]
            raise SeewhyError(f"split: there is no part [{key}]; allowed: 0 to {len(parts) - 1}")
        if isinstance(base, Part) and isinstance(key, str) and key in (*self.frame.columns, *LABELS):
            return replace(base, column=key if key in self.frame else "label")
        if (
            isinstance(base, Part)
            and isinstance(key, Part)
            and not key.column
            and key.rows.max(initial=-1) < len(base.rows)
        ):
            return replace(base, rows=base.rows[key.rows])
        raise refused(node)

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if (
            not numbers
            or type(node.op) not in ARITHMETIC
            or (isinstance(node.op, ast.Div | ast.FloorDiv) and not right)
        ):
            raise refused(node)
        return ARITHMETIC[type(node.op)](left, right)

    def _comprehension(self, node: ast.ListComp) -> Part:
        """[labels[i] for i in rows]."""
        (loop,) = node.generators if len(node.generators) == 1 else [None]
        inner = node.elt
        if loop is None or loop.ifs or not isinstance(inner, ast.Subscript) or not isinstance(loop.target, ast.Name):
            raise refused(node)
        rows, base = self.value(loop.iter), self.value(inner.value)
        same = isinstance(inner.slice, ast.Name) and inner.slice.id == loop.target.id
        if not same or not isinstance(rows, Part) or not isinstance(base, Part):
            raise refused(node)
        return replace(base, rows=base.rows[rows.rows])

    # calls

    def _call(self, node: ast.Call) -> Any:
        args = [self.value(one) for one in node.args if not isinstance(one, ast.Starred)]
        settings = {one.arg: self.value(one.value) for one in node.keywords if one.arg}
        if len(args) + len(settings) < len(node.args) + len(node.keywords):
            raise refused(node)
        if isinstance(node.func, ast.Attribute):
            base = self.value(node.func.value)
            if not isinstance(base, Name):
                return self._method(base, node.func.attr, args, settings, node)
        function = self.value(node.func)
        if not isinstance(function, Name):
            raise refused(node)
        try:
            return self._function(function, args, settings, node)
        except SeewhyError:
            raise
        except Exception as error:  # the libraries' own refusals of sizes and shares
            told = " ".join(str(error).split())[:160]
            raise SeewhyError(f"split: '{ast.unparse(node)[:80]}' cannot be taken: {told}") from None

    def _function(self, function: Name, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        name = function.last
        if name in ROUNDED and args and isinstance(args[0], int | float):
            return ROUNDED[name](args[0])
        if name == "len" and len(args) == 1 and isinstance(args[0], Part | list):
            return len(args[0].rows if isinstance(args[0], Part) else args[0])
        if name in ("range", "arange") and len(args) == 1:
            return Part(self.whole.rows[: self.draws.count(args[0], node)])
        if name in ("list", "array", "asarray", "sorted", "tensor", "Subset", "DataLoader"):
            return self._copied(name, args, settings, node)
        if name in SEEDERS or name in ("manual_seed", "seed"):
            return self.draws.seed(function.text, name, args, settings, node)
        if name in SPLITTERS:
            return self.draws.folds(name, args, settings)
        handlers: dict[str, Callable[..., Any]] = {
            "random_split": self.draws.random_split,
            "train_test_split": self.draws.train_test_split,
            "randperm": self.draws.randperm,
            "permutation": self.draws.permutation,
            "shuffle": self._shuffle,
            "RandomSplitter": self.draws.fastai,
            "Generator": lambda *_: torch.Generator(),
            "RandomState": lambda given, *_: np.random.RandomState(int(given[0])),
            "default_rng": lambda given, *_: np.random.default_rng(int(given[0])),
            "Random": lambda given, *_: random.Random(int(given[0])),
        }
        return handlers[name](args, settings, node) if name in handlers else _raise(node)

    def _method(self, base: Any, name: str, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        """A method of a part, of a generator, or of a splitter's folds."""
        if isinstance(base, torch.Generator) and name == "manual_seed" and args:
            return base.manual_seed(int(args[0]))
        if isinstance(base, np.random.RandomState | np.random.Generator) and name == "permutation":
            return self.draws.permuted(base, args[0], node)
        if isinstance(base, np.random.RandomState | np.random.Generator | random.Random) and name == "shuffle":
            return self._shuffled(base, args, node)
        if isinstance(base, Folds) and name == "split":
            return base.split(args, settings)
        if isinstance(base, Part) and name == "sample" and settings.get("frac") == 1:
            return self.draws.sampled(base, settings, node)
        if isinstance(base, Part) and name in SAME:
            return base
        return _raise(node)

    def _copied(self, name: str, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        if name == "Subset":
            base, indices = args[0] if args else self.whole, settings.get("indices", args[-1] if args else None)
            if isinstance(base, Part) and isinstance(indices, Part):
                return Part(base.rows[indices.rows] if len(args) > 1 else indices.rows)
        if args and isinstance(args[0], Part | Splits | list):
            return args[0]
        return _raise(node)

    def _shuffle(self, args: list[Any], _settings: dict[str, Any], node: ast.Call) -> None:
        text = ast.unparse(node.func)
        generator: Any = self.draws.numpy if text.startswith(("np", "numpy")) else self.draws.python
        if generator is None:
            raise unseeded(node, "np.random.seed(42) or random.seed(42) before it")
        self._shuffled(generator, args, node)

    def _shuffled(self, generator: Any, args: list[Any], node: ast.Call) -> None:
        """In place: the name that holds the list has the new order from here on."""
        target = node.args[0] if node.args else node
        if not isinstance(target, ast.Name) or not isinstance(args[0], Part):
            raise refused(node)
        rows = args[0].rows.tolist() if isinstance(generator, random.Random) else args[0].rows.copy()
        generator.shuffle(rows)
        self.assigned[target.id] = replace(args[0], rows=np.asarray(rows, dtype=int))


def _raise(node: ast.AST) -> Any:
    raise refused(node)
