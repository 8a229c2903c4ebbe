"""The study that the doctor looks at: what several steps share, and the lines that they tell."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from seewhy.config.project import Project
from seewhy.doctor.marks import Mark
from seewhy.errors import SeewhyError
from seewhy.maps.explaining import Job, explain_batch, group_jobs
from seewhy.study import Study, open_study

SAMPLE = 32  # images that the accuracy is measured on
PROBED = 4  # images that methods are tried on


@dataclass(frozen=True)
class Line:
    """One thing that was looked at: how it stands, what it is, and what was found."""

    mark: Mark
    what: str
    text: str


class NotYetError(SeewhyError):
    """What the demonstration will make is not made: nobody's mistake, but nothing can be said."""


@dataclass(frozen=True)
class Patient:
    """A study, and what several steps look at."""

    project: Project
    name: str

    @cached_property
    def study(self) -> Study:
        """The study itself; nothing of it is loaded yet."""
        return open_study(self.name)

    @cached_property
    def sample(self) -> pd.DataFrame:
        """At most `SAMPLE` images, those with a label first, else at random."""
        frame = self.study.dataset.frame
        order = np.random.default_rng(self.study.base.seed).permutation(len(frame))
        unknown = frame["label"].isna().to_numpy()[order]
        return frame.iloc[order[np.argsort(unknown, kind="stable")][:SAMPLE]]

    @cached_property
    def rows(self) -> pd.DataFrame:
        """What the model says of the sample."""
        parts = [
            self.study.predict_rows(rows, batch) for rows, batch in self.study.input_batches(self.sample, "looking")
        ]
        return pd.concat(parts, ignore_index=True)

    @cached_property
    def probed(self) -> list[Job]:
        """The images that methods are tried on, each with one target."""
        single = self.rows.drop_duplicates("image").head(PROBED)
        return group_jobs(zip(single["image"], single["target"], strict=True))

    def maps(self, methods: list[str]) -> dict[str, np.ndarray]:
        """Maps of those images."""
        batch = self.study.inputs(pd.DataFrame({"image": [job.image for job in self.probed]}))
        return explain_batch(self.study, self.probed, batch, methods, self.study.layer)[1]
