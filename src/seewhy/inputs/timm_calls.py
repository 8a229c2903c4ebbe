"""What the whole preprocessing of timm, YOLO or a processor of transformers does to a picture."""

import math
from typing import Any

from seewhy.config.preprocessing import (
    GREY_LETTERBOX,
    Crop,
    Interpolation,
    Pad,
    Resize,
)
from seewhy.inputs.picture_flow import Flow, as_numbers, refusal_error
from seewhy.inputs.torchvision_calls import to_tensor, torchvision_normalize
from seewhy.inputs.transform_calls import (
    IMAGENET,
    fill_of,
    filter_of,
    pair_of,
)


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
