"""Dataset x methods -> maps: batch after batch through `explain`, with progress."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from seewhy import samples
from seewhy.audit import localisation
from seewhy.methods import reading
from seewhy.methods.cam import TITLES
from seewhy.methods.explain import explain
from seewhy.study import Study


@dataclass(frozen=True)
class Attributions:
    """Raw, signed maps (n, h, w) of each method, for the rows they were made of, and the input's (height, width)."""

    rows: pd.DataFrame
    maps: dict[str, Float[np.ndarray, "n h w"]]
    size: tuple[int, int]

    def shares(self, method: str) -> Float[np.ndarray, "n h w"]:
        """Positive evidence at the layer's resolution, each map as a share of its own maximum; NaN: no evidence."""
        return reading.normalise(reading.relu(torch.from_numpy(self.maps[method]))).numpy()

    def upsampled(self, method: str) -> Float[np.ndarray, "n H W"]:
        """Positive evidence at the input's resolution, raw."""
        return reading.upsample(reading.relu(torch.from_numpy(self.maps[method])), self.size).numpy()

    @property
    def cells(self) -> int:
        """Cells along the longer side of the maps: their real resolution."""
        return max(next(iter(self.maps.values())).shape[1:])

    def raw(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """The raw maps by the method's title."""
        return {TITLES[method]: maps for method, maps in self.maps.items()}

    def titled(self) -> dict[str, Float[np.ndarray, "n H W"]]:
        """`upsampled` of every method, by title."""
        return {TITLES[method]: self.upsampled(method) for method in self.maps}

    def titled_shares(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """`shares` of every method, by title."""
        return {TITLES[method]: self.shares(method) for method in self.maps}

    def controls(self, seed: int) -> dict[str, Float[np.ndarray, "n h w"]]:
        """Maps that know nothing, at the maps' own resolution: random and centre."""
        n, height, width = next(iter(self.maps.values())).shape
        centre = np.broadcast_to(localisation.centre_map(height, width), (n, height, width))
        return {"random": np.random.default_rng(seed).random((n, height, width)), "centre": centre}

    def empty(self, method: str) -> int:
        """How many maps show no evidence for their target."""
        return int((self.peaks(method) == 0).sum())

    def peaks(self, method: str) -> Float[np.ndarray, " n"]:
        """Largest positive value of each raw map: what 1 stands for in `shares`."""
        return self.maps[method].max((1, 2)).clip(0)


def attribute(
    study: Study,
    rows: pd.DataFrame,
    methods: Sequence[str],
    names: Sequence[str] | None = None,
    layer: str | None = None,
) -> Attributions:
    """Maps of `methods` for every row, for the predicted class or for the class `names[i]` of row i."""
    chosen = study.classes_of(rows["predicted"] if names is None else names)
    parts: dict[str, list[np.ndarray]] = {method: [np.empty((0, 1, 1), np.float32)] for method in methods}
    done = 0
    for part, batch in study.batches(rows, "maps"):
        targets = chosen[done : done + len(part)]
        result = explain(study.model, batch, methods=methods, targets=targets, layer=layer or study.layer)
        done += len(part)
        for method in methods:
            parts[method].append(result[method][:, 0].cpu().numpy())
    return Attributions(rows, {method: _joined(part) for method, part in parts.items()}, study.size)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """All batches behind one another; with no rows an empty array remains, which every figure understands."""
    return np.concatenate(parts[1:]) if len(parts) > 1 else parts[0]


def background(study: Study, shown: pd.DataFrame, n: int) -> Float[Tensor, "b c h w"]:
    """What SHAP compares with: at most `n` random images that are not shown, as the network's input.

    Where the dataset has no others: the shown ones, blurred until only their colours are left.
    """
    rest = samples.others(study.predictions, shown, n, study.base.seed)
    if len(rest):
        return study.inputs(rest)
    height, width = study.size
    return gaussian_blur(study.inputs(shown), [height // 2 * 2 - 1, width // 2 * 2 - 1], [height / 6, width / 6])
