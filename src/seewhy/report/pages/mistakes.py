"""Page 06 of a classification: its mistakes, from their measurements to what is drawn and told."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy import samples, stats
from seewhy.checks.majority_baseline import compare_majority
from seewhy.formatting import format_value
from seewhy.measure.families import mistakes
from seewhy.measure.families.label_issues import label_figures
from seewhy.measure.families.tables import refusal_reason, select_rows
from seewhy.measure.family import GROUP
from seewhy.measure.measurement import Measurement
from seewhy.metrics import clusters
from seewhy.metrics.neighbours import KINDS, Sides
from seewhy.report import figures
from seewhy.report.pages import views
from seewhy.report.pages.mistake_groups import MistakeGroups
from seewhy.report.pages.readings import result_of, rows_of_images
from seewhy.report.plots.sheet import shorten_text
from seewhy.report.text.verdict_sentences import works_answer
from seewhy.stats import Estimate, proportion
from seewhy.study import Study

TITLES = dict(
    zip(
        mistakes.CASES,
        ("correct: predicted class", "wrong: predicted class", "wrong: true class", "no label: predicted class"),
        strict=True,
    )
)  # of the images, and the class that the map is for
MAPS = {"map:predicted": "Grad-CAM, predicted class", "map:true": "Grad-CAM, true class"}
MOST = 0.5  # of the mistakes: one confusion that is clearly more than that is a pattern


@dataclass(frozen=True)
class Pattern:
    """What the mistakes have in common. `kind`: why the answer is what it is; `pair`: the most frequent confusion
    (true, predicted), with its share of the mistakes; `apart`: attribution on the object, wrong less correct
    predictions of the same classes; `expected`: the share that this confusion would have by how frequent the classes
    are."""

    kind: str
    answer: str
    severity: str
    wrong: int
    labelled: int
    works: str
    groups: int
    pair: tuple[str, str]
    count: int
    share: Estimate
    expected: float
    apart: Estimate


def find_pattern(measured: Measurement, grouped: MistakeGroups) -> Pattern:
    """The answer to the page's question, by the first of these that holds: the model does not work, the maps of its
    mistakes fall into groups, one confusion is most of them, their maps lie less on the object.

    A confusion counts where it is clearly more than half of the mistakes, and than frequent classes alone come to. It
    was chosen as the most frequent one of all that are possible, for which its interval is widened (Bonferroni).
    """
    study = measured.study
    labelled = study.predictions[study.predictions["label"].notna()]
    found = samples.confused_pairs(labelled)
    wrong, count = int(found["count"].sum()), int(found["count"].max()) if len(found) else 0
    pair = tuple(found.loc[0, ["label", "predicted"]]) if len(found) else ("", "")
    works = works_answer(compare_majority(study.predictions))
    apart = mistakes.class_adjusted_difference(measured.table, "mistake_object_share")
    missed = samples.mistaken_rows(labelled)
    hits = ((missed["label"] == pair[0]) & (missed["predicted"] == pair[1])).to_numpy(bool)
    groups = None if study.image_groups is None else study.image_groups.reindex(missed["image"])
    tries = max(1, labelled["label"].nunique() * (labelled["predicted"].nunique() - 1))
    share, strict = (proportion(hits, groups, 1 - (1 - stats.LEVEL) / times) for times in (1, tries))
    expected = samples.expected_share(labelled, *pair)
    kinds = {
        "no label": labelled.empty,
        "none wrong": not wrong,
        "broken": works.severity == "broken",
        "groups": grouped.has_distinct_groups,
        "pair": strict.outcome(max(MOST, expected)) == "shown",
        "object": apart.outcome(0) == "excluded",
        "few": wrong < clusters.LEAST,
    }
    kind = next((name for name, holds in kinds.items() if holds), "none")
    answers = {"no label": "Not tested", "none wrong": "Not tested", "object": "Partly", "few": "Undecided"}
    answer = answers.get(kind, "No" if kind == "none" else "Yes")
    severity = {"broken": "broken", "no label": "unknown", "few": "unknown"}.get(kind, "")
    return Pattern(
        kind,
        answer,
        severity,
        wrong,
        len(labelled),
        works.sentence,
        grouped.group_count,
        pair,
        count,
        share,
        expected,
        apart,
    )


def case_estimates(measured: Measurement, metric: str) -> dict[str, Estimate]:
    """Means of `mistake_object_share` or `mistake_spread` over the images of each case that occurs."""
    rows = select_rows(measured.table, metric)
    found = mistakes.case_means(measured.table, metric, measured.study.base.seed)
    there = set(rows["case"])
    return {TITLES[case]: one for case, one in found.items() if case in there}


def spread_differences(measured: Measurement) -> dict[str, Estimate]:
    """`mistake_spread`: wrong less correct predictions, and predicted class less true class of the same images."""
    found = mistakes.spread_differences(measured.table, measured.study.base.seed)
    return dict(zip(("wrong minus correct", "predicted minus true class, wrong images"), found.values(), strict=True))


def spread_and_confidence(measured: Measurement) -> Estimate:
    """Rank correlation over all images of the spread of the predicted class's map with the confidence."""
    rows = select_rows(measured.table, "mistake_spread")
    own = rows[rows["case"] != mistakes.CASES[2]]
    sure = rows_of_images(measured.study, own["image"].to_numpy())["confidence"].to_numpy()
    return stats.rank_correlation(own["value"].to_numpy(), sure, measured.study.base.seed, own.get(GROUP))


def confident_mistakes(measured: Measurement, count: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The most confident mistakes, and their maps for the predicted and for the true class."""
    rows = rows_of_images(measured.study, measured.arrays["images"][:count])
    return rows, {title: measured.arrays[name][:count] for name, title in MAPS.items()}


def difference_figure(study: Study, rows: pd.DataFrame, maps: dict[str, np.ndarray]) -> tuple[Figure, str] | None:
    """What the map for the predicted class has over that for the true one, in the rows that have both; None: none."""
    first, second = maps.values()
    both = np.isfinite(first).all((1, 2)) & np.isfinite(second).all((1, 2))
    if not both.any():
        return None
    some, apart = rows[both], {"predicted minus true class": (first - second)[both]}
    fig = figures.signed_grid(
        list(study.photos(some)),
        apart,
        1.0,
        views.image_titles(some),
        views.correct_marks(some),
        label="true class  ←  0  →  predicted class",
        outlines=list(study.object_masks(some)),
    )
    return fig, f"Grad-CAM of the predicted class minus that of the true class: {views.describe_images(some, apart)}"


def neighbour_sides(near: Measurement) -> Sides | None:
    """On whose side the nearest correct image of each mistake is; None where no neighbour was looked for."""
    if refusal_reason(near.table, "neighbour_similarity"):
        return None
    rows = {side: select_rows(near.table, "nearest_side", side=side) for side in KINDS}
    chance = dict(zip(near.arrays["sides"].tolist(), near.arrays["chance"].tolist(), strict=True))
    shares = {side: proportion(some["value"].to_numpy(), some.get(GROUP)) for side, some in rows.items()}
    return Sides(shares, chance, int(near.arrays["right"]))


def neighbour_values(near: Measurement) -> dict[str, Any]:
    """What the sentence on neighbours is filled with."""
    sides = neighbour_sides(near)
    if sides is None:
        return {}
    side = {KINDS[0]: "predicted", KINDS[1]: "true"}.get(sides.frequent_side, "")
    own = {"predicted": sides.shares[KINDS[0]], "by_chance": sides.chance[KINDS[0]]}
    return {"sides": sides, "side": side, **own}


def neighbour_figure(near: Measurement, count: int) -> tuple[Figure, str]:
    """The most confident mistakes, each beside its nearest correct images; and the alternative text."""
    study, rows = near.study, select_rows(near.table, "neighbour_similarity")
    head = rows_of_images(study, rows["image"].drop_duplicates().head(count).to_numpy())
    pictures, names = [], []
    for image in head["image"]:
        some = rows[rows["image"] == image].sort_values("rank", key=lambda ranks: ranks.astype(int))
        own = rows_of_images(study, some["neighbour"].to_numpy())
        pictures.append(list(study.photos(own)))
        told = zip(own["image"], own["label"], some["side"], some["value"], strict=True)
        names.append([neighbour_title(*one) for one in told])
    titles = views.image_titles(head)
    told_all = "; ".join(f"{title} beside {', '.join(some)}" for title, some in zip(titles, names, strict=True))
    fig = figures.nearest_images(list(study.photos(head)), titles, pictures, names)
    return fig, f"Nearest correct images: {told_all}".replace("\n", ", ")


def neighbour_title(image: str, label: str, side: str, alike: float) -> str:
    """File, class and on whose side it is, and similarity of a neighbour."""
    of = {KINDS[0]: "predicted class", KINDS[1]: "true class"}.get(side, "another class")
    return f"{shorten_text(image.rpartition('/')[2])}\n{shorten_text(label)}: {of}\nsimilarity {alike:.3f}"


def doubted_rows(issues: Measurement) -> pd.DataFrame:
    """The images whose label is in doubt, the worst first, with the columns suggested and margin."""
    rows = select_rows(issues.table, "label_margin") if "suggested" in issues.table else issues.table.head(0)
    if rows.empty:
        return issues.study.predictions.head(0).assign(suggested=[], margin=[])
    own = rows_of_images(issues.study, rows["image"].to_numpy())
    return own.assign(suggested=rows["suggested"].to_numpy(), margin=rows["value"].to_numpy())


def doubt_values(issues: Measurement) -> dict[str, Any]:
    """What the sentence on doubted labels is filled with."""
    rows, found = doubted_rows(issues), label_figures(result_of(issues), issues.study.base.seed)
    return {
        "share": found.get("labels_doubted", stats.NOTHING),
        "count": len(rows),
        "wrong": int((~rows["correct"].fillna(True).astype(bool)).sum()),
        "unjudged": int(issues.arrays["unjudged"]),
    }


def doubt_figure(study: Study, rows: pd.DataFrame) -> tuple[Figure, str]:
    """Photos with file, label and the class that the model suggests; and the alternative text."""
    titles = [
        f"{shorten_text(row.image.rpartition('/')[2])}\n"
        f"label {shorten_text(row.label)}, suggested {shorten_text(row.suggested)}"
        f"\nmargin {format_value(row.margin, '+')}"
        for row in rows.itertuples()
    ]
    told = "; ".join(title.replace("\n", ", ") for title in titles)
    return figures.input_sheet(list(study.photos(rows)), titles), f"Labels in doubt: {told}"


def doubt_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Which images, their label, what the model suggests and predicts, by how much."""
    return rows[["image", "label", "suggested", "predicted", "margin"]]
