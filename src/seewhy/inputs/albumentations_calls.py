"""What the transforms of albumentations do to a picture, by their names: OpenCV resizes."""

from typing import Any

from seewhy.config.preprocessing import (
    Crop,
    Pad,
    Resize,
    Standardise,
)
from seewhy.inputs.picture_flow import Flow, refusal_error
from seewhy.inputs.transform_calls import (
    IMAGENET,
    OPENCV_CODES,
    Handler,
    border_of,
    fill_of,
    filter_of,
    normalise_step,
    pair_of,
    register_handler,
)

ALBUMENTATIONS: dict[str, Handler] = {}


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
