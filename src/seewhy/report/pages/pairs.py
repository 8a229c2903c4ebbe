"""Page 08: two models on the same images, from their measurement to what is drawn and told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from matplotlib.figure import Figure

from seewhy.comparison import OUTCOMES, SIDES, Comparison
from seewhy.config import artifacts
from seewhy.formatting import format_value
from seewhy.inputs import images
from seewhy.measure.families.paired import likeness_pairs, paired_figures
from seewhy.measure.measurement import Measurement
from seewhy.report import figures
from seewhy.report.html.summary import read_summary
from seewhy.report.pages import facts
from seewhy.report.pages.audit_comparison import read_answers
from seewhy.report.pages.readings import result_of
from seewhy.report.pages.views import describe_maps
from seewhy.report.plots.sheet import mark_title, shorten_text
from seewhy.stats import ODDS, Estimate, mean, proportion
from seewhy.study import Study

COMMON = 5  # images of a class from which on it has a row of its own
LITTLE = 0.3  # a rank correlation below which two maps are not called alike, whatever chance would do
Likeness = dict[str, Estimate]


def pair_values(comparison: Comparison, pair: Measurement) -> dict[str, Any]:
    """What the sentences of the page are filled with."""
    found = paired_figures(result_of(pair), comparison.seed)
    answers = [read_answers(study) for study in comparison.studies]
    return {
        "names": [study.name for study in comparison.studies],
        "accuracy": [found["first.accuracy"], found["second.accuracy"]],
        "difference": found["accuracy_difference"],
        "p": found["mcnemar_p"],
        "fixed": found["fixed"],
        "broken": found["broken"],
        "same": found["same_answer"],
        "likeness": found["likeness"],
        "baseline": found["likeness_control"],
        "over": found["likeness_over_control"],
        "below": found["likeness_below_control"],
        "empty": found["no_evidence"],
        "little": LITTLE,
        "useless": failing_studies(comparison, answers, "works", "broken"),
        "shortcuts": failing_studies(comparison, answers, "shortcut", "shortcut"),
        "uses": {study.name: use_word(study) for study in comparison.studies},
    }


def use_word(study: Study) -> str:
    """What the verdict comes to for a user: No, With care, Not known or Yes; empty before there is a verdict."""
    return str(read_summary(artifacts.reports_folder(study.root, study.name)).get("use", {}).get("answer", ""))


def failing_studies(
    comparison: Comparison, answers: Sequence[dict[str, Any]], question: str, severity: str
) -> list[dict[str, str]]:
    """The studies whose answer to a question of summary.json is of that severity: name, sentence and main figure."""
    pairs = zip(comparison.studies, answers, strict=True)
    return [
        {"name": study.name, "sentence": own[question]["sentence"], "figure": own[question]["figure"]}
        for study, own in pairs
        if own.get(question, {}).get("severity") == severity
    ]


def better_answer(values: dict[str, Any]) -> str:
    """Is the second better? Only where interval and test agree. One that does not work is not, one that relies on a
    shortcut is `Partly`."""
    difference = values["difference"]
    if not difference.measured:
        return "Not tested"
    if values["names"][1] in [one["name"] for one in values["useless"]]:
        return "No"
    if values["p"] >= ODDS or difference.low * difference.high <= 0:
        return "Undecided"
    if difference.value < 0:
        return "No"
    return "Partly" if values["names"][1] in [one["name"] for one in values["shortcuts"]] else "Yes"


def pair_severity(values: dict[str, Any], answer: str) -> str:
    """The worst that the checks found in either model; `unknown` where nothing is decided."""
    if values["useless"]:
        return "broken"
    if values["shortcuts"]:
        return "shortcut"
    return "unknown" if answer in ("Undecided", "Not tested") else ""


def study_accuracies(values: dict[str, Any]) -> dict[str, Estimate]:
    """Accuracy by study."""
    return dict(zip(values["names"], values["accuracy"], strict=True))


def outcome_table(comparison: Comparison) -> pd.DataFrame:
    """How many of the labelled images both, one or neither classifies correctly: count and share with its interval."""
    labelled = comparison.rows[comparison.rows["label"].notna()]
    first, second = (study.name for study in comparison.studies)
    known = comparison.first.image_groups
    groups = None if known is None else known.reindex(labelled["image"])
    names = ("both correct", f"fixed: only {second} correct", f"broken: only {first} correct", "both wrong")
    rows = []
    for title, outcome in zip(names, OUTCOMES, strict=True):
        share = proportion((labelled["outcome"] == outcome).to_numpy(), groups)
        rows.append((title, int((labelled["outcome"] == outcome).sum()), share.value, share.low, share.high))
    return pd.DataFrame(rows, columns=["", "images", "share", "low", "high"])


def image_groups(comparison: Comparison, most: int) -> dict[str, np.ndarray]:
    """Which images belong to what: all; each of the `most` most frequent classes; each outcome; none is empty."""
    rows = comparison.rows
    counts = rows["explained"].value_counts()
    common = sorted(counts[counts >= COMMON].index[:most])
    by_class = {f"class: {name}": (rows["explained"] == name).to_numpy() for name in common}
    by_outcome = {name: (rows["outcome"] == name).to_numpy() for name in OUTCOMES}
    found = {"all images": np.ones(len(rows), bool), **by_class, **by_outcome}
    return {name: part for name, part in found.items() if part.any()}


def group_likeness(comparison: Comparison, pair: Measurement, most: int) -> dict[str, Likeness]:
    """For each of `image_groups`: rank correlation of maps of the same image, of other images, and the difference."""
    same, other = likeness_pairs(result_of(pair))
    known = comparison.first.image_groups
    groups = None if known is None else known.reindex(comparison.rows["image"]).to_numpy()
    values = {"same": same, "other": other, "over": same - other}
    return {
        name: {
            key: mean(some[part], comparison.seed, None if groups is None else groups[part])
            for key, some in values.items()
        }
        for name, part in image_groups(comparison, most).items()
    }


def likeness_bars(found: dict[str, Likeness]) -> dict[str, Estimate]:
    """Rows of the chart: each group, and below it maps of other images."""
    both = ((name, one) for name, one in found.items() if one["same"].measured)
    return {
        told: estimate
        for name, one in both
        for told, estimate in ((name, one["same"]), (f"{name}, other images", one["other"]))
    }


def likeness_table(found: dict[str, Likeness]) -> pd.DataFrame:
    """Each group: same image, other images, and the difference, image by image, with its interval."""
    rows = [(name, one["same"].value, one["other"].value, *vars(one["over"]).values()) for name, one in found.items()]
    return pd.DataFrame(rows, columns=["", "same image", "other images", "difference", "low", "high", "n"])


def chosen_rows(comparison: Comparison, pair: Measurement, outcome: str, count: int) -> tuple[pd.DataFrame, int]:
    """Images to show with both maps, and of how many: of an outcome ("fixed", "broken") those of which the second is
    most confident; for "apart" those with the same prediction whose maps are least alike."""
    same, _ = likeness_pairs(result_of(pair))
    rows = comparison.rows.assign(likeness=same, place=np.arange(len(same)))
    if outcome == "apart":
        some, by, falling = rows[rows["same"] & rows["likeness"].notna()], "likeness", False
    else:
        some, by, falling = rows[rows["outcome"] == outcome], "confidence_second", True
    order = some.sort_values([by, "image"], ascending=[not falling, True], kind="stable")
    return order.head(count), len(some)


def pair_figure(comparison: Comparison, pair: Measurement, rows: pd.DataFrame) -> tuple[Figure, str]:
    """Those images with the maps of both models for the class `explained`, and the alternative text."""
    places = rows["place"].to_numpy()
    names = [f"{number}: {study.name}" for number, study in enumerate(comparison.studies, start=1)]
    maps = {name: pair.arrays[f"map:{side}"][places] for name, side in zip(names, SIDES, strict=True)}
    titles, photos = pair_titles(rows), shared_photos(comparison, rows, pair.arrays["shared"][places])
    fig = figures.map_grid(photos, maps, titles, **comparison.first.map_colours)
    return fig, f"Photos with the maps of both models: {describe_maps(titles, maps)}"


def shared_photos(comparison: Comparison, rows: pd.DataFrame, boxes: np.ndarray) -> list[UInt8[np.ndarray, "h w 3"]]:
    """The part of each file that both models saw, as large as the first one's input."""
    study = comparison.first
    parts = zip(rows["image"], boxes, strict=True)
    return [images.picture_part(study.root / name, box.tolist(), study.size) for name, box in parts]


def pair_titles(rows: pd.DataFrame) -> list[str]:
    """File and true class, what the first (1) and the second (2) predict, the class of the maps and how alike these
    are."""
    return [
        f"{shorten_text(row.image.rpartition('/')[2])}, "
        f"true: {'unknown' if pd.isna(row.label) else shorten_text(row.label)}\n"
        f"1: {_prediction_text(row.predicted_first, row.label)} {format_value(row.confidence_first)}\n"
        f"2: {_prediction_text(row.predicted_second, row.label)} {format_value(row.confidence_second)}\n"
        f"maps for {shorten_text(row.explained)}: "
        f"{'one is empty' if pd.isna(row.likeness) else format_value(row.likeness, '+')}"
        for row in rows.itertuples()
    ]


def _prediction_text(predicted: str, label: str | float | None) -> str:
    return mark_title(shorten_text(predicted), None if pd.isna(label) else predicted == label)


def page_provenance(comparison: Comparison, **parameters: object) -> dict[str, object]:
    """What the page was made from: both studies' checkpoints, and what they share."""
    first, second = (facts.study_provenance(study, **parameters) for study in comparison.studies)
    return {key: value if second[key] == value else f"{value}; {second[key]}" for key, value in first.items()}
