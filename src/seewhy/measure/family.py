"""Families of metrics: what is measured together, kept in one table, and on which settings it depends.

    @family("shap", section="shap", defaults={"samples": 22})
    def measure_shap(study, settings): return Result(table, arrays)

    @map_family("faithfulness", section="audit", defaults={"methods": [...], "steps": 12, "work": 3000},
                choosing=("methods", "work"), rows=choose_rows)
    def measure_faithfulness(study, rows, methods, settings): return Result(table)

The first is measured whole. The second is measured batch by batch, and what is there of each (image, target, method)
is kept, so that one image or one method more costs only that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from seewhy.config.params import Task
from seewhy.errors import unknown_name
from seewhy.metrics.baselines import NAMES

if TYPE_CHECKING:
    from seewhy.study import Study

COLUMNS = ("image", "target", "method", "is_baseline", "metric", "value", "reason")  # facets come after these
GROUP = "image_group"  # column of a table that was read: which images belong together, see `with_groups`
EVERY_TASK: tuple[Task, ...] = ("classification", "multilabel", "regression", "segmentation", "captioning")
OF_THE_MODEL = ""  # the method of a metric that is of the model, not of a map
PLACE = "place"  # column of rows: where a row's random baseline is in the stream of the seed
Settings = Mapping[str, Any]
ChooseRows = Callable[["Study", Sequence[str], Settings], pd.DataFrame]
ChooseMethods = Callable[["Study", Settings], list[str]]
Finish = Callable[["Study", pd.DataFrame, Sequence[str], Settings, pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Result:
    """What a family measured: a tidy table (`COLUMNS`, then facets), and what a page draws that is no scalar (maps,
    pictures, curves; no objects)."""

    table: pd.DataFrame
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """One family. `section` of params.yaml, with `defaults` for the keys that it reads; of these, `choosing` decide
    what is measured but not how; `study_settings`: what it reads of the study's own entry (suspects, regions). `rows`
    and `methods` choose what a map family is measured on; without `rows` it is measured whole. `drawn`: columns of its
    rows that were drawn from all of them: where a row's draw is another, it is measured again. `finish` adds what
    depends on all rows, from stored maps."""

    name: str
    section: str
    measure: Callable[..., Result]
    tasks: tuple[str, ...] = EVERY_TASK
    defaults: Settings = field(default_factory=dict)
    choosing: tuple[str, ...] = ()
    study_settings: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    rows: ChooseRows | None = None
    methods: ChooseMethods | None = None
    finish: Finish | None = None
    code: str = ""  # of a metric of one's own: another function, another measurement

    @property
    def by_map(self) -> bool:
        """Whether it is kept for each (image, target, method)."""
        return self.rows is not None

    def settings_of(self, study: "Study") -> dict[str, Any]:
        """The defaults, over them those of the notebook that shows it, over them the section of params.yaml."""
        shown = study.project.notebook_defaults(self.section, study.name)
        return {**self.defaults, **shown, **study.project.params.sections.get(self.section, {})}

    def value_settings(self, settings: Settings) -> dict[str, Any]:
        """Those settings that change values: with another one, nothing that is kept may be used."""
        names = self.defaults or settings
        return {name: settings[name] for name in names if name not in self.choosing}


FAMILIES: dict[str, Family] = {}


def whole_family(name: str, section: str, **fields: Any) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Decorator: registers `measure(study, settings) -> Result`, measured whole and kept under all its settings.

    fields: tasks, defaults, choosing, study_settings, as of `Family`.
    """

    def register_family(measure: Callable[..., Result]) -> Callable[..., Result]:
        FAMILIES[name] = Family(name, section, measure, **fields)
        return measure

    return register_family


def map_family(
    name: str, section: str, rows: ChooseRows, methods: ChooseMethods | None = None, **fields: Any
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Decorator: registers `measure(study, rows, methods, settings) -> Result`, called for batches of rows with the
    methods that they lack; kept for each (image, target, method).

    rows: (study, methods, settings) -> rows of the predictions, in order, each image and target once, which may have
    further columns: what was drawn for a row from all of them (`drawn` names these, as `other`), and `place`, the row's
    place in the stream of the random baseline. methods: (study, settings) -> their names, default: `methods` of the
    section and all baselines; "" is the model itself. finish: (study, rows, methods, settings, table) -> the table with
    what depends on all rows; it is called for every table, so it replaces what it added before and is cheap. A
    map family has no arrays: its curves are rows with a facet.
    """
    return whole_family(name, section, rows=rows, methods=methods or methods_and_baselines, **fields)


def methods_and_baselines(_study: "Study", settings: Settings) -> list[str]:
    """The section's methods, then all baselines."""
    return [*settings["methods"], *NAMES]


def find_family(name: str) -> Family:
    """The family of that name; raises SeewhyError, which names the closest."""
    if name not in FAMILIES:
        raise unknown_name("family", name, FAMILIES)
    return FAMILIES[name]


def study_families(task: str) -> list[Family]:
    """The families that are measured for studies of that task, in order."""
    return [one for one in FAMILIES.values() if task in one.tasks]


def tidy_rows(
    rows: pd.DataFrame,
    method: str,
    metric: str,
    values: Any,
    reason: str | Sequence[str] | np.ndarray = "",
    **facets: Any,
) -> pd.DataFrame:
    """One tidy row for each of `rows` (image, target): `values[i]` of one metric and method.

    reason: why a value is NaN, one for all or one a row; where a value is there it is empty. facets: further columns,
    one value for all or one a row.
    """
    found = np.asarray(values, float)
    told = np.broadcast_to(np.asarray(reason, object), len(rows))
    return pd.DataFrame(
        {
            "image": rows["image"].to_numpy(),
            "target": rows["target"].to_numpy(np.int32),
            "method": method,
            "is_baseline": method in NAMES,
            "metric": metric,
            "value": found,
            "reason": np.where(np.isfinite(found), "", told),
            **facets,
        }
    )


def tidy_table(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts as one table with the columns in order; facets that a part lacks are null."""
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in DTYPES.items()})
    table = pd.concat(parts, ignore_index=True)
    facets = facets_of(table)
    texts = {name: object for name in facets if pd.api.types.is_string_dtype(table[name])}
    return table[[*COLUMNS, *facets]].astype({**DTYPES, **texts})


DTYPES = dict(zip(COLUMNS, (object, np.int32, object, bool, object, np.float64, object), strict=True))


def facets_of(table: pd.DataFrame) -> list[str]:
    """The columns of a table that are facets."""
    return [name for name in table if name not in (*COLUMNS, GROUP)]


def with_groups(table: pd.DataFrame, groups: "pd.Series[int] | None") -> pd.DataFrame:
    """The table with the group of each row's image (see `samples.image_groups`), where images come in groups."""
    return table if groups is None else table.assign(**{GROUP: table["image"].map(groups).fillna(-1).astype(int)})
