"""What the transforms of fastai do to a picture, by their names."""

from typing import Any

from seewhy.config.preprocessing import (
    Resize,
    Scale,
)
from seewhy.inputs.picture_flow import Flow, refusal_error
from seewhy.inputs.transform_calls import (
    IMAGENET,
    Handler,
    border_of,
    filter_of,
    normalise_step,
    pair_of,
    register_handler,
)

FASTAI: dict[str, Handler] = {}


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
