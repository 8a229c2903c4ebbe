"""Estimates with their uncertainty: proportions, means over images, calibration."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

LEVEL = 0.95
RESAMPLES = 2000
FEWEST = 5  # images below which a mean over images is not reported: resampling fewer says nothing


@dataclass(frozen=True)
class Estimate:
    """A figure, its 95 % interval, and the number of images it rests on. NaN where there were too few to measure."""

    value: float
    low: float
    high: float
    n: int

    def metrics(self, name: str) -> dict[str, float]:
        """Flat keys for a metrics file: name, name_low, name_high, name_n."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_n": self.n}

    def text(self, digits: int = 2, suffix: str = "") -> str:
        """'0.91 (95 % interval 0.86 to 0.94, n = 173)'; with suffix '%' as percent."""
        if not self.measured:
            return f"not measured (n = {self.n})"
        value, low, high = (
            f"{x:.{max(digits - 2, 0)}%}" if suffix == "%" else f"{x:.{digits}f}{suffix}" for x in self._values
        )
        return f"{value} (95 % interval {low} to {high}, n = {self.n})"

    @property
    def measured(self) -> bool:
        """Whether there were enough images."""
        return bool(np.isfinite(self.value))

    @property
    def _values(self) -> tuple[float, float, float]:
        return self.value, self.low, self.high


NAN = float("nan")
NOTHING = Estimate(NAN, NAN, NAN, 0)


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
    """Mean over images with a percentile bootstrap interval (Efron 1979).

    Values that are not finite are left out; fewer than `FEWEST` of the others are not measured.
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) < FEWEST:
        return Estimate(NAN, NAN, NAN, len(values))
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
