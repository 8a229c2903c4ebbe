"""Which layer of a detector to explain: the last one that boxes of every size depend on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seewhy.engine.box_scores import BoxScores
from seewhy.engine.modules import eval_mode, first_tensor
from seewhy.engine.watching import Watched
from seewhy.errors import SeewhyError

PROBES = 16  # boxes, from the first to the last: they are listed scale by scale, or by their size
KEPT = {
    "score_thresh": 0.0,
    "nms_thresh": 1.0,
    "detections_per_img": 10_000,
}  # with which torchvision's detectors return all boxes


def shared_layer(model: nn.Module, image: Tensor, seen: Watched, boxes: BoxScores) -> str:
    """The last layer with a place in the image from which a gradient comes for boxes of every scale, and behind which
    there are weights.

    The last map of one scale would give maps of zeros for images whose strongest box is of another. Raises SeewhyError
    where no box depends on such a layer.
    """
    outputs, confidences = _run_pass(model, image, list(seen.layers), boxes)
    places = torch.linspace(0, len(confidences) - 1, min(PROBES, len(confidences))).long().tolist()
    tried = [confidences[place].max() for place in dict.fromkeys(places)]
    reached = set(outputs) - seen.packed
    for one in tried:
        given = torch.autograd.grad(one, list(outputs.values()), retain_graph=True, allow_unused=True)
        reached &= {name for name, part in zip(outputs, given, strict=True) if part is not None and bool(part.any())}
    weighted = [name for name in seen.order if any(True for _ in model.get_submodule(name).parameters(recurse=False))]
    last = seen.order.index(weighted[-1]) if weighted else 0
    found = [name for name in seen.order[:last] if name in reached]
    if not found:
        raise SeewhyError("boxes of every size depend on no layer with a place in the image; name a layer by hand")
    return found[-1]


def _run_pass(model: nn.Module, image: Tensor, layers: list[str], boxes: BoxScores) -> tuple[dict[str, Tensor], Tensor]:
    """The layers' outputs by name, and how sure the network is of each box (boxes, classes), with a graph."""
    outputs: dict[str, Tensor] = {}
    returned: list[Any] = []

    def make_hook(name: str) -> Any:
        return lambda _module, _args, output: outputs.update({name: first_tensor(output, name)[0]})

    handles = [model.get_submodule(name).register_forward_hook(make_hook(name)) for name in layers]
    handles.append(model.register_forward_hook(lambda *given: returned.append(given[2]), prepend=True))
    try:
        with eval_mode(model), _all_boxes(model), torch.inference_mode(False), torch.enable_grad():
            model(image[:1].detach().clone().requires_grad_() * 1)
            found = boxes.read_boxes(returned[0])[0]
    finally:
        for handle in handles:
            handle.remove()
    depending = found[(found > 0).any(1)]
    if not len(depending) or not depending.requires_grad:
        raise SeewhyError("the network finds no box in the first image, which would tell the layer; name one by hand")
    return {name: one for name, one in outputs.items() if one.requires_grad}, depending


@contextmanager
def _all_boxes(model: nn.Module) -> Iterator[None]:
    """Inside, torchvision's detectors keep boxes that they are not sure of, too."""
    limits = [
        (module, name, getattr(module, name), kept)
        for module in model.modules()
        for name, kept in KEPT.items()
        if hasattr(module, name)
    ]
    for module, name, _, kept in limits:
        setattr(module, name, kept)
    try:
        yield
    finally:
        for module, name, own, _ in limits:
            setattr(module, name, own)
