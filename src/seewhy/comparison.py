"""Two studies of the same images -> Comparison: what both answer, and the evidence of both, image by image."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.config import artifacts
from seewhy.config.project import find_project
from seewhy.inputs import images
from seewhy.maps.attributions import attribute_rows
from seewhy.metrics.paired import Pair
from seewhy.study import Study, open_study

if TYPE_CHECKING:
    from seewhy.measure.measurement import Measurement

SIDES = ("first", "second")
ANSWER = ["target", "predicted", "confidence", "correct"]  # columns that each study has of its own
OUTCOMES = ("both right", "fixed", "broken", "both wrong")


def open_comparison(name: str) -> "Comparison":
    """The comparison of that name in the params.yaml of the project around the working folder."""
    first, second = find_project().params.comparison_settings(name).studies
    return Comparison(name, open_study(first), open_study(second))


@dataclass(frozen=True)
class Comparison:
    """Two classification studies of one dataset and split."""

    name: str
    first: Study
    second: Study

    @property
    def studies(self) -> tuple[Study, Study]:
        """Both, in the order of params.yaml."""
        return self.first, self.second

    @property
    def seed(self) -> int:
        """The project's seed."""
        return self.first.base.seed

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row an image: the dataset's columns; `target`, `predicted`, `confidence` and `correct` of either study
        with `_first` and `_second` behind; `same`, whether both name the same class; `outcome`, one of `OUTCOMES`, null
        without a label; and `explained`, the class whose maps are held against each other: the one that both name, else
        the true one, else (no label) the one that the first names."""
        first, second = (study.predictions.drop(columns="probabilities") for study in self.studies)
        merged = first.merge(second[["image", *ANSWER]], on="image", suffixes=("_first", "_second"), validate="1:1")
        same = merged["predicted_first"] == merged["predicted_second"]
        explained = merged["predicted_first"].where(same | merged["label"].isna(), merged["label"])
        right = [merged[f"correct_{side}"].fillna(False).to_numpy(bool) for side in SIDES]
        cases = [right[0] & right[1], ~right[0] & right[1], right[0] & ~right[1]]
        outcome = pd.Series(np.select(cases, OUTCOMES[:3], OUTCOMES[3]), dtype=object)
        return merged.assign(same=same, explained=explained, outcome=outcome.where(merged["label"].notna(), None))

    def files(self, *names: str) -> list[Path]:
        """Files beside the comparison's page."""
        return [artifacts.reports_folder(self.first.root, self.name) / name for name in names]

    def positive_evidence(self, method: str) -> Pair:
        """Positive evidence of both models for the class `explained` of each of `rows`."""
        found, seen = [], []
        for side, study in zip(SIDES, self.studies, strict=True):
            own = self.rows.rename(columns={f"{name}_{side}": name for name in ANSWER})
            found.append(attribute_rows(study, own, [method], own["explained"].tolist()).maps[method].clip(0))
            sizes = zip(own["width"], own["height"], strict=True)
            seen.append(np.array([images.Fit.of_image(size, study.preprocessing).shown_part for size in sizes]))
        return Pair((found[0], found[1]), (seen[0], seen[1]))

    def measure(self, name: str = "paired") -> "Measurement":
        """All metrics of a family of comparisons, as `Study.measure` gives those of a study.

        What the stage `measure@<comparison>` stored is returned where it is what is asked for; else it is measured now,
        and not stored.
        """
        from seewhy.measure.comparisons import measure_comparison  # the room of measurements stands on this one
        from seewhy.measure.family import with_groups
        from seewhy.measure.measurement import Measurement

        result = measure_comparison(self, name)
        return Measurement(self.first, name, with_groups(result.table, self.first.image_groups), result.arrays)
