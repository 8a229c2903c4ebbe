"""What each call in a line of preprocessing does to a picture: torchvision, albumentations, fastai, timm, OpenCV, PIL.

A function here has the arguments of the call that it stands for; nothing of those libraries is run.
"""

import math
from collections.abc import Callable
from typing import Any

from seewhy.config.preprocessing import (
    GREY_LETTERBOX,
    Crop,
    Interpolation,
    Normalise,
    Pad,
    Resize,
    Scale,
    Standardise,
)
from seewhy.errors import SeewhyError
from seewhy.inputs.picture_flow import Flow, Transform, as_numbers, refused

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
TORCHVISION: dict[str, Handler] = {}
ALBUMENTATIONS: dict[str, Handler] = {}
FASTAI: dict[str, Handler] = {}


class Reference(str):
    """A dotted name of another library, as `cv2.INTER_AREA`; it is never looked up there."""

    @property
    def last(self) -> str:
        """The name after the last dot."""
        return self.rpartition(".")[2]


def known(table: dict[str, Handler], *names: str) -> Callable[[Handler], Handler]:
    """Puts a function into a table under those names."""

    def add(function: Handler) -> Handler:
        table.update(dict.fromkeys(names, function))
        return function

    return add


def filter_of(value: Any, codes: tuple[str, ...] = PIL_CODES) -> Interpolation:
    """The filter that a name or a number stands for. Raises SeewhyError for one that no step has."""
    if isinstance(value, int) and 0 <= value < len(codes):
        return codes[value]  # type: ignore[return-value]
    last = str(value).rpartition(".")[2].lower().removeprefix("inter_")
    if last not in FILTERS:
        raise refused(f"interpolation {value}", ", ".join(dict.fromkeys(FILTERS.values())))
    return FILTERS[last]  # type: ignore[return-value]


def border_of(value: Any) -> Any:
    """How a border is filled, by its name or OpenCV's number."""
    name = BORDER_CODES.get(value) if isinstance(value, int) else BORDERS.get(str(value).rpartition(".")[2].lower())
    if name is None:
        raise refused(f"border {value}", ", ".join(dict.fromkeys(BORDERS)))
    return name


def pair_of(value: Any) -> tuple[int, int]:
    """(height, width) from one number for both, or from two."""
    numbers = value if isinstance(value, list | tuple) else [value]
    if len(numbers) not in (1, 2) or not all(type(one) is int and one > 0 for one in numbers):
        raise refused(f"size {value}", "whole pixels, or (height, width)")
    return numbers[0], numbers[-1]


def fill_of(value: Any) -> tuple[float, ...]:
    """One number, or one a channel."""
    found = as_numbers(value)
    if not found:
        raise refused(f"fill {value}", "a number, or three")
    return found


def picture_only(flow: Flow, name: str, *forms: str) -> None:
    """Refuses a call on a picture of another form than the library takes."""
    if flow.form not in forms:
        raise refused(name, f"{name} where the picture is a {' or '.join(forms)}; here it is a {flow.form}")


# torchvision


@known(TORCHVISION, "Resize", "Scale")
def resize(flow: Flow, size: Any, interpolation: Any = "bilinear", max_size: Any = None, antialias: Any = True) -> Flow:
    """The shorter side to one number, or (height, width)."""
    picture_only(flow, "Resize", "image", "tensor")
    exact = isinstance(size, list | tuple) and len(size) == 2
    height, width = pair_of(size)
    step = Resize(
        size=(height, width) if exact else height,
        rule="squash" if exact else "shorter",
        interpolation=filter_of(interpolation),
        library=flow.library,
        antialias=bool(antialias),
        max_size=max_size,
    )
    return flow.after(step)


@known(TORCHVISION, "CenterCrop")
def center_crop(flow: Flow, size: Any) -> Flow:
    """The centre, padded where the image is smaller."""
    return flow.after(Crop(size=pair_of(size)))


@known(TORCHVISION, "Pad")
def pad(flow: Flow, padding: Any, fill: Any = 0, padding_mode: Any = "constant") -> Flow:
    """A border: one number, (left and right, above and below), or (left, top, right, bottom)."""
    numbers = list(padding) if isinstance(padding, list | tuple) else [padding]
    if len(numbers) not in (1, 2, 4) or not all(type(one) is int and one >= 0 for one in numbers):
        raise refused(f"Pad({padding})", "one, two or four whole numbers")
    every = numbers if len(numbers) == 4 else numbers * (4 // len(numbers))
    mode = border_of(padding_mode)
    return flow.after(Pad(sides=(every[0], every[1], every[2], every[3]), fill=fill_of(fill), mode=mode))


@known(TORCHVISION, "ToTensor")
def to_tensor(flow: Flow) -> Flow:
    """Channels first, bytes divided by 255; an array of floats keeps its numbers."""
    picture_only(flow, "ToTensor", "image", "array")
    changed = flow.after(*([] if flow.is_float else [Scale(divisor=255)]))
    return changed.after(form="tensor", is_float=True)


@known(TORCHVISION, "PILToTensor", "pil_to_tensor")
def pil_to_tensor(flow: Flow) -> Flow:
    """Channels first, still bytes."""
    return flow.after(form="tensor")


@known(TORCHVISION, "ToImage", "ToImageTensor", "to_image", "ToImagePIL")
def to_image(flow: Flow) -> Flow:
    """v2's tensor of bytes, channels first."""
    return flow.after(form="tensor", second=True)


@known(TORCHVISION, "ToDtype")
def to_dtype(flow: Flow, dtype: Any, scale: bool = False) -> Flow:
    """Numbers for bytes, divided by 255 with `scale=True`."""
    return convert(flow, dtype) if scale else as_float(flow, dtype)


@known(TORCHVISION, "ConvertImageDtype", "ConvertDtype", "convert_image_dtype")
def convert(flow: Flow, dtype: Any = "float32") -> Flow:
    """Numbers for bytes, divided by 255."""
    scaled = flow.after(*([] if flow.is_float else [Scale(divisor=255)]))
    return as_float(scaled, dtype)


def as_float(flow: Flow, dtype: Any) -> Flow:
    """The same values as numbers. Raises SeewhyError for half precision and whole numbers."""
    name = str(dtype).rpartition(".")[2]
    if name == "uint8" and not flow.is_float:
        return flow
    if name not in ("float", "float32", "float64", "double", "FloatTensor"):
        raise refused(f"dtype {dtype}", "torch.float32")
    return flow.after(is_float=True)


@known(TORCHVISION, "Normalize", "normalize")
def normalize(flow: Flow, mean: Any, std: Any, inplace: bool = False) -> Flow:  # noqa: ARG001
    """(value - mean) / std; torchvision takes no PIL image here, so that a line without ToTensor left it out."""
    if flow.form == "image":
        flow = to_tensor(flow).noting("there is no ToTensor before Normalize: pixel / 255 is taken")
    return flow.after(normalise_step(mean, std), is_float=True)


def normalise_step(mean: Any, std: Any, times: float = 1.0) -> Normalise:
    """The step of those numbers, each times `times`."""
    means, stds = as_numbers(mean), as_numbers(std)
    if not means or not stds or min(stds) <= 0:
        raise refused(f"Normalize({mean}, {std})", "one number or three each, std above 0")
    return Normalise(mean=tuple(one * times for one in means), std=tuple(one * times for one in stds))


@known(TORCHVISION, "Grayscale")
def grayscale(flow: Flow, num_output_channels: int = 1) -> Flow:
    """The luminance in one channel or three."""
    if num_output_channels not in (1, 3):
        raise refused(f"Grayscale({num_output_channels})", "1 or 3 channels")
    return flow.grey(num_output_channels)


@known(TORCHVISION, "ToPILImage")
def to_pil(flow: Flow, mode: Any = None) -> Flow:  # noqa: ARG001
    """PIL's image again; only bytes come back without loss."""
    if flow.is_float:
        raise refused("ToPILImage() after values are numbers", "ToPILImage() of bytes")
    return flow.after(form="image")


@known(TORCHVISION, "Lambda")
def apply_lambda(flow: Flow, lambd: Any, *_types: Any) -> Flow:
    """What the function itself does to the picture."""
    if not isinstance(lambd, Transform):
        raise refused(f"Lambda({lambd})", "Lambda(lambda x: ...) of known calls")
    return lambd.change(flow)


@known(TORCHVISION, "ToPureTensor", "Identity", "RGB", "SanitizeBoundingBoxes", "ClampBoundingBoxes")
def same(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Nothing that changes a picture in three colours."""
    return flow


@known(TORCHVISION, "ImageClassification")
def image_classification(
    flow: Flow,
    crop_size: int,
    resize_size: int = 256,
    mean: Any = IMAGENET[0],
    std: Any = IMAGENET[1],
    interpolation: Any = "bilinear",
    antialias: bool = True,
) -> Flow:
    """What comes with torchvision's published weights."""
    fitted = center_crop(resize(flow, resize_size, interpolation, antialias=antialias), crop_size)
    return normalize(convert(fitted.after(form="tensor")), mean, std)


# albumentations


@known(ALBUMENTATIONS, "Resize")
def a_resize(
    flow: Flow,
    height: Any,
    width: Any = None,
    interpolation: Any = 1,
    area_for_downscale: Any = None,
    **_settings: Any,
) -> Flow:
    """(height, width), by OpenCV."""
    if area_for_downscale is not None:
        raise refused(f"area_for_downscale={area_for_downscale}", "interpolation=cv2.INTER_AREA")
    size = pair_of(height if width is None else (height, width))
    return flow.after(Resize(size=size, interpolation=filter_of(interpolation, OPENCV_CODES), library=flow.library))


@known(ALBUMENTATIONS, "SmallestMaxSize")
def a_shorter(flow: Flow, max_size: Any, interpolation: Any = 1, **_settings: Any) -> Flow:
    """The shorter side to one number."""
    return flow.after(_a_side(flow, "shorter", max_size, interpolation))


@known(ALBUMENTATIONS, "LongestMaxSize")
def a_longer(flow: Flow, max_size: Any, interpolation: Any = 1, **_settings: Any) -> Flow:
    """The longer side to one number."""
    return flow.after(_a_side(flow, "longer", max_size, interpolation))


def _a_side(flow: Flow, rule: Any, size: Any, interpolation: Any) -> Resize:
    if type(size) is not int:
        raise refused(f"max_size={size}", "one number of pixels")
    kind = filter_of(interpolation, OPENCV_CODES)
    return Resize(size=size, rule=rule, interpolation=kind, library=flow.library, rounding="nearest")


@known(ALBUMENTATIONS, "CenterCrop")
def a_crop(flow: Flow, height: Any, width: Any = None, **_settings: Any) -> Flow:
    """The centre."""
    return flow.after(Crop(size=pair_of(height if width is None else (height, width)), origin="down"))


@known(ALBUMENTATIONS, "PadIfNeeded")
def a_pad(
    flow: Flow,
    min_height: Any = 1024,
    min_width: Any = 1024,
    position: Any = "center",
    border_mode: Any = 0,
    fill: Any = None,
    value: Any = None,
    **settings: Any,
) -> Flow:
    """At least that size."""
    if settings.get("pad_height_divisor") or str(position).rpartition(".")[2].lower() != "center":
        raise refused("PadIfNeeded by a divisor or off the centre", "min_height, min_width, border_mode, fill")
    colour = fill_of(fill if fill is not None else value or 0)
    return flow.after(Pad(size=pair_of((min_height, min_width)), fill=colour, mode=border_of(border_mode)))


@known(ALBUMENTATIONS, "Normalize")
def a_normalize(
    flow: Flow,
    mean: Any = IMAGENET[0],
    std: Any = IMAGENET[1],
    max_pixel_value: float = 255.0,
    normalization: str = "standard",
    **_settings: Any,
) -> Flow:
    """(value - mean x 255) / (std x 255), or by the image's own mean and std."""
    if normalization == "standard":
        return flow.after(normalise_step(mean, std, max_pixel_value or 1.0), is_float=True)
    if normalization not in ("image", "image_per_channel"):
        raise refused(f"normalization={normalization!r}", "standard, image, image_per_channel")
    over: Any = "image" if normalization == "image" else "channel"
    return flow.after(Standardise(over=over, ddof=0, eps=1e-4), is_float=True)


@known(ALBUMENTATIONS, "ToFloat")
def a_float(flow: Flow, max_value: Any = 255.0, **_settings: Any) -> Flow:
    """Divided by the largest value."""
    return flow.scaled(max_value or 255.0)


@known(ALBUMENTATIONS, "ToTensorV2", "ToTensor")
def a_tensor(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Channels first; the values stay."""
    return flow.after(form="tensor")


@known(ALBUMENTATIONS, "ToGray")
def a_grey(flow: Flow, num_output_channels: int = 3, method: str = "weighted_average", p: float = 0.5) -> Flow:
    """The luminance, where it is done always."""
    if p < 1:
        return flow.skipping("ToGray")
    if method != "weighted_average":
        raise refused(f"ToGray(method={method!r})", "weighted_average")
    return flow.grey(num_output_channels)


@known(ALBUMENTATIONS, "NoOp", "ToRGB")
def a_same(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Nothing."""
    return flow


# fastai


@known(FASTAI, "Resize")
def f_resize(
    flow: Flow, size: Any, method: Any = "crop", pad_mode: Any = "reflection", resamples: Any = None, **_settings: Any
) -> Flow:
    """The centre in the shape of the size, resized; or squished, or padded."""
    rules: dict[str, Any] = {"crop": "crop_first", "pad": "pad_first", "squish": "squash"}
    name = str(method).rpartition(".")[2].lower()
    if name not in rules or (name == "pad" and border_of(pad_mode) != "reflect"):
        raise refused(f"Resize(method={method}, pad_mode={pad_mode})", "Crop, Squish, or Pad by reflection")
    width, height = pair_of(size)[::-1]
    kind = filter_of(resamples[0]) if isinstance(resamples, list | tuple) else "bilinear"
    return flow.after(Resize(size=(height, width), rule=rules[name], interpolation=kind))


@known(FASTAI, "from_stats", "Normalize")
def f_normalize(flow: Flow, mean: Any = IMAGENET[0], std: Any = IMAGENET[1], *_more: Any, **_settings: Any) -> Flow:
    """Mean and std, after the division by 255 that fastai does by itself."""
    return f_float(flow).after(normalise_step(mean, std), is_float=True)


@known(FASTAI, "IntToFloatTensor")
def f_float(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Divided by 255, once."""
    divided = flow if flow.is_float else flow.after(Scale(divisor=255))
    return divided.after(form="tensor", is_float=True)


@known(FASTAI, "ToTensor")
def f_tensor(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Channels first, still bytes."""
    return flow


@known(FASTAI, "aug_transforms", "get_transforms")
def f_augment(flow: Flow, *_args: Any, size: Any = None, **_settings: Any) -> Flow:
    """Random in training only; with a size it also resizes by interpolation on the GPU, which is not imitated."""
    if size is not None:
        raise refused(f"aug_transforms(size={size})", "item_tfms=Resize(...) for the size: that one is exact")
    return flow.skipping("aug_transforms")


# timm, YOLO


def create_transform(
    flow: Flow,
    input_size: Any = 224,
    is_training: bool = False,
    interpolation: Any = "bilinear",
    mean: Any = IMAGENET[0],
    std: Any = IMAGENET[1],
    crop_pct: Any = None,
    crop_mode: Any = None,
    crop_border_pixels: Any = None,
    img_size: Any = None,
    **_settings: Any,
) -> Flow:
    """timm's transform for evaluation."""
    if is_training or crop_border_pixels:
        raise refused("create_transform for training, or with a border cut off", "is_training=False")
    given = img_size if img_size is not None else input_size
    height, width = pair_of(list(given)[-2:] if isinstance(given, list | tuple) else given)
    share = crop_pct or 0.875
    before = math.floor(height / share), math.floor(width / share)
    kind = filter_of("bicubic" if str(interpolation) == "random" else interpolation)
    fitted = flow.after(*timm_steps(before, (height, width), str(crop_mode or "center"), kind, mean))
    return normalize(to_tensor(fitted), mean, std)


def timm_steps(before: tuple[int, int], size: tuple[int, int], mode: str, kind: Interpolation, mean: Any) -> list[Any]:
    """Resize to `before`, cut to `size` (height, width), by timm's `crop_mode`."""
    if mode == "squash":
        return [Resize(size=before, interpolation=kind), Crop(size=size)]
    if mode == "border":
        fill = tuple(float(round(255 * one)) for one in as_numbers(mean))
        contained = Resize(size=before, rule="contain", interpolation=kind, rounding="nearest")
        return [contained, Pad(size=size, fill=fill, origin="down"), Crop(size=size)]
    if before[0] == before[1]:
        return [Resize(size=before[0], rule="shorter", interpolation=kind), Crop(size=size)]
    return [Resize(size=before, rule="cover", interpolation=kind, rounding="nearest"), Crop(size=size)]


def letterbox(
    flow: Flow, new_shape: Any = 640, color: Any = GREY_LETTERBOX, auto: bool = False, stride: int = 32, **settings: Any
) -> Flow:
    """YOLO's: fitted into the shape, the rest grey."""
    if auto or settings.get("scaleFill") or settings.get("scale_fill") or settings.get("scaleup") is False:
        raise refused("letterbox with auto, scaleFill or scaleup=False", f"auto=False (stride {stride} is then unused)")
    size = pair_of(new_shape)
    contained = Resize(size=size, rule="contain", library="opencv", rounding="nearest")
    return flow.after(contained, Pad(size=size, fill=fill_of(color), origin="letterbox"))


def hugging_face(flow: Flow, **config: Any) -> Flow:
    """A processor of transformers, from the keys of its preprocessor_config.json."""
    from seewhy.inputs.processor_config import steps_of_processor

    return flow.after(*steps_of_processor(config), form="tensor", is_float=True)


def published_weights(weights: str, name: str) -> dict[str, Any]:
    """What torchvision says of the preprocessing of those weights, as `ResNet50_Weights.DEFAULT`."""
    from torchvision import models

    family = getattr(models, weights, None) or getattr(models.segmentation, weights, None)
    found = getattr(family, name, None)
    if not weights.endswith("_Weights") or found is None:
        raise refused(f"{weights}.{name}", "weights of torchvision, as ResNet50_Weights.DEFAULT")
    seen = found.transforms()
    if type(seen).__name__ != "ImageClassification":
        raise SeewhyError(f"'{weights}.{name}.transforms()' is no classification's; allowed: those of classifiers")
    settings = {"crop_size": seen.crop_size[0], "resize_size": seen.resize_size[0], "mean": seen.mean, "std": seen.std}
    return settings | {"interpolation": seen.interpolation.value, "antialias": seen.antialias}
