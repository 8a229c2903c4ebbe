"""Calls in a line that splits: of functions by their names, and of methods of rows, generators and splitters."""

import ast
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from seewhy.inputs.split_draws import (
    SEEDERS,
    SPLITTERS,
    Draws,
    Folds,
    Part,
    Splits,
    refusal_error,
    unseeded_error,
)
from seewhy.inputs.split_names import Name

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


class SplitCalls:
    """The calls that draw, count or copy rows; a shuffle in place changes the names that a line has `assigned`."""

    def __init__(self, draws: Draws, assigned: dict[str, Any]) -> None:
        self.draws, self.assigned = draws, assigned

    def call_function(self, function: Name, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        """What a function of that name gives. Raises SeewhyError for one that is not known."""
        name = function.last_part
        if name in ROUNDED and args and isinstance(args[0], int | float):
            return ROUNDED[name](args[0])
        if name == "len" and len(args) == 1 and isinstance(args[0], Part | list):
            return len(args[0].rows if isinstance(args[0], Part) else args[0])
        if name in ("range", "arange") and len(args) == 1:
            return Part(self.draws.whole.rows[: self.draws.check_count(args[0], node)])
        if name in ("list", "array", "asarray", "sorted", "tensor", "Subset", "DataLoader"):
            return self._copied_rows(name, args, settings, node)
        if name in SEEDERS or name in ("manual_seed", "seed"):
            return self.draws.set_seed(function.text, name, args, settings, node)
        if name in SPLITTERS:
            return self.draws.make_folds(name, args, settings)
        handlers: dict[str, Callable[..., Any]] = {
            "random_split": self.draws.random_split,
            "train_test_split": self.draws.train_test_split,
            "randperm": self.draws.torch_permutation,
            "permutation": self.draws.numpy_permutation,
            "shuffle": self._shuffle_by_library,
            "RandomSplitter": self.draws.random_splitter,
            "Generator": lambda *_: torch.Generator(),
            "RandomState": lambda given, *_: np.random.RandomState(int(given[0])),
            "default_rng": lambda given, *_: np.random.default_rng(int(given[0])),
            "Random": lambda given, *_: random.Random(int(given[0])),
        }
        return handlers[name](args, settings, node) if name in handlers else raise_refusal(node)

    def call_method(self, base: Any, name: str, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        """A method of a part, of a generator, or of a splitter's folds."""
        if isinstance(base, torch.Generator) and name == "manual_seed" and args:
            return base.manual_seed(int(args[0]))
        if isinstance(base, np.random.RandomState | np.random.Generator) and name == "permutation":
            return self.draws.generator_permutation(base, args[0], node)
        if isinstance(base, np.random.RandomState | np.random.Generator | random.Random) and name == "shuffle":
            return self._shuffle_in_place(base, args, node)
        if isinstance(base, Folds) and name == "split":
            return base.split(args, settings)
        if isinstance(base, Part) and name == "sample" and settings.get("frac") == 1:
            return self.draws.shuffled_sample(base, settings, node)
        if isinstance(base, Part) and name in SAME:
            return base
        return raise_refusal(node)

    def _copied_rows(self, name: str, args: list[Any], settings: dict[str, Any], node: ast.Call) -> Any:
        if name == "Subset":
            base, indices = args[0] if args else self.draws.whole, settings.get("indices", args[-1] if args else None)
            if isinstance(base, Part) and isinstance(indices, Part):
                return Part(base.rows[indices.rows] if len(args) > 1 else indices.rows)
        if args and isinstance(args[0], Part | Splits | list):
            return args[0]
        return raise_refusal(node)

    def _shuffle_by_library(self, args: list[Any], _settings: dict[str, Any], node: ast.Call) -> None:
        text = ast.unparse(node.func)
        generator: Any = self.draws.numpy if text.startswith(("np", "numpy")) else self.draws.python
        if generator is None:
            raise unseeded_error(node, "np.random.seed(42) or random.seed(42) before it")
        self._shuffle_in_place(generator, args, node)

    def _shuffle_in_place(self, generator: Any, args: list[Any], node: ast.Call) -> None:
        """In place: the name that holds the list has the new order from here on."""
        target = node.args[0] if node.args else node
        if not isinstance(target, ast.Name) or not isinstance(args[0], Part):
            raise refusal_error(node)
        rows = args[0].rows.tolist() if isinstance(generator, random.Random) else args[0].rows.copy()
        generator.shuffle(rows)
        self.assigned[target.id] = replace(args[0], rows=np.asarray(rows, dtype=int))


def raise_refusal(node: ast.AST) -> Any:
    """Raises the error for a part of a line that cannot be redrawn, where an expression is asked for."""
    raise refusal_error(node)
