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
from seewhy.inputs.picture_flow import Flow, Transform, as_numbers, refusal_error

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


# torchvision


@register_handler(TORCHVISION, "Resize", "Scale")
def torchvision_resize(
    flow: Flow, size: Any, interpolation: Any = "bilinear", max_size: Any = None, antialias: Any = True
) -> Flow:
    """The shorter side to one number, or (height, width)."""
    picture_only(flow, "Resize", "image", "tensor")
    exact = isinstance(size, list | tuple) and len(size) == 2
    height, width = pair_of(size)
    step = Resize(
        size=(height, width) if exact else height,
        rule="squash" if exact else "shorter",
        interpolation=filter_of(interpolation),
        library=flow.resize_library,
        antialias=bool(antialias),
        max_size=max_size,
    )
    return flow.with_steps(step)


@register_handler(TORCHVISION, "CenterCrop")
def torchvision_center_crop(flow: Flow, size: Any) -> Flow:
    """The centre, padded where the image is smaller."""
    return flow.with_steps(Crop(size=pair_of(size)))


@register_handler(TORCHVISION, "Pad")
def torchvision_pad(flow: Flow, padding: Any, fill: Any = 0, padding_mode: Any = "constant") -> Flow:
    """A border: one number, (left and right, above and below), or (left, top, right, bottom)."""
    numbers = list(padding) if isinstance(padding, list | tuple) else [padding]
    if len(numbers) not in (1, 2, 4) or not all(type(one) is int and one >= 0 for one in numbers):
        raise refusal_error(f"Pad({padding})", "one, two or four whole numbers")
    every = numbers if len(numbers) == 4 else numbers * (4 // len(numbers))
    mode = border_of(padding_mode)
    return flow.with_steps(Pad(sides=(every[0], every[1], every[2], every[3]), fill=fill_of(fill), mode=mode))


@register_handler(TORCHVISION, "ToTensor")
def to_tensor(flow: Flow) -> Flow:
    """Channels first, bytes divided by 255; an array of floats keeps its numbers."""
    picture_only(flow, "ToTensor", "image", "array")
    changed = flow.with_steps(*([] if flow.is_float else [Scale(divisor=255)]))
    return changed.with_steps(form="tensor", is_float=True)


@register_handler(TORCHVISION, "PILToTensor", "pil_to_tensor")
def pil_to_tensor(flow: Flow) -> Flow:
    """Channels first, still bytes."""
    return flow.with_steps(form="tensor")


@register_handler(TORCHVISION, "ToImage", "ToImageTensor", "to_image", "ToImagePIL")
def to_image(flow: Flow) -> Flow:
    """v2's tensor of bytes, channels first."""
    return flow.with_steps(form="tensor", second=True)


@register_handler(TORCHVISION, "ToDtype")
def to_dtype(flow: Flow, dtype: Any, scale: bool = False) -> Flow:
    """Numbers for bytes, divided by 255 with `scale=True`."""
    return convert_to_float(flow, dtype) if scale else as_float(flow, dtype)


@register_handler(TORCHVISION, "ConvertImageDtype", "ConvertDtype", "convert_image_dtype")
def convert_to_float(flow: Flow, dtype: Any = "float32") -> Flow:
    """Numbers for bytes, divided by 255."""
    scaled = flow.with_steps(*([] if flow.is_float else [Scale(divisor=255)]))
    return as_float(scaled, dtype)


def as_float(flow: Flow, dtype: Any) -> Flow:
    """The same values as numbers. Raises SeewhyError for half precision and whole numbers."""
    name = str(dtype).rpartition(".")[2]
    if name == "uint8" and not flow.is_float:
        return flow
    if name not in ("float", "float32", "float64", "double", "FloatTensor"):
        raise refusal_error(f"dtype {dtype}", "torch.float32")
    return flow.with_steps(is_float=True)


@register_handler(TORCHVISION, "Normalize", "normalize")
def torchvision_normalize(flow: Flow, mean: Any, std: Any, inplace: bool = False) -> Flow:  # noqa: ARG001
    """(value - mean) / std; torchvision takes no PIL image here, so that a line without ToTensor left it out."""
    if flow.form == "image":
        flow = to_tensor(flow).with_note("there is no ToTensor before Normalize: pixel / 255 is taken")
    return flow.with_steps(normalise_step(mean, std), is_float=True)


def normalise_step(mean: Any, std: Any, times: float = 1.0) -> Normalise:
    """The step of those numbers, each times `times`."""
    means, stds = as_numbers(mean), as_numbers(std)
    if not means or not stds or min(stds) <= 0:
        raise refusal_error(f"Normalize({mean}, {std})", "one number or three each, std above 0")
    return Normalise(mean=tuple(one * times for one in means), std=tuple(one * times for one in stds))


@register_handler(TORCHVISION, "Grayscale")
def torchvision_grayscale(flow: Flow, num_output_channels: int = 1) -> Flow:
    """The luminance in one channel or three."""
    if num_output_channels not in (1, 3):
        raise refusal_error(f"Grayscale({num_output_channels})", "1 or 3 channels")
    return flow.to_grey(num_output_channels)


@register_handler(TORCHVISION, "ToPILImage")
def to_pil(flow: Flow, mode: Any = None) -> Flow:  # noqa: ARG001
    """PIL's image again; only bytes come back without loss."""
    if flow.is_float:
        raise refusal_error("ToPILImage() after values are numbers", "ToPILImage() of bytes")
    return flow.with_steps(form="image")


@register_handler(TORCHVISION, "Lambda")
def apply_lambda(flow: Flow, lambd: Any, *_types: Any) -> Flow:
    """What the function itself does to the picture."""
    if not isinstance(lambd, Transform):
        raise refusal_error(f"Lambda({lambd})", "Lambda(lambda x: ...) of known calls")
    return lambd.change(flow)


@register_handler(TORCHVISION, "ToPureTensor", "Identity", "RGB", "SanitizeBoundingBoxes", "ClampBoundingBoxes")
def same_picture(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Nothing that changes a picture in three colours."""
    return flow


@register_handler(TORCHVISION, "ImageClassification")
def torchvision_classification(
    flow: Flow,
    crop_size: int,
    resize_size: int = 256,
    mean: Any = IMAGENET[0],
    std: Any = IMAGENET[1],
    interpolation: Any = "bilinear",
    antialias: bool = True,
) -> Flow:
    """What comes with torchvision's published weights."""
    fitted = torchvision_center_crop(
        torchvision_resize(flow, resize_size, interpolation, antialias=antialias), crop_size
    )
    return torchvision_normalize(convert_to_float(fitted.with_steps(form="tensor")), mean, std)


# albumentations


@register_handler(ALBUMENTATIONS, "Resize")
def albumentations_resize(
    flow: Flow,
    height: Any,
    width: Any = None,
    interpolation: Any = 1,
    area_for_downscale: Any = None,
    **_settings: Any,
) -> Flow:
    """(height, width), by OpenCV."""
    if area_for_downscale is not None:
        raise refusal_error(f"area_for_downscale={area_for_downscale}", "interpolation=cv2.INTER_AREA")
    size = pair_of(height if width is None else (height, width))
    return flow.with_steps(
        Resize(size=size, interpolation=filter_of(interpolation, OPENCV_CODES), library=flow.resize_library)
    )


@register_handler(ALBUMENTATIONS, "SmallestMaxSize")
def albumentations_shorter_side(flow: Flow, max_size: Any, interpolation: Any = 1, **_settings: Any) -> Flow:
    """The shorter side to one number."""
    return flow.with_steps(_albumentations_side(flow, "shorter", max_size, interpolation))


@register_handler(ALBUMENTATIONS, "LongestMaxSize")
def albumentations_longer_side(flow: Flow, max_size: Any, interpolation: Any = 1, **_settings: Any) -> Flow:
    """The longer side to one number."""
    return flow.with_steps(_albumentations_side(flow, "longer", max_size, interpolation))


def _albumentations_side(flow: Flow, rule: Any, size: Any, interpolation: Any) -> Resize:
    if type(size) is not int:
        raise refusal_error(f"max_size={size}", "one number of pixels")
    kind = filter_of(interpolation, OPENCV_CODES)
    return Resize(size=size, rule=rule, interpolation=kind, library=flow.resize_library, rounding="nearest")


@register_handler(ALBUMENTATIONS, "CenterCrop")
def albumentations_crop(flow: Flow, height: Any, width: Any = None, **_settings: Any) -> Flow:
    """The centre."""
    return flow.with_steps(Crop(size=pair_of(height if width is None else (height, width)), origin="down"))


@register_handler(ALBUMENTATIONS, "PadIfNeeded")
def albumentations_pad(
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
        raise refusal_error("PadIfNeeded by a divisor or off the centre", "min_height, min_width, border_mode, fill")
    colour = fill_of(fill if fill is not None else value or 0)
    return flow.with_steps(Pad(size=pair_of((min_height, min_width)), fill=colour, mode=border_of(border_mode)))


@register_handler(ALBUMENTATIONS, "Normalize")
def albumentations_normalize(
    flow: Flow,
    mean: Any = IMAGENET[0],
    std: Any = IMAGENET[1],
    max_pixel_value: float = 255.0,
    normalization: str = "standard",
    **_settings: Any,
) -> Flow:
    """(value - mean x 255) / (std x 255), or by the image's own mean and std."""
    if normalization == "standard":
        return flow.with_steps(normalise_step(mean, std, max_pixel_value or 1.0), is_float=True)
    if normalization not in ("image", "image_per_channel"):
        raise refusal_error(f"normalization={normalization!r}", "standard, image, image_per_channel")
    over: Any = "image" if normalization == "image" else "channel"
    return flow.with_steps(Standardise(over=over, ddof=0, eps=1e-4), is_float=True)


@register_handler(ALBUMENTATIONS, "ToFloat")
def albumentations_to_float(flow: Flow, max_value: Any = 255.0, **_settings: Any) -> Flow:
    """Divided by the largest value."""
    return flow.divided_by(max_value or 255.0)


@register_handler(ALBUMENTATIONS, "ToTensorV2", "ToTensor")
def albumentations_to_tensor(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Channels first; the values stay."""
    return flow.with_steps(form="tensor")


@register_handler(ALBUMENTATIONS, "ToGray")
def albumentations_to_grey(
    flow: Flow, num_output_channels: int = 3, method: str = "weighted_average", p: float = 0.5
) -> Flow:
    """The luminance, where it is done always."""
    if p < 1:
        return flow.without_random("ToGray")
    if method != "weighted_average":
        raise refusal_error(f"ToGray(method={method!r})", "weighted_average")
    return flow.to_grey(num_output_channels)


@register_handler(ALBUMENTATIONS, "NoOp", "ToRGB")
def albumentations_same(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Nothing."""
    return flow


# fastai


@register_handler(FASTAI, "Resize")
def fastai_resize(
    flow: Flow, size: Any, method: Any = "crop", pad_mode: Any = "reflection", resamples: Any = None, **_settings: Any
) -> Flow:
    """The centre in the shape of the size, resized; or squished, or padded."""
    rules: dict[str, Any] = {"crop": "crop_first", "pad": "pad_first", "squish": "squash"}
    name = str(method).rpartition(".")[2].lower()
    if name not in rules or (name == "pad" and border_of(pad_mode) != "reflect"):
        raise refusal_error(f"Resize(method={method}, pad_mode={pad_mode})", "Crop, Squish, or Pad by reflection")
    width, height = pair_of(size)[::-1]
    kind = filter_of(resamples[0]) if isinstance(resamples, list | tuple) else "bilinear"
    return flow.with_steps(Resize(size=(height, width), rule=rules[name], interpolation=kind))


@register_handler(FASTAI, "from_stats", "Normalize")
def fastai_normalize(
    flow: Flow, mean: Any = IMAGENET[0], std: Any = IMAGENET[1], *_more: Any, **_settings: Any
) -> Flow:
    """Mean and std, after the division by 255 that fastai does by itself."""
    return fastai_to_float(flow).with_steps(normalise_step(mean, std), is_float=True)


@register_handler(FASTAI, "IntToFloatTensor")
def fastai_to_float(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Divided by 255, once."""
    divided = flow if flow.is_float else flow.with_steps(Scale(divisor=255))
    return divided.with_steps(form="tensor", is_float=True)


@register_handler(FASTAI, "ToTensor")
def fastai_to_tensor(flow: Flow, *_args: Any, **_settings: Any) -> Flow:
    """Channels first, still bytes."""
    return flow


@register_handler(FASTAI, "aug_transforms", "get_transforms")
def fastai_augment(flow: Flow, *_args: Any, size: Any = None, **_settings: Any) -> Flow:
    """Random in training only; with a size it also resizes by interpolation on the GPU, which is not imitated."""
    if size is not None:
        raise refusal_error(f"aug_transforms(size={size})", "item_tfms=Resize(...) for the size: that one is exact")
    return flow.without_random("aug_transforms")


# timm, YOLO


def timm_transform(
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
        raise refusal_error("create_transform for training, or with a border cut off", "is_training=False")
    given = img_size if img_size is not None else input_size
    height, width = pair_of(list(given)[-2:] if isinstance(given, list | tuple) else given)
    share = crop_pct or 0.875
    before = math.floor(height / share), math.floor(width / share)
    kind = filter_of("bicubic" if str(interpolation) == "random" else interpolation)
    fitted = flow.with_steps(*timm_steps(before, (height, width), str(crop_mode or "center"), kind, mean))
    return torchvision_normalize(to_tensor(fitted), mean, std)


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


def letterbox_resize(
    flow: Flow, new_shape: Any = 640, color: Any = GREY_LETTERBOX, auto: bool = False, stride: int = 32, **settings: Any
) -> Flow:
    """YOLO's: fitted into the shape, the rest grey."""
    if auto or settings.get("scaleFill") or settings.get("scale_fill") or settings.get("scaleup") is False:
        raise refusal_error(
            "letterbox with auto, scaleFill or scaleup=False", f"auto=False (stride {stride} is then unused)"
        )
    size = pair_of(new_shape)
    contained = Resize(size=size, rule="contain", library="opencv", rounding="nearest")
    return flow.with_steps(contained, Pad(size=size, fill=fill_of(color), origin="letterbox"))


def transformers_processor(flow: Flow, **config: Any) -> Flow:
    """A processor of transformers, from the keys of its preprocessor_config.json."""
    from seewhy.inputs.processor_config import steps_of_processor

    return flow.with_steps(*steps_of_processor(config), form="tensor", is_float=True)


def published_weights(weights: str, name: str) -> dict[str, Any]:
    """What torchvision says of the preprocessing of those weights, as `ResNet50_Weights.DEFAULT`."""
    from torchvision import models

    family = getattr(models, weights, None) or getattr(models.segmentation, weights, None)
    found = getattr(family, name, None)
    if not weights.endswith("_Weights") or found is None:
        raise refusal_error(f"{weights}.{name}", "weights of torchvision, as ResNet50_Weights.DEFAULT")
    seen = found.transforms()
    if type(seen).__name__ != "ImageClassification":
        raise SeewhyError(f"'{weights}.{name}.transforms()' is no classification's; allowed: those of classifiers")
    settings = {"crop_size": seen.crop_size[0], "resize_size": seen.resize_size[0], "mean": seen.mean, "std": seen.std}
    return settings | {"interpolation": seen.interpolation.value, "antialias": seen.antialias}
