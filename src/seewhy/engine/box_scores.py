"""Detectors: boxes of every common form -> one score a class, that of the class's strongest box.

Raw boxes are read, before non-maximum suppression: it keeps the strongest box of every class. torchvision's detectors
return what theirs has left.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

Scale = Literal["logit", "log"]
Confidences = Float[Tensor, "n boxes classes"]
LOGITS = ("pred_logits", "logits")  # beside `pred_boxes`: DETR and its kin, in transformers too
LOWEST, HIGHEST = 1e-12, 1 - 2**-24  # confidences beyond which a logit would not be finite


@dataclass(frozen=True)
class Form:
    """A form in which detectors return boxes: in which shape, how sure each box is of each class (None where it is
    another form), and whether that is a product of two probabilities."""

    about: str
    read: Callable[[Any, int], Confidences | None]
    product: bool = False


def _after_objectness(value: Any, classes: int) -> Confidences | None:
    boxes = _first_boxes(value, lambda one: one.shape[2] == 5 + classes)
    return None if boxes is None else boxes[..., 4:5] * boxes[..., 5:]


def _channels_first(value: Any, classes: int) -> Confidences | None:
    boxes = _first_boxes(value, lambda one: one.shape[1] == 4 + classes)
    return None if boxes is None else boxes[:, 4:].transpose(1, 2)


def _channels_last(value: Any, classes: int) -> Confidences | None:
    boxes = _first_boxes(value, lambda one: one.shape[2] == 4 + classes and not _holds_class_index(one))
    return None if boxes is None else boxes[..., 4:]


def _with_class_index(value: Any, classes: int) -> Confidences | None:
    boxes = _first_boxes(value, _holds_class_index)
    if boxes is None or boxes[..., 5].max() >= classes:
        return None
    return boxes[..., 4:5] * (boxes[..., 5:] == torch.arange(classes, device=boxes.device))


def _lists_of_boxes(value: Any, classes: int) -> Confidences | None:
    """torchvision's: a dict an image, small boxes first. Labels count from 1, since 0 is the background."""
    if not isinstance(value, Sequence) or not value or not all(_is_detection(one) for one in value):
        return None
    names = torch.arange(1, classes + 1, device=value[0]["scores"].device)
    rows = []
    for one in value:
        order = (one["boxes"][:, 2:] - one["boxes"][:, :2]).prod(1).argsort()
        rows.append(one["scores"][order, None] * (one["labels"][order, None] == names))
    return nn.functional.pad(pad_sequence(rows, batch_first=True), (0, 0, 0, 1))  # a box of confidence 0 for none


def _query_softmax(value: Any, classes: int) -> Confidences | None:
    """DETR's: a softmax whose last class is "no object"."""
    logits = _query_logits(value, classes + 1)
    return None if logits is None else logits.softmax(2)[..., :-1]


def _query_sigmoid(value: Any, classes: int) -> Confidences | None:
    """Deformable DETR's and RT-DETR's: a sigmoid of each class."""
    logits = _query_logits(value, classes)
    return None if logits is None else logits.sigmoid()


def _query_logits(value: Any, columns: int) -> Tensor | None:
    if not isinstance(value, Mapping) or "pred_boxes" not in value:
        return None
    found = (value.get(key) for key in LOGITS)
    return next((one for one in found if isinstance(one, Tensor) and one.ndim == 3 and one.shape[2] == columns), None)


FORMS = {
    "yolov5": Form("(n, boxes, 5 + classes), with an objectness", _after_objectness, product=True),
    "yolov8": Form("(n, 4 + classes, boxes)", _channels_first),
    "rtdetr": Form("(n, boxes, 4 + classes)", _channels_last),
    "end2end": Form("(n, boxes, 6), with the class's index last", _with_class_index),
    "torchvision": Form("a dict of boxes, labels and scores for each image", _lists_of_boxes),
    "detr": Form("pred_boxes and logits (n, queries, classes + 1)", _query_softmax),
    "deformable_detr": Form("pred_boxes and logits (n, queries, classes)", _query_sigmoid),
}


@dataclass(frozen=True)
class BoxScores:
    """A hook by which a detector returns one score a class: the highest confidence of its boxes, as logit or log.

    The logit of a confidence is the network's own output where one sigmoid made it. A product of two probabilities is
    no sigmoid's output: its log is taken, and a softmax of logs is each class's share of the confidences.
    """

    form: str
    classes: int
    scale: Scale

    def __call__(self, model: nn.Module, _args: Any, value: Any) -> Float[Tensor, "n classes"]:
        """What the model returns instead of `value`."""
        if torch.is_inference_mode_enabled():
            renew_cached_tensors(model)
        best = self.read_boxes(value).amax(1).clamp(LOWEST, HIGHEST)
        return best.log() if self.scale == "log" else best.log() - torch.log1p(-best)

    def read_boxes(self, value: Any) -> Confidences:
        """How sure each box is of each class, 0 to 1."""
        found = FORMS[self.form].read(value, self.classes)
        if found is None:
            raise ValueError(f"boxes are no longer in the form '{self.form}'")
        return found


def fitting_forms(model: nn.Module, value: object, classes: int) -> list[str]:
    """The forms that the output of a detector of so many classes may have, by its shape and values."""
    read = {name: form.read(value, classes) for name, form in FORMS.items()}
    if labelled_classes(model) not in (None, classes):  # labels alone do not tell how many there are
        del read["torchvision"]
    return [name for name, one in read.items() if one is not None and bool(((one >= 0) & (one <= 1)).all())]


def labelled_classes(model: nn.Module) -> int | None:
    """The number of classes of one of torchvision's detectors, without the background; None for others."""
    for module in model.modules():
        if isinstance(head := getattr(module, "cls_score", None), nn.Linear):
            return head.out_features - 1
        for name in ("num_columns", "num_classes"):  # of SSD; of RetinaNet and FCOS
            if isinstance(count := getattr(module, name, None), int) and hasattr(model, "anchor_generator"):
                return count - 1
    return None


def list_forms() -> str:
    """The shapes of boxes that are read, for errors."""
    return " or ".join(form.about for form in FORMS.values())


def box_hook(model: nn.Module) -> BoxScores | None:
    """The hook of a model that is a detector here; None for others."""
    return next((one for one in model._forward_hooks.values() if isinstance(one, BoxScores)), None)


def renew_cached_tensors(model: nn.Module) -> None:
    """Replaces what modules have kept of a pass in inference mode (grids, strides): it could take part in no graph."""
    for module in model.modules():
        for name, held in list(vars(module).items()):
            if isinstance(held, Tensor) and held.is_inference():
                setattr(module, name, _outside_inference(held))
            elif isinstance(held, list) and any(isinstance(one, Tensor) and one.is_inference() for one in held):
                setattr(module, name, [_outside_inference(one) for one in held])


def _outside_inference(held: Any) -> Any:
    with torch.inference_mode(False):
        return held.clone() if isinstance(held, Tensor) else held


def _first_boxes(value: Any, fits: Callable[[Tensor], bool]) -> Tensor | None:
    """The first tensor of three dimensions that fits."""
    return next((one for one in _tensors_in(value) if one.ndim == 3 and one.is_floating_point() and fits(one)), None)


def _tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts, in their order; none of DETR's, which have names."""
    if isinstance(value, Tensor):
        yield value
    named = isinstance(value, Mapping) and "pred_boxes" not in value
    items = value.values() if named else value if isinstance(value, tuple | list) else ()
    for one in items:
        yield from _tensors_in(one)


def _holds_class_index(boxes: Tensor) -> bool:
    """Whether the sixth and last number of every box is a whole one."""
    return boxes.shape[2] == 6 and boxes.shape[1] > 0 and bool((boxes[..., 5] == boxes[..., 5].round()).all())


def _is_detection(value: Any) -> bool:
    return isinstance(value, Mapping) and {"boxes", "labels", "scores"} <= set(value)
