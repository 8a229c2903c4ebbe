"""Settings and images of page 07's families: which methods, and how many images each may take."""

from typing import Any

import pandas as pd

from seewhy.measure.budget import Budget
from seewhy.measure.family import PLACE, Settings
from seewhy.study import Study

METHODS = ["gradcam", "gradcam_pp", "hirescam", "layercam", "eigencam", "activation"]
CHOOSING = ("methods", "work")  # what is measured, not how


def audit_defaults(**own: Any) -> dict[str, Any]:
    """The section's `methods` and `work`, and what else a family reads of it."""
    return {"methods": METHODS, "work": 3000, **own}


def budgeted_rows(study: Study, settings: Settings, passes: int) -> pd.DataFrame:
    """One row an image, balanced over predictions, as many as `work` pays for; each with its place."""
    return number_rows(Budget(study, settings["work"]).sample_rows(passes))


def number_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their place in the stream of the random baseline."""
    return rows.reset_index(drop=True).assign(**{PLACE: range(len(rows))})
