"""Are the captions right? Captions and their words against references. Captioning. Page 01."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seewhy.measure.families.tables import select_rows
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import share_of_images
from seewhy.metrics import captions
from seewhy.metrics.registry import declare_metric
from seewhy.samples import stratified_sample
from seewhy.stats import Estimate, ratio
from seewhy.study import Study
from seewhy.tasks.captioning import beam_captions

NO_REFERENCE = "the image has no reference caption"
CAPTION = -1  # target of a metric of the whole caption: those of words are their steps

declare_metric(
    "exact_match",
    family="captions",
    title="Captions that are a reference word by word",
    unit="%",
    better="higher",
    question="How often is the caption the reference?",
    is_share=True,
)
declare_metric(
    "word_in_reference",
    family="captions",
    title="Words that the reference has",
    unit="%",
    better="higher",
    question="How often does the model write a right word?",
    is_share=True,
)


@whole_family("captions", section="model", tasks=("captioning",), defaults={"samples": 6, "beam": 3})
def measure_captions(study: Study, settings: Mapping[str, Any]) -> Result:
    """Captions and their words against the references.

    Settings: `samples` that are also captioned by a beam search of width `beam`.

    Table: `exact_match`, one row an image of the dataset (target -1); `word_in_reference`, one row a word, with facets
    `word` and `word_kind`.

    Arrays, a row an image: `images`, `written`, `references` ("" where there is none), and `bleu_counts` of those with
    a reference (see `captions.bleu_counts`); `shown`, the samples, and `beams`, their captions by beam search.
    """
    rows = study.predictions
    written = written_captions(study, rows)
    known = written["caption"].notna().to_numpy()
    pairs = written["written"][known].tolist(), written["caption"][known].tolist()
    match = np.full(len(written), np.nan)
    match[known] = captions.match_references(*pairs)
    right = rows["correct"].astype("boolean").to_numpy(float, na_value=np.nan)
    words = {"word": rows["predicted"].to_numpy(), "word_kind": rows["kind"].to_numpy()}
    parts = [
        tidy_rows(written.assign(target=CAPTION), "", "exact_match", match, NO_REFERENCE),
        tidy_rows(rows, "", "word_in_reference", right, NO_REFERENCE, **words),
    ]
    shown = stratified_sample(written, settings["samples"], study.base.seed, by="written")
    arrays = {name: written[name].fillna("").to_numpy(str) for name in ("image", "written", "caption")}
    return Result(
        tidy_table(parts),
        {
            "images": arrays["image"],
            "written": arrays["written"],
            "references": arrays["caption"],
            "bleu_counts": captions.bleu_counts(*pairs),
            "shown": shown["image"].to_numpy(str),
            "beams": np.array(beam_captions(study, shown, settings["beam"]), str),
        },
    )


def written_captions(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """One row an image of the dataset: image, written (empty where nothing is said), caption (the reference)."""
    found = study.dataset.frame[["image", "caption"]]
    said = dict(zip(rows["image"], rows["written"], strict=True))
    return found.assign(written=[said.get(image, "") for image in found["image"]])[["image", "written", "caption"]]


def right_words(table: pd.DataFrame, seed: int) -> Estimate:
    """Share of all words that their image's reference has; the interval is over images, as words of one caption go
    wrong together, and so is n."""
    rows = select_rows(table, "word_in_reference").dropna(subset="value")
    counts = rows.groupby("image", sort=False)["value"].agg(["sum", "size"]).to_numpy(float)
    return ratio(counts[:, 0], counts[:, 1], seed)


def reference_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """The figure of page 06 that rests on this family."""
    return {"words_in_reference": right_words(result.table, seed)}


def caption_figures(result: Result, seed: int) -> dict[str, Estimate | float]:
    """Figures of page 01: exact match, BLEU-2, words in the reference; how many images, and different captions."""
    return {
        "images": len(result.arrays["images"]),
        "captions": len(np.unique(result.arrays["written"])),
        "exact": share_of_images(select_rows(result.table, "exact_match")),
        "bleu2": captions.bleu_of_counts(result.arrays["bleu_counts"], seed),
        "words_in_reference": right_words(result.table, seed),
    }
