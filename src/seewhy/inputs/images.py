"""Image files -> what the network sees. Boxes and masks follow the same geometry: maps can be held against them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor

from seewhy.config.preprocessing import GEOMETRY, VALUES, Grey, Normalise, Pad, Preprocessing, Reverse, Scale, Step
from seewhy.errors import SeewhyError
from seewhy.inputs.geometry import LARGEST, Fit, Window, canvas_size, operations_of
from seewhy.inputs.picture_files import exif_orientation, open_image, read_picture
from seewhy.inputs.raster import Picture, apply_operation, grey_picture, writable_copy
from seewhy.inputs.values import apply_value, apply_values

__all__ = [
    "LARGEST",
    "Fit",
    "canvas_size",
    "exif_orientation",
    "fit_boxes",
    "fitted_mask",
    "fitted_photos",
    "input_tensor",
    "network_inputs",
    "open_image",
    "original_picture",
    "picture_part",
]

SHOWN = 400  # pixels a side: more than a panel of a figure has
LYING = (5, 6, 7, 8)  # EXIF orientations in which width and height change places


def fitted_photos(paths: Sequence[Path], preprocessing: Preprocessing) -> UInt8[np.ndarray, "n h w 3"]:
    """Images fitted to the canvas, before scale, mean and std: what a person can look at.

    With `grey` they are turned grey first, as training code does, and have three equal channels. Red is first here
    also where the network takes blue first. Raises SeewhyError where the images come out in several sizes.
    """
    fitted = [_fit_picture(read_picture(path, preprocessing), preprocessing) for path in paths]
    _check_sizes(fitted, paths)
    return np.stack(fitted)


def _fit_picture(picture: Picture, preprocessing: Preprocessing) -> UInt8[np.ndarray, "h w 3"]:
    """A picture through the steps that move pixels or take colour away, in three channels."""
    slope, offset = np.ones(1), np.zeros(1)
    for step in preprocessing.pipeline:
        slope, offset = _pixel_scale(step, slope, offset)
        if isinstance(step, Grey):
            picture = grey_picture(picture, step)
        for operation in operations_of(step, (picture.shape[1], picture.shape[0])):
            shown = _shown_fill(operation.pad, slope, offset) if isinstance(operation, Window) else None
            filled = Window(operation.start, operation.size, shown) if isinstance(operation, Window) and shown else None
            picture = apply_operation(picture, filled or operation)
    coloured = picture.repeat(3, axis=2) if picture.shape[2] == 1 else picture
    return coloured if coloured.dtype == np.uint8 else coloured.round().clip(0, 255).astype(np.uint8)


def _pixel_scale(step: Step, slope: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How a pixel of 0 to 255 becomes a value after `step`: slope and offset, channel by channel."""
    if isinstance(step, Scale):
        return slope / step.divisor, offset / step.divisor
    if isinstance(step, Normalise):
        return slope / np.asarray(step.std), (offset - np.asarray(step.mean)) / np.asarray(step.std)
    return slope, offset


def _shown_fill(pad: Pad, slope: np.ndarray, offset: np.ndarray) -> Pad:
    """The border's colour as a pixel of 0 to 255, where it was given as a value after scale, mean and std."""
    colour = ((np.asarray(pad.fill) - offset) / slope).round().clip(0, 255)
    return pad.model_copy(update={"fill": tuple(colour.tolist())})


def _check_sizes(fitted: Sequence[Picture], paths: Sequence[Path]) -> None:
    first = next((k for k, one in enumerate(fitted) if one.shape != fitted[0].shape), None)
    if first is not None:
        pairs = ((fitted[k].shape[1], fitted[k].shape[0], paths[k].name) for k in (0, first))
        sizes = " and ".join(f"{width} x {height} ('{name}')" for width, height, name in pairs)
        raise SeewhyError(f"preprocessing leaves images of several sizes: {sizes}; allowed: one, by a crop or a resize")


def is_plain(preprocessing: Preprocessing) -> bool:
    """Whether pixels move and lose their colour in 8 bits, before any number changes.

    Then `input_tensor` of `fitted_photos` is all. Otherwise, as with a resize after ToTensor, `network_inputs` alone
    is exact.
    """
    steps = preprocessing.pipeline
    for place, step in enumerate(steps):
        before = steps[:place]
        if isinstance(step, GEOMETRY) and any(
            isinstance(one, VALUES) and not isinstance(one, Reverse) for one in before
        ):
            return False
        if isinstance(step, Grey) and any(isinstance(one, VALUES) for one in before):
            return False
    return True


def network_inputs(paths: Sequence[Path], preprocessing: Preprocessing) -> Float[Tensor, "n c h w"]:
    """The network's input for those files, by all steps in the user's own order."""
    pictures = [read_picture(path, preprocessing) for path in paths]
    if is_plain(preprocessing) and all(picture.dtype == np.uint8 for picture in pictures):
        fitted = [_fit_picture(picture, preprocessing) for picture in pictures]
        _check_sizes(fitted, paths)
        return input_tensor(np.stack(fitted), preprocessing)
    found = [_run_steps(picture, preprocessing.pipeline) for picture in pictures]
    _check_sizes([one.numpy().transpose(1, 2, 0) for one in found], paths)
    return torch.stack(found)


def _run_steps(picture: Picture, steps: Sequence[Step]) -> Float[Tensor, "c h w"]:
    """One picture through all steps, as numbers wherever the user's code has numbers."""
    for step in steps:
        if isinstance(step, VALUES):
            batch = torch.from_numpy(writable_copy(picture)).permute(2, 0, 1)[None].float()
            picture = apply_value(batch, step)[0].permute(1, 2, 0).numpy()
        elif isinstance(step, Grey):
            picture = grey_picture(picture, step)
        for operation in operations_of(step, (picture.shape[1], picture.shape[0])):
            picture = apply_operation(picture, operation)
    return torch.from_numpy(writable_copy(picture)).permute(2, 0, 1).float().contiguous()


def input_tensor(fitted: UInt8[np.ndarray, "n h w 3"], preprocessing: Preprocessing) -> Float[Tensor, "n c h w"]:
    """Fitted photos as the network's input: (pixel / 255 - mean) / std, or what the user's own steps say.

    One channel where the network takes grey, else three.
    """
    values = torch.from_numpy(writable_copy(fitted)).permute(0, 3, 1, 2).float()
    return apply_values(values, preprocessing.pipeline).contiguous()


def fitted_mask(path: Path, preprocessing: Preprocessing, photo: Path | None = None) -> UInt8[np.ndarray, "h w"]:
    """A mask file fitted to the canvas by nearest neighbour, so that its values stay class indices.

    `photo` is the image it belongs to, by whose EXIF it is turned where the network takes images as stored.
    """
    picture = np.asarray(open_image(path, mode="L"))[..., None]
    if photo is not None and preprocessing.exif == "stored":
        picture = lay_down(picture, exif_orientation(photo))
    for operation in Fit.of_image((picture.shape[1], picture.shape[0]), preprocessing).operations:
        black = Window(operation.start, operation.size, Pad()) if isinstance(operation, Window) else operation
        picture = apply_operation(picture, black, nearest=True)
    return picture[..., 0]


def fit_boxes(
    boxes: Sequence[Sequence[float]], size: tuple[int, int], preprocessing: Preprocessing, photo: Path
) -> Float[np.ndarray, "k 4"]:
    """Pixel boxes (xyxy) of the upright image of `size` (width, height), in pixels of the canvas.

    Where the network takes images as stored, they are laid down as the EXIF of `photo` says.
    """
    turned = exif_orientation(photo) if preprocessing.exif == "stored" else 1
    stored = size[::-1] if turned in LYING else size
    return Fit.of_image(stored, preprocessing).move_boxes([_lie_down(box, size, turned) for box in boxes])


def _lie_down(box: Sequence[float], size: tuple[int, int], turned: int) -> list[float]:
    """A box of the upright picture as a file of EXIF orientation `turned` has it; the same turn as `lay_down`'s."""
    (x0, y0, x1, y1), (width, height) = box, size
    if turned in LYING:
        (x0, y0, x1, y1), (width, height) = (y0, x0, y1, x1), (height, width)
    if turned in (3, 4, 6, 7):
        y0, y1 = height - y1, height - y0
    if turned in (2, 3, 7, 8):
        x0, x1 = width - x1, width - x0
    return [x0, y0, x1, y1]


def lay_down(picture: Picture, turned: int) -> Picture:
    """An upright picture as a file of EXIF orientation `turned` stores it."""
    flipped = picture.transpose(1, 0, 2) if turned in LYING else picture
    rows = slice(None, None, -1) if turned in (3, 4, 7, 6) else slice(None)
    columns = slice(None, None, -1) if turned in (2, 3, 7, 8) else slice(None)
    return np.ascontiguousarray(flipped[rows, columns])


def original_picture(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """The file in its own colours and shape, shrunk to at most `SHOWN` pixels a side: for people, not for the model."""
    image = open_image(path)
    image.thumbnail((SHOWN, SHOWN))
    return np.asarray(image)


def picture_part(path: Path, box: Sequence[float], size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    """The part `box` (x0, y0, x1, y1 in shares of its sides) of the file, in its own colours, as (height, width)."""
    image = open_image(path)
    x0, y0, x1, y1 = box
    inner = (x0 * image.width, y0 * image.height, x1 * image.width, y1 * image.height)
    return np.asarray(image.resize(size[::-1], Image.Resampling.BILINEAR, box=inner))
