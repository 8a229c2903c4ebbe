"""What the arguments of calls in a line of preprocessing stand for: filters, borders, sizes, numbers; tables of calls.

A function in such a table has the arguments of the call that it stands for; nothing of those libraries is run.
"""

from collections.abc import Callable
from typing import Any

from seewhy.config.preprocessing import (
    Interpolation,
    Normalise,
)
from seewhy.inputs.picture_flow import Flow, as_numbers, refusal_error

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
STATISTICS = {
    "imagenet_stats": IMAGENET,
    "IMAGENET_DEFAULT_MEAN": IMAGENET[0],
    "IMAGENET_DEFAULT_STD": IMAGENET[1],
    "IMAGENET_INCEPTION_MEAN": (0.5, 0.5, 0.5),
    "IMAGENET_INCEPTION_STD": (0.5, 0.5, 0.5),
    "OPENAI_CLIP_MEAN": (0.48145466, 0.4578275, 0.40821073),
    "OPENAI_CLIP_STD": (0.26862954, 0.26130258, 0.27577711),
    "cifar_stats": ((0.491, 0.482, 0.447), (0.247, 0.243, 0.261)),
    "mnist_stats": ((0.131,), (0.308,)),
}
PIL_CODES = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
OPENCV_CODES = ("nearest", "bilinear", "bicubic", "area", "lanczos")
FILTERS = {
    "nearest": "nearest",
    "bilinear": "bilinear",
    "linear": "bilinear",
    "bicubic": "bicubic",
    "cubic": "bicubic",
    "lanczos": "lanczos",
    "lanczos4": "lanczos",
    "antialias": "lanczos",
    "area": "area",
    "box": "box",
    "hamming": "hamming",
}
BORDERS = {
    "constant": "constant",
    "border_constant": "constant",
    "edge": "edge",
    "border_replicate": "edge",
    "reflect": "reflect",
    "reflection": "reflect",
    "border_reflect_101": "reflect",
    "border_reflect101": "reflect",
    "border_default": "reflect",
    "symmetric": "symmetric",
    "border_reflect": "symmetric",
    "zeros": "constant",
    "border": "edge",
}
BORDER_CODES = {0: "constant", 1: "edge", 2: "symmetric", 4: "reflect"}
Handler = Callable[..., Any]


class Reference(str):
    """A dotted name of another library, as `cv2.INTER_AREA`; it is never looked up there."""

    @property
    def last_part(self) -> str:
        """The name after the last dot."""
        return self.rpartition(".")[2]


def register_handler(table: dict[str, Handler], *names: str) -> Callable[[Handler], Handler]:
    """Puts a function into a table under those names."""

    def add_handler(function: Handler) -> Handler:
        table.update(dict.fromkeys(names, function))
        return function

    return add_handler


def filter_of(value: Any, codes: tuple[str, ...] = PIL_CODES) -> Interpolation:
    """The filter that a name or a number stands for. Raises SeewhyError for one that no step has."""
    if isinstance(value, int) and 0 <= value < len(codes):
        return codes[value]  # type: ignore[return-value]
    last = str(value).rpartition(".")[2].lower().removeprefix("inter_")
    if last not in FILTERS:
        raise refusal_error(f"interpolation {value}", ", ".join(dict.fromkeys(FILTERS.values())))
    return FILTERS[last]  # type: ignore[return-value]


def border_of(value: Any) -> Any:
    """How a border is filled, by its name or OpenCV's number."""
    name = BORDER_CODES.get(value) if isinstance(value, int) else BORDERS.get(str(value).rpartition(".")[2].lower())
    if name is None:
        raise refusal_error(f"border {value}", ", ".join(dict.fromkeys(BORDERS)))
    return name


def pair_of(value: Any) -> tuple[int, int]:
    """(height, width) from one number for both, or from two."""
    numbers = value if isinstance(value, list | tuple) else [value]
    if len(numbers) not in (1, 2) or not all(type(one) is int and one > 0 for one in numbers):
        raise refusal_error(f"size {value}", "whole pixels, or (height, width)")
    return numbers[0], numbers[-1]


def fill_of(value: Any) -> tuple[float, ...]:
    """One number, or one a channel."""
    found = as_numbers(value)
    if not found:
        raise refusal_error(f"fill {value}", "a number, or three")
    return found


def picture_only(flow: Flow, name: str, *forms: str) -> None:
    """Refuses a call on a picture of another form than the library takes."""
    if flow.form not in forms:
        raise refusal_error(name, f"{name} where the picture is a {' or '.join(forms)}; here it is a {flow.form}")


def as_float(flow: Flow, dtype: Any) -> Flow:
    """The same values as numbers. Raises SeewhyError for half precision and whole numbers."""
    name = str(dtype).rpartition(".")[2]
    if name == "uint8" and not flow.is_float:
        return flow
    if name not in ("float", "float32", "float64", "double", "FloatTensor"):
        raise refusal_error(f"dtype {dtype}", "torch.float32")
    return flow.with_steps(is_float=True)


def normalise_step(mean: Any, std: Any, times: float = 1.0) -> Normalise:
    """The step of those numbers, each times `times`."""
    means, stds = as_numbers(mean), as_numbers(std)
    if not means or not stds or min(stds) <= 0:
        raise refusal_error(f"Normalize({mean}, {std})", "one number or three each, std above 0")
    return Normalise(mean=tuple(one * times for one in means), std=tuple(one * times for one in stds))
