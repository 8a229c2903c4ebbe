"""What the transforms of torchvision do to a picture, by their names."""

from typing import Any

from seewhy.config.preprocessing import (
    Crop,
    Pad,
    Resize,
    Scale,
)
from seewhy.errors import SeewhyError
from seewhy.inputs.picture_flow import Flow, Transform, refusal_error
from seewhy.inputs.transform_calls import (
    IMAGENET,
    Handler,
    as_float,
    border_of,
    fill_of,
    filter_of,
    normalise_step,
    pair_of,
    picture_only,
    register_handler,
)

TORCHVISION: dict[str, Handler] = {}


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


@register_handler(TORCHVISION, "Normalize", "normalize")
def torchvision_normalize(flow: Flow, mean: Any, std: Any, inplace: bool = False) -> Flow:  # noqa: ARG001
    """(value - mean) / std; torchvision takes no PIL image here, so that a line without ToTensor left it out."""
    if flow.form == "image":
        flow = to_tensor(flow).with_note("there is no ToTensor before Normalize: pixel / 255 is taken")
    return flow.with_steps(normalise_step(mean, std), is_float=True)


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
