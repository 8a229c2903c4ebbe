"""preprocessor_config.json of transformers -> steps, as its image processors carry them out."""

from collections.abc import Mapping
from typing import Any

from seewhy.config.preprocessing import Crop, Grey, Interpolation, Library, Normalise, Pad, Resize, Reverse, Scale, Step
from seewhy.errors import SeewhyError
from seewhy.inputs.picture_flow import as_numbers

FILTERS: tuple[Interpolation, ...] = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
BLUE_FIRST = "MobileViTImageProcessor"
FIXED_CROP = 384  # ConvNeXt: from this size on images are squashed, not cut


def steps_of_processor(config: Mapping[str, Any]) -> list[Step]:
    """The steps that a processor with this config carries out, in its order.

    Raises SeewhyError for a size or filter that no step has.
    """
    named = str(config.get("image_processor_type") or config.get("feature_extractor_type") or "")
    kind = named.removesuffix("Fast").removesuffix("Pil").replace("FeatureExtractor", "ImageProcessor")
    library: Library = "torch" if named.endswith("Fast") or config.get("backend") == "torchvision" else "pil"
    steps: list[Step] = []
    if config.get("do_grayscale"):
        steps.append(Grey(channels=3, library=library))
    if config.get("do_resize", True) and config.get("size") is not None:
        steps += _resize_steps(config, kind, library)
    if config.get("do_center_crop") and config.get("crop_size") is not None:
        height, width = _size_sides(config["crop_size"], "crop_size")
        steps.append(Crop(size=(height, width), origin="down"))
    if config.get("do_pad") and config.get("pad_size"):
        steps.append(Pad(size=_size_sides(config["pad_size"], "pad_size"), origin="down"))
    if config.get("do_rescale", True):
        steps.append(Scale(divisor=_scale_divisor(config)))
    if config.get("rescale_offset"):
        steps.append(Normalise(mean=(1.0,), std=(1.0,)))
    if config.get("do_normalize", kind != BLUE_FIRST) and config.get("image_mean") is not None:
        steps.append(Normalise(mean=_config_numbers(config, "image_mean"), std=_config_numbers(config, "image_std")))
        if config.get("include_top"):  # EfficientNet divides by std once more
            steps.append(Normalise(mean=(0.0,), std=_config_numbers(config, "image_std")))
    if config.get("do_flip_channel_order", kind == BLUE_FIRST):
        steps.append(Reverse())
    return steps


def _scale_divisor(config: Mapping[str, Any]) -> float:
    factor = config.get("rescale_factor") or 1 / 255
    divisor = 1 / float(factor)
    return float(round(divisor)) if abs(divisor - round(divisor)) < 1e-6 else divisor


def _config_numbers(config: Mapping[str, Any], key: str) -> tuple[float, ...]:
    found = as_numbers(config.get(key))
    if not found:
        raise SeewhyError(
            f"{key} of preprocessor_config.json: found {config.get(key)!r}; allowed: one number, or three"
        )
    return found


def _resize_steps(config: Mapping[str, Any], kind: str, library: Library) -> list[Step]:
    size, code = config["size"], config.get("resample", 2)
    if not isinstance(code, int) or not 0 <= code < len(FILTERS):
        raise SeewhyError(f"resample of preprocessor_config.json: found {code!r}; allowed: 0 to {len(FILTERS) - 1}")
    how: dict[str, Any] = {"interpolation": FILTERS[code], "library": library}
    shortest = size.get("shortest_edge") if isinstance(size, Mapping) else None
    if isinstance(shortest, int) and kind.startswith("ConvNext"):
        return _convnext_steps(shortest, config.get("crop_pct") or 224 / 256, how)
    if isinstance(shortest, int) and kind.startswith("Levit"):
        return [Resize(size=int(256 / 224 * shortest), rule="shorter", **how)]
    if isinstance(shortest, int):
        return [Resize(size=shortest, rule="shorter", max_size=size.get("longest_edge"), **how)]
    return [Resize(size=_size_sides(size, "size"), **how)]


def _convnext_steps(shortest: int, share: float, how: dict[str, Any]) -> list[Step]:
    """Resized to size / crop_pct and cut, or squashed where the size is large."""
    if shortest >= FIXED_CROP:
        return [Resize(size=(shortest, shortest), **how)]
    return [Resize(size=int(shortest / share), rule="shorter", **how), Crop(size=(shortest, shortest), origin="down")]


def _size_sides(size: Any, key: str) -> tuple[int, int]:
    """(height, width) from a number, or a dict of both."""
    if type(size) is int and size > 0:
        return size, size
    if isinstance(size, Mapping) and all(type(size.get(one)) is int for one in ("height", "width")):
        return size["height"], size["width"]
    raise SeewhyError(f"{key} of preprocessor_config.json: found {size!r}; allowed: height and width, or shortest_edge")
