"""Labels of a study that are worth a second look, as notebook 06 shows them."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from seewhy.measure.families.label_issues import find_label_issues
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
    """`label_issues.find_label_issues`, told."""
    found = find_label_issues(study)
    if found.reason:
        return Doubted(found.rows, NOTHING, refused=f"Not run: {found.reason}.")
    left = f"Labels of {found.unjudged} classes with fewer than {FEWEST} images were not judged."
    share = proportion(found.judged["image"].isin(found.rows["image"]).to_numpy(bool))
    return Doubted(found.rows, share, left if found.unjudged else "")


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
