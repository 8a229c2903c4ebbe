"""The verdict by class and by slice: one bad class of five must not disappear in the mean of all.

A slice can convict a model; it does not acquit one, nor hold its verdict open, since few images are in each.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from seewhy.checks.check import Check, Subject, correct_fails
from seewhy.checks.figure import REST, Figure
from seewhy.checks.status import FEWEST, STATUSES
from seewhy.checks.tables import StudyTables
from seewhy.checks.verdict import OBJECT, SUSPECT, Rule, check_rule, select_checks
from seewhy.samples import slice_values
from seewhy.stats import NOTHING

CLASS, GROUP = "class", "group"  # what slices by label and by the dataset's `group:` are called
MOST_CLASSES = 30  # the most frequent: of more the correction leaves nothing
FEW_GROUPS = 12  # as many groups are slices of themselves
LABELLED = ("classification", "multilabel", "segmentation")  # tasks whose labels are classes
ORDER = ("suspect", "background", "object")  # of what a slice relies on, what is told first
ACCURACY = Rule(
    "slice", "accuracy", "slice", True,
    "the predictions are right about as often as in all other images",
    "the predictions are right less often than in all other images",
    REST,
)  # fmt: skip


@dataclass(frozen=True)
class Slice:
    """The images of a class (`column` is "class"), of a group, or with one value in a column of the dataset."""

    column: str
    value: str

    @property
    def name(self) -> str:
        """'site=north', as in the subject of a check."""
        return f"{self.column}={self.value}"

    def narrow_figure(self, figure: Figure) -> Figure:
        """The figure in these images alone."""
        if self.column == CLASS:
            return replace(figure, label=self.value)
        return replace(figure, images={"image_group" if self.column == GROUP else self.column: self.value})


def find_slices(tables: StudyTables, columns: Iterable[str], task: str, where: str) -> list[Slice]:
    """Classes, the values of `columns`, and groups where they are few; nothing of what has one value only.

    Args:
        tables: of the study.
        columns: `slices` of the study.
        task: of its dataset.
        where: the key of params.yaml that names the columns.
    """
    images, found = tables.images, dict[str, list[str]]()
    if images.empty:  # nothing is predicted yet
        return []
    if task in LABELLED:
        found[CLASS] = sorted(map(str, images["label"].dropna().value_counts().head(MOST_CLASSES).index))
    found |= {column: slice_values(images, column, where) for column in columns}
    if "image_group" in images and images["image_group"].nunique() <= FEW_GROUPS:
        found[GROUP] = sorted(set(images["image_group"].dropna()))
    return [Slice(column, value) for column, values in found.items() if len(values) > 1 for value in values]


def slice_checks(
    tables: StudyTables, slices: Sequence[Slice], suspects: Iterable[str], limits: Mapping[str, float]
) -> list[Check]:
    """Accuracy beside all other images, object, background and suspects in each slice; the worst first, all of them
    corrected for their number.

    Args:
        tables: the study's.
        slices: see `find_slices`.
        suspects: names of the study's suspects.
        limits: the section's `limits`, by `Rule.limit`.
    """
    rules = [("", rule) for rule in OBJECT] + [(name, rule) for name in suspects for rule in SUSPECT]
    right = "subset_accuracy" if "subset_accuracy" in tables.metric_families else "accuracy"
    asked = [("", replace(ACCURACY, metric=right)), *rules]
    made = [_slice_check(tables, one, name, rule, limits) for one in slices for name, rule in asked]
    return sorted(correct_fails([one for one in made if one]), key=_badness)


def _slice_check(tables: StudyTables, one: Slice, name: str, rule: Rule, limits: Mapping[str, float]) -> Check | None:
    """A rule in a slice, not run where it has fewer than `FEWEST` images; None where no image could be asked, as of a
    suspect that the slice does not show, or where nothing of it was measured in any slice."""
    whole = tables.estimate_figure(Figure(rule.metric, versus="" if rule.versus == REST else rule.versus,
                                          facets=rule.named_facets(name)))  # fmt: skip
    labels_only = one.column == CLASS and rule.metric == "subset_accuracy"  # is of all labels of an image
    if not whole.n or labels_only:
        return None
    check = check_rule(rule, tables, limits, name, narrow=one.narrow_figure)
    check = replace(check, subject=Subject("slice", one.name), title=f"{one.column} {one.value}")
    if check.deciding_count or rule.kind != "suspect":
        return check if (check.deciding_count or 0) >= FEWEST else _too_few(check)
    return None


def _too_few(check: Check) -> Check:
    count, unit = check.deciding_count or 0, "groups of images" if check.estimate.groups else "images"
    return replace(check, estimate=NOTHING, missing=check.missing or f"fewer than {FEWEST} {unit} ({count})")


def _badness(check: Check) -> tuple[int, float]:
    """The order of checks: by status, then by how far they are beyond the limit."""
    beyond = (check.estimate.value - check.limit) * (1 if check.least else -1)
    return STATUSES.index(check.status), beyond if math.isfinite(beyond) else math.inf


@dataclass(frozen=True)
class Uneven:
    """Slices of one column whose predictions rely on something, beside the others of it.

    Args:
        column: of the dataset, "class" or "group".
        checks: one failed check of each slice, all of the same kind, the worst first.
        kind: `suspect`, `background` or `object`.
        cleared: how many other slices rely on nothing of the kind: some check passed there, and none failed or is open.
        others: how many others there are.
    """

    column: str
    checks: list[Check]
    kind: str
    cleared: int
    others: int

    @property
    def values(self) -> list[str]:
        """The slices that failed."""
        return [value_of(one) for one in self.checks]


def find_uneven(checks: Iterable[Check]) -> Uneven | None:
    """The slices whose checks of object, background and suspects failed, classes first; None where none did."""
    causal = [one for one in select_checks(checks, "slice") if "region" in one.figure.facets]
    columns: dict[str, dict[str, list[Check]]] = {}
    for one in causal:
        columns.setdefault(column_of(one), {}).setdefault(value_of(one), []).append(one)
    for column in sorted(columns, key=lambda name: name != CLASS):
        every = columns[column]
        failed = [one for some in every.values() for one in some if one.status == "fail"]
        if not failed:
            continue
        kind = min((kind_of(one) for one in failed), key=ORDER.index)
        worst = {value_of(one): one for one in reversed(failed) if kind_of(one) == kind}
        others = [some for value, some in every.items() if value not in worst]
        return Uneven(column, [*worst.values()][::-1], kind, sum(map(_is_clear, others)), len(others))
    return None


def _is_clear(checks: Sequence[Check]) -> bool:
    statuses = {one.status for one in checks}
    return "pass" in statuses and not statuses & {"fail", "unsure"}


def column_of(check: Check) -> str:
    """The column of a check's slice."""
    return check.subject.name.partition("=")[0]


def value_of(check: Check) -> str:
    """The value of a check's slice."""
    return check.subject.name.partition("=")[2]


def kind_of(check: Check) -> str:
    """What a slice's check is about: `object`, `background`, or `suspect`."""
    region = str(check.figure.facets["region"])
    return region if region in ORDER else "suspect"
