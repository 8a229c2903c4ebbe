"""What people hand to `explain`, as it is used: a float batch, method names, targets by class name."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.errors import SeewhyError, unknown_name
from seewhy.methods.cam import CAMS, TITLES
from seewhy.methods.pixels import PIXELS

Transform = Callable[[Any], Tensor]
CHANNELS = (1, 3, 4)  # of an array whose channels come last


def as_batch(images: Any, model: nn.Module, transform: Transform | None = None) -> Float[Tensor, "n c h w"]:
    """A float batch on the images' own device, from a tensor or array (n, c, h, w) or (c, h, w), channels also last,
    or a list of these or of PIL images.

    `transform` makes the network's input of each image, as the user's own does; without it images must be floats, as
    the model takes them. Raises SeewhyError for anything else.
    """
    if transform is not None:
        single = not isinstance(images, Sequence | np.ndarray | Tensor) or getattr(images, "ndim", 0) == 3
        images = [_apply_transform(one, transform) for one in ([images] if single else images)]
    if isinstance(images, Sequence) and not isinstance(images, str) and len(images):
        images = _stack_images([_as_tensor(one) for one in images])
    batch = _as_tensor(images)
    if batch.ndim == 3:
        batch = batch[None]
    if batch.ndim != 4 or not len(batch):
        raise SeewhyError(f"images has shape {tuple(batch.shape)}; allowed: (n, channels, height, width) with n > 0")
    if not batch.is_floating_point():
        raise SeewhyError(
            f"images is {batch.dtype}; allowed: floats, normalised as the model expects, or transform=..., the "
            "function that makes the model's input of an image"
        )
    wanted = next((part.in_channels for part in model.modules() if isinstance(part, nn.Conv2d)), batch.shape[1])
    if batch.shape[1] != wanted and batch.shape[3] == wanted and wanted in CHANNELS:
        batch = batch.permute(0, 3, 1, 2).contiguous()
    return batch


def _as_tensor(image: Any) -> Tensor:
    if isinstance(image, Tensor):
        return image
    if isinstance(image, np.ndarray) and image.dtype.kind in "fiub":
        tensor = torch.from_numpy(np.ascontiguousarray(image))
        return tensor.to(torch.get_default_dtype()) if tensor.is_floating_point() else tensor
    raise SeewhyError(
        f"images holds a {type(image).__name__}; allowed: tensors, arrays, or with transform=..., the function that "
        "makes the model's input of an image, whatever that takes"
    )


def _apply_transform(image: Any, transform: Transform) -> Tensor:
    try:
        made = transform(image)
    except Exception as error:  # whatever the user's function raises
        raise SeewhyError(f"transform: {type(error).__name__}: {' '.join(str(error).split())}") from None
    found = _as_tensor(made)
    return found[0] if found.ndim == 4 and len(found) == 1 else found


def _stack_images(images: list[Tensor]) -> Tensor:
    shapes = {tuple(one.shape) for one in images}
    if len(shapes) > 1:
        raise SeewhyError(f"images have shapes {sorted(shapes)[0]} and {sorted(shapes)[1]}; allowed: equal ones")
    return torch.cat(images) if images[0].ndim == 4 else torch.stack(images)


def method_names(methods: Any) -> list[str]:
    """The methods' own names, of one name or several. Raises SeewhyError for none."""
    found = [methods] if isinstance(methods, str) else methods
    if not isinstance(found, Iterable) or not (names := [method_name(one) for one in found]):
        raise SeewhyError(f"methods is {methods!r}; allowed: a list of names, ['gradcam']")
    return names


def method_name(name: str) -> str:
    """A method's own name, also from its title or in another spelling; as it is where none fits.

    >>> method_name("GradCAM++"), method_name("grad_cam"), method_name("Integrated Gradients")
    ('gradcam_pp', 'gradcam', 'integrated_gradients')
    """
    known = {_plain_name(one): one for one in [*CAMS, *PIXELS]}
    titles = {_plain_name(TITLES.get(one, one)): one for one in [*CAMS, *PIXELS]}
    return name if name in CAMS or name in PIXELS else (titles | known).get(_plain_name(name), name)


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", str(name).lower().replace("++", "pp"))


def with_indices(targets: Any, classes: Sequence[str] | None) -> Any:
    """Targets in which class names are indices into `classes`. Raises SeewhyError for a name that is none of them."""
    if isinstance(targets, str) and targets != "all" and classes is not None:
        if targets not in classes:
            raise unknown_name("class", targets, classes, "targets")
        return list(classes).index(targets)
    if isinstance(targets, Sequence) and not isinstance(targets, str) and any(isinstance(one, str) for one in targets):
        if classes is None:
            raise SeewhyError(f"targets holds the name '{targets[0]}'; allowed with classes=[...], names by index")
        return [with_indices(one, classes) for one in targets]
    return targets


def layer_name(name: str) -> str:
    """A layer's dotted name, also written as in code.

    >>> layer_name("features[3][0]")
    'features.3.0'
    """
    return re.sub(r"\[(-?\d+)\]", r".\1", name)
