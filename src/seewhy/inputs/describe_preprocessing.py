"""A preprocessing in two facts: how an image is fitted, and how its values become numbers."""

from seewhy.config.preprocessing import GEOMETRY, Expand, Grey, Preprocessing, Reverse, Standardise
from seewhy.inputs.geometry import canvas_size
from seewhy.inputs.transform_line import describe_step


def describe_preprocessing(seen: Preprocessing) -> dict[str, str]:
    """`input` and `normalisation`, as the model card and the doctor say them."""
    height, width = canvas_size(seen)
    fitting = _of_keys(seen) if seen.steps is None else _of_steps(seen)
    exif = ", EXIF ignored" if seen.exif == "stored" else ""
    bands = f", bands {', '.join(map(str, seen.bands))}" if seen.bands else ""
    return {"input": f"{height} × {width} pixels{fitting}{exif}{bands}", "normalisation": _normalisation_words(seen)}


def _of_keys(seen: Preprocessing) -> str:
    """What the keys of params.yaml say of the fit."""
    before = f" after {seen.resize_to}" if seen.resize_to is not None else f" {seen.crop}"
    cut = seen.resize == "crop" or (seen.resize == "squash" and (seen.resize_to is not None or seen.crop < 1))
    squashed = "squash, " if cut and seen.resize == "squash" else ""
    fitted = (
        f"{squashed}centre crop{before}"
        if cut
        else {"none": "centre crop without resize"}.get(seen.resize, seen.resize)
    )
    library = f" by {seen.library}" if seen.library not in (None, "pil") else ""
    colours = "grey" if seen.grey else seen.channels.replace("grey3", "grey in three channels")
    return f", {fitted}, {seen.interpolation}{library}" + (
        "" if colours == "rgb" else f", {colours.replace('bgr', 'BGR')}"
    )


def _of_steps(seen: Preprocessing) -> str:
    """What the steps of a line do to places and colours."""
    kinds = (*GEOMETRY, Grey, Expand, Reverse)
    found = [describe_step(step) for step in seen.pipeline if isinstance(step, kinds)]
    return "".join(f", {one}" for one in found)


def _normalisation_words(seen: Preprocessing) -> str:
    pixel = "pixel / 255" if seen.scale == 1 else "pixel"
    own = next((step for step in seen.pipeline if isinstance(step, Standardise)), None)
    if own is not None:
        return f"({pixel} − mean) / std of each {'image' if own.over == 'image' else 'image and channel'}"
    if seen.normalise == "none":
        return f"{pixel}, no mean and std"
    return f"({pixel} − {_number_list(seen.mean)}) / {_number_list(seen.std)}"


def _number_list(values: tuple[float, ...] | None) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values or ()) + "]"
