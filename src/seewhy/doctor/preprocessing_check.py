"""Whether another preprocessing fits the network better: the most common silent mistake.

Labelled images are predicted under neighbouring settings, each one change away from the study's own. Another is named
only where it is clearly better: more images turn right than wrong by a paired test, corrected for the number of trials.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool
from scipy.stats import binomtest

from seewhy.config.preprocessing import Crop, Normalise, Pad, Preprocessing, Resize, Reverse, Scale, Standardise, Step
from seewhy.inputs import images
from seewhy.inputs.geometry import canvas_size

LARGEST_SAMPLE = 64  # labelled images
FEWEST_SAMPLE = 10  # fewer could never be clear
LEVEL = 0.05  # of the paired test, over all trials together
SQUARE = 1.02  # a photo whose sides differ by less looks the same squashed and cropped
IMAGENET: dict[str, Any] = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
Predict = Callable[[Preprocessing], Bool[np.ndarray, " n"]]


@dataclass(frozen=True)
class Neighbour:
    """A preprocessing one change away: what changes in words, and the key or line that says so."""

    name: str
    advice: str
    preprocessing: Preprocessing


@dataclass(frozen=True)
class Trial:
    """Accuracy as it is and under a neighbour, on the same `count` images; `p` is that of the paired test."""

    neighbour: Neighbour
    now: float
    then: float
    count: int
    p: float

    @property
    def sentence(self) -> str:
        """What was found, and what to do."""
        return (
            f"{self.neighbour.name} would be right on {self.then:.0%} of {self.count} labelled images, this setting is "
            f"on {self.now:.0%}: if that is how the network was trained, set {self.neighbour.advice}"
        )


def better_neighbours(
    preprocessing: Preprocessing, files: Sequence[Path], predict_right: Predict
) -> tuple[int, list[Trial]]:
    """How many neighbours were tried, and those that are clearly better, the best first.

    `predict_right` says which of the images `files` are predicted right under a preprocessing; one under which the
    network fails is no neighbour.
    """
    now = predict_right(preprocessing)
    trials = [
        Trial(one, float(now.mean()), float(then.mean()), len(now), paired_p(now, then))
        for one in neighbour_preprocessings(preprocessing, files)
        if (then := _try_preprocessing(predict_right, one.preprocessing)) is not None
    ]
    better = [trial for trial in trials if trial.then > trial.now and trial.p * len(trials) < LEVEL]
    return len(trials), sorted(better, key=lambda trial: -trial.then)


def paired_p(now: Bool[np.ndarray, " n"], then: Bool[np.ndarray, " n"]) -> float:
    """Chance that so many more of the images whose result changes turn right than wrong (exact McNemar, one-sided).

    >>> round(paired_p(np.zeros(10, bool), np.ones(10, bool)), 4)
    0.001
    """
    gained, lost = int((then & ~now).sum()), int((now & ~then).sum())
    return float(binomtest(gained, gained + lost, alternative="greater").pvalue) if gained + lost else 1.0


def _try_preprocessing(predict_right: Predict, preprocessing: Preprocessing) -> np.ndarray | None:
    try:
        return predict_right(preprocessing)
    except Exception:  # a user's network may not take this input at all
        return None


def neighbour_preprocessings(preprocessing: Preprocessing, files: Sequence[Path]) -> Iterator[Neighbour]:
    """Preprocessings one change away that could change what the network sees of `files`."""
    yield from _colour_neighbours(preprocessing)
    yield from _value_neighbours(preprocessing)
    yield from _shape_neighbours(preprocessing, files)
    if any(images.exif_orientation(file) != 1 for file in files):
        other: Any = "stored" if preprocessing.exif == "upright" else "upright"
        yield Neighbour(
            f"images {other}, by EXIF", f"preprocessing.exif: {other}", _change_preprocessing(preprocessing, exif=other)
        )


def _change_preprocessing(
    preprocessing: Preprocessing, steps: Sequence[Step] | None = None, **keys: Any
) -> Preprocessing:
    """Other steps, of the same input size."""
    own = preprocessing.pipeline if steps is None else tuple(steps)
    height, width = canvas_size(preprocessing)
    kept = {"exif": preprocessing.exif, "bands": preprocessing.bands, "size": (height, width), **keys}
    return Preprocessing(steps=own, **kept)


def _colour_neighbours(preprocessing: Preprocessing) -> Iterator[Neighbour]:
    """Red and blue exchanged."""
    steps = preprocessing.pipeline
    if any(step.kind == "grey" for step in steps):
        return
    if any(isinstance(step, Reverse) for step in steps):
        unturned = [step for step in steps if not isinstance(step, Reverse)]
        yield Neighbour(
            "red first (RGB)", "preprocessing.channels: rgb", _change_preprocessing(preprocessing, unturned)
        )
        return
    first = next((k for k, step in enumerate(steps) if isinstance(step, Scale | Normalise | Standardise)), len(steps))
    changed = [*steps[:first], Reverse(), *steps[first:]]
    yield Neighbour("blue first (BGR)", "preprocessing.channels: bgr", _change_preprocessing(preprocessing, changed))


def _value_neighbours(preprocessing: Preprocessing) -> Iterator[Neighbour]:
    """Without mean and std, with ImageNet's, and 0 to 255 for 0 to 1."""
    kept = [step for step in preprocessing.pipeline if not isinstance(step, Scale | Normalise | Standardise)]
    share, whole = [*kept, Scale(divisor=255)], [*kept]
    grey = any(step.kind == "grey" for step in kept)
    plain = [step for step in preprocessing.pipeline if isinstance(step, Normalise | Standardise)]
    idle = all(isinstance(one, Normalise) and set(one.mean) == {0.0} and set(one.std) == {1.0} for one in plain)
    scaled = any(isinstance(step, Scale) for step in preprocessing.pipeline)
    if not idle or not scaled:
        advice = "preprocessing.normalise: none"
        yield Neighbour("pixel / 255 without mean and std", advice, _change_preprocessing(preprocessing, share))
    if not idle or scaled:
        advice = "preprocessing.scale: 255 and normalise: none"
        yield Neighbour("pixels of 0 to 255 as they are", advice, _change_preprocessing(preprocessing, whole))
    ours = {"mean": preprocessing.mean, "std": preprocessing.std}
    if not grey and (ours != IMAGENET or idle):
        normalised = [*share, Normalise(**IMAGENET)]
        advice = "preprocessing.mean: [0.485, 0.456, 0.406] and std: [0.229, 0.224, 0.225]"
        yield Neighbour("ImageNet's mean and std", advice, _change_preprocessing(preprocessing, normalised))
    if not grey and ours != {"mean": (0.5,) * 3, "std": (0.5,) * 3} and ours != {"mean": (0.5,), "std": (0.5,)}:
        halves = [*share, Normalise(mean=(0.5,), std=(0.5,))]
        yield Neighbour(
            "mean and std of 0.5",
            "preprocessing.mean: [0.5] and std: [0.5]",
            _change_preprocessing(preprocessing, halves),
        )


def _shape_neighbours(preprocessing: Preprocessing, files: Sequence[Path]) -> Iterator[Neighbour]:
    """Squashed for cropped, and the other way round, where photos are not of the input's shape."""
    height, width = canvas_size(preprocessing)
    sizes = [images.open_image(file, exif=preprocessing.exif).size for file in files]
    if all(max(w * height / (h * width), h * width / (w * height)) < SQUARE for w, h in sizes):
        return
    steps = preprocessing.pipeline
    geometry: list[Step] = [step for step in steps if isinstance(step, Resize | Crop | Pad)]
    first = next((step for step in geometry if isinstance(step, Resize)), None)
    rest: list[Step] = [step for step in steps if not isinstance(step, Resize | Crop | Pad)]
    if first is None:
        return
    how: dict[str, Any] = {"interpolation": first.interpolation, "library": first.library, "antialias": first.antialias}
    squash: list[Step] = [Resize(size=(height, width), **how)]
    crop: list[Step] = [Resize(size=(height, width), rule="cover", **how), Crop(size=(height, width))]
    if first.rule != "squash" or len(geometry) > 1:
        yield Neighbour(
            "the whole image squashed",
            "preprocessing.resize: squash",
            _change_preprocessing(preprocessing, squash + rest),
        )
    if first.rule == "squash":
        advice = "preprocessing.resize: crop"
        yield Neighbour("the centre, uncompressed", advice, _change_preprocessing(preprocessing, crop + rest))


def labelled_sample(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """At most `LARGEST_SAMPLE` labelled rows, drawn with the project's seed."""
    known = frame[frame["label"].notna()]
    order = np.random.default_rng(seed).permutation(len(known))[:LARGEST_SAMPLE]
    return known.iloc[np.sort(order)]
