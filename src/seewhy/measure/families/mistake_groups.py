"""Are there kinds of mistakes? Mistakes in groups of alike maps. Classification. Page 06."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seewhy import samples
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.measure.families.mistakes import NO_SHARE
from seewhy.measure.families.object_shares import object_shares
from seewhy.measure.families.tables import refusal_reason, select_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import clusters
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate
from seewhy.study import Study

METHOD = "hirescam"  # it keeps places apart, and is Grad-CAM where the network pools
GROUPED = 500  # mistakes whose maps are grouped: the time grows with the cube of their number

declare_metric(
    "silhouette",
    family="mistake_groups",
    title="Silhouette",
    better="higher",
    question="Are the groups of mistakes distinct?",
)
declare_metric(
    "group_object_share",
    family="mistake_groups",
    title="Attribution on the object",
    unit="%",
    better="higher",
    question="Which group of mistakes looks away from the object?",
)


@whole_family("mistake_groups", section="misclassification", tasks=("classification",), defaults={"groups": 6})
def measure_groups(study: Study, settings: Mapping[str, Any]) -> Result:
    """Mistakes grouped by the HiResCAM maps of their predicted class, at most `GROUPED`, drawn at random.

    Settings: at most so many `groups`.

    Table: `silhouette` of each map, and `group_object_share`, with the facet `group` ("1" is the largest). One row that
    says why where there are too few mistakes with a map.

    Arrays: `medoids`, the image in the middle of each group; `map:medoid` and `map:mean` (k, h, w), its map and the
    mean of the group, as shares of the maximum; `silhouette_baseline`, the largest silhouette of maps without groups;
    `mistakes`, how many there are with those that were not drawn or whose map is empty.
    """
    maps, total = mistake_maps(study)
    if len(maps.rows) < clusters.LEAST:
        few = f"it takes {clusters.LEAST} mistakes with a map to look for groups (n = {len(maps.rows)})"
        return Result(unmeasured_row("silhouette", few, METHOD), {"mistakes": np.array(total)})
    shares = maps.shares(METHOD)
    found = clusters.cluster_maps(shares, settings["groups"], study.base.seed)
    inside, _ = object_shares(study, maps, METHOD)
    values = clusters.silhouettes(clusters.map_vectors(shares), found.groups)
    names = (found.groups + 1).astype(str)
    parts = [
        tidy_rows(maps.rows, METHOD, "silhouette", values, group=names),
        tidy_rows(maps.rows, METHOD, "group_object_share", inside, NO_SHARE, group=names),
    ]
    return Result(
        tidy_table(parts),
        {
            "mistakes": np.array(total),
            "medoids": maps.rows["image"].to_numpy(str)[found.medoids],
            "map:medoid": shares[found.medoids],
            "map:mean": np.stack([shares[found.groups == number].mean(0) for number in range(found.count)]),
            "silhouette_baseline": np.array(found.control),
        },
    )


def mistake_maps(study: Study) -> tuple[Attributions, int]:
    """Maps of the predicted class of mistakes, those that are not empty; and how many mistakes there are in all."""
    wrong = samples.mistaken_rows(study.predictions)
    drawn = wrong if len(wrong) <= GROUPED else samples.stratified_sample(wrong, GROUPED, study.base.seed)
    every = attribute_rows(study, drawn, [METHOD])
    there = np.isfinite(every.shares(METHOD)).all((1, 2))
    rows = drawn[there].reset_index(drop=True)
    return Attributions(rows, {METHOD: every.maps[METHOD][there]}, every.size), len(wrong)


def group_figures(result: Result, _seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06 that rest on this family; none where nothing was grouped."""
    if refusal_reason(result.table, "silhouette"):
        return {}
    rows, control = select_rows(result.table, "silhouette"), float(result.arrays["silhouette_baseline"])
    mean = float(rows["value"].mean())
    return {
        "groups_count": int(rows["group"].nunique()),
        "groups_distinct": int(clusters.are_distinct(mean, control)),
        "groups_n": len(rows),
        "groups_silhouette": mean,
        "groups_silhouette_control": control,
    }
