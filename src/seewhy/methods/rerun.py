"""Running again only what follows a layer, with another output of that layer; and the registry of methods that do.

Nothing is known of how a model is built, so the model is called as ever. But every module that ended before the layer
began answers from memory, and the layer answers with what the caller gives: neither computes anything.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.errors import SeewhyError
from seewhy.methods.cam import PAPERS, TITLES
from seewhy.methods.modules import find_layer, first_tensor, fits, untouched
from seewhy.methods.pixels import LAYERED, PIXELS
from seewhy.methods.targets import Score, output_of
from seewhy.methods.tokens import Layout, layout_of, traits

Rerun = Callable[..., Float[Tensor, "n t h w"]]
RERUNS: dict[str, Rerun] = {}


def rerun(name: str, title: str, paper: str) -> Callable[[Rerun], Rerun]:
    """Registers a method `(model, images, scores, layer, **options)` -> (n, t, h, w): all scores from the same runs.

    It stands among `PIXELS` too, for one score at a time, with its options.
    """

    def register(function: Rerun) -> Rerun:
        @wraps(function)
        def guarded(model: nn.Module, images: Tensor, scores: Sequence[Score], layer: str, **options: Any) -> Tensor:
            fits(model, images)
            with untouched(model), torch.inference_mode(False), torch.no_grad():
                clean = images.clone() if images.is_inference() else images.detach()
                return function(model, clean, scores, layer, **options)

        @wraps(function)
        def one(model: nn.Module, images: Tensor, score: Score, layer: str, **options: Any) -> Tensor:
            return guarded(model, images, [score], layer, **options)[:, 0]

        RERUNS[name], PIXELS[name], TITLES[name], PAPERS[name] = guarded, one, title, paper
        LAYERED.add(name)
        return guarded

    return register


@dataclass(frozen=True)
class Head:
    """What follows a layer, for one image. `activation` (1, c, h, w) is what the layer gave, laid out as a map."""

    model: nn.Module
    image: Float[Tensor, "1 c H W"]
    layer: nn.Module
    activation: Float[Tensor, "1 c h w"]
    replace: Callable[[Tensor], Any]  # maps (k, c, h, w) -> what the layer returns
    trunk: dict[nn.Module, list[Tensor]]  # what the modules before the layer returned, call by call

    def __call__(self, activations: Float[Tensor, "k c h w"]) -> Tensor:
        """The model's output for k other activations of the layer."""
        # never a single row: an in-place operation on what the trunk remembers must fail, not write into memory
        rows = max(2, len(activations))
        given = self.replace(activations.expand(rows, *activations.shape[1:]))
        with _answering(self._answers(rows, given)):
            return output_of(self.model(self.image.repeat(rows, 1, 1, 1)))[: len(activations)]

    def _answers(self, rows: int, given: Any) -> dict[nn.Module, list[Any]]:
        enlarged = {
            module: [output.expand(rows, *output.shape[1:]) for output in outputs]
            for module, outputs in self.trunk.items()
        }
        return {**enlarged, self.layer: [given]}


def heads(model: nn.Module, images: Float[Tensor, "n c H W"], layer: str) -> Iterator[Head]:
    """Image by image what follows the layer. One forward pass an image, then the trunk is never run again.

    Each head has reproduced the model's output before it is handed out. Where it cannot (the model changes in place
    what a module before the layer returned), the trunk runs again with every call, which is slow and right.
    """
    module, known = find_layer(model, layer), traits(model)
    for index in range(len(images)):
        image = images[index : index + 1]
        output, given, trunk = _record(model, image, module)
        if not given:
            raise SeewhyError(f"layer '{layer}' is not reached by the forward pass; choose one that is")
        if len(given) > 1:
            raise SeewhyError(f"layer '{layer}' is called more than once in a forward pass; choose one called once")
        seen, hand_on = first_tensor(given[0], layer)
        layout = layout_of(known, module, seen.shape, image.shape)
        if layout is None:
            raise SeewhyError(f"layer '{layer}' has output {tuple(seen.shape)}, whose place in the image is unknown")
        replace = _replacer(layout, seen, hand_on)
        head = Head(model, image, module, layout.spatial(seen), replace, trunk)
        yield head if _reproduces(head, output) else _slow(head, output, layer)


def _replacer(layout: Layout, seen: Tensor, hand_on: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """From maps to what the layer returns; class tokens stay as they were."""
    return lambda maps: hand_on(layout.restored(maps, seen.expand(len(maps), *seen.shape[1:])).clone())


def _slow(head: Head, output: Tensor, layer: str) -> Head:
    slow = Head(head.model, head.image, head.layer, head.activation, head.replace, {})
    if not _reproduces(slow, output):
        raise SeewhyError(f"the model does not repeat its own output behind layer '{layer}': is it random?")
    return slow


def _reproduces(head: Head, output: Tensor) -> bool:
    try:
        again = head(head.activation)
    except RuntimeError:
        return False
    share = torch.finfo(output.dtype).eps ** 0.5
    return again.shape == output.shape and bool((again - output).abs().max() <= share * output.abs().max())


def _record(
    model: nn.Module, image: Tensor, layer: nn.Module
) -> tuple[Tensor, list[Any], dict[nn.Module, list[Tensor]]]:
    """The output, what the layer returned, and what the outermost of the modules that ended before it returned."""
    ended: list[tuple[nn.Module, Any]] = []
    begun: list[int] = []
    given: list[Any] = []
    reached: list[bool] = []

    def start(module: nn.Module, _args: Any) -> None:
        begun.append(len(ended))
        if module is layer:
            reached.append(True)

    def end(module: nn.Module, _args: Any, output: Any) -> Any:
        first = begun.pop()
        if module is layer:
            given.append(output)
            tensor, hand_on = first_tensor(output, type(layer).__name__)
            return hand_on(tensor.clone())  # an in-place operation behind the layer must not overwrite what was kept
        if not reached:
            ended[first:] = [(module, output)]
        return output

    handles = [module.register_forward_pre_hook(start) for module in model.modules()]
    handles += [module.register_forward_hook(end) for module in model.modules()]
    try:
        output = output_of(model(image.clone()))
    finally:
        for handle in handles:
            handle.remove()
    return output, given, _by_module(ended)


def _by_module(ended: list[tuple[nn.Module, Any]]) -> dict[nn.Module, list[Tensor]]:
    """Outputs by module; left out are modules that return anything but a tensor with the image as its one row."""
    trunk: dict[nn.Module, list[Tensor]] = {}
    for module, output in ended:
        trunk.setdefault(module, []).append(output)
    return {
        module: outputs
        for module, outputs in trunk.items()
        if all(isinstance(output, Tensor) and output.ndim > 0 and len(output) == 1 for output in outputs)
    }


@contextmanager
def _answering(answers: dict[nn.Module, list[Any]]) -> Iterator[None]:
    """The modules return `answers`, call by call, and run as ever after the last; afterwards they are as they were."""
    own = {module: module.__dict__.get("forward") for module in answers}

    def answer(outputs: Iterator[Any], forward: Callable[..., Any]) -> Callable[..., Any]:
        def given(*args: Any, **options: Any) -> Any:
            for output in outputs:
                return output
            return forward(*args, **options)

        return given

    try:
        for module, outputs in answers.items():
            module.__dict__["forward"] = answer(iter(outputs), module.forward)
        yield
    finally:
        for module, forward in own.items():
            module.__dict__.pop("forward", None)
            if forward is not None:
                module.__dict__["forward"] = forward
