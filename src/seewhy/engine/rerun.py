"""Running again only what follows a layer, with another output of that layer; and the registry of methods that do.

Nothing is known of how a model is built, so the model is called as ever. But every module that ended before the layer
began answers from memory, and the layer answers with what the caller gives: neither computes anything.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.memory import Record, answer_from_memory, blank_row, record_pass
from seewhy.engine.modules import RepeatedError, check_device_and_type, eval_mode, find_layer, first_tensor, split_call
from seewhy.engine.targets import Score, output_of
from seewhy.engine.tokens import Layout, layout_of
from seewhy.errors import SeewhyError
from seewhy.methods.cam import PAPERS, TITLES
from seewhy.methods.pixels import LAYERED, PIXELS, index_chunks

Rerun = Callable[..., Float[Tensor, "n t h w"]]
RERUNS: dict[str, Rerun] = {}


def rerun_method(name: str, title: str, paper: str) -> Callable[[Rerun], Rerun]:
    """Registers a method `(heads, scores, **options)` -> (n, t, h, w): all scores from the same runs.

    It stands among `PIXELS` too, called as these are.
    """

    def register_method(function: Rerun) -> Rerun:
        @wraps(function)
        def run_guarded(heads: "Heads", scores: Sequence[Score], **options: Any) -> Tensor:
            with eval_mode(heads.model), torch.inference_mode(False), torch.no_grad():
                return function(heads, scores, **options)

        @wraps(function)
        def run_behind_layer(
            model: nn.Module, images: Tensor, scores: Sequence[Score], layer: str, **options: Any
        ) -> Tensor:
            return run_guarded(Heads(model, images, layer), scores, **options)

        RERUNS[name], PIXELS[name], TITLES[name], PAPERS[name] = run_guarded, run_behind_layer, title, paper
        LAYERED.add(name)
        return run_guarded

    return register_method


@dataclass(frozen=True)
class Head:
    """What follows a layer, for one image. `activation` (1, c, h, w) is what the layer gave, laid out as a map."""

    model: nn.Module
    image: Float[Tensor, "1 c H W"]
    layer: nn.Module
    output: Float[Tensor, "1 ..."]  # the model's
    activation: Float[Tensor, "1 c h w"]
    replace: Callable[[Tensor], Any]  # maps (k, c, h, w) -> what the layer returns
    trunk: dict[nn.Module, list[Tensor]]  # what the modules before the layer return, call by call

    def __call__(self, activations: Float[Tensor, "k c h w"]) -> Tensor:
        """The model's output for k other activations of the layer."""
        # never a single row: an in-place operation on what the trunk remembers must fail, not write into memory
        rows = max(2, len(activations))
        given = self.replace(activations.expand(rows, *activations.shape[1:]))
        with answer_from_memory(self._module_answers(rows, given)):
            return output_of(self.model(self.image.repeat(rows, 1, 1, 1)))[: len(activations)]

    def _module_answers(self, rows: int, given: Any) -> dict[nn.Module, list[Any]]:
        enlarged = {
            module: [output.expand(rows, *output.shape[1:]) for output in outputs]
            for module, outputs in self.trunk.items()
        }
        return {**enlarged, self.layer: [*enlarged.get(self.layer, []), given]}

    def repeats_output(self) -> bool:
        """Whether it gives the model's output for the layer's own activation."""
        again, share = self(self.activation), torch.finfo(self.output.dtype).eps ** 0.5
        return again.shape == self.output.shape and bool(
            (again - self.output).abs().max() <= share * self.output.abs().max()
        )


class Heads:
    """What follows a layer, image by image. The trunk runs once, for all images; `output` is what that pass gave.

    Each head has reproduced the model's output before it is handed out. At first the modules before the layer answer
    NaN, which costs no memory: where anything behind the layer reads them (a skip connection), the output shows it,
    and the trunk runs again for that image to be remembered. Where even that does not do (the model changes in place
    what a module before the layer returned), it runs with every call of the head, which is slow and right.
    """

    def __init__(self, model: nn.Module, images: Float[Tensor, "n c H W"], layer: str):
        """Raises SeewhyError for a layer that is not there, not reached, or called more than once."""
        check_device_and_type(model, images)
        self.model, self.name, self.layer = model, layer, find_layer(model, layer)
        self.call = split_call(layer)[1]
        with eval_mode(model), torch.inference_mode(False), torch.no_grad():
            # a tensor born in inference mode cannot take part in a graph: its clone can
            self.images = images.clone() if images.is_inference() else images.detach()
            passes = [self._record_trunk(self.images[list(part)], blank_row) for part in index_chunks(len(images))]
        self.output = torch.cat([one.output for one in passes])
        self._rows = [(one, row) for one in passes for row in range(len(one.output))]

    def __iter__(self) -> Iterator[Head]:
        """One head for each image."""
        light = True
        for image, (seen, row) in zip(self.images.split(1), self._rows, strict=True):
            head = self._light_head(image, seen, row) if light else None
            light = head is not None
            yield head or self._remembering_head(image)

    def _record_trunk(self, images: Tensor, keep: Callable[[Tensor], Tensor]) -> Record:
        found = record_pass(self.model, images, self.layer, keep, self.call)
        if not found.given:
            raise SeewhyError(f"layer '{self.name}' is not reached by the forward pass; choose one that is")
        if len(found.given) > 1:
            raise RepeatedError(self.name)
        return found

    def _light_head(self, image: Tensor, seen: Record, row: int) -> Head | None:
        """The head of one row of a pass, with blank answers; None where it needs more than them."""
        (given,) = seen.given
        if not isinstance(given, Tensor) or len(given) != len(seen.output):
            return None  # what stands beside the maps, or comes before them, is of all images at once
        head = self._make_head(image, Record(seen.output[row : row + 1], [given[row : row + 1]], seen.trunk))
        return head if _surely_repeats(head) else None

    def _remembering_head(self, image: Tensor) -> Head:
        """The head with the trunk's own answers, from a pass of its own; without answers where these do not do."""
        seen = self._record_trunk(image, lambda output: output)
        head = self._make_head(image, seen)
        if _surely_repeats(head):
            return head
        slow = self._make_head(image, Record(seen.output, seen.given, {}))
        if not slow.repeats_output():
            raise SeewhyError(f"the model does not repeat its own output behind layer '{self.name}': is it random?")
        return slow

    def _make_head(self, image: Tensor, seen: Record) -> Head:
        maps, hand_on = first_tensor(seen.given[0], self.name)
        layout = layout_of(self.model, self.layer, maps.shape, image.shape)
        if layout is None:
            raise SeewhyError(
                f"layer '{self.name}' has output {tuple(maps.shape)}, whose place in the image is unknown"
            )
        replace = _make_replacer(layout, maps, hand_on)
        return Head(self.model, image, self.layer, seen.output, layout.to_maps(maps), replace, seen.trunk)


def _make_replacer(layout: Layout, seen: Tensor, hand_on: Callable[[Tensor], Any]) -> Callable[[Tensor], Any]:
    """From maps to what the layer returns; class tokens stay as they were."""
    first = layout.order != "tokens first"

    def replace_maps(maps: Tensor) -> Any:
        rows = len(maps)
        like = seen.expand(rows, *seen.shape[1:]) if first else seen.expand(seen.shape[0], rows, *seen.shape[2:])
        return hand_on(layout.from_maps(maps, like).clone())

    return replace_maps


def _surely_repeats(head: Head) -> bool:
    try:
        return head.repeats_output()
    except Exception:  # whatever a user's model makes of answers from memory: what it raises itself, it raises again
        return False
