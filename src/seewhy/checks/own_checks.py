"""A project's own checks: `checks:` of params.yaml and, for one release, `gates:` of the first edition."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure, baseline_title
from seewhy.checks.old_keys import WORDS, find_figure
from seewhy.checks.settings import GateSettings, Limit
from seewhy.config import artifacts
from seewhy.config.params import FILE, Params
from seewhy.errors import SeewhyError, unknown_name
from seewhy.stats import NOTHING, Estimate

Row = Mapping[str, Any]


def own_checks(params: Params, name: str) -> list[Check]:
    """The checks of a study or comparison, not measured yet: those of `checks:`, then those of `gates:`."""
    found = [make_check(one.figure, one) for one in params.checks.get(name, [])]
    return found + [_check_of_gate(key, limit) for key, limit in params.gates.get(name, {}).items()]


def make_check(figure: Figure, limit: Limit, what: str = "") -> Check:
    """A figure and its limit as a check, in words."""
    what, side = what or limit.what or describe_figure(figure), "above" if limit.least else "below"
    told = [f"{what} is {word}{side} {limit.value:g}" for word in ("", "not ")]
    return Check(Subject("own"), figure, told[0], told[1], limit.value, limit.least, expected=limit.expected, what=what)


def describe_figure(figure: Figure) -> str:
    """What a figure is, in words.

    >>> describe_figure(Figure("lift", "gradcam", "centre", label="jay"))
    'lift of gradcam beyond the centre baseline for class jay'
    """
    facets = figure.facets
    told = figure.metric.replace("_", " ") + (f" of {figure.method}" if figure.method else "")
    if "region" in facets and "kind" in facets:
        told += f" by {facets['kind']} of the {facets['region']}"
    rest = [
        f"{name} {value}"
        for name, value in facets.items()
        if not {"region", "kind"} <= {*facets} or name not in ("region", "kind")
    ]
    told += f" ({', '.join(rest)})" if rest else ""
    beyond = {"": "", "control": " beyond its control"}
    told += beyond.get(figure.versus, f" beyond the {baseline_title(figure.versus)}")
    told += f" for class {figure.label}" if figure.label else ""
    return told + "".join(f" where {column} is {value}" for column, value in figure.images.items())


def _check_of_gate(key: str, limit: GateSettings) -> Check:
    """A gate of the first edition; what no table has is read from its old file."""
    return make_check(find_figure(key) or Figure(WORDS.get(key, key)), limit, limit.claim)


def gate_lines(params: Params, name: str) -> list[str]:
    """For each gate of a study or comparison, a line that says which check takes its place."""
    lines = []
    for key, limit in params.gates.get(name, {}).items():
        figure, side = find_figure(key), "min" if limit.least else "max"
        entry: dict[str, Any] = (figure.given_fields() if figure else {}) | {side: f"{limit.value:g}"}
        entry |= {
            name: value
            for name, value in (("what", limit.claim or limit.what), ("expected", limit.expected))
            if value not in ("", "pass")
        }
        now = ", ".join(f"{field}: {value}" for field, value in entry.items())
        is_now = (
            f"checks.{name}: {{{now}}}"
            if figure
            else "read from the old files for one release: no metric has this name"
        )
        lines.append(f"gates.{name}.{key} of {FILE} is {'now ' if figure else ''}{is_now}")
    return lines


def read_recorded(root: Path, name: str) -> list[Row]:
    """The rows of reports/<name>/checks.json; none where it is not there."""
    path = artifacts.reports_folder(root, name) / "checks.json"
    if not path.is_file():
        return []
    rows = artifacts.read_json(path)
    if not isinstance(rows, list):
        raise SeewhyError(f"{path.relative_to(root)}: found no list of checks; delete it and measure again")
    return rows


def recorded_estimate(rows: Sequence[Row], figure: Figure) -> tuple[Estimate, bool] | None:
    """The estimate of that figure among the rows of checks.json, and whether it is exact; None where there is none."""
    fields = figure.given_fields()
    for row in rows:
        if row.get("figure") == fields and (row.get("n") or row.get("estimate") is not None):
            value, low, high = (math.nan if row[key] is None else row[key] for key in ("estimate", "low", "high"))
            return Estimate(value, low, high, row["n"] or 0, row.get("groups") or 0), row["n"] is None
    return None


def read_old_figure(root: Path, name: str, place: str) -> tuple[Estimate, bool, str]:
    """A figure of metrics/FILE.json by its old key FILE.KEY, whether it is exact, and why there is none."""
    file, _, key = place.partition(".")
    path = artifacts.metrics_path(root, name, file)
    shown = path.relative_to(root).as_posix()
    if not path.is_file():
        return NOTHING, False, f"there is no {shown} yet"
    own = artifacts.read_metrics(path)
    if key not in own and f"{key}_n" not in own:
        known = [one for one in own if not one.endswith(artifacts.BESIDE)]
        return NOTHING, False, str(unknown_name("figure", key, known, shown))
    value = own.get(key, math.nan)
    if f"{key}_n" not in own:
        return Estimate(value, value, value, 1), True, ""
    low, high = (own.get(f"{key}_{end}", math.nan) for end in ("low", "high"))
    return Estimate(value, low, high, own[f"{key}_n"]), False, ""
