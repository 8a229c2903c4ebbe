"""Does a map depend on what the model has learnt? Similarity of maps after more and more weights are randomised."""

import json
from collections.abc import Iterator, Mapping, Sequence

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
OTHERS, RANDOM = "correlation_with_other_images", "correlation_of_random_networks"
ABSOLUTE = "absolute_"  # before a metric's name: of the maps without their signs
DRAWS = 5  # random networks: with fewer, Student's factor for their variance is large
PARTNERS = 8  # other images that a map is compared with
CONSTANT = "the map is the same everywhere"
ONE_MAP = "maps of different images are all but one, so that nothing can be lost"
ALONE = "there is no other image to compare with"

for sign, without in (("", ""), (ABSOLUTE, ", without signs")):
    declare_metric(
        sign + KEPT,
        family=NAME,
        title=f"Similarity after weight randomisation{without}",
        better="lower",
        question=f"Is the map{without} lost when the weights are randomised?",
        chance=0.0,
    )
    declare_metric(
        sign + SIMILARITY,
        family=NAME,
        title=f"Rank correlation after weight randomisation{without}",
        better="lower",
        question=f"How similar is the map{without} to that of a model whose weights are randomised?",
        bounds=(-1.0, 1.0),
    )
    declare_metric(
        sign + OTHERS,
        family=NAME,
        title=f"Rank correlation with the random network's maps of other images{without}",
        question=f"How similar are maps{without} that share nothing but how the network is built?",
        bounds=(-1.0, 1.0),
    )
declare_metric(
    RANDOM,
    family=NAME,
    title="Rank correlation of two random networks",
    question="How similar are the maps of two networks whose weights are all randomised?",
    bounds=(-1.0, 1.0),
)


def probed_rows(study: Study, _methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """As many images as the budget pays for: maps at each depth, of another class, and of each change."""
    return budgeted_rows(study, settings, most_passes(settings["depths"], DRAWS))


def paired_rows(study: Study, methods: Sequence[str], settings: Settings) -> pd.DataFrame:
    """The probed rows, each with the next `PARTNERS` as `partners`: images and targets, as JSON."""
    rows = probed_rows(study, methods, settings)
    names = rows[["image", "target"]].values.tolist()
    reach = range(1, min(PARTNERS, len(rows) - 1) + 1)
    return rows.assign(partners=[json.dumps([names[(k + far) % len(rows)] for far in reach]) for k in range(len(rows))])


def section_methods(_study: Study, settings: Settings) -> list[str]:
    """The section's methods: baselines know nothing of the model, so that nothing changes for them."""
    return list(settings["methods"])


def add_similarity(
    _study: Study, rows: pd.DataFrame, methods: Sequence[str], _settings: Settings, table: pd.DataFrame
) -> pd.DataFrame:
    """The table with what is left of each map beyond what it shares with other images, which rests on all images."""
    measured = table[~table["metric"].isin((KEPT, ABSOLUTE + KEPT))]
    parts = [measured]
    for method, sign in ((method, sign) for method in methods for sign in ("", ABSOLUTE)):
        own = measured[measured["method"] == method]
        after, others = (own[own["metric"] == sign + name] for name in (SIMILARITY, OTHERS))
        for (depth, draw), some in after.groupby(["depth", "draw"], sort=True):
            null = others[(others["depth"] == depth) & (others["draw"] == draw)]
            kept = randomisation.kept_share(_ordered(some, rows), _ordered(null, rows))
            reason = ALONE if len(rows) < 2 else CONSTANT if np.isfinite(kept).any() else ONE_MAP
            parts.append(tidy_rows(rows, method, sign + KEPT, kept, reason, depth=depth, draw=draw))
    return tidy_table(parts)


def _ordered(some: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """The values of one figure in the order of the rows."""
    values = some.set_index(["image", "target"])["value"]
    return values.loc[list(zip(rows["image"], rows["target"], strict=True))].to_numpy(float)


@map_family(
    NAME,
    section="audit",
    rows=paired_rows,
    methods=section_methods,
    finish=add_similarity,
    defaults=audit_defaults(depths=4),
    choosing=CHOOSING,
    drawn=("partners",),
)
def measure_randomisation(study: Study, rows: pd.DataFrame, methods: Sequence[str], settings: Settings) -> Result:
    """Cascading randomisation from the output down, in `depths` steps (Adebayo et al. 2018), then `DRAWS` - 1 further
    networks with all weights randomised; facets `depth`, the share of the weights that are randomised, 0 to 1, and
    `draw`, the number of the random network.

    Metrics with `ABSOLUTE` before their name are of maps without their signs: those of the head alone can turn a map
    of the picture over, which then counts as lost."""
    first, inputs = attribute_rows(study, rows, methods).maps, study.inputs(rows)
    others, places = partner_maps(study, rows, methods)
    parts: list[pd.DataFrame] = []
    seed, last = study.base.seed, first
    for share, other in randomisation.randomise_cascade(study.model, inputs[:1], settings["depths"], seed):
        last = changed_maps(study, other, rows, inputs, methods)
        parts += compare_maps(rows, first, last, others, places, depth=share, draw=1)
    for draw in range(2, DRAWS + 1):
        (share, other), *_ = randomisation.randomise_cascade(study.model, inputs[:1], 1, seed + draw - 1)
        random = changed_maps(study, other, rows, inputs, methods)
        parts += compare_maps(rows, first, random, others, places, depth=share, draw=draw)
        if draw == 2:
            alike = {name: spearman(last[name], random[name]) for name in methods}
            parts += [tidy_rows(rows, name, RANDOM, alike[name], CONSTANT, depth=np.nan, draw=1) for name in methods]
    return Result(tidy_table(parts))


def partner_maps(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Maps of the trained network for the rows' partners, and of each row the places of its own among them."""
    named = [[(image, target) for image, target in json.loads(text)] for text in rows["partners"]]
    every = list(dict.fromkeys(one for some in named for one in some))
    places = np.full((len(rows), PARTNERS), -1)
    for row, some in zip(places, named, strict=True):
        row[: len(some)] = [every.index(one) for one in some]
    if not every:
        return {}, places
    known = study.whole_study.predictions.drop_duplicates(["image", "target"]).set_index(["image", "target"])
    return dict(attribute_rows(study.whole_study, known.loc[every].reset_index(), methods).maps), places


def compare_maps(
    rows: pd.DataFrame,
    first: Mapping[str, np.ndarray],
    changed: Mapping[str, np.ndarray],
    others: Mapping[str, np.ndarray],
    places: np.ndarray,
    **facets: float,
) -> Iterator[pd.DataFrame]:
    """Likeness of each map to that of a random network, and of that to the partners' maps: with signs and without."""
    for name, sign in ((name, sign) for name in first for sign in ("", ABSOLUTE)):
        own, other = (np.abs(one) if sign else one for one in (first[name], changed[name]))
        null = np.full(len(rows), np.nan)
        if others:
            theirs = np.abs(others[name]) if sign else others[name]
            null = randomisation.likeness_to_others(other, theirs, places)
        yield tidy_rows(rows, name, sign + SIMILARITY, spearman(own, other), CONSTANT, **facets)
        yield tidy_rows(rows, name, sign + OTHERS, null, CONSTANT if others else ALONE, **facets)
