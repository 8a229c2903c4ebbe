"""A small reader of Python's tree: literals, simple names, and calls on a picture. Nothing is imported or run."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from seewhy.inputs import transform_calls as calls
from seewhy.inputs.library_calls import ALLOWED, dialect_of, known_call, transform_method
from seewhy.inputs.picture_expressions import indexed_picture, picture_arithmetic, picture_shape
from seewhy.inputs.picture_flow import (
    Flow,
    Statistic,
    Transform,
    refusal_error,
)
from seewhy.inputs.picture_methods import call_method
from seewhy.inputs.source_code import ARITHMETIC
from seewhy.inputs.transform_calls import Reference

CONSTANTS = {"true": True, "false": False, "null": None, "None": None, **calls.STATISTICS}
LARGEST = 1e6  # of a number or the length of a list in a line


class Interpreter:
    """Values of a text's expressions: numbers, lists, names of other libraries, transforms, and the picture itself."""

    def __init__(self, text: str) -> None:
        self.assigned: dict[str, Any] = {}
        self.modules: dict[str, str] = {}
        self.dialect = dialect_of(text)
        self.start = Flow(form="array" if self.dialect == "albumentations" else "image", second="v2." in text)

    # statements

    def run_statements(self, body: list[ast.stmt]) -> Any:
        """Assigns names in order; the value of the last statement where that is an expression or a return."""
        last = None
        for statement in body:
            last = self.run_statement(statement)
        return last

    def run_statement(self, statement: ast.stmt) -> Any:
        """One statement; refused by name unless it is an import, an assignment, a function or an expression."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self._note_import(statement)
        elif isinstance(statement, ast.Assign):
            value = self.evaluate_node(statement.value)
            for target in statement.targets:
                self._assign_names(target, value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign_names(statement.target, self.evaluate_node(statement.value))
        elif isinstance(statement, ast.AugAssign):
            self._assign_names(
                statement.target, self._evaluate_arithmetic(statement.op, statement.target, statement.value, statement)
            )
        elif isinstance(statement, ast.FunctionDef):
            body = statement.body
            self.assigned[statement.name] = self._bind_picture(
                statement.args, statement.name, lambda inner: inner.run_statements(body)
            )
        elif isinstance(statement, ast.Expr | ast.Return) and statement.value is not None:
            return self.evaluate_node(statement.value)
        else:
            raise refusal_error(ast.unparse(statement), "assignments and one expression")
        return None

    def _note_import(self, statement: ast.Import | ast.ImportFrom) -> None:
        parent = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
        for one in statement.names:
            self.modules[one.asname or one.name] = parent + one.name
            if (parent + one.name).endswith("transforms.v2"):
                self.start = Flow(form=self.start.form, second=True)

    def _assign_names(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assigned[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, list | tuple):
            if len(value) != len(target.elts):
                raise refusal_error(ast.unparse(target), "as many names as values")
            for one, part in zip(target.elts, value, strict=True):
                self._assign_names(one, part)
        else:
            raise refusal_error(ast.unparse(target), "a simple name before the =")

    def _bind_picture(self, arguments: ast.arguments, name: str, body: Callable[["Interpreter"], Any]) -> Transform:
        """A function or lambda of one picture; further arguments keep their defaults."""
        if not arguments.args:
            raise refusal_error(name, "a function of one picture")
        defaults = dict(zip([one.arg for one in arguments.args][::-1], arguments.defaults[::-1], strict=False))

        def change_inner(flow: Flow) -> Flow:
            inner = Interpreter("")
            inner.assigned, inner.modules, inner.dialect = dict(self.assigned), self.modules, self.dialect
            inner.start = flow
            inner.assigned |= {key: self.evaluate_node(one) for key, one in defaults.items()}
            inner.assigned[arguments.args[0].arg] = flow
            found = body(inner)
            if not isinstance(found, Flow):
                raise refusal_error(name, "a function that returns the picture")
            return found

        return Transform(name, change_inner)

    # expressions

    def evaluate_node(self, node: ast.expr) -> Any:
        """What an expression is. Raises SeewhyError for what is not known."""
        if isinstance(node, ast.Constant):
            return self._evaluate_constant(node)
        if isinstance(node, ast.Name):
            return self._evaluate_name(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            return self._evaluate_sequence(node)
        if isinstance(node, ast.Dict):
            return self._evaluate_dict(node)
        if isinstance(node, ast.Attribute):
            return self._evaluate_attribute(node)
        if isinstance(node, ast.Call):
            return self._evaluate_call(node)
        if isinstance(node, ast.BinOp):
            return self._evaluate_arithmetic(node.op, node.left, node.right, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.evaluate_node(node.operand)
            return -value if isinstance(value, int | float) else self._raise_refusal(node)
        if isinstance(node, ast.Lambda):
            return self._bind_picture(node.args, ast.unparse(node), lambda inner: inner.evaluate_node(node.body))
        if isinstance(node, ast.Subscript):
            return self._evaluate_subscript(node)
        if isinstance(node, ast.IfExp):
            return self.evaluate_node(node.body if self._is_true(node.test) else node.orelse)
        return self._raise_refusal(node)

    def _raise_refusal(self, node: ast.AST) -> Any:
        raise refusal_error(ast.unparse(node), ALLOWED)

    def _evaluate_constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, int | float) and abs(node.value) > LARGEST:
            self._raise_refusal(node)
        return node.value if isinstance(node.value, int | float | str | None) else self._raise_refusal(node)

    def _evaluate_name(self, name: str) -> Any:
        if name in self.assigned:
            return self.assigned[name]
        return CONSTANTS[name] if name in CONSTANTS else Reference(self.modules.get(name, name))

    def _evaluate_sequence(self, node: ast.List | ast.Tuple) -> Any:
        found: list[Any] = []
        for one in node.elts:
            if isinstance(one, ast.Starred):
                inner = self.evaluate_node(one.value)
                found += list(inner) if isinstance(inner, list | tuple) else [inner]
            else:
                found.append(self.evaluate_node(one))
        return found if isinstance(node, ast.List) else tuple(found)

    def _evaluate_dict(self, node: ast.Dict) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            value = self.evaluate_node(one)
            if key is None:
                found |= value if isinstance(value, dict) else self._raise_refusal(node)
            else:
                found[self.evaluate_node(key)] = value
        return found

    def _evaluate_attribute(self, node: ast.Attribute) -> Any:
        base = self.evaluate_node(node.value)
        if isinstance(base, Reference):
            return CONSTANTS.get(node.attr, Reference(f"{base}.{node.attr}"))
        if isinstance(base, Flow) and node.attr == "shape":
            return picture_shape(base)
        if isinstance(base, Flow) and node.attr == "mode":
            return "RGB" if base.channels == 3 else "L"
        if isinstance(base, Flow) and node.attr == "T":
            return base
        return self._raise_refusal(node)

    def _is_true(self, node: ast.expr) -> bool:
        """A comparison of numbers or texts, as `x.shape[0] == 1`."""
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.evaluate_node(node.left), self.evaluate_node(node.comparators[0])
            plain = all(isinstance(one, int | float | str) and not isinstance(one, Reference) for one in (left, right))
            tests: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
                ast.Eq: operator.eq,
                ast.NotEq: operator.ne,
                ast.Lt: operator.lt,
                ast.Gt: operator.gt,
            }
            if plain and type(node.ops[0]) in tests:
                return tests[type(node.ops[0])](left, right)
        return bool(self._raise_refusal(node))

    def _evaluate_subscript(self, node: ast.Subscript) -> Any:
        base, text = self.evaluate_node(node.value), ast.unparse(node.slice).replace(" ", "")
        if isinstance(base, Flow):
            return indexed_picture(base, text) or self._raise_refusal(node)
        key = self.evaluate_node(node.slice)
        if isinstance(base, dict) and key in base:
            return base[key]
        if isinstance(base, list | tuple) and type(key) is int and -len(base) <= key < len(base):
            return base[key]
        return self._raise_refusal(node)

    def _evaluate_arithmetic(
        self, kind: ast.operator, left_node: ast.expr, right_node: ast.expr, whole: ast.AST
    ) -> Any:
        left, right, text = self.evaluate_node(left_node), self.evaluate_node(right_node), ast.unparse(whole)
        if isinstance(left, Flow | Statistic):
            return picture_arithmetic(kind, left, right, text)
        if isinstance(left, Transform):
            return Transform(text, lambda flow: picture_arithmetic(kind, left.change(flow), right, text))
        if isinstance(right, Flow) and isinstance(kind, ast.Mult | ast.Add):
            return picture_arithmetic(kind, right, left, text)
        if isinstance(left, list | tuple) and isinstance(right, list | tuple) and isinstance(kind, ast.Add):
            return [*left, *right]
        if isinstance(left, list | tuple) and type(right) is int and isinstance(kind, ast.Mult) and right <= 4:
            return left * right
        numbers = isinstance(left, int | float) and isinstance(right, int | float) and type(kind) in ARITHMETIC
        if not numbers or (isinstance(kind, ast.Div | ast.FloorDiv) and right == 0):
            return self._raise_refusal(whole)
        found = ARITHMETIC[type(kind)](left, right)
        return found if abs(found) <= LARGEST else self._raise_refusal(whole)

    # calls

    def _evaluate_call(self, node: ast.Call) -> Any:
        args, settings = self._evaluate_arguments(node)
        text = ast.unparse(node)
        if isinstance(node.func, ast.Attribute):
            base = self.evaluate_node(node.func.value)
            if isinstance(base, Flow):
                return call_method(base, node.func.attr, args, settings, text)
            if isinstance(base, Transform):
                return transform_method(base, node.func.attr, args, settings, text)
            if isinstance(base, dict) and not isinstance(base, Flow):
                return self._raise_refusal(node)
        function = self.evaluate_node(node.func)
        if isinstance(function, Transform):
            picture = next((one for one in (*args, *settings.values()) if isinstance(one, Flow)), None)
            return function.change(picture or self.start)
        if not isinstance(function, Reference):
            return self._raise_refusal(node)
        return known_call(self, function, args, settings, text)

    def _evaluate_arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        for one in node.args:
            value = self.evaluate_node(one.value if isinstance(one, ast.Starred) else one)
            args += list(value) if isinstance(one, ast.Starred) and isinstance(value, list | tuple) else [value]
        settings: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.evaluate_node(keyword.value)
            if keyword.arg is not None:
                settings[keyword.arg] = value
            elif isinstance(value, dict):
                settings |= value
            else:
                raise refusal_error(
                    f"**{ast.unparse(keyword.value)}", "its values written before, as data_config = {...}"
                )
        return args, settings
