"""A small reader of Python's tree: literals, simple names, and calls on a picture. Nothing is imported or run."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs import transform_calls as calls
from seewhy.inputs.picture_flow import Flow, Statistic, Transform, add, as_numbers, chain, divide, refused
from seewhy.inputs.picture_methods import FUNCTIONS, call_method
from seewhy.inputs.transform_calls import Handler, Reference

ALLOWED = (
    "known transforms of torchvision, albumentations, fastai, timm and OpenCV, numbers, and names that the text sets"
)
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
CONSTANTS = {"true": True, "false": False, "null": None, "None": None, **calls.STATISTICS}
BUILTINS: dict[str, Callable[..., Any]] = {"int": int, "float": float, "round": round, "tuple": tuple, "list": list}
LARGEST = 1e6  # of a number or the length of a list in a line
TURNED = ("[2,1,0]", "::-1,...", "[2,1,0],...", "[2,1,0],:,:", ":,:,::-1", "...,::-1", ":,:,[2,1,0]", "...,[2,1,0]")
WHOLE = ("'image'", "'pixel_values'", "None", "0,...", "None,...", "...", "None,:", "None,:,:,:", ":3,...", ":3")
SEQUENCES = ("Compose", "Sequential", "ImageDataLoaders", "DataBlock", "arguments", "AugmentationSequential")
RANDOM = (
    *("ColorJitter", "RandAugment", "AutoAugment", "TrivialAugmentWide", "AugMix", "GaussianBlur", "ElasticTransform"),
    *("GaussianNoise", "JPEG", "CutMix", "MixUp", "Cutout", "OneOf", "SomeOf", "ScaleJitter", "Flip", "Rotate"),
    *("DihedralItem", "Dihedral", "Zoom", "Warp", "Brightness", "Contrast", "Saturation", "Hue", "FlipItem"),
)
UNSAID = ("resolve_data_config", "resolve_model_data_config", "from_pretrained", "get_default_transforms")
USUAL = ("Resize", "CenterCrop", "Pad", "ToTensor", "Normalize", "Grayscale", "Lambda")
SIZED_RANDOM = ("RandomResizedCrop", "RandomCrop", "RandomSizedCrop", "RandomResizedCropGPU", "RandomSizedBBoxSafeCrop")


class Interpreter:
    """Values of a text's expressions: numbers, lists, names of other libraries, transforms, and the picture itself."""

    def __init__(self, text: str) -> None:
        self.assigned: dict[str, Any] = {}
        self.modules: dict[str, str] = {}
        self.dialect = _dialect(text)
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
            self._import(statement)
        elif isinstance(statement, ast.Assign):
            value = self.value(statement.value)
            for target in statement.targets:
                self._assign(target, value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._assign(statement.target, self.value(statement.value))
        elif isinstance(statement, ast.AugAssign):
            self._assign(statement.target, self._binary(statement.op, statement.target, statement.value, statement))
        elif isinstance(statement, ast.FunctionDef):
            self.assigned[statement.name] = self._function(statement)
        elif isinstance(statement, ast.Expr | ast.Return) and statement.value is not None:
            return self.value(statement.value)
        else:
            raise refused(ast.unparse(statement), "assignments and one expression")
        return None

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        parent = f"{statement.module}." if isinstance(statement, ast.ImportFrom) else ""
        for one in statement.names:
            self.modules[one.asname or one.name] = parent + one.name
            if (parent + one.name).endswith("transforms.v2"):
                self.start = Flow(form=self.start.form, second=True)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.assigned[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, list | tuple):
            if len(value) != len(target.elts):
                raise refused(ast.unparse(target), "as many names as values")
            for one, part in zip(target.elts, value, strict=True):
                self._assign(one, part)
        else:
            raise refused(ast.unparse(target), "a simple name before the =")

    def _function(self, function: ast.FunctionDef) -> Transform:
        return self._bind(function.args, function.name, lambda inner: inner.run_statements(function.body))

    def _bind(self, arguments: ast.arguments, name: str, body: Callable[["Interpreter"], Any]) -> Transform:
        """A function or lambda of one picture; further arguments keep their defaults."""
        if not arguments.args:
            raise refused(name, "a function of one picture")
        defaults = dict(zip([one.arg for one in arguments.args][::-1], arguments.defaults[::-1], strict=False))

        def change(flow: Flow) -> Flow:
            inner = Interpreter("")
            inner.assigned, inner.modules, inner.dialect = dict(self.assigned), self.modules, self.dialect
            inner.start = flow
            inner.assigned |= {key: self.value(one) for key, one in defaults.items()}
            inner.assigned[arguments.args[0].arg] = flow
            found = body(inner)
            if not isinstance(found, Flow):
                raise refused(name, "a function that returns the picture")
            return found

        return Transform(name, change)

    # expressions

    def value(self, node: ast.expr) -> Any:
        """What an expression is. Raises SeewhyError for what is not known."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.List | ast.Tuple):
            return self._sequence(node)
        if isinstance(node, ast.Dict):
            return self._dict(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node.op, node.left, node.right, node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.value(node.operand)
            return -value if isinstance(value, int | float) else self._refuse(node)
        if isinstance(node, ast.Lambda):
            return self._bind(node.args, ast.unparse(node), lambda inner: inner.value(node.body))
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.IfExp):
            return self.value(node.body if self._is_true(node.test) else node.orelse)
        return self._refuse(node)

    def _refuse(self, node: ast.AST) -> Any:
        raise refused(ast.unparse(node), ALLOWED)

    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, int | float) and abs(node.value) > LARGEST:
            self._refuse(node)
        return node.value if isinstance(node.value, int | float | str | None) else self._refuse(node)

    def _name(self, name: str) -> Any:
        if name in self.assigned:
            return self.assigned[name]
        return CONSTANTS[name] if name in CONSTANTS else Reference(self.modules.get(name, name))

    def _sequence(self, node: ast.List | ast.Tuple) -> Any:
        found: list[Any] = []
        for one in node.elts:
            if isinstance(one, ast.Starred):
                inner = self.value(one.value)
                found += list(inner) if isinstance(inner, list | tuple) else [inner]
            else:
                found.append(self.value(one))
        return found if isinstance(node, ast.List) else tuple(found)

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            value = self.value(one)
            if key is None:
                found |= value if isinstance(value, dict) else self._refuse(node)
            else:
                found[self.value(key)] = value
        return found

    def _attribute(self, node: ast.Attribute) -> Any:
        base = self.value(node.value)
        if isinstance(base, Reference):
            return CONSTANTS.get(node.attr, Reference(f"{base}.{node.attr}"))
        if isinstance(base, Flow) and node.attr == "shape":
            return _shape(base)
        if isinstance(base, Flow) and node.attr == "mode":
            return "RGB" if base.channels == 3 else "L"
        if isinstance(base, Flow) and node.attr == "T":
            return base
        return self._refuse(node)

    def _is_true(self, node: ast.expr) -> bool:
        """A comparison of numbers or texts, as `x.shape[0] == 1`."""
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.value(node.left), self.value(node.comparators[0])
            plain = all(isinstance(one, int | float | str) and not isinstance(one, Reference) for one in (left, right))
            tests: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
                ast.Eq: operator.eq,
                ast.NotEq: operator.ne,
                ast.Lt: operator.lt,
                ast.Gt: operator.gt,
            }
            if plain and type(node.ops[0]) in tests:
                return tests[type(node.ops[0])](left, right)
        return bool(self._refuse(node))

    def _subscript(self, node: ast.Subscript) -> Any:
        base, text = self.value(node.value), ast.unparse(node.slice).replace(" ", "")
        if isinstance(base, Flow):
            return _picture_part(base, text) or self._refuse(node)
        key = self.value(node.slice)
        if isinstance(base, dict) and key in base:
            return base[key]
        if isinstance(base, list | tuple) and type(key) is int and -len(base) <= key < len(base):
            return base[key]
        return self._refuse(node)

    def _binary(self, kind: ast.operator, left_node: ast.expr, right_node: ast.expr, whole: ast.AST) -> Any:
        left, right, text = self.value(left_node), self.value(right_node), ast.unparse(whole)
        if isinstance(left, Flow | Statistic):
            return _picture_arithmetic(kind, left, right, text)
        if isinstance(left, Transform):
            return Transform(text, lambda flow: _picture_arithmetic(kind, left.change(flow), right, text))
        if isinstance(right, Flow) and isinstance(kind, ast.Mult | ast.Add):
            return _picture_arithmetic(kind, right, left, text)
        if isinstance(left, list | tuple) and isinstance(right, list | tuple) and isinstance(kind, ast.Add):
            return [*left, *right]
        if isinstance(left, list | tuple) and type(right) is int and isinstance(kind, ast.Mult) and right <= 4:
            return left * right
        numbers = isinstance(left, int | float) and isinstance(right, int | float) and type(kind) in ARITHMETIC
        if not numbers or (isinstance(kind, ast.Div | ast.FloorDiv) and right == 0):
            return self._refuse(whole)
        found = ARITHMETIC[type(kind)](left, right)
        return found if abs(found) <= LARGEST else self._refuse(whole)

    # calls

    def _call(self, node: ast.Call) -> Any:
        args, settings = self._arguments(node)
        text = ast.unparse(node)
        if isinstance(node.func, ast.Attribute):
            base = self.value(node.func.value)
            if isinstance(base, Flow):
                return call_method(base, node.func.attr, args, settings, text)
            if isinstance(base, dict) and not isinstance(base, Flow):
                return self._refuse(node)
        function = self.value(node.func)
        if isinstance(function, Transform):
            picture = next((one for one in (*args, *settings.values()) if isinstance(one, Flow)), None)
            return self.start_or(picture, function)
        if not isinstance(function, Reference):
            return self._refuse(node)
        return self._known_call(function, args, settings, text)

    def start_or(self, picture: Flow | None, function: Transform) -> Flow:
        """A transform called on a picture, or on what must be one."""
        return function.change(picture or self.start)

    def _arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        for one in node.args:
            value = self.value(one.value if isinstance(one, ast.Starred) else one)
            args += list(value) if isinstance(one, ast.Starred) and isinstance(value, list | tuple) else [value]
        settings: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value)
            if keyword.arg is not None:
                settings[keyword.arg] = value
            elif isinstance(value, dict):
                settings |= value
            else:
                raise refused(f"**{ast.unparse(keyword.value)}", "its values written before, as data_config = {...}")
        return args, settings

    def _known_call(self, function: Reference, args: list[Any], settings: dict[str, Any], text: str) -> Any:
        """The transform or value that a call of another library's function stands for."""
        name, whole = function.last, str(function)
        if name in BUILTINS and args and whole == name:
            return self._builtin(name, args, text)
        if name == "dict" and not args:
            return settings
        if name in ("Path", "array", "asarray", "tensor", "FloatTensor") and args and as_numbers(args[0]):
            return args[0]
        if name in FUNCTIONS:
            return FUNCTIONS[name](args, settings, text, self.start)
        if name == "transforms" and whole.split(".")[-3:-2] and "_Weights" in whole:
            seen = calls.published_weights(*whole.split(".")[-3:-1])
            return self._bound(calls.image_classification, "transforms", [], seen | settings, text)
        if name in SEQUENCES or {"item_tfms", "batch_tfms", "ds_tfms"} & set(settings):
            return self._chained(args, settings, text)
        if name in ("create_transform", "transforms_imagenet_eval"):
            return self._bound(calls.create_transform, name, args, settings, text)
        if name in UNSAID:
            raise refused(text, "its values written out, as data_config = {...}; or no line, for what the file says")
        if name.lower() == "letterbox":
            return self._bound(calls.letterbox, name, args, settings, text)
        return self._library_call(function, args, settings, text)

    def _builtin(self, name: str, args: list[Any], text: str) -> Any:
        try:
            return BUILTINS[name](*args)
        except (TypeError, ValueError, OverflowError):
            raise refused(text, ALLOWED) from None

    def _chained(self, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
        """A Compose, or a call of fastai's that has transforms among its settings."""
        named = [settings[key] for key in ("item_tfms", "ds_tfms", "batch_tfms") if key in settings]
        if not named and "size" in settings and "bs" in settings:
            named = [Transform("size", lambda flow: calls.f_resize(flow, settings["size"]))]
        given = named or [*args, *(settings[key] for key in ("transforms", "transform") if key in settings)]
        items = [
            one for part in given if part is not None for one in (part if isinstance(part, list | tuple) else [part])
        ]
        return chain([as_transform(one, text) for one in items])

    def _library_call(self, function: Reference, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
        """One of the libraries' transforms, random or not."""
        name, table = function.last, self._table(str(function))
        first = str(function).split(".")[0]
        if name == "from_stats":
            table = calls.FASTAI
        if name in SIZED_RANDOM:
            return _sized_random(name, args, settings, text)
        chance = settings.get("p", settings.get("always_apply", 0.5))
        unsure = table is calls.ALBUMENTATIONS and name not in table and chance not in (1, 1.0, True)
        if name.startswith("Random") or name in RANDOM or unsure:
            if unsure and first == name and name[:1].islower():
                raise refused(text, ALLOWED)
            return Transform(name, lambda flow: flow.skipping(name))
        if name not in table:
            raise unknown_name("transform", name, [*USUAL, *sorted({*table} - {*USUAL})], f"'{text[:60]}'")
        usual = name != "ToGray" and "p" in settings and table is calls.ALBUMENTATIONS
        kept = {key: one for key, one in settings.items() if key != "p"} if usual else settings
        return self._bound(table[name], name, args, kept, text)

    def _table(self, whole: str) -> dict[str, Handler]:
        """Whose transform a name is: by what stands before it, else by the rest of the text."""
        start = self.modules.get(whole.split(".")[0], whole.split(".")[0])
        if start == "A" or whole.startswith(("albumentations", "A.")) or "albumentations" in start:
            return calls.ALBUMENTATIONS
        if start in ("transforms", "T", "v2", "tv", "tt", "torchvision", "tvt", "F", "TF", "nn"):
            return calls.TORCHVISION
        if self.dialect == "albumentations":
            return calls.ALBUMENTATIONS
        return calls.FASTAI | _only(calls.TORCHVISION, "Lambda") if self.dialect == "fastai" else calls.TORCHVISION

    def _bound(self, handler: Handler, name: str, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
        """The handler with the call's arguments; a wrong one is refused by the call's own text."""

        def change(flow: Flow) -> Flow:
            try:
                return handler(flow, *args, **settings)
            except SeewhyError:
                raise
            except (TypeError, ValueError, ArithmeticError) as error:
                told = " ".join(str(error).split()).replace("()", "")
                allowed = told.partition(" ")[2] if told.startswith(handler.__name__) else "its usual arguments"
                raise SeewhyError(f"'{text[:80]}' cannot be taken: {name} {allowed}") from None

        return Transform(name, change)


def as_transform(value: Any, text: str) -> Transform:
    """A transform from one, a list of them, a size, a timm or a transformers dict. Raises SeewhyError for others."""
    if isinstance(value, Transform):
        return value
    if isinstance(value, list | tuple):
        return chain([as_transform(one, text) for one in value])
    if type(value) is int and value > 0:
        return Transform("size", lambda flow: calls.resize(flow, (value, value)))
    if isinstance(value, dict) and {"image_mean", "do_normalize", "do_resize"} & set(value):
        return Transform("processor", lambda flow: calls.hugging_face(flow, **value))
    if isinstance(value, dict) and {"input_size", "crop_pct", "img_size"} & set(value):
        return Transform("create_transform", lambda flow: calls.create_transform(flow, **value))
    if isinstance(value, Reference) and value.last in ("ToTensor", "Identity", "ToImage", "PILToTensor"):
        return Transform(value.last, calls.TORCHVISION[value.last])
    raise refused(f"{value}" if not isinstance(value, dict) else f"dict of {', '.join(map(str, value))}", ALLOWED)


def _dialect(text: str) -> str:
    """Whose bare names a text has."""
    if any(word in text for word in ("albumentations", "A.", "ToTensorV2", "LongestMaxSize", "SmallestMaxSize")):
        return "albumentations"
    fastai = ("from_stats", "item_tfms", "batch_tfms", "aug_transforms", "ImageData", "ResizeMethod", "fastai")
    return "fastai" if any(word in text for word in fastai) else "torchvision"


def _only(table: dict[str, Handler], name: str) -> dict[str, Handler]:
    return {name: table[name]}


def _sized_random(name: str, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """A random crop, which says the size in training; with a padding it gives back the size that was there."""
    if settings.get("padding") or (name == "RandomCrop" and len(args) > 1 and args[1] and "A." not in text):
        return Transform(name, lambda flow: flow.skipping(name))
    given = settings.get("size", settings.get("height", args[0] if args else None))
    width = settings.get("width", args[1] if len(args) > 1 and type(args[1]) is int else None)
    size = calls.pair_of(given if width is None else (given, width))
    return Transform(name, lambda flow: flow.skipping(name, size))


def _shape(flow: Flow) -> tuple[Any, ...]:
    """What is known of a picture's shape: how many channels, and where they stand."""
    unknown = Reference("unknown")
    return (flow.channels, unknown, unknown) if flow.form == "tensor" else (unknown, unknown, flow.channels)


def _picture_part(flow: Flow, text: str) -> Flow | None:
    """The picture with its channels turned round, or itself out of a batch or a dict; None for any other part."""
    clean = text.strip("()")
    if clean in TURNED:
        return flow.reversed()
    if clean in WHOLE:
        return flow
    first = clean in ("0", "0:1", "0:1,...", "[0]", ":1", "0,:,:") and flow.channels == 1
    channel_last = clean in (":,:,:3", "...,:3", ":,:,None", "...,None")
    return flow if first or channel_last else None


def _picture_arithmetic(kind: ast.operator, left: Any, right: Any, text: str) -> Any:
    if isinstance(kind, ast.Sub | ast.Add):
        return add(left, right, -1 if isinstance(kind, ast.Sub) else 1, text)
    if isinstance(kind, ast.Div):
        return divide(left, right, text)
    if isinstance(kind, ast.Mult) and isinstance(right, int | float) and right and isinstance(left, Flow):
        return left.scaled(1 / right)
    raise refused(text, "adding, subtracting, multiplying or dividing by numbers")
