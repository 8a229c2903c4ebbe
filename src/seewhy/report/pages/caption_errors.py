"""Page 06 of captioning: wrong words, from their measurements to what is drawn and told."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.maps.attributions import attribute_rows
from seewhy.measure.families.caption_errors import CASES, METHOD
from seewhy.measure.families.captions import right_words
from seewhy.measure.families.tables import select_rows
from seewhy.measure.measurement import Measurement
from seewhy.metrics import captions
from seewhy.metrics.words import over_images
from seewhy.report.pages import caption_views, views
from seewhy.report.plots.word_strip import Strip
from seewhy.samples import mistaken_rows
from seewhy.stats import FEWEST, Estimate, proportion

MAPS = {"map:written": "HiResCAM, word written", "map:opposite": "HiResCAM, opposite word"}


def word_counts(written: Measurement) -> pd.DataFrame:
    """For every word in how many images it is missed and invented, what goes wrong most first."""
    known = written.arrays["references"] != ""
    return captions.count_words(written.arrays["written"][known].tolist(), written.arrays["references"][known].tolist())


def word_values(errors: Measurement, written: Measurement) -> dict[str, Any]:
    """What the sentences of the page are filled with; `worst`: the kind of word that goes wrong clearly more often than
    words do, None where there is none."""
    judged = errors.study.predictions.dropna(subset="correct")
    wrong = ~judged["correct"].to_numpy(bool)
    every = proportion(wrong)
    kinds = {str(kind): proportion(wrong[(judged["kind"] == kind).to_numpy()]) for kind in judged["kind"].unique()}
    clear = {kind: one for kind, one in kinds.items() if one.n >= FEWEST and one.low > every.high}
    worst = max(clear, key=lambda kind: clear[kind].value, default="")
    return {
        "differ": int(errors.arrays["differ"]),
        "references": int(errors.arrays["references"]),
        "right": right_words(written.table, errors.study.base.seed),
        "every": every,
        "worst": {"kind": worst, "share": clear[worst]} if worst else None,
        "wrong_images": int(judged.loc[wrong, "image"].nunique()),
        "swapped": int(select_rows(errors.table, "side_swapped")["value"].sum()),
    }


def word_answer(values: dict[str, Any]) -> str:
    """The answer to the page's question."""
    if not values["differ"]:
        return "Not tested"
    return "Yes" if values["worst"] else "No"


def wrong_strips(errors: Measurement, count: int) -> list[Strip]:
    """Captions with the most confident wrong words, with the map of each word."""
    study = errors.study
    judged = study.predictions.dropna(subset="correct").reset_index(drop=True)
    images = mistaken_rows(judged)["image"].drop_duplicates().head(count)
    chosen = images.to_frame().merge(judged, on="image")
    return caption_views.caption_strips(study, attribute_rows(study, chosen, [METHOD]), METHOD) if len(chosen) else []


def swapped_figure(errors: Measurement, count: int) -> tuple[Figure, str]:
    """Words for the wrong side with their maps, and those of the opposite word at the same step; the alt text."""
    arrays = errors.arrays
    keys = pd.DataFrame({"image": arrays["images"][:count].astype(object), "target": arrays["targets"][:count]})
    rows = keys.merge(errors.study.predictions, on=["image", "target"], how="left")
    rows = rows.assign(label=arrays["opposites"][:count])  # the title then says what the reference has
    maps: dict[str, np.ndarray] = {title: arrays[name][:count] for name, title in MAPS.items()}
    return views.map_figure(errors.study, rows, maps), f"Words for the wrong side: {views.describe_images(rows, maps)}"


def spread_estimates(errors: Measurement) -> dict[str, Estimate]:
    """Spread of the maps of words that the reference has, and of those that it has not; means over images."""
    rows, seed = select_rows(errors.table, "mistake_spread"), errors.study.base.seed
    parts = {f"words {case}": rows[rows["case"] == case] for case in CASES}
    return {name: over_images(some["value"].to_numpy(), some["image"], seed) for name, some in parts.items()}
