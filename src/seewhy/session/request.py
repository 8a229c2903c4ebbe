"""The arguments of `open_study` for a network of the session, checked before any image is looked at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from torch import nn

from seewhy.config.params import Output
from seewhy.errors import SeewhyError, unknown_name
from seewhy.measure.family import FAMILIES
from seewhy.measure.own_metrics import load_families

TASKS = ("classification", "multilabel", "regression", "segmentation")


@dataclass(frozen=True)
class Request:
    """The arguments of `open_study` for a network of the session, as they were given."""

    model: Any
    name: str | None
    images: Any
    labels: Any = None
    classes: Any = None
    task: str = "classification"
    transform: Any = None
    normalize: Any = None
    boxes: Any = None
    masks: Any = None
    layer: str | None = None
    output: str = "auto"
    limit: int | None = None
    seed: int = 0
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def study_name(self) -> str:
        """The given name, or that of the network's class."""
        own = re.sub(r"[^a-z0-9_-]", "", type(self.model).__name__.lower()).strip("_-")
        return (own or "network") if self.name is None else self.name


def check_request(request: Request) -> None:
    """Raises SeewhyError for an argument that does not exist, cannot be, or does not go with another."""
    if not isinstance(request.model, nn.Module):
        raise SeewhyError(f"model: found {type(request.model).__name__}; allowed: a network, a torch nn.Module")
    if request.task not in TASKS:
        raise unknown_name("task", request.task, TASKS, "open_study")
    if request.output not in ("auto", *get_args(Output)):
        raise unknown_name("output", request.output, ("auto", *get_args(Output)), "open_study")
    if request.images is None:
        raise SeewhyError("images: found none; allowed: what the network is studied on")
    _check_sections(request)
    _check_marks(request)


def _check_sections(request: Request) -> None:
    """Settings of measurements, by the names that params.yaml has; any other word is a slip."""
    load_families()
    known: dict[str, dict[str, Any]] = {}
    for family in FAMILIES.values():
        known.setdefault(family.section, {}).update(family.defaults)
    for section, values in request.sections.items():
        if section not in known or not isinstance(values, Mapping):
            names = [*(name for name in vars(request) if name != "sections"), *known]
            raise unknown_name("argument", section, names, "open_study")
        for key in values:
            if key not in known[section]:
                raise unknown_name("key", key, known[section], section)


def _check_marks(request: Request) -> None:
    """Boxes and masks follow the steps of a line; of a callable nobody knows what it does to them."""
    for argument in ("boxes", "masks"):
        if getattr(request, argument) is not None and callable(request.transform):
            raise SeewhyError(
                f"{argument}: found them beside a callable `transform`, whose cuts and turns are not known; allowed: "
                "the transform as a line of text"
            )
