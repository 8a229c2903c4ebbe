"""Rows x methods -> maps: read from the store where they are, else made now, batch after batch, with progress."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float

from seewhy.config import artifacts
from seewhy.engine import reading
from seewhy.engine.targets import Rule
from seewhy.errors import SeewhyError
from seewhy.maps import store
from seewhy.maps.explaining import Maps, explain_batch, group_jobs, made_of
from seewhy.methods.cam import TITLES
from seewhy.methods.shapley import pool_squares
from seewhy.metrics.baselines import blind_maps
from seewhy.study import Study

EMPTY = np.empty((0, 1, 1), np.float32)  # no rows: every figure understands it


@dataclass(frozen=True)
class Attributions:
    """Raw, signed maps (n, h, w) of each method, for the rows they were made of, and the input's (height, width)."""

    rows: pd.DataFrame
    maps: Maps
    size: tuple[int, int]

    def shares(self, method: str) -> Float[np.ndarray, "n h w"]:
        """Positive evidence at the layer's resolution, each map as a share of its own maximum; NaN: no evidence."""
        return reading.normalise(reading.relu(torch.from_numpy(self.maps[method]))).numpy()

    def upsampled(self, method: str) -> Float[np.ndarray, "n H W"]:
        """Positive evidence at the input's resolution, raw."""
        return reading.upsample(reading.relu(torch.from_numpy(self.maps[method])), self.size).numpy()

    @property
    def grid(self) -> tuple[int, int]:
        """Cells down and across: the maps' real resolution."""
        _, height, width = next(iter(self.maps.values())).shape
        return height, width

    def titled_maps(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """The raw maps by the method's title."""
        return {TITLES[method]: maps for method, maps in self.maps.items()}

    def titled_shares(self) -> dict[str, Float[np.ndarray, "n h w"]]:
        """`shares` of every method, by title."""
        return {TITLES[method]: self.shares(method) for method in self.maps}

    def visible_strengths(self, cells: int) -> dict[str, Float[np.ndarray, "n h w"]]:
        """`titled_shares`, but of maps finer than `cells`: the size of their values, whatever the sign, summed over
        squares, as a share of the 99th percentile: single pixels cannot be seen, and few of them dwarf the rest."""
        found = self.titled_shares()
        for name, maps in self.titled_maps().items():
            if max(maps.shape[1:]) > cells:
                squares = pool_squares(torch.from_numpy(np.abs(maps))[:, None], cells)[:, 0]
                high = np.quantile(squares, 0.99, axis=(1, 2), keepdims=True)
                found[name] = np.where(high > 0, np.clip(squares / np.where(high > 0, high, 1), 0, 1), np.nan)
        return found

    def control_maps(self, seed: int) -> dict[str, Float[np.ndarray, "n h w"]]:
        """Maps that know nothing, at the maps' own resolution: random and centre."""
        return blind_maps(len(self.rows), self.grid, seed)

    def count_empty(self, method: str) -> int:
        """How many maps show no evidence for their target."""
        return int((self.peak_values(method) == 0).sum())

    def peak_values(self, method: str) -> Float[np.ndarray, " n"]:
        """Largest positive value of each raw map: what 1 stands for in `shares`."""
        return self.maps[method].max((1, 2)).clip(0)


def attribute_rows(
    study: Study,
    rows: pd.DataFrame,
    methods: Sequence[str],
    names: Sequence[str] | None = None,
    layer: str | None = None,
) -> Attributions:
    """Maps of `methods` for every row, for its own target or for the class `names[i]` of row i.

    Those that the stage `explain@<study>` stored are read, the others are made now.
    """
    targets = study.row_targets(rows, names)
    place = layer or study.layer
    found = _read_stored(study, rows, methods, targets) if place == study.layer else {}
    rest = [method for method in methods if method not in found]
    if rest:
        found |= compute_maps(study, rows, rest, targets, place)
    return Attributions(rows, {method: found[method] for method in methods}, study.size)


def _read_stored(study: Study, rows: pd.DataFrame, methods: Sequence[str], targets: Sequence[int]) -> Maps:
    """Of the methods whose table is there and holds every pair of image and class."""
    pairs = list(zip(rows["image"], targets, strict=True))
    folder, stage = artifacts.attributions_folder(study.root, study.name), f"explain@{study.name}"
    found, expected = {}, made_of(study)
    for method in methods:
        path = folder / f"{method}.parquet"
        if not path.is_file():
            continue
        maps, note = store.read_maps(path, pairs, stage)
        if note != expected:
            raise SeewhyError(
                f"the stored maps of study '{study.name}' are of another checkpoint, dataset, layer or setting; "
                f"make them again: dvc repro {stage}"
            )
        if len(maps) == len(set(pairs)):
            found[method] = np.stack([maps[pair] for pair in pairs]) if pairs else EMPTY
    return found


def compute_maps(
    study: Study,
    rows: pd.DataFrame,
    methods: Sequence[str],
    targets: Sequence[int],
    layer: str,
    rule: Rule | None = None,
) -> Maps:
    """Maps of `targets[i]` for row i, made now; all targets of an image share a pass. `rule` as for `explain_batch`."""
    pairs = list(zip(rows["image"], targets, strict=True))
    work = group_jobs(pairs)
    parts: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    for part, batch in study.input_batches(pd.DataFrame({"image": [job.image for job in work]}), "maps"):
        _, maps = explain_batch(study, [work[index] for index in part.index], batch, methods, layer, rule=rule)
        for method in methods:
            parts[method].append(maps[method])
    place = {pair: row for row, pair in enumerate((job.image, target) for job in work for target in job.targets)}
    order = [place[pair] for pair in pairs]
    return {method: np.concatenate(some)[order] if some else EMPTY for method, some in parts.items()}


def find_refusals(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, str]:
    """Those of `methods` that this network cannot have, tried on the first row, and why."""
    found = {}
    for method in methods:
        try:
            attribute_rows(study, rows.head(1), [method])
        except SeewhyError as error:
            found[method] = str(error)
    return found
