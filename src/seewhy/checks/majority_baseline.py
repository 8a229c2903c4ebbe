"""Is a model worth more than one fixed answer? Where it is not, no map explains a model that works."""

from dataclasses import dataclass

import pandas as pd

from seewhy.checks.verdict import Gate
from seewhy.formatting import written
from seewhy.stats import Estimate, proportion

CLAIM, DENIAL = (
    "it is right more often than one fixed answer would be",
    "it is right no more often than one fixed answer",
)
NEARLY = 0.95  # of the images, from which on an answer is given to nearly all


@dataclass(frozen=True)
class Fixed:
    """Accuracy, the share of the most frequent label, and the answer given most often: to `given` of `images`."""

    accuracy: Estimate
    best: float
    answer: str
    given: int
    images: int
    verb: str = "answers *{}* to"

    @property
    def gates(self) -> list[Gate]:
        """Accuracy held against the best fixed answer; none where nothing is labelled."""
        found = Gate("model.accuracy", CLAIM, self.accuracy, self.best, True, DENIAL)
        return [found] if self.accuracy.n else []

    @property
    def worthless(self) -> bool:
        """Whether it is clearly no better than the best fixed answer."""
        return any(gate.status == "fail" for gate in self.gates)

    @property
    def told(self) -> str:
        """That it is worthless, as the first sentence of a finding; empty where it is not."""
        return f"**This is no working model**: it {self.says}." if self.worthless else ""

    @property
    def says(self) -> str:
        """What it answers, and how often that is right, as a clause."""
        one = written(self.best, "%")
        right = f"{written(self.accuracy.value, '%')} right, where one fixed answer would be {one}"
        same = f"{self.verb.format(self.answer)} {self.given} of {self.images} images and "
        return f"{same if self.given >= NEARLY * self.images else ''}is {right}"


def beside_fixed(rows: pd.DataFrame) -> Fixed:
    """Of classified images, one row each: `label` (null: unknown), `predicted`, `correct`."""
    labelled = rows[rows["label"].notna()]
    counts, answers = labelled["label"].value_counts(normalize=True), rows["predicted"].value_counts()
    right = proportion(labelled["correct"].to_numpy(bool))
    return Fixed(
        right, float(counts.max()) if len(counts) else 0.0, str(answers.idxmax()), int(answers.max()), len(rows)
    )
