"""What do captions get wrong? Words for the wrong side, and their maps. Captioning. Page 06."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.captions import written_captions
from seewhy.measure.families.tables import named_maps, select_rows, shown_rows
from seewhy.measure.families.word_maps import other_word_maps, vocabulary_words
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.metrics import captions, words
from seewhy.metrics.diagnosis import evidence_spread
from seewhy.metrics.registry import declare_metric
from seewhy.samples import mistaken_rows
from seewhy.stats import Estimate
from seewhy.study import Study

METHOD = "hirescam"
CASES = ("in the reference", "not in the reference")

declare_metric(
    "side_swapped",
    family="caption_errors",
    title="Words for the opposite side",
    unit="%",
    better="lower",
    question="How often does a caption name the wrong side?",
    is_share=True,
)


@whole_family("caption_errors", section="misclassification", tasks=("captioning",), defaults={"shown": 8})
def measure_caption_errors(study: Study, settings: Mapping[str, Any]) -> Result:
    """Words that the references do not have.

    Settings: how many swapped words are `shown`.

    Table, one row a word of an image with a reference: `mistake_spread` of HiResCAM with the facet `case`, one of
    `CASES`; `side_swapped`, 1 for a word whose opposite the reference names instead, else 0 (words that name a side),
    with the facet `opposite`.

    Arrays: `images`, `targets`, `words` and `opposites` of the swapped words that are shown, the most confident first,
    and their maps as shares of their maximum: `map:written`, `map:opposite`; `differ` and `references`: how many
    captions differ from their reference, of how many.
    """
    rows = study.predictions
    judged = rows[rows["correct"].notna()].reset_index(drop=True)
    swapped = swapped_words(judged)
    swapped = swapped[swapped["opposite"].isin(vocabulary_words(study))].reset_index(drop=True)
    head, said = swapped.head(settings["shown"]), written_captions(study, rows).dropna()
    own = attribute_rows(study, head, [METHOD]).shares(METHOD)
    other = other_word_maps(study, head, head["opposite"].tolist(), [METHOD]).shares(METHOD)
    arrays = {"words": np.array(head["predicted"], str), "opposites": np.array(head["opposite"], str)}
    arrays |= {"references": np.array(len(said))}
    arrays |= {
        "differ": np.array(int((~captions.match_references(said["written"].tolist(), said["caption"].tolist())).sum()))
    }
    parts = [_spread_rows(study, judged), _swap_rows(judged, swapped)]
    return Result(tidy_table(parts), shown_rows(head) | named_maps({"written": own, "opposite": other}) | arrays)


def swapped_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Wrong words that name a side whose opposite (column `opposite`) the reference names; the most confident first."""
    other = rows["predicted"].str.casefold().map(words.OPPOSITE)
    pairs = zip(other, rows["caption"].fillna(""), strict=True)
    has = [pd.notna(word) and word in captions.split_words(text) for word, text in pairs]
    return mistaken_rows(rows.assign(opposite=other)[np.array(has, dtype=bool)])


def _spread_rows(study: Study, judged: pd.DataFrame) -> pd.DataFrame:
    values = evidence_spread(attribute_rows(study, judged, [METHOD]).maps[METHOD])
    cases = np.where(judged["correct"].to_numpy(bool), *CASES)
    return tidy_rows(judged, METHOD, "mistake_spread", values, "the map is empty", case=cases)


def _swap_rows(judged: pd.DataFrame, swapped: pd.DataFrame) -> pd.DataFrame:
    opposite = judged["predicted"].str.casefold().map(words.OPPOSITE)
    named = judged[opposite.notna()]
    wrong = {*zip(swapped["image"], swapped["target"], strict=True)}
    hits = [float(pair in wrong) for pair in zip(named["image"], named["target"], strict=True)]
    return tidy_rows(named, "", "side_swapped", hits, opposite=opposite.dropna().tolist())


def caption_error_figures(result: Result, _seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06 that rest on this family."""
    cases = select_rows(result.table, "mistake_spread")["case"]
    swapped = select_rows(result.table, "side_swapped")["value"].sum()
    counts = {name: int(result.arrays[name]) for name in ("differ", "references")}
    return {**counts, "wrong_words": int((cases == CASES[1]).sum()), "swapped_sides": int(swapped)}
