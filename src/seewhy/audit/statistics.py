"""Estimates with their uncertainty: proportions, means over images, calibration."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

LEVEL = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval, and the number of images it rests on. All NaN where n is 0."""

    value: float
    low: float
    high: float
    n: int

    def metrics(self, name: str) -> dict[str, float]:
        """Flat keys for a metrics file: name, name_low, name_high, name_n."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_n": self.n}

    def text(self, digits: int = 2, suffix: str = "") -> str:
        """'0.91 (95 % interval 0.86 to 0.94, n = 173)'; with suffix '%' as percent."""
        if not self.n:
            return "not measured (n = 0)"
        value, low, high = (
            f"{x:.{max(digits - 2, 0)}%}" if suffix == "%" else f"{x:.{digits}f}{suffix}" for x in self._values
        )
        return f"{value} (95 % interval {low} to {high}, n = {self.n})"

    @property
    def _values(self) -> tuple[float, float, float]:
        return self.value, self.low, self.high


NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


def proportion(hits: Bool[np.ndarray, " n"]) -> Estimate:
    """Share of hits with the Wilson score interval (Wilson 1927), which stays inside 0 to 1 for small n."""
    n = len(hits)
    if not n:
        return NOTHING
    z, p = NormalDist().inv_cdf(0.5 + LEVEL / 2), float(np.mean(hits))
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return Estimate(p, max(0.0, float(centre - half)), min(1.0, float(centre + half)), n)


def mean(values: Float[np.ndarray, " n"], seed: int) -> Estimate:
    """Mean over images with a percentile bootstrap interval (Efron 1979); values that are not finite are left out."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return NOTHING
    draws = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def calibration(confidence: Float[np.ndarray, " n"], correct: Bool[np.ndarray, " n"], bins: int) -> pd.DataFrame:
    """Equal-width bins that hold images: mean confidence, accuracy with interval, count."""
    index = np.minimum((np.asarray(confidence) * bins).astype(int), bins - 1)
    rows = []
    for number in np.unique(index):
        inside = index == number
        hits = proportion(correct[inside])
        rows.append((float(confidence[inside].mean()), hits.value, hits.low, hits.high, hits.n))
    return pd.DataFrame(rows, columns=["confidence", "accuracy", "low", "high", "n"])


def expected_calibration_error(table: pd.DataFrame) -> float:
    """ECE: mean |accuracy - confidence| over the bins of `calibration`, weighted by count. Naeini et al. 2015."""
    return float(((table["accuracy"] - table["confidence"]).abs() * table["n"]).sum() / table["n"].sum())
