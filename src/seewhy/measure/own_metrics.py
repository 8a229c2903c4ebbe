"""A metric of one's own: one function, in a cell or in my_metrics.py beside params.yaml, and nothing else touched."""

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seewhy.errors import SeewhyError
from seewhy.measure.families import load_families
from seewhy.measure.family import (
    FAMILIES,
    PLACE,
    Family,
    Result,
    Settings,
    methods_and_baselines,
    tidy_rows,
    tidy_table,
)
from seewhy.metrics import registry
from seewhy.metrics.registry import METRICS, Metric, PerMap, Registered

if TYPE_CHECKING:
    from seewhy.study import Study

FILE = "my_metrics.py"
SECTION = "audit"  # its methods are those that page 07 puts to the test


def metric(name: str, **fields: Any) -> Callable[[Registered], Registered]:
    """Decorator: adds a metric of one's own. See `seewhy.metrics.registry.metric` for fields and arguments.

    It is measured for every prediction and method of page 07, beside the baselines, and has an interval, a row on page
    07 and a name for `checks:`. In my_metrics.py beside params.yaml it is there for all stages, in a cell for that
    notebook.

    >>> @metric("share_bright", unit="%", better="lower", is_share=True)
    ... def share_bright(attribution):
    ...     "How much of the picture is brighter than half of the maximum?"
    ...     return (attribution > attribution.max() / 2).mean()
    >>> FAMILIES["share_bright"].by_map
    True
    >>> del FAMILIES["share_bright"], METRICS["share_bright"]
    """
    load_families()  # so that no name of theirs is taken
    if name in FAMILIES and (name not in METRICS or not METRICS[name].is_own):
        raise SeewhyError(f"metric '{name}' has the name of a family of metrics; allowed: another name")
    register_metric = registry.metric(name, is_own=True, family=name, **fields)

    def register_own(function: Registered) -> Registered:
        register_metric(function)
        FAMILIES[name] = own_family(METRICS[name])
        return function

    return register_own


def own_family(one: Metric) -> Family:
    """The family of one metric: each map of each prediction, kept as long as the function's text is the same."""

    def methods_beside_baselines(study: "Study", settings: Settings) -> list[str]:
        every = methods_and_baselines(study, settings)
        return [*settings["methods"], *(name for name in every if name in one.baselines)]

    def measure_rows(study: "Study", rows: pd.DataFrame, names: Sequence[str], _settings: Settings) -> Result:
        return measure_function(study, rows, names, one)

    defaults: dict[str, Any] = {"methods": ["gradcam"]}
    return Family(
        one.name,
        SECTION,
        measure_rows,
        defaults=defaults,
        choosing=("methods",),
        rows=every_prediction,
        methods=methods_beside_baselines,
        code=function_digest(one.function),
    )


def every_prediction(study: "Study", _methods: Sequence[str], _settings: Settings) -> pd.DataFrame:
    """Every row of the predictions, with its place."""
    rows = study.predictions
    return rows.assign(**{PLACE: range(len(rows))})


def function_digest(function: PerMap | None) -> str:
    """Digest of a function's text, or of its code where there is no text."""
    try:
        text = inspect.getsource(function)  # type: ignore[arg-type]
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        text = repr((code.co_code, code.co_consts, code.co_names)) if code else repr(function)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def measure_function(study: "Study", rows: pd.DataFrame, methods: Sequence[str], one: Metric) -> Result:
    """One metric of every row and method."""
    from seewhy.measure.inputs import MapInputs  # maps need torch: not for registering

    given = MapInputs.of_rows(study, rows, methods, one.argument_names)
    parts = []
    for method in methods:
        values, reasons = [], []
        for number in range(len(rows)):
            value, reason = call_metric(one, given.function_arguments(method, number, one.argument_names))
            values.append(value)
            reasons.append(reason)
        parts.append(tidy_rows(rows, method, one.name, values, reasons))
    return Result(tidy_table(parts))


def call_metric(one: Metric, arguments: dict[str, Any]) -> tuple[float, str]:
    """The metric's value of one map, or NaN and why. Raises SeewhyError for what is no number."""
    mask = arguments.get("object_mask")
    if mask is not None and not mask.any():
        return float("nan"), "no object is known"
    assert one.function is not None
    value = one.function(**arguments)
    if not isinstance(value, int | float | np.number | np.bool_ | bool) and np.ndim(value):
        raise SeewhyError(f"metric '{one.name}' returned {type(value).__name__}; allowed: one number for each map")
    return float(value), "" if np.isfinite(float(value)) else "the metric has no value for this map"


def load_metrics(root: Path) -> None:
    """Registers seewhy's families and runs my_metrics.py of the project, where there is one, again when its text is
    another. Metrics that it no longer defines are removed.

    Raises SeewhyError for a file that does not run.
    """
    load_families()
    path = root / FILE
    text = path.read_bytes() if path.is_file() else b""
    known = sys.modules.get("my_metrics")
    if known is not None and getattr(known, "__seewhy__", None) == (str(path), text):
        return
    for name in [name for name, one in METRICS.items() if one.is_own and one.home_module == "my_metrics"]:
        del METRICS[name], FAMILIES[name]
    sys.modules.pop("my_metrics", None)
    if text:
        run_file(path, text)


def run_file(path: Path, text: bytes) -> None:
    """Imports a file as the module `my_metrics`."""
    spec = importlib.util.spec_from_file_location("my_metrics", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__seewhy__ = (str(path), text)  # type: ignore[attr-defined]
    sys.modules["my_metrics"] = module
    try:
        spec.loader.exec_module(module)
    except SeewhyError:
        sys.modules.pop("my_metrics")
        raise
    except Exception as error:
        sys.modules.pop("my_metrics")
        raise SeewhyError(f"{path.name} does not run: {type(error).__name__}: {error}") from None
