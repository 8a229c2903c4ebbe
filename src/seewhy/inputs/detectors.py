"""A detector as a network of a study: in which form it returns boxes, and which score of a class is taken of them."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.config.params import Boxes, Output
from seewhy.engine.box_scores import FORMS, BoxScores, Scale, fitting_forms
from seewhy.engine.modules import eval_mode
from seewhy.engine.outputs import parts_of
from seewhy.errors import SeewhyError

DETECTED = ("classification", "multilabel")  # tasks that ask which classes are in the picture
MEANING: dict[tuple[Scale, bool], str] = {  # by scale, and whether each class is asked for itself
    ("log", False): "log, so that probabilities are shares; `output: sigmoid` takes the confidence itself",
    ("logit", False): "logit; `output: sigmoid` takes the confidence itself, `output: softmax` shares of confidences",
    ("logit", True): "logit, so that its probability is that confidence",
}


@dataclass(frozen=True)
class Detector:
    """What params.yaml says of a detector: the form of its boxes (None: to be found out), and what makes probabilities
    of its scores."""

    form: Boxes | None
    output: Output


def score_boxes(
    model: nn.Module, image: Float[Tensor, "1 c h w"], classes: int, detector: Detector, where: str, notes: list[str]
) -> int:
    """Makes a model that returns boxes one that returns a score for each class; their number, 0 for another model.

    Two classes may be those of a detector of one: that it is not there, and that it is. `notes` gets the sentence about
    what was taken. Raises SeewhyError where the boxes may be read in two ways, and where they are not in the form that
    was asked for.
    """
    try:
        with eval_mode(model), torch.no_grad():
            value = model(image)
    except Exception:  # whatever the network raises for a blank image, it will raise for the first real one
        return 0
    counts = (classes, 1) if classes == 2 else (classes,)
    if detector.form is None and _is_class_output(value, counts):
        return 0
    found = {form: count for count in reversed(counts) for form in fitting_forms(model, value, count)}
    found = {form: count for form, count in found.items() if detector.form in (None, form)}
    if detector.form and not found:
        told = f"boxes in the form {FORMS[detector.form].about}, of {classes} classes"
        raise SeewhyError(f"{where}: the network does not return {told}, as `boxes: {detector.form}` says")
    if len(found) > 1:
        ways = "; ".join(f"`boxes: {form}` ({FORMS[form].about}, {count} classes)" for form, count in found.items())
        raise SeewhyError(f"{where}: the network's boxes can be read in {len(found)} ways; say one of: {ways}")
    if not found:
        return 0
    ((form, count),) = found.items()
    scale = _scale_of_scores(form, count, detector.output)
    model.register_forward_hook(BoxScores(form, count, scale))
    notes.append(_sentence(form, scale, detector.output == "sigmoid" or count == 1))
    return count


def _is_class_output(value: Any, counts: tuple[int, ...]) -> bool:
    """Whether the network returns a value for each class, beside whatever else."""
    parts = [value] if isinstance(value, Tensor) else parts_of(value).values()
    return any(one.ndim == 2 and one.shape[1] in counts for one in parts)


def _scale_of_scores(form: str, classes: int, output: Output) -> Scale:
    if output == "softmax" and classes > 1:
        return "log"
    return "log" if output == "logits" and FORMS[form].product and classes > 1 else "logit"


def _sentence(form: str, scale: Scale, alone: bool) -> str:
    kind = FORMS[form]
    of = "objectness x class probability" if kind.product else "class probability"
    return (
        f"boxes are read as {form}'s, {kind.about}; a class's score is that of its strongest box, the highest {of} as "
        f"{MEANING[scale, alone]}"
    )
