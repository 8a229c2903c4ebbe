"""Labels of a study that are worth a second look, by confident learning."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from seewhy.metrics import label_noise
from seewhy.report import figures
from seewhy.report.plots.sheet import shown
from seewhy.report.text import mistake_findings
from seewhy.stats import FEWEST, NOTHING, Estimate, proportion, written
from seewhy.study import Study


@dataclass(frozen=True)
class Doubted:
    """Images whose label is in doubt, the worst first, with the columns suggested and margin; share of all labelled.

    `left_out` says which labels could not be judged; `refused` why none could.
    """

    rows: pd.DataFrame
    share: Estimate
    left_out: str = ""
    refused: str = ""

    @property
    def told(self) -> str:
        """How many, as a sentence; and what was left out."""
        wrong = int((~self.rows["correct"].astype(bool)).sum())
        return f"{mistake_findings.doubted(self.share, wrong)} {self.left_out}".rstrip()

    def metrics(self) -> dict[str, float]:
        """The share of labels in doubt, as flat keys; none where nothing was run."""
        return {} if self.refused else self.share.metrics("labels_doubted")


def doubted(study: Study) -> Doubted:
    """`label_noise` over the labelled images of classes with at least `FEWEST` of them.

    Not run where there are no two such classes, or where the model is not clearly better than always giving the most
    frequent answer: its doubts are then its own.
    """
    labelled = study.predictions[study.predictions["label"].notna()].reset_index(drop=True)
    counts = labelled["label"].value_counts()
    rows = labelled[labelled["label"].map(counts).ge(FEWEST)].reset_index(drop=True)
    refused = _refused(rows)
    if refused:
        return Doubted(rows.head(0), NOTHING, refused=refused)
    few = int((counts < FEWEST).sum())
    labels, sure = np.array(study.classes_of(rows["label"])), np.stack(rows["probabilities"].tolist())
    found = label_noise.doubts(sure, labels, label_noise.thresholds(sure, labels))
    order = found.ranked
    suggested = np.array(study.dataset.classes, dtype=object)[found.confident[order]]
    worst = rows.iloc[order].assign(suggested=suggested, margin=found.margin[order]).reset_index(drop=True)
    left = f"Labels of {few} classes with fewer than {FEWEST} images were not judged." if few else ""
    return Doubted(worst, proportion(np.isin(np.arange(len(rows)), order)), left)


def _refused(rows: pd.DataFrame) -> str:
    if rows["label"].nunique() < 2:
        return f"Not run: it takes two classes with {FEWEST} labelled images each."
    right = proportion(rows["correct"].to_numpy(bool))
    fixed = float(rows["label"].value_counts().max() / len(rows))
    if right.low > fixed:
        return ""
    return (
        f"Not run: the model names {right.text('%')} right, not clearly more than the {written(fixed, '%')} of always "
        "giving the most frequent answer. What such a model doubts says nothing of the labels."
    )


def sheet(study: Study, rows: pd.DataFrame) -> tuple[Figure, str]:
    """Photos with their label and what the model would call them; and the figure's alt text."""
    titles = [
        f"label: {shown(row.label)}\nrather: {shown(row.suggested)}\nmargin {written(row.margin, '+')}"
        for row in rows.itertuples()
    ]
    told = "; ".join(title.replace("\n", ", ") for title in titles)
    return figures.inputs(list(study.photos(rows)), titles), f"Labels in doubt: {told}"


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Which images, their label, what the model would call them, by how much."""
    names = {"image": "image", "label": "label", "suggested": "rather", "predicted": "named", "margin": "margin"}
    return rows[[*names]].rename(columns=names)
