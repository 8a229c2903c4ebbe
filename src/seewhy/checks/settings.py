"""What `checks:` in params.yaml may ask: a figure by its fields, and the limit that it has to keep."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from seewhy.checks.figure import Figure
from seewhy.config.validation import Number, Settings

Bound = Annotated[Number, Field(allow_inf_nan=False)] | None
Facet = str | int | float | bool | None
ONE_SIDE = "allowed: either min or max, as {metric: accuracy, min: 0.8}"


class Limit(Settings):
    """What a figure has to be above (`min`) or below (`max`). `expected: fail` is a check that is meant to fail. `what`
    says in words what the figure is, as "the share of crowns found"."""

    min: Bound = None
    max: Bound = None
    expected: Literal["pass", "fail"] = "pass"
    what: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_side(cls, given: Any) -> Any:
        if not isinstance(given, dict) or sum(given.get(side) is not None for side in ("min", "max")) != 1:
            raise ValueError(ONE_SIDE)
        return given

    @property
    def least(self) -> bool:
        """Whether the figure has to be above the limit."""
        return self.min is not None

    @property
    def value(self) -> float:
        """The limit itself."""
        return next(one for one in (self.min, self.max) if one is not None)


class GateSettings(Limit):
    """An entry of `gates:`, the first edition's checks; `claim` is `what`."""

    claim: str = ""


class CheckSettings(Limit):
    """An entry of `checks:`: the fields of a `Figure`, and its limit. Facets are those of the metric's table: `region`
    and `kind` of an intervention, `change` of a small perturbation, `class_is` (true or predicted) of a map."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    metric: str
    method: str = ""
    versus: str = ""
    label: str = Field("", alias="class")
    slice: dict[str, str] = Field(default_factory=dict)
    region: Facet = None
    kind: Facet = None
    class_is: Facet = None
    change: Facet = None
    depth: Facet = None
    layer: Facet = None
    channel: Facet = None
    word: Facet = None
    map_class: Facet = None
    case: Facet = None
    asked: Facet = None
    compared: Facet = None
    study: Facet = None
    other: Facet = None

    @property
    def figure(self) -> Figure:
        """What is measured."""
        facets = {name: value for name in FACETS if (value := getattr(self, name)) is not None}
        return Figure(self.metric, self.method, self.versus, facets, self.label, self.slice)


FIGURE_FIELDS = ("metric", "method", "versus", "label", "slice")
FACETS: tuple[str, ...] = tuple(
    name for name in CheckSettings.model_fields if name not in (*FIGURE_FIELDS, *Limit.model_fields)
)
