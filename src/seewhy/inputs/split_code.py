"""A small reader of Python's tree for lines that split: simple names, parts of the rows, seeds and known calls."""

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.source_code import ARITHMETIC
from seewhy.inputs.split_calls import SAME, SplitCalls, raise_refusal
from seewhy.inputs.split_draws import (
    LABELS,
    Draws,
    Folds,
    Part,
    Splits,
    refusal_error,
)
from seewhy.inputs.split_names import TAKE_ROWS, Name, UnsetNames

TAKEN_AS_TEST = ("test", "val", "valid", "eval", "hold", "dev")


class SplitInterpreter:
    """Values of a line's expressions: numbers, parts of the rows, and generators with the user's seeds."""

    def __init__(self, frame: pd.DataFrame, classes: Sequence[str] | None) -> None:
        self.frame, self.draws = frame, Draws(frame, classes)
        self.names = UnsetNames(self.draws)
        self.assigned: dict[str, Any] = {}
        self.calls = SplitCalls(self.draws, self.assigned)

    # statements

    def run_statements(self, body: list[ast.stmt]) -> Any:
        """Assigns names in order; the value of the last statement where that is an expression."""
        last = None
        for statement in body:
            last = None
            if isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            if isinstance(statement, ast.Assign):
                value = self.evaluate_node(statement.value)
                for target in statement.targets:
                    self._assign_names(target, value)
            elif isinstance(statement, ast.Expr):
                last = self.evaluate_node(statement.value)
            else:
                raise refusal_error(statement)
        return last

    def test_part(self) -> Any:
        """The part that a name calls test, or else validation. Raises SeewhyError where none does, or several."""
        parts = {name: value for name, value in self.assigned.items() if isinstance(value, Part) and not value.column}
        for word in TAKEN_AS_TEST:
            found = [name for name in parts if word in name.lower()]
            if len(found) == 1:
                return parts[found[0]]
        raise SeewhyError(f"split: the line names these parts: {list_names(parts)}; allowed: one named test or val")

    def _assign_names(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assigned[target.id] = value
            return
        parts = value.parts if isinstance(value, Splits | Folds) else value
        if not isinstance(target, ast.Tuple | ast.List) or not isinstance(parts, list | tuple):
            raise refusal_error(target)
        if len(target.elts) != len(parts):
            raise SeewhyError(f"split: '{ast.unparse(target)}' are {len(target.elts)} names for {len(parts)} parts")
        for one, part in zip(target.elts, parts, strict=True):
            self._assign_names(one, part)

    # expressions

    def evaluate_node(self, node: ast.expr) -> Any:
        """What an expression is. Raises SeewhyError for what is not known."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._evaluate_name(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            return [self.evaluate_node(one) for one in node.elts]
        if isinstance(node, ast.Attribute):
            return self._evaluate_attribute(self.evaluate_node(node.value), node)
        if isinstance(node, ast.Call):
            return self._evaluate_call(node)
        if isinstance(node, ast.Subscript):
            return self._evaluate_subscript(self.evaluate_node(node.value), node)
        if isinstance(node, ast.BinOp):
            return self._evaluate_arithmetic(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.evaluate_node(node.operand)
            return -inner if isinstance(inner, int | float) else raise_refusal(node)
        if isinstance(node, ast.ListComp):
            return self._evaluate_comprehension(node)
        raise refusal_error(node)

    def _evaluate_name(self, name: str) -> Any:
        if name in self.assigned:
            return self.assigned[name]
        return self.names.value_of(name)

    def _evaluate_attribute(self, base: Any, node: ast.Attribute) -> Any:
        if isinstance(base, Name):
            name = Name(f"{base.text}.{node.attr}")
            return self.names.labels_of(name) or name
        if isinstance(base, Part) and (node.attr in LABELS or node.attr in self.frame):
            return replace(base, column=node.attr if node.attr in self.frame else "label")
        return base if isinstance(base, Part) and node.attr in SAME else raise_refusal(node)

    def _evaluate_subscript(self, base: Any, node: ast.Subscript) -> Any:
        if isinstance(node.slice, ast.Slice):
            start, stop, step = (
                self.evaluate_node(one) if one else None
                for one in (node.slice.lower, node.slice.upper, node.slice.step)
            )
            if not isinstance(base, Part) or not all(one is None or type(one) is int for one in (start, stop, step)):
                raise refusal_error(node)
            return replace(base, rows=base.rows[start:stop:step])
        key = self.evaluate_node(node.slice)
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
        raise refusal_error(node)

    def _evaluate_arithmetic(self, node: ast.BinOp) -> Any:
        left, right = self.evaluate_node(node.left), self.evaluate_node(node.right)
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if (
            not numbers
            or type(node.op) not in ARITHMETIC
            or (isinstance(node.op, ast.Div | ast.FloorDiv) and not right)
        ):
            raise refusal_error(node)
        return ARITHMETIC[type(node.op)](left, right)

    def _evaluate_comprehension(self, node: ast.ListComp) -> Part:
        """[labels[i] for i in rows], [full[i][1] for i in rows], [label for _, label in full], [s[1] for s in full]."""
        (loop,) = node.generators if len(node.generators) == 1 else [None]
        if loop is None or loop.ifs:
            raise refusal_error(node)
        rows, inner = self.names.dataset_of(self.evaluate_node(loop.iter)), node.elt
        if isinstance(loop.target, ast.Tuple) and isinstance(rows, Part):
            own = ast.unparse(inner) == ast.unparse(loop.target.elts[-1])
            return replace(rows, column="label") if own else raise_refusal(node)
        label = isinstance(inner, ast.Subscript) and ast.unparse(inner.slice) in ("1", "-1")
        if label and isinstance(inner, ast.Subscript):
            if ast.unparse(inner.value) == ast.unparse(loop.target) and isinstance(rows, Part):
                return replace(rows, column="label")
            inner = inner.value
        if not isinstance(inner, ast.Subscript) or ast.unparse(inner.slice) != ast.unparse(loop.target):
            raise refusal_error(node)
        base = self.names.dataset_of(self.evaluate_node(inner.value))
        if not isinstance(rows, Part) or not isinstance(base, Part):
            raise refusal_error(node)
        return replace(base, rows=base.rows[rows.rows], column="label" if label else base.column)

    # calls

    def _evaluate_call(self, node: ast.Call) -> Any:
        args = [self.evaluate_node(one) for one in node.args if not isinstance(one, ast.Starred)]
        settings = {one.arg: self.evaluate_node(one.value) for one in node.keywords if one.arg}
        if len(args) + len(settings) < len(node.args) + len(node.keywords):
            raise refusal_error(node)
        if isinstance(node.func, ast.Attribute):
            base = self.evaluate_node(node.func.value)
            if not isinstance(base, Name):
                return self.calls.call_method(base, node.func.attr, args, settings, node)
        function = self.evaluate_node(node.func)
        if not isinstance(function, Name):
            raise refusal_error(node)
        if args and function.last_part in TAKE_ROWS:
            args[0] = self.names.dataset_of(args[0])
        try:
            return self.calls.call_function(function, args, settings, node)
        except SeewhyError:
            raise
        except Exception as error:  # the libraries' own refusals of sizes and shares
            told = " ".join(str(error).split())[:160]
            raise SeewhyError(f"split: '{ast.unparse(node)[:80]}' cannot be taken: {told}") from None
