"""Settings that refuse what they do not know, and how a refusal is worded: the key, what was found, what is allowed."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from seewhy.errors import CLOSE, SeewhyError, unknown_name

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """A frozen section: a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def matching_text(pattern: str, allowed: str) -> AfterValidator:
    """A pattern for the whole of a text, whose error says in words what is allowed."""

    def check_text(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"allowed: {allowed}")
        return value

    return AfterValidator(check_text)


def _check_size(value: Any) -> int | tuple[int, int] | None:
    sides = value if isinstance(value, list | tuple) else [value]
    if value is None or (len(sides) in (1, 2) and all(type(side) is int and side > 0 for side in sides)):
        return tuple(sides) if len(sides) == 2 else sides[0]
    raise ValueError("allowed: pixels, or [height, width]")


def _check_inside(value: str) -> str:
    path = PurePath(value)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError("allowed: a path inside the project, written from its root; copy or link the file there")
    return value


def _check_region(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ValueError("allowed: [x0, y0, x1, y1] from 0 to 1, shares of the input's sides, with x0 < x1 and y0 < y1")
    return box


Whole = Annotated[int, Field(strict=True)]  # strict: neither "32" nor true is a number
Number = Annotated[float, Field(strict=True)]
Positive = Annotated[Whole, Field(ge=1)]
Inside = Annotated[str, AfterValidator(_check_inside)]  # a file of the project
Size = Annotated[int | tuple[int, int] | None, BeforeValidator(_check_size)]  # pixels, or (height, width)
Column = Annotated[
    str,
    matching_text(
        r"image|label|split|boxes|caption|mask|.+_mask", "image, label, split, boxes, caption, mask, ..._mask"
    ),
]
Region = Annotated[tuple[Number, Number, Number, Number], AfterValidator(_check_region)]  # a box of the picture
Name = Annotated[
    str, matching_text(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", "letters, digits, - and _")
]  # a stage and a folder
Device = Annotated[str, matching_text(r"auto|cpu|mps|cuda(:\d+)?", "auto, cpu, mps, cuda, cuda:0 and so on")]


def validate_settings(model: type[Model], data: dict[str, Any], where: str) -> Model:
    """`data` as `model`, or one line that names the first key that is wrong and counts the others."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first, *more = _by_cause(error.errors())
        line = _error_line(model, first, where)
        raise SeewhyError(line + (f" (and {len(more)} more)" if more else "")) from None


def _by_cause(errors: list[Any]) -> list[Any]:
    """Unknown keys first, and without the keys that are missing only because they are written wrong there."""
    extra = [error for error in errors if error["type"] == "extra_forbidden"]
    others = [error for error in errors if error["type"] != "extra_forbidden"]
    return extra + [error for error in others if not any(_is_meant(unknown, error) for unknown in extra)]


def _is_meant(extra: Any, error: Any) -> bool:
    """Whether the unknown key stands where the missing one should, and looks like it."""
    (*place, key), (*other, wanted) = extra["loc"], error["loc"]
    return error["type"] == "missing" and place == other and bool(get_close_matches(str(key), [str(wanted)], 1, CLOSE))


def _error_line(model: type[BaseModel], error: Any, where: str) -> str:
    path = [part for part in error["loc"] if part != "[key]"]
    key = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        fields = [name for name in _fields_at(model, path[:-1]) if name not in ("sections", "tasks")]
        inside = ".".join(str(part) for part in path[:-1])
        return str(unknown_name("key", path[-1], fields, f"{inside} of {where}" if inside else where))
    if error["type"] == "missing":
        return f"missing key '{key}' in {where}"
    said = re.sub(r"^(Value error, |Input )", "", error["msg"]).replace("should be ", "allowed: ", 1)
    return f"{key} in {where}: found {error['input']!r}; {said}"


def _fields_at(model: type[BaseModel], path: list[Any]) -> list[str]:
    """Field names of the model that `path` leads to, through mappings of models."""
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None:
            continue  # the name of an entry: the model of the entries is already at hand
        model = next(_models_within(field.annotation), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_within(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation is or holds, however deep."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in getattr(kind, "__args__", ()):
        yield from _models_within(inner)
