"""Calls of other libraries' functions in a line of preprocessing -> transforms: from which table, how called."""

from collections.abc import Callable
from typing import Any, Protocol

from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs.albumentations_calls import ALBUMENTATIONS
from seewhy.inputs.fastai_calls import FASTAI, fastai_resize
from seewhy.inputs.picture_flow import (
    Flow,
    Transform,
    as_numbers,
    chain_transforms,
    refusal_error,
)
from seewhy.inputs.picture_methods import FUNCTIONS
from seewhy.inputs.timm_calls import letterbox_resize, timm_transform, transformers_processor
from seewhy.inputs.torchvision_calls import (
    TORCHVISION,
    published_weights,
    torchvision_classification,
    torchvision_resize,
)
from seewhy.inputs.transform_calls import IMAGENET, Handler, Reference, pair_of

ALLOWED = (
    "known transforms of torchvision, albumentations, fastai, timm and OpenCV, numbers, and names that the text sets"
)
BUILTINS: dict[str, Callable[..., Any]] = {"int": int, "float": float, "round": round, "tuple": tuple, "list": list}
SEQUENCES = ("Compose", "Sequential", "ImageDataLoaders", "DataBlock", "arguments", "AugmentationSequential")
RANDOM = (
    *("ColorJitter", "RandAugment", "AutoAugment", "TrivialAugmentWide", "AugMix", "GaussianBlur", "ElasticTransform"),
    *("GaussianNoise", "JPEG", "CutMix", "MixUp", "Cutout", "OneOf", "SomeOf", "ScaleJitter", "Flip", "Rotate"),
    *("DihedralItem", "Dihedral", "Zoom", "Warp", "Brightness", "Contrast", "Saturation", "Hue", "FlipItem"),
)
UNSAID = ("resolve_data_config", "resolve_model_data_config", "from_pretrained", "get_default_transforms")
USUAL = ("Resize", "CenterCrop", "Pad", "ToTensor", "Normalize", "Grayscale", "Lambda")
FASTAI_1 = "fastai 1 resizes by interpolation on tensors: ours is near, and equal where images have that size"
SIZED_RANDOM = ("RandomResizedCrop", "RandomCrop", "RandomSizedCrop", "RandomResizedCropGPU", "RandomSizedBBoxSafeCrop")


class Names(Protocol):
    """What a text tells of the names in it: whose they are, and the picture that it starts with."""

    modules: dict[str, str]
    dialect: str
    start: Flow


def known_call(names: Names, function: Reference, args: list[Any], settings: dict[str, Any], text: str) -> Any:
    """The transform or value that a call of another library's function stands for."""
    name, whole = function.last_part, str(function)
    if name in BUILTINS and args and whole == name:
        return _call_builtin(name, args, text)
    if name == "dict" and not args:
        return settings
    if name in ("Path", "array", "asarray", "tensor", "FloatTensor") and args and as_numbers(args[0]):
        return args[0]
    if name in FUNCTIONS:
        return FUNCTIONS[name](args, settings, text, names.start)
    if name == "transforms" and whole.split(".")[-3:-2] and "_Weights" in whole:
        seen = published_weights(*whole.split(".")[-3:-1])
        return _bind_handler(torchvision_classification, "transforms", [], seen | settings, text)
    if name in SEQUENCES or {"item_tfms", "batch_tfms", "ds_tfms"} & set(settings):
        return _chain_items(args, settings, text)
    if name in ("create_transform", "transforms_imagenet_eval"):
        return _bind_handler(timm_transform, name, args, settings, text)
    if name in UNSAID:
        raise refusal_error(text, "its values written out, as data_config = {...}; or no line, for what the file says")
    if name.lower() == "letterbox":
        return _bind_handler(letterbox_resize, name, args, settings, text)
    return _library_call(names, function, args, settings, text)


def _call_builtin(name: str, args: list[Any], text: str) -> Any:
    try:
        return BUILTINS[name](*args)
    except (TypeError, ValueError, OverflowError):
        raise refusal_error(text, ALLOWED) from None


def _chain_items(args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """A Compose, or a call of fastai's that has transforms among its settings."""
    named = [settings[key] for key in ("item_tfms", "ds_tfms", "batch_tfms") if key in settings]
    if "size" in settings and {"ds_tfms", "bs"} & set(settings):
        own = {"method": settings["resize_method"]} if "resize_method" in settings else {}
        named.append(Transform("size", lambda flow: fastai_resize(flow, settings["size"], **own).with_note(FASTAI_1)))
    given = named or [*args, *(settings[key] for key in ("transforms", "transform") if key in settings)]
    items = [one for part in given if part is not None for one in (part if isinstance(part, list | tuple) else [part])]
    return chain_transforms([as_transform(one, text) for one in items])


def transform_method(base: Transform, name: str, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """A method of fastai 1's data bunch: `databunch` changes no picture, `normalize` takes mean and std."""
    if name == "databunch":
        return base
    if name != "normalize" or settings or len(args) > 1:
        raise refusal_error(text, ALLOWED)
    stats = args[0] if args else IMAGENET
    return chain_transforms([base, _bind_handler(FASTAI["from_stats"], name, list(stats), {}, text)])


def _library_call(names: Names, function: Reference, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """One of the libraries' transforms, random or not."""
    name, table = function.last_part, _handlers_of(names, str(function))
    first = str(function).split(".")[0]
    if name == "from_stats":
        table = FASTAI
    if name in SIZED_RANDOM:
        return _sized_random(name, args, settings, text)
    chance = settings.get("p", settings.get("always_apply", 0.5))
    unsure = table is ALBUMENTATIONS and name not in table and chance not in (1, 1.0, True)
    if name.startswith("Random") or name in RANDOM or unsure:
        if unsure and first == name and name[:1].islower():
            raise refusal_error(text, ALLOWED)
        return Transform(name, lambda flow: flow.without_random(name))
    if name not in table:
        raise unknown_name("transform", name, [*USUAL, *sorted({*table} - {*USUAL})], f"'{text[:60]}'")
    usual = name != "ToGray" and "p" in settings and table is ALBUMENTATIONS
    kept = {key: one for key, one in settings.items() if key != "p"} if usual else settings
    return _bind_handler(table[name], name, args, kept, text)


def _handlers_of(names: Names, whole: str) -> dict[str, Handler]:
    """Whose transform a name is: by what stands before it, else by the rest of the text."""
    start = names.modules.get(whole.split(".")[0], whole.split(".")[0])
    if start == "A" or whole.startswith(("albumentations", "A.")) or "albumentations" in start:
        return ALBUMENTATIONS
    if start in ("transforms", "T", "v2", "tv", "tt", "torchvision", "tvt", "F", "TF", "nn"):
        return TORCHVISION
    if names.dialect == "albumentations":
        return ALBUMENTATIONS
    return FASTAI | {"Lambda": TORCHVISION["Lambda"]} if names.dialect == "fastai" else TORCHVISION


def _bind_handler(handler: Handler, name: str, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """The handler with the call's arguments; a wrong one is refused by the call's own text."""

    def change_bound(flow: Flow) -> Flow:
        try:
            return handler(flow, *args, **settings)
        except SeewhyError:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            told = " ".join(str(error).split()).replace("()", "")
            allowed = told.partition(" ")[2] if told.startswith(handler.__name__) else "its usual arguments"
            raise SeewhyError(f"'{text[:80]}' cannot be taken: {name} {allowed}") from None

    return Transform(name, change_bound)


def as_transform(value: Any, text: str) -> Transform:
    """A transform from one, a list of them, a size, a timm or a transformers dict. Raises SeewhyError for others."""
    if isinstance(value, Transform):
        return value
    if isinstance(value, list | tuple):
        return chain_transforms([as_transform(one, text) for one in value])
    if type(value) is int and value > 0:
        return Transform("size", lambda flow: torchvision_resize(flow, (value, value)))
    if isinstance(value, dict) and {"image_mean", "do_normalize", "do_resize"} & set(value):
        return Transform("processor", lambda flow: transformers_processor(flow, **value))
    if isinstance(value, dict) and {"input_size", "crop_pct", "img_size"} & set(value):
        return Transform("create_transform", lambda flow: timm_transform(flow, **value))
    if isinstance(value, Reference) and value.last_part in ("ToTensor", "Identity", "ToImage", "PILToTensor"):
        return Transform(value.last_part, TORCHVISION[value.last_part])
    raise refusal_error(f"{value}" if not isinstance(value, dict) else f"dict of {', '.join(map(str, value))}", ALLOWED)


def _sized_random(name: str, args: list[Any], settings: dict[str, Any], text: str) -> Transform:
    """A random crop, which says the size in training; with a padding it gives back the size that was there."""
    if settings.get("padding") or (name == "RandomCrop" and len(args) > 1 and args[1] and "A." not in text):
        return Transform(name, lambda flow: flow.without_random(name))
    given = settings.get("size", settings.get("height", args[0] if args else None))
    width = settings.get("width", args[1] if len(args) > 1 and type(args[1]) is int else None)
    size = pair_of(given if width is None else (given, width))
    return Transform(name, lambda flow: flow.without_random(name, size))


def dialect_of(text: str) -> str:
    """Whose bare names a text has."""
    if any(word in text for word in ("albumentations", "A.", "ToTensorV2", "LongestMaxSize", "SmallestMaxSize")):
        return "albumentations"
    fastai = ("from_stats", "item_tfms", "batch_tfms", "aug_transforms", "ImageData", "ResizeMethod", "fastai")
    return "fastai" if any(word in text for word in fastai) else "torchvision"
