"""Does a map depend on what the model has learnt? Similarity of maps after more and more weights are randomised."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.audit_rows import CHOOSING, audit_defaults, budgeted_rows
from seewhy.measure.family import Result, Settings, map_family, tidy_rows, tidy_table
from seewhy.measure.robustness import changed_maps, most_passes
from seewhy.metrics import randomisation
from seewhy.metrics.agreement import spearman
from seewhy.metrics.registry import declare_metric
from seewhy.study import Study

NAME = "randomisation"
KEPT, SIMILARITY = "similarity_after_randomisation", "correlation_after_randomisation"
UNRELATED, RANDOM = "correlation_between_images", "correlation_of_random_networks"
CONSTANT = "the map is the same everywhere"
ONE_MAP = "maps of different images are all but one, so that nothing can be lost"

declare_metric(
    KEPT,
    family=NAME,
    title="Similarity after weight randomisation",
    better="lower",
    question="Is the map lost when the weights are randomised?",
    chance=0.0,
)
declare_metric(
    SIMILARITY,
    family=NAME,
    title="Rank correlation after weight randomisation",
    better="lower",
    question="How similar is the map to that of a model whose weights are randomised?",
)
declare_metric(
    UNRELATED,
    family=NAME,
    title="Rank correlation with the maps of other images",
    question="How similar are maps that share nothing but the network?",
)
declare_metric(
    RANDOM,
    family=NAME,
    title="Rank correlation of two random networks",
    question="How similar are the maps of two networks whose weights are all randomised?",
)


def probed_rows(study: Study, _methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """As many images as the budget pays for: maps at each depth, of another class, and of each change."""
    return budgeted_rows(study, settings, most_passes(settings["depths"]))


def section_methods(_study: Study, settings: Settings) -> list[str]:
    """The section's methods: baselines know nothing of the model, so that nothing changes for them."""
    return list(settings["methods"])


def add_similarity(
    study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings, table: pd.DataFrame
) -> pd.DataFrame:
    """The table with what depends on all images: similarity to other images' maps, and what is left of each map
    beyond that."""
    measured = table[~table["metric"].isin((KEPT, UNRELATED))]
    maps, parts = attribute_rows(study, rows, methods).maps, [measured]
    for method in methods:
        own = randomisation.unrelated_likeness(maps[method])
        parts.append(tidy_rows(rows, method, UNRELATED, own, CONSTANT, depth=np.nan))
        after = measured[(measured["method"] == method) & (measured["metric"] == SIMILARITY)]
        for depth, some in after.groupby("depth", sort=True):
            likeness = some.set_index(["image", "target"])["value"]
            ordered = likeness.loc[list(zip(rows["image"], rows["target"], strict=True))].to_numpy()
            reasons = np.where(own < randomisation.SAME, CONSTANT, ONE_MAP).astype(object)
            kept = randomisation.kept_share(ordered, own)
            parts.append(tidy_rows(rows, method, KEPT, kept, reasons, depth=depth))
    return tidy_table(parts)


@map_family(
    NAME,
    section="audit",
    rows=probed_rows,
    methods=section_methods,
    finish=add_similarity,
    defaults=audit_defaults(depths=4),
    choosing=CHOOSING,
)
def measure_randomisation(study: Study, rows: pd.DataFrame, methods: Sequence[str], settings: Settings) -> Result:
    """Cascading randomisation from the output down, in `depths` steps (Adebayo et al. 2018); facet `depth`: the share
    of the weights that are randomised, 0 to 1."""
    first, inputs = attribute_rows(study, rows, methods).maps, study.inputs(rows)
    seed, parts, last = study.base.seed, [], first
    for share, other in randomisation.randomise_cascade(study.model, inputs[:1], settings["depths"], seed):
        last = changed_maps(study, other, rows, inputs, methods)
        parts += [
            tidy_rows(rows, name, SIMILARITY, spearman(first[name], last[name]), CONSTANT, depth=share)
            for name in methods
        ]
    (_, another), *_ = randomisation.randomise_cascade(study.model, inputs[:1], 1, seed + 1)
    random = changed_maps(study, another, rows, inputs, methods)
    parts += [
        tidy_rows(rows, name, RANDOM, spearman(last[name], random[name]), CONSTANT, depth=np.nan) for name in methods
    ]
    return Result(tidy_table(parts))
