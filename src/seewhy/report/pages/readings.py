"""Of a measured study, what figures take: its table and arrays, rows of the predictions, files that are there."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.measure.family import Result

if TYPE_CHECKING:
    from seewhy.comparison import Comparison
    from seewhy.measure.measurement import Measurement
    from seewhy.study import Study


def result_of(measurement: "Measurement") -> Result:
    """Table and arrays alone, as functions of `seewhy.measure` take them."""
    return Result(measurement.table, measurement.arrays)


def rows_of_images(study: "Study", images: Sequence[str] | np.ndarray) -> pd.DataFrame:
    """The rows of a study of one row an image, for those images, in their order."""
    every = study.predictions.set_index("image", drop=False).rename_axis(None)
    return every.loc[[str(name) for name in images]].reset_index(drop=True)


def written_files(owner: "Study | Comparison", *names: str) -> list[Path]:
    """Those files beside the page that a stage has written: a notebook that is run alone has none."""
    return [path for path in owner.files(*names) if path.is_file()]
