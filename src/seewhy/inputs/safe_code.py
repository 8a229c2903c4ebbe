"""Which statements of a user's file may be run for its network: they make something, and train or read nothing."""

import ast
from collections.abc import Mapping, Sequence

from seewhy.inputs.source_code import Statement, calls_in, names_used

CALLED = {  # what may be called for the value of a constant
    *("int", "float", "str", "bool", "len", "range", "list", "dict", "tuple", "set", "sorted", "max", "min", "sum"),
    *("zip", "enumerate", "round", "abs", "frozenset", "partial", "functools.partial", "namedtuple", "Path"),
    *("collections.namedtuple", "os.path.join", "os.environ.get", "os.getenv", "torch.device", "device"),
    *("torch.cuda.is_available", "torch.backends.mps.is_available", "OrderedDict", "SimpleNamespace", "Namespace"),
    *("argparse.Namespace", "types.SimpleNamespace", "torch.tensor", "np.array", "defaultdict", "field"),
}
MAKERS = ("nn.", "torch.nn.", "math.", "models.", "torchvision.models.", "timm.", "smp.")  # and everything in there
TRAINING = {"backward", "step", "zero_grad", "fit", "DataLoader", "download", "imread", "read_csv", "ImageFolder"}
Bound = Mapping[str, Sequence[Statement]]  # what binds each name of the file


def is_safe(one: Statement, bound: Bound) -> bool:
    """Whether running a statement of a file with these bound names makes something and trains nothing."""
    if isinstance(one, ast.ClassDef | ast.FunctionDef):
        return True
    if isinstance(one, ast.If | ast.Try | ast.With):
        inside = [part for part in ast.iter_child_nodes(one) if isinstance(part, ast.stmt | ast.ExceptHandler)]
        parts = [part for block in inside for part in (block.body if isinstance(block, ast.ExceptHandler) else [block])]
        test = [one.test] if isinstance(one, ast.If) else []
        if isinstance(one, ast.With) or not all(is_safe_value(part, bound) for part in test):
            return False
        return all(is_safe(part, bound) for part in parts)
    if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return one.value is None or is_safe_value(one.value, bound)
    return isinstance(one, ast.Import | ast.ImportFrom | ast.Pass | ast.Raise)


def is_safe_value(value: ast.expr, bound: Bound) -> bool:
    """Whether working it out calls nothing but harmless functions, makers of networks and classes of the file."""
    return all(_may_call(ast.unparse(one.func), bound) for one in calls_in(value))


def _may_call(name: str, bound: Bound) -> bool:
    if name in CALLED or name.startswith(MAKERS):
        return True
    found = [one for one in bound.get(name, []) if isinstance(one, ast.ClassDef | ast.FunctionDef)]
    if found:
        return _makes_only(found[-1], bound)
    source = next((one for one in bound.get(name, []) if isinstance(one, ast.ImportFrom)), None)
    return source is not None and f"{source.module}.".startswith(("torchvision.models.", "timm.", "torch.nn."))


def _makes_only(one: ast.ClassDef | ast.FunctionDef, bound: Bound) -> bool:
    """Whether calling it makes something and trains nothing: settings, a network, a function that returns one."""
    if isinstance(one, ast.FunctionDef):
        named = {part.attr for part in ast.walk(one) if isinstance(part, ast.Attribute)} | set(names_used(one))
        return not named & TRAINING and any(isinstance(part, ast.Return) for part in ast.walk(one))
    bases = [ast.unparse(base) for base in one.bases]
    plain = not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in one.body)
    marked = any("dataclass" in ast.unparse(mark) for mark in one.decorator_list)
    return plain or marked or any(base.endswith("Module") or _may_call(base, bound) for base in bases)
