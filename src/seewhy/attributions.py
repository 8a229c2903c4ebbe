"""Rows x methods -> maps: read from the store where they are, else made now, batch after batch, with progress."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import signature

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from seewhy import artifacts, samples, store
from seewhy.audit import localisation
from seewhy.errors import SeewhyError, unknown
from seewhy.methods import reading
from seewhy.methods.cam import CAMS, TITLES
from seewhy.methods.explain import explain
from seewhy.methods.pixels import PIXELS
from seewhy.methods.shapley import pooled
from seewhy.study import Study
from seewhy.tasks import scores

Maps = dict[str, Float[np.ndarray, "n h w"]]
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

    def strengths(self, cells: int) -> dict[str, Float[np.ndarray, "n h w"]]:
        """`titled_shares`, but of maps finer than `cells`: the size of their values, whatever the sign, summed over
        squares, as a share of the 99th percentile: single pixels cannot be seen, and few of them dwarf the rest."""
        found = self.titled_shares()
        for name, maps in self.raw().items():
            if max(maps.shape[1:]) > cells:
                squares = pooled(torch.from_numpy(np.abs(maps))[:, None], cells)[:, 0]
                high = np.quantile(squares, 0.99, axis=(1, 2), keepdims=True)
                found[name] = np.where(high > 0, np.clip(squares / np.where(high > 0, high, 1), 0, 1), np.nan)
        return found

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
    """Maps of `methods` for every row, for its own target or for the class `names[i]` of row i.

    Those that the stage `attributions@<study>` stored are read, the others are made now.
    """
    targets = study.targets(rows, names)
    place = layer or study.layer
    found = _stored(study, rows, methods, targets) if place == study.layer else {}
    rest = [method for method in methods if method not in found]
    if rest:
        found |= _computed(study, rows, rest, targets, place)
    return Attributions(rows, {method: found[method] for method in methods}, study.size)


def _stored(study: Study, rows: pd.DataFrame, methods: Sequence[str], targets: Sequence[int]) -> Maps:
    """Of the methods whose table is there and holds every pair of image and class."""
    pairs = list(zip(rows["image"], targets, strict=True))
    folder, stage = artifacts.attributions(study.root, study.name), f"attributions@{study.name}"
    found, expected = {}, made_of(study)
    for method in methods:
        path = folder / f"{method}.parquet"
        if not path.is_file():
            continue
        maps, note = store.read(path, pairs, stage)
        if note != expected:
            raise SeewhyError(
                f"the stored maps of study '{study.name}' are of another checkpoint, dataset, layer or setting; "
                f"make them again: dvc repro {stage}"
            )
        if len(maps) == len(set(pairs)):
            found[method] = np.stack([maps[pair] for pair in pairs]) if pairs else EMPTY
    return found


def _computed(study: Study, rows: pd.DataFrame, methods: list[str], targets: list[int], layer: str) -> Maps:
    pairs = list(zip(rows["image"], targets, strict=True))
    work = jobs(pairs)
    parts: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    for part, batch in study.batches(pd.DataFrame({"image": [job.image for job in work]}), "maps"):
        _, maps = explained(study, [work[index] for index in part.index], batch, methods, layer)
        for method in methods:
            parts[method].append(maps[method])
    place = {pair: row for row, pair in enumerate((job.image, target) for job in work for target in job.targets)}
    order = [place[pair] for pair in pairs]
    return {method: np.concatenate(some)[order] if some else EMPTY for method, some in parts.items()}


@dataclass(frozen=True)
class Job:
    """An image, and every target that gets a map of it: they share one forward pass."""

    image: str
    targets: tuple[int, ...]


def jobs(pairs: Iterable[store.Pair]) -> list[Job]:
    """Each image once; those with equally many targets stand together, so that a batch asks for nothing in vain."""
    targets: dict[str, dict[int, None]] = {}
    for image, target in pairs:
        targets.setdefault(image, {})[target] = None
    return sorted((Job(image, tuple(own)) for image, own in targets.items()), key=lambda job: len(job.targets))


def explained(
    study: Study, some: Sequence[Job], batch: Float[Tensor, "n c h w"], methods: Sequence[str], layer: str
) -> tuple[Float[np.ndarray, " p"], Maps]:
    """Scores and maps of all p targets of a batch, image after image."""
    wanted = scores(study.task, [job.targets for job in some])
    options = seeded(study, methods)
    result = explain(study.model, batch, methods=methods, targets=wanted, layer=layer, options=options)
    rows, numbers = zip(*((row, k) for row, job in enumerate(some) for k in range(len(job.targets))), strict=True)
    maps = {method: per_place(result[method][list(rows), list(numbers)]) for method in methods}
    return result.scores[list(rows), list(numbers)].cpu().numpy(), maps


def check_methods(methods: Sequence[str], where: str) -> None:
    """Raises SeewhyError for a name that `explain` does not know; `where` says who gave it."""
    for method in methods:
        if method not in CAMS and method not in PIXELS:
            raise unknown("method", method, [*CAMS, *PIXELS], where)


def seeded(study: Study, methods: Sequence[str]) -> dict[str, dict[str, int]]:
    """The study's seed as an option of those methods that draw."""
    drawing = [name for name in methods if name in PIXELS and "seed" in signature(PIXELS[name]).parameters]
    return {name: {"seed": study.base.seed} for name in drawing}


def made_of(study: Study) -> dict[str, str | int]:
    """What stored maps are made of: whatever differs here makes other maps."""
    seen = study.preprocessing.model_dump_json()
    images = artifacts.sha256(artifacts.dataset(study.root, study.settings.dataset))
    note = {"checkpoint": study.checkpoint.sha256, "dataset": images, "layer": study.layer, "preprocessing": seen}
    return {**note, "output": study.settings.output, "seed": study.base.seed, "batch_size": study.base.batch_size}


def per_place(maps: Float[Tensor, "p ..."]) -> Float[np.ndarray, "p h w"]:
    """Maps on the CPU; those of pixel methods, (p, c, h, w), summed over the channels."""
    return (maps.sum(1) if maps.ndim == 4 else maps).cpu().numpy()


def background(study: Study, shown: pd.DataFrame, n: int) -> Float[Tensor, "b c h w"]:
    """What SHAP compares with: at most `n` random images that are not shown, as the network's input.

    Where the dataset has no others: the shown ones, blurred until only their colours are left.
    """
    rest = samples.others(study.predictions, shown, n, study.base.seed)
    if len(rest):
        return study.inputs(rest)
    from torchvision.transforms.functional import gaussian_blur  # only here: importing it takes a second

    height, width = study.size
    return gaussian_blur(study.inputs(shown), [height // 2 * 2 - 1, width // 2 * 2 - 1], [height / 6, width / 6])


def by_trial(study: Study, rows: pd.DataFrame, evaluations: int, cells: int) -> Maps:
    """What two methods that only try the model out say of the predicted class, by title: signed, summed over squares.

    Each shows the model `evaluations` versions of an image with parts hidden, on the tuned copy.
    """
    settings = {
        "shap_partition": {"evaluations": evaluations, "fast": True},
        "lime": {"samples": evaluations, "fast": True, "seed": study.base.seed},
    }
    targets = scores(study.task, [[target] for target in rows["target"]])
    found = explain(study.model, study.inputs(rows), methods=[*settings], targets=targets, options=settings)
    return {TITLES[method]: pooled(found[method].sum(2).cpu(), cells)[:, 0] for method in settings}


def refusals(study: Study, rows: pd.DataFrame, methods: Sequence[str]) -> dict[str, str]:
    """Those of `methods` that this network cannot have, tried on the first row, and why."""
    found = {}
    for method in methods:
        try:
            attribute(study, rows.head(1), [method])
        except SeewhyError as error:
            found[method] = str(error)
    return found
