"""A line that makes a part of a network, as `nn.Sequential(nn.Dropout(0.5), nn.Linear(512, 5))`, parsed, not run."""

import ast
from collections import OrderedDict
from typing import Any

from torch import nn

from seewhy.errors import SeewhyError, unknown_name


def parse_module(line: str, where: str) -> nn.Module:
    """The module that such a line makes, of torch.nn's own classes with numbers, texts and modules as arguments.

    Raises SeewhyError for anything else.

    >>> parse_module("nn.Linear(4, 2)", "here")
    Linear(in_features=4, out_features=2, bias=True)
    """
    try:
        tree = ast.parse(line.strip(), mode="eval").body
    except SyntaxError:
        raise SeewhyError(f"{where}: found '{line}'; allowed: a line as nn.Linear(512, 5)") from None
    found = _evaluate_node(tree, where)
    if not isinstance(found, nn.Module):
        raise SeewhyError(f"{where}: found '{line}'; allowed: a module of torch.nn")
    return found


def is_module_line(value: Any) -> bool:
    """Whether a setting is a text that begins as such a line does."""
    return isinstance(value, str) and value.strip().removeprefix("torch.").startswith("nn.")


def _evaluate_node(tree: ast.expr, where: str) -> Any:
    if isinstance(tree, ast.Call):
        return _make_module(tree, where)
    if isinstance(tree, ast.Tuple | ast.List):
        return [_evaluate_node(one, where) for one in tree.elts]
    try:
        return ast.literal_eval(tree)
    except ValueError:
        raise SeewhyError(
            f"{where}: found '{ast.unparse(tree)}'; allowed: numbers, texts and modules of torch.nn"
        ) from None


def _make_module(call: ast.Call, where: str) -> Any:
    name = ast.unparse(call.func).rpartition(".")[2]
    arguments = [_evaluate_node(one, where) for one in call.args]
    options = {str(one.arg): _evaluate_node(one.value, where) for one in call.keywords}
    if name == "OrderedDict":
        return OrderedDict((key, part) for key, part in arguments[0])
    kind = getattr(nn, name, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        known = [key for key, one in vars(nn).items() if isinstance(one, type) and issubclass(one, nn.Module)]
        raise unknown_name("module", name, known, where)
    try:
        return kind(*arguments, **options)
    except Exception as error:  # whatever torch raises for wrong arguments
        raise SeewhyError(f"{where}: {ast.unparse(call)}: {' '.join(str(error).split())}") from None
