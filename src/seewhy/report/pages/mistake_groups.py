"""A study's mistakes in groups of alike maps: the mistake in the middle of each, the mean map, the mix of classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from matplotlib.figure import Figure

from seewhy import samples, stats
from seewhy.maps.attributions import Attributions
from seewhy.measure.families.mistake_groups import GROUPED, METHOD, mistake_maps
from seewhy.measure.families.object_shares import object_shares
from seewhy.metrics import clusters
from seewhy.report import figures
from seewhy.report.pages.views import listed
from seewhy.report.plots.sheet import shown
from seewhy.report.text import mistake_findings
from seewhy.stats import Estimate
from seewhy.study import Study

NAMED = 3  # pairs of classes named for a group


@dataclass(frozen=True)
class Groups:
    """Mistakes, of `total`, with the maps of their answers, and groups of these; `refused` says why there are none."""

    found: Attributions
    inside: Float[np.ndarray, " n"]
    kinds: clusters.Clusters | None
    total: int
    refused: str = ""

    @property
    def told(self) -> str:
        """Which mistakes were grouped, where it is not all, and whether the groups are distinct."""
        if self.kinds is None:
            return self.refused
        n = len(self.kinds.groups)
        some = f"Grouped are {n} of {self.total} mistakes: those with evidence, of at most {GROUPED} drawn at random. "
        return some * (n < self.total) + mistake_findings.distinct(self.kinds)

    @property
    def shares(self) -> Float[np.ndarray, "n h w"]:
        """The maps as shares of their own maximum."""
        return self.found.shares(METHOD)

    @property
    def count(self) -> int:
        """How many groups."""
        return self.kinds.count if self.kinds else 0

    @property
    def medoids(self) -> list[int]:
        """The row in the middle of each group."""
        return self.kinds.medoids if self.kinds else []

    def size(self, number: int) -> int:
        """How many mistakes are in a group."""
        return int(self._in(number).sum())

    def rows(self, number: int) -> pd.DataFrame:
        """The mistakes of a group."""
        return self.found.rows[self._in(number)]

    def pairs(self, number: int) -> list[tuple[str, str, int]]:
        """True and predicted class and their count in that group, the most frequent first."""
        return pairs(self.rows(number))

    def mean(self, number: int) -> Float[np.ndarray, "h w"]:
        """Mean map of a group."""
        return self.shares[self._in(number)].mean(0)

    def on_object(self, number: int, seed: int) -> Estimate:
        """Mean share of the evidence on the object over those images of a group whose object is known."""
        return stats.mean(self.inside[self._in(number)], seed)

    def metrics(self) -> dict[str, float]:
        """How many groups, and how far apart they are; none where nothing was run."""
        if self.kinds is None:
            return {}
        told = {"count": self.kinds.count, "distinct": int(self.kinds.distinct), "n": len(self.kinds.groups)}
        return {f"groups_{key}": value for key, value in told.items()} | {
            "groups_silhouette": self.kinds.silhouette,
            "groups_silhouette_control": self.kinds.control,
        }

    def _in(self, number: int) -> Bool[np.ndarray, " n"]:
        return self.kinds.groups == number if self.kinds else np.zeros(len(self.inside), bool)


def grouped(study: Study, most: int) -> Groups:
    """The mistakes grouped by the maps of their answers, at most `GROUPED` of them, drawn at random."""
    found, total = mistake_maps(study)
    if len(found.rows) < clusters.LEAST:
        few = f"Not run: it takes {clusters.LEAST} mistakes with a map to look for groups (n = {len(found.rows)})."
        return Groups(found, np.empty(0), None, total, few)
    inside, _ = object_shares(study, found, METHOD)
    return Groups(found, inside, clusters.cluster(found.shares(METHOD), most, study.base.seed), total)


def pairs(rows: pd.DataFrame) -> list[tuple[str, str, int]]:
    """True and predicted class and the count of each pair of mistakes, the most frequent first."""
    return list(samples.pairs(rows)[["label", "predicted", "count"]].itertuples(index=False, name=None))


def described(study: Study, found: Groups) -> list[str]:
    """A sentence for each group."""
    return [
        mistake_findings.group(
            number + 1, found.pairs(number), found.mean(number), found.on_object(number, study.base.seed)
        )
        for number in range(found.count)
    ]


def typical(study: Study, found: Groups) -> tuple[Figure, str]:
    """One row a group: the mistake in its middle, that one's map, the mean map of the group; and the alt text."""
    rows = found.found.rows.iloc[found.medoids]
    maps = {
        "its map": found.shares[found.medoids],
        "mean map of the group": np.stack([found.mean(number) for number in range(found.count)]),
    }
    titles = []
    for number in range(found.count):
        true, predicted, count = found.pairs(number)[0]
        own = rows.iloc[number]
        other = f"\nhere: {shown(own['label'])} → {shown(own['predicted'])}"
        alike = (own["label"], own["predicted"]) == (true, predicted)
        mostly = f"{shown(true)} → {shown(predicted)}: {count}"
        titles.append(f"group {number + 1}, n = {found.size(number)}\n{mostly}{'' if alike else other}")
    fig = figures.grid(list(study.photos(rows)), maps, titles, **study.look)
    return fig, f"Typical mistake and mean map: {listed(titles, maps)}"


def mixes(study: Study, found: Groups) -> pd.DataFrame:
    """One row a group: its size, its pairs of classes, mean confidence, evidence on the object with interval and n."""
    rows = []
    for number in range(found.count):
        sure = float(found.rows(number)["confidence"].mean())
        inside = found.on_object(number, study.base.seed)
        mix = _mix(found.pairs(number))
        rows.append((number + 1, found.size(number), mix, sure, inside.value, inside.low, inside.high, inside.n))
    names = ["group", "images", "true → predicted", "mean confidence", "on the object", "low", "high", "n"]
    return pd.DataFrame(rows, columns=names)


def _mix(found: Sequence[tuple[str, str, int]]) -> str:
    """'cat → cup 3, cup → cat 1, and 2 more pairs'."""
    told = [f"{shown(true)} → {shown(predicted)} {count}" for true, predicted, count in found[:NAMED]]
    rest = len(found) - NAMED
    return ", ".join([*told, *([f"and {rest} more pair{'s' * (rest > 1)}"] if rest > 0 else [])])
