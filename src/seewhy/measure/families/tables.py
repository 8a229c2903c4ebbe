"""What several families do with tables: correlations of maps as rows, rows picked by what they hold."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.measure.family import tidy_rows
from seewhy.metrics.agreement import spearman

EMPTY_MAP = "a map is empty or constant"
NOTHING = "the model predicts nothing in any image that could be explained"  # no segment, no word


def correlation_rows(
    rows: pd.DataFrame, maps: Mapping[str, Float[np.ndarray, "n h w"]], metric: str
) -> list[pd.DataFrame]:
    """Rank correlation of the maps of each two methods, with the second one as facet `other`.

    Args:
        rows: what the maps are of: image and target.
        maps: raw maps of one size, by method or baseline; baselines come first.
        metric: under which name.
    """
    return [
        tidy_rows(rows, a, metric, spearman(maps[a], maps[b]), EMPTY_MAP, other=b) for a, b in combinations(maps, 2)
    ]


def unmeasured_row(metric: str, reason: str, method: str = "") -> pd.DataFrame:
    """A row without an image, which says why a metric was not measured at all.

    >>> unmeasured_row("similarity", "no image is wrong")["reason"].tolist()
    ['no image is wrong']
    """
    return tidy_rows(pd.DataFrame({"image": [""], "target": [-1]}), method, metric, [np.nan], reason)


def select_rows(table: pd.DataFrame, metric: str, **where: Any) -> pd.DataFrame:
    """The rows of one metric of a tidy table in which the named columns have those values."""
    chosen = table["metric"] == metric
    for name, value in where.items():
        chosen &= table[name] == value
    return table[chosen]


def refusal_reason(table: pd.DataFrame, metric: str) -> str:
    """Why a metric was not measured at all (see `unmeasured_row`); "" where it was."""
    rows = select_rows(table, metric, image="")
    return str(rows["reason"].iloc[0]) if len(rows) else ""


def shown_rows(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Images and targets that arrays of a family are of, as arrays: `images` and `targets`."""
    return {"images": np.array(rows["image"], str), "targets": rows["target"].to_numpy(np.int32)}


def named_maps(maps: Mapping[str, np.ndarray], kind: str = "map") -> dict[str, np.ndarray]:
    """Maps as arrays of a family: `<kind>:<method>`, in single precision."""
    return {f"{kind}:{name}": some.astype(np.float32) for name, some in maps.items()}
