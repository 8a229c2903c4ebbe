"""Does the map of a word show where its thing is? Maps of captions' words. Captioning. Page 02."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy import stats
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.measure.families.tables import NOTHING, select_rows, unmeasured_row
from seewhy.measure.families.word_maps import other_word_maps, vocabulary_words
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import localisation, words
from seewhy.metrics.diagnosis import evidence_spread
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate
from seewhy.study import Study

METHODS = ("gradcam", "hirescam")
WRITTEN, OTHERS, OPPOSITE, NOT_SAID = "written", "other words of the caption", "opposite", "not said"  # facet `asked`
NO_MAP = "the map is empty"

declare_metric(
    "side_share",
    family="words",
    title="Attribution on the named side",
    unit="%",
    better="higher",
    question="Does a word that names a side have its map there?",
    chance=words.CHANCE,
    baselines=("random", "centre"),
)
declare_metric(
    "word_lift",
    family="words",
    title="Lift on the objects",
    unit="×",
    better="higher",
    question="Do the maps of words lie on the objects?",
    chance=1.0,
    baselines=("random", "centre"),
)
declare_metric(
    "word_spread",
    family="words",
    title="Share of the picture with half of the attribution",
    unit="%",
    question="Is the map of a word in one place?",
)


@whole_family("words", section="grad_cam", tasks=("captioning",), defaults={"method": "hirescam"})
def measure_words(study: Study, settings: Mapping[str, Any]) -> Result:
    """Maps of all words that are said, and of words that might have been.

    Settings: `method` of spread and lift.

    Table, one row a word (target: its step) with facets `word`, `word_kind` and `asked`, whose maps they are: of the
    word that is "written"; of the "other words of the caption", on average; of its "opposite", on its own side; of a
    word that is "not said", drawn at random, at the same step.
    `side_share` of Grad-CAM, HiResCAM, activation and the baselines (words that name a side); `word_spread` and
    `word_lift` (images whose objects are known) of `method`. No arrays: maps of written words are stored.
    """
    if study.predictions.empty:
        return Result(unmeasured_row("side_share", NOTHING))
    rows, seed, method = study.predictions, study.base.seed, settings["method"]
    found = attribute_rows(study, rows, [*METHODS, "activation"])
    sided = words.opposite_words(rows, vocabulary_words(study))
    contrary = other_word_maps(study, sided, sided["other"].tolist(), METHODS)
    unsaid = words.unsaid_words(rows, seed)
    spreads = {
        WRITTEN: evidence_spread(attribute_rows(study, rows, [method]).maps[method]),
        NOT_SAID: evidence_spread(other_word_maps(study, rows, unsaid, [method]).maps[method]),
    }
    parts = [*_side_rows(found, seed), *_opposite_rows(sided, contrary)]
    parts += [_word_rows(rows, method, "word_spread", values, asked) for asked, values in spreads.items()]
    return Result(tidy_table([*parts, *_lift_rows(study, rows, method)]))


def _side_rows(found: Attributions, seed: int) -> list[pd.DataFrame]:
    """Share on the side that a word names: of its own map, and of those of the caption's other words."""
    rows = found.rows.reset_index(drop=True)
    naming = rows["predicted"].str.casefold().isin(words.SIDES).to_numpy(bool)
    sides = rows[naming]["predicted"].tolist()
    maps = {**found.maps, **found.control_maps(seed)}
    own = [
        _word_rows(rows[naming], name, "side_share", words.evidence_towards(some[naming], sides), WRITTEN)
        for name, some in maps.items()
    ]
    others = [
        _word_rows(rows[naming], name, "side_share", words.same_image(rows, found.maps[name])[naming], OTHERS)
        for name in METHODS
    ]
    return [*own, *others]


def _opposite_rows(sided: pd.DataFrame, maps: Attributions) -> list[pd.DataFrame]:
    other = sided["other"].tolist()
    return [
        _word_rows(sided, name, "side_share", words.evidence_towards(maps.maps[name], other), OPPOSITE, sided["other"])
        for name in METHODS
    ]


def _lift_rows(study: Study, rows: pd.DataFrame, method: str) -> list[pd.DataFrame]:
    boxed = rows[rows["boxes"] != "[]"].reset_index(drop=True)
    found = attribute_rows(study, boxed, [method])
    maps = {method: found.upsampled(method)}
    lifts = localisation.method_lifts(maps, study.object_masks(boxed), found.grid, study.base.seed)
    return [_word_rows(boxed, str(name), "word_lift", lifts[name].to_numpy(), WRITTEN) for name in lifts]


def _word_rows(
    rows: pd.DataFrame,
    method: str,
    metric: str,
    values: Float[np.ndarray, " n"],
    asked: str,
    said: Sequence[str] | None = None,
) -> pd.DataFrame:
    facets = {"word": rows["predicted"].tolist() if said is None else list(said), "word_kind": rows["kind"].tolist()}
    return tidy_rows(rows, method, metric, values, NO_MAP, **facets, asked=asked)


def side_differences(table: pd.DataFrame, method: str, versus: str, seed: int) -> Estimate:
    """By how much more of a word's map lies on its side than `versus` ("opposite", on its own side, or "other words of
    the caption") has there, image by image."""
    rows = select_rows(table, "side_share", method=method)
    parts = [rows[rows["asked"] == asked].set_index(["image", "target"])["value"] for asked in (WRITTEN, versus)]
    apart = (parts[0] - parts[1]).reindex(parts[0].index)
    return words.over_images(apart.to_numpy(), apart.index.get_level_values("image"), seed)


def side_shares(table: pd.DataFrame, asked: str, seed: int) -> dict[str, Estimate]:
    """Mean `side_share` of each method, and of each baseline where there are some."""
    rows = select_rows(table, "side_share", asked=asked)
    return {
        str(method): words.over_images(some["value"].to_numpy(), some["image"], seed)
        for method, some in rows.groupby("method", sort=False)
    }


def word_spreads(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """`words.spread_by_word` from a table of the family."""
    rows = select_rows(table, "word_spread")
    own, other = (rows[rows["asked"] == asked].reset_index(drop=True) for asked in (WRITTEN, NOT_SAID))
    named = own.rename(columns={"word": "predicted", "word_kind": "kind"})
    return words.spread_by_word(named, own["value"].to_numpy(), other["value"].to_numpy(), seed)


def word_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 02."""
    table = result.table
    spreads = select_rows(table, "word_spread", asked=WRITTEN)
    named, opposite = (side_shares(table, asked, seed) for asked in (WRITTEN, OPPOSITE))
    figures: dict[str, Estimate | float] = {
        "words": len(spreads),
        "empty": int(spreads["value"].isna().sum()),
        "localised": int((word_spreads(table, seed)["localised"] == "yes").sum()),
        "sided": int(select_rows(table, "side_share", asked=WRITTEN)["image"].nunique()),
    }
    for name in METHODS:
        figures |= {f"{name}_side": named.get(name, stats.NOTHING)}
        figures |= {f"{name}_opposite": opposite.get(name, stats.NOTHING)}
        figures[f"{name}_over_opposite"] = side_differences(table, name, OPPOSITE, seed)
        figures[f"{name}_over_others"] = side_differences(table, name, OTHERS, seed)
    return figures
