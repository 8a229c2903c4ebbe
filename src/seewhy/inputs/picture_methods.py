"""Methods and functions on a picture in users' own code: numpy, torch, OpenCV and PIL."""

from collections.abc import Callable
from typing import Any

from seewhy.config.preprocessing import Pad, Resize, Reverse
from seewhy.inputs.picture_flow import Flow, Statistic, refusal_error
from seewhy.inputs.torchvision_calls import convert_to_float
from seewhy.inputs.transform_calls import OPENCV_CODES, Reference, as_float, filter_of, pair_of

SAME = (
    *("contiguous", "copy", "clone", "cuda", "cpu", "detach", "unsqueeze", "squeeze", "numpy", "eval", "type_as"),
    *("requires_grad_", "load", "pin_memory", "view", "reshape", "expand_dims"),
)
MOVED = ("permute", "transpose", "moveaxis", "swapaxes", "rollaxis")
COLOURS = {"COLOR_BGR2RGB": "reverse", "COLOR_RGB2BGR": "reverse", "COLOR_BGR2GRAY": "grey", "COLOR_RGB2GRAY": "grey"}
Function = Callable[[list[Any], dict[str, Any], str, Flow], Any]
FUNCTIONS: dict[str, Function] = {}


def call_method(flow: Flow, name: str, args: list[Any], settings: dict[str, Any], text: str) -> Any:
    """What a method of the picture gives. Raises SeewhyError for one that is not known."""
    if name in SAME:
        return flow
    if name in MOVED:
        return _move_channels(flow, args, text)
    if name in ("float", "double"):
        return as_float(flow, "float32")
    if name in ("astype", "to", "type"):
        return _change_type(flow, args, settings, text)
    if name in ("repeat", "expand"):
        return _repeat_channel(flow, args, text)
    if name in ("mean", "std"):
        return _picture_statistic(flow, name, args, settings, text)
    if name == "convert":
        return _convert_mode(flow, args, text)
    if name == "resize":
        return _resized_by_pil(flow, args, settings)
    if name == "div" or name == "div_":
        return flow.divided_by(args[0]) if args and isinstance(args[0], int | float) else _raise_refusal(text)
    if name == "flip" and args in ([0], [[0]], [(0,)], [-3]):
        return flow.reverse_colours()
    if name == "size" and args == [0]:
        return flow.channels if flow.form == "tensor" else Reference("unknown")
    return _raise_refusal(text)


def _raise_refusal(text: str) -> Any:
    raise refusal_error(text, "what is known: repeat, permute, float, mean, std, convert, resize, / 255")


def _move_channels(flow: Flow, args: list[Any], text: str) -> Flow:
    order = args[0] if args and isinstance(args[0], list | tuple) else args
    kept: dict[tuple[int, ...], str] = {(2, 0, 1): "tensor", (1, 2, 0): "array", (-1, 0): "tensor", (2, 0): "tensor"}
    if tuple(order) not in kept:
        _raise_refusal(text)
    return flow.with_steps(form=kept[tuple(order)])


def _change_type(flow: Flow, args: list[Any], settings: dict[str, Any], text: str) -> Flow:
    """Another number type; a device changes nothing."""
    given = [*args, *settings.values()]
    name = str(given[0]).rpartition(".")[2].strip("'\"") if given else ""
    if name in ("float32", "float", "float64", "FloatTensor"):
        return flow.with_steps(is_float=True)
    if name == "uint8" and not flow.is_float:
        return flow
    if name in ("device", "cuda", "cpu", "mps", "DEVICE") or str(given[:1]).count("cuda"):
        return flow
    return _raise_refusal(text)


def _repeat_channel(flow: Flow, args: list[Any], text: str) -> Flow:
    shape = args[0] if args and isinstance(args[0], list | tuple) else args
    if list(shape)[:1] == [3] and all(one in (1, -1) or isinstance(one, Reference) for one in list(shape)[1:]):
        return flow.to_three_channels()
    return _raise_refusal(text)


def _picture_statistic(flow: Flow, kind: Any, args: list[Any], settings: dict[str, Any], text: str) -> Statistic:
    """The picture's mean or std; torch divides by n - 1, numpy by n."""
    places = settings.get("dim", settings.get("axis", args[0] if args else None))
    key = tuple(places) if isinstance(places, list | tuple) else places
    sides = ((1, 2), (-2, -1)) if flow.form == "tensor" else ((0, 1),)
    if key is not None and key not in sides:
        _raise_refusal(text)
    over: Any = "image" if key is None else "channel"
    torch = flow.form == "tensor" and settings.get("unbiased", settings.get("correction", 1))
    return Statistic(kind, over, 1 if torch else 0)


def _convert_mode(flow: Flow, args: list[Any], text: str) -> Flow:
    mode = args[0] if args else None
    if mode == "RGB":
        return flow if flow.channels == 3 else flow.to_three_channels()
    return flow.to_grey(1) if mode == "L" else _raise_refusal(text)


def _resized_by_pil(flow: Flow, args: list[Any], settings: dict[str, Any]) -> Flow:
    """PIL's own method: (width, height), bicubic where nothing else is said."""
    width, height = pair_of(settings.get("size", args[0] if args else None))
    kind = filter_of(settings.get("resample", args[1] if len(args) > 1 else "bicubic"))
    return flow.with_steps(Resize(size=(height, width), interpolation=kind))


def register_function(*names: str) -> Callable[[Function], Function]:
    """Registers what those functions do."""

    def add_function(one: Function) -> Function:
        FUNCTIONS.update(dict.fromkeys(names, one))
        return one

    return add_function


def _first_picture(args: list[Any], text: str) -> Flow:
    return args[0] if args and isinstance(args[0], Flow) else _raise_refusal(text)


@register_function("imread", "imdecode")
def _read_by_opencv(_args: list[Any], _settings: dict[str, Any], text: str, start: Flow) -> Flow:
    """OpenCV reads blue first."""
    if "cv" not in text:
        raise refusal_error(text, "cv2.imread or Image.open")
    return Flow(steps=(Reverse(),), form="array", second=start.second)


@register_function("open", "default_loader", "pil_loader")
def _read_by_pil(_args: list[Any], _settings: dict[str, Any], _text: str, start: Flow) -> Flow:
    return Flow(form="image", second=start.second)


@register_function("read_image", "decode_image")
def _read_by_torchvision(_args: list[Any], _settings: dict[str, Any], _text: str, start: Flow) -> Flow:
    return Flow(form="tensor", second=start.second)


@register_function("exif_transpose", "ascontiguousarray", "expand_dims", "squeeze", "unsqueeze")
def _same_picture(args: list[Any], _settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    return _first_picture(args, text)


@register_function("array", "asarray")
def _to_array(args: list[Any], settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    flow = _first_picture(args, text).with_steps(form="array")
    return _change_type(flow, [settings["dtype"]], {}, text) if "dtype" in settings else flow


@register_function("from_numpy", "as_tensor", "tensor", "FloatTensor")
def _to_torch(args: list[Any], settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    flow = _first_picture(args, text)
    is_float = flow.is_float or "float" in str(settings.get("dtype", "")) or "FloatTensor" in text
    return flow.with_steps(is_float=is_float)


@register_function("to_tensor")
def _functional_to_tensor(args: list[Any], _settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    return convert_to_float(_first_picture(args, text).with_steps(form="tensor"))


@register_function("transpose", "moveaxis", "permute")
def _transpose_channels(args: list[Any], _settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    return _move_channels(_first_picture(args, text), args[1:], text)


@register_function("float32")
def _as_float32(args: list[Any], _settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    return _first_picture(args, text).with_steps(is_float=True)


@register_function("cvtColor")
def _change_colours(args: list[Any], settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    """OpenCV's change of colours."""
    code = args[1] if len(args) > 1 else settings.get("code", "")
    name = str(code).rpartition(".")[2]
    flow = _first_picture(args, text)
    if name in ("COLOR_GRAY2RGB", "COLOR_GRAY2BGR"):
        return flow.to_three_channels()
    if name not in COLOURS:
        raise refusal_error(text, ", ".join([*COLOURS, "COLOR_GRAY2RGB"]))
    return flow.reverse_colours() if COLOURS[name] == "reverse" else flow.to_grey(1, "opencv")


@register_function("resize")
def _resized_by_opencv(args: list[Any], settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    """cv2.resize(picture, (width, height))."""
    if "cv2" not in text:
        raise refusal_error(text, "cv2.resize, or the transform Resize")
    width, height = pair_of(settings.get("dsize", args[1] if len(args) > 1 else None))
    kind = filter_of(settings.get("interpolation", 1), OPENCV_CODES)
    return _first_picture(args, text).with_steps(Resize(size=(height, width), interpolation=kind, library="opencv"))


@register_function("copyMakeBorder")
def _add_border(args: list[Any], settings: dict[str, Any], text: str, _start: Flow) -> Flow:
    """cv2.copyMakeBorder(picture, top, bottom, left, right, border, value=colour)."""
    sides = args[1:5]
    if len(sides) != 4 or not all(type(one) is int for one in sides):
        _raise_refusal(text)
    top, bottom, left, right = sides
    value = settings.get("value", 0)
    fill = tuple(float(one) for one in (value if isinstance(value, list | tuple) else [value]))[:3]
    return _first_picture(args, text).with_steps(
        Pad(sides=(left, top, right, bottom), fill=fill if len(fill) != 2 else (0.0,))
    )
