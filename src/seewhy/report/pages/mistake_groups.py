"""Mistakes in groups of alike maps, from their measurement: the middle one, the mean map, the mix of classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from seewhy import samples
from seewhy.measure.families.mistake_groups import GROUPED
from seewhy.measure.families.tables import refusal_reason, select_rows
from seewhy.measure.measurement import Measurement
from seewhy.measure.summary import mean_of_images
from seewhy.metrics import clusters
from seewhy.report import figures
from seewhy.report.pages.readings import rows_of_images
from seewhy.report.pages.views import describe_maps
from seewhy.report.plots.sheet import shorten_text
from seewhy.stats import Estimate
from seewhy.study import Study

NAMED = 3  # pairs of classes named for a group
ZONES = (
    "in the upper left",
    "at the top",
    "in the upper right",
    "at the left",
    "in the middle",
    "at the right",
    "in the lower left",
    "at the bottom",
    "in the lower right",
)


@dataclass(frozen=True)
class MistakeGroups:
    """Groups of mistakes; `reason` says why there are none. silhouette: their mean, with that of maps without groups as
    `baseline`; grouped: mistakes in them, of `total`; most: that are drawn at all."""

    study: Study
    table: pd.DataFrame
    arrays: dict[str, np.ndarray]
    reason: str
    total: int
    silhouette: float = np.nan
    baseline: float = np.nan
    needed: float = clusters.SILHOUETTE
    draws: int = clusters.DRAWS
    most: int = GROUPED

    @property
    def group_count(self) -> int:
        """How many groups."""
        return 0 if self.reason else len(self.arrays["medoids"])

    @property
    def grouped_count(self) -> int:
        """How many mistakes are in groups."""
        return 0 if self.reason else len(select_rows(self.table, "silhouette"))

    @property
    def has_distinct_groups(self) -> bool:
        """Whether the groups are apart, and further than maps without groups would be."""
        return clusters.are_distinct(self.silhouette, self.baseline)

    def group_rows(self, number: int) -> pd.DataFrame:
        """The mistakes of a group, 0 the largest."""
        own = select_rows(self.table, "silhouette", group=str(number + 1))
        return rows_of_images(self.study, own["image"].to_numpy())

    def confused_pairs(self, number: int) -> list[tuple[str, str, int]]:
        """True and predicted class and their count in that group, the most frequent first."""
        found = samples.confused_pairs(self.group_rows(number))[["label", "predicted", "count"]]
        return list(found.itertuples(index=False, name=None))

    def on_object(self, number: int) -> Estimate:
        """Mean share of the attribution on the object over those images of a group whose object is known."""
        own = select_rows(self.table, "group_object_share", group=str(number + 1))
        return mean_of_images(own, self.study.base.seed)


def read_groups(measured: Measurement) -> MistakeGroups:
    """The groups of a study's mistakes."""
    reason, total = refusal_reason(measured.table, "silhouette"), int(measured.arrays["mistakes"])
    if reason:
        return MistakeGroups(measured.study, measured.table, measured.arrays, reason, total)
    mean = float(select_rows(measured.table, "silhouette")["value"].mean())
    baseline = float(measured.arrays["silhouette_baseline"])
    return MistakeGroups(measured.study, measured.table, measured.arrays, "", total, mean, baseline)


def group_figure(groups: MistakeGroups) -> tuple[Figure, str]:
    """One row a group: the mistake in its middle, that one's map, the mean map of the group; and the alt text."""
    study, rows = groups.study, rows_of_images(groups.study, groups.arrays["medoids"])
    maps = {"HiResCAM, predicted class": groups.arrays["map:medoid"], "mean of the group": groups.arrays["map:mean"]}
    titles = [
        f"group {number + 1}, n = {len(groups.group_rows(number))}\n{shorten_text(row.image.rpartition('/')[2])}\n"
        f"{shorten_text(row.label)} predicted as {shorten_text(row.predicted)}"
        for number, row in enumerate(rows.itertuples())
    ]
    outlines = list(study.object_masks(rows))
    fig = figures.map_grid(list(study.photos(rows)), maps, titles, outlines=outlines, **study.map_colours)
    return fig, f"Typical mistake and mean map: {describe_maps(titles, maps)}"


def group_table(groups: MistakeGroups) -> pd.DataFrame:
    """One row a group: size, pairs of classes, mean confidence, densest place, attribution on the object."""
    rows = []
    for number in range(groups.group_count):
        own, inside = groups.group_rows(number), groups.on_object(number)
        zone, share = densest_place(groups.arrays["map:mean"][number])
        told = (pairs_text(groups.confused_pairs(number)), float(own["confidence"].mean()), zone, share)
        rows.append((number + 1, len(own), *told, inside.value, inside.low, inside.high, inside.n))
    names = ["group", "images", "true → predicted", "mean confidence", "densest", "share there"]
    return pd.DataFrame(rows, columns=[*names, "on the object", "low", "high", "n"])


def densest_place(cam: Float[np.ndarray, "h w"]) -> tuple[str, float]:
    """The ninth of the picture with most of a map, and the share that it holds.

    >>> densest_place(np.diag([3.0, 0.0, 1.0]))
    ('in the upper left', 0.75)
    """
    height, width = cam.shape
    thirds = np.kron(cam, np.ones((3, 3))).reshape(3, height, 3, width).sum((1, 3)).ravel()
    best = int(np.round(thirds / thirds.sum(), 9).argmax())
    return ZONES[best], float(thirds[best] / thirds.sum())


def pairs_text(pairs: Sequence[tuple[str, str, int]]) -> str:
    """'cat → cup 3, cup → cat 1, and 2 more pairs'."""
    told = [f"{shorten_text(true)} → {shorten_text(predicted)} {count}" for true, predicted, count in pairs[:NAMED]]
    rest = len(pairs) - NAMED
    return ", ".join([*told, *([f"and {rest} more pair{'s' * (rest > 1)}"] if rest > 0 else [])])
