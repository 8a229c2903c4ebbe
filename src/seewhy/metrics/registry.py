"""Every metric with its name, unit, direction, question and baselines as fields: nothing is read from a key's spelling.

    @metric("entropy", unit="bits", better="lower")
    def entropy(attribution, object_mask): ...

A metric with a function is computed map by map. One that comes out of changed images, redrawn weights or the like is
declared without (`declare_metric`), and its family measures it.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from seewhy.errors import SeewhyError, unknown_name
from seewhy.metrics.baselines import NAMES

Better = Literal["higher", "lower", ""]
PerMap = Callable[..., Any]
Registered = TypeVar("Registered", bound=PerMap)
BEST = "best_baseline"  # stands for the baseline with the best mean in the same images
ARGUMENTS = {
    "attribution": "positive attribution at the input's size (H, W)",
    "raw_attribution": "the signed map as the method gave it (h, w), or at the input's size (H, W)",
    "object_mask": "where the object is (H, W), bool",
    "photo": "what the model sees (H, W, 3), uint8",
}


@dataclass(frozen=True)
class Metric:
    """One metric. `better`: "higher", "lower" or "" where neither is; `chance`: what a map that knows nothing gets, if
    that is known; `is_share`: values are hits (0 to 1), so that intervals are Wilson's; `baselines`: what it is
    measured on beside the methods; `function`: attribution, mask, photo (by the names of `ARGUMENTS`) -> value."""

    name: str
    family: str
    title: str
    unit: str = ""
    better: Better = ""
    question: str = ""
    chance: float | None = None
    baselines: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    is_share: bool = False
    function: PerMap | None = None
    is_own: bool = False  # added by the user

    @property
    def home_module(self) -> str:
        """The module that its function stands in."""
        return getattr(self.function, "__module__", "") or ""

    @property
    def argument_names(self) -> tuple[str, ...]:
        """The names of what the function takes."""
        return tuple(inspect.signature(self.function).parameters) if self.function else ()

    @property
    def sign(self) -> int:
        """-1 where lower is better, else 1: a difference times this is above 0 where the first is better."""
        return -1 if self.better == "lower" else 1


METRICS: dict[str, Metric] = {}


def declare_metric(name: str, **fields: Any) -> Metric:
    """Registers a metric that its family measures; fields as of `Metric`.

    Raises SeewhyError for a direction or a baseline that does not exist.

    >>> declare_metric("example", family="example", title="Example", unit="%", better="lower").sign
    -1
    >>> del METRICS["example"]
    """
    fields.setdefault("title", name.replace("_", " ").capitalize())
    made = Metric(name, **fields)
    if made.better not in ("higher", "lower", ""):
        raise unknown_name("direction", made.better, ["higher", "lower", ""], f"better of metric '{name}'")
    for baseline in made.baselines:
        if baseline not in NAMES:
            raise unknown_name("baseline", baseline, NAMES, f"baselines of metric '{name}'")
    METRICS[name] = made
    return made


def metric(name: str, **fields: Any) -> Callable[[Registered], Registered]:
    """Decorator: registers a function of one map as a metric of its own family, or of the `family` given.

    A metric of the same name that was added before is replaced, as when a cell is run again.

    name: a word, as params.yaml can hold it. fields: title, unit, better ("higher", "lower" or ""), question (default:
    the first line of the docstring), chance, is_share, baselines (default: all). The function's arguments are taken by
    their names: attribution (H, W), raw_attribution, object_mask (H, W), photo (H, W, 3); it returns a number, or NaN
    where it has no answer.

    Raises SeewhyError for an argument of another name, and for the name of a metric that seewhy has.

    >>> @metric("peak", better="higher")
    ... def peak(attribution):
    ...     "How strong is the strongest pixel?"
    ...     return attribution.max()
    >>> METRICS["peak"].title, METRICS["peak"].question, METRICS["peak"].baselines
    ('Peak', 'How strong is the strongest pixel?', ('random', 'centre', 'edges'))
    >>> del METRICS["peak"]
    """
    fields.setdefault("family", name)
    fields.setdefault("baselines", NAMES)

    def register_metric(function: Registered) -> Registered:
        if not name.isidentifier():
            raise SeewhyError(f"metric '{name}': found a name with other signs; allowed: letters, digits and _")
        if fields.get("is_own") and name in METRICS and not METRICS[name].is_own:
            raise SeewhyError(f"metric '{name}' is one of seewhy's own; allowed: another name")
        for argument in inspect.signature(function).parameters:
            if argument not in ARGUMENTS:
                raise unknown_name("argument", argument, ARGUMENTS, f"metric '{name}'")
        fields.setdefault("question", (inspect.getdoc(function) or "").partition("\n")[0])
        declare_metric(name, function=function, **fields)
        return function

    return register_metric


def family_metrics(family: str) -> list[Metric]:
    """The metrics of a family, in the order in which they were registered."""
    return [one for one in METRICS.values() if one.family == family]
