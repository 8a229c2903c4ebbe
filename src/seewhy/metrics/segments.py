"""Segments held against truth, and maps against segments: IoU, whose region a class's map lies on, saturation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, UInt8

from seewhy.metrics.agreement import spearman
from seewhy.metrics.localisation import lift
from seewhy.stats import Estimate, mean, ratio

Labels = UInt8[np.ndarray, "n h w"]
Maps = Float[np.ndarray, "n h w"]


def confusions(predicted: Labels, true: Labels, classes: int) -> Int[np.ndarray, "n k k"]:
    """Pixels of each image by true (rows) and predicted class; those whose truth is no class are not counted."""
    counts = np.zeros((len(true), classes, classes), int)
    for count, said, real in zip(counts, predicted, true, strict=True):
        known = real < classes
        pairs = real[known].astype(int) * classes + said[known]
        count[:] = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return counts


def ious(counts: Int[np.ndarray, "n k k"], seed: int) -> list[Estimate]:
    """IoU of each class: pixels that are both over pixels that are either, summed over images (Everingham et al. 2015).

    The interval is over images; n counts those in which the class is true or predicted.
    """
    both, either = shared_pixels(counts)
    there = either > 0
    return [ratio(both[there[:, k], k], either[there[:, k], k], seed) for k in range(counts.shape[1])]


def shared_pixels(
    counts: Int[np.ndarray, "n k k"],
) -> tuple[Int[np.ndarray, "n k"], Int[np.ndarray, "n k"]]:
    """Pixels of each image that are of a class both truly and by prediction, and those that are either.

    >>> shared_pixels(np.array([[[5, 1], [2, 4]]]))
    (array([[5, 4]]), array([[8, 7]]))
    """
    both = np.diagonal(counts, axis1=1, axis2=2)
    return both, counts.sum(1) + counts.sum(2) - both


def class_lifts(
    maps: Maps, targets: Int[np.ndarray, " n"], labels: Labels, classes: int, seed: int
) -> list[list[Estimate]]:
    """Lift of the maps of class c (outer) on the region of class d (inner): 1 is chance.

    `maps` are raw, at the resolution of `labels`, which give the class of each pixel of row i's image. A map of c that
    lies on the region of d says that what looks like d speaks for c.
    """
    on = np.stack([lift(maps, labels == d) for d in range(classes)], 1)
    return [[mean(on[targets == c, d], seed) for d in range(classes)] for c in range(classes)]


def inside(shares: Maps, regions: Bool[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Mean of each map over its region; NaN where the region is empty or the map shows no evidence."""
    area = regions.sum((1, 2))
    return np.where(area > 0, (shares * regions).sum((1, 2)) / np.where(area > 0, area, 1), np.nan)


def within(shares: Maps, sure: Maps, regions: Bool[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Rank correlation of map and probability over the pixels of each region; NaN where one of them is constant."""
    rows = zip(shares, sure, regions, strict=True)
    pairs = [(cam[region][None, None], p[region][None, None]) for cam, p, region in rows]
    return np.array([spearman(cam, p)[0] if cam.size and np.isfinite(cam).all() else np.nan for cam, p in pairs])


def by_probability(
    shares: Maps, sure: Maps, targets: Int[np.ndarray, " n"], names: Sequence[str], bins: int, seed: int
) -> pd.DataFrame:
    """How bright maps are where the model gives their class that probability: class, probability, mean, low, high, n.

    A row for each class and bin of equal width that at least `FEWEST` images have pixels in: the mean over images of
    the map's mean over those pixels.
    """
    rows = []
    step = np.minimum((sure * bins).astype(int), bins - 1)
    held = np.stack([inside(shares, step == number) for number in range(bins)], 1)
    for target in np.unique(targets):
        for number in range(bins):
            one = mean(held[targets == target, number], seed)
            if one.measured:
                rows.append((names[target], (number + 0.5) / bins, one.value, one.low, one.high, one.n))
    return pd.DataFrame(rows, columns=["class", "probability", "mean", "low", "high", "n"])


def outcome_lifts(
    maps: Maps, predicted: Bool[np.ndarray, "n h w"], true: Bool[np.ndarray, "n h w"], seed: int
) -> dict[str, Estimate]:
    """Lift of the maps on the pixels of their class that are right, missed and invented: 1 is chance."""
    return {name: mean(lift(maps, part), seed) for name, part in outcome_pixels(predicted, true).items()}


def outcome_pixels(
    predicted: Bool[np.ndarray, "n h w"], true: Bool[np.ndarray, "n h w"]
) -> dict[str, Bool[np.ndarray, "n h w"]]:
    """The pixels of a class that are right, missed and invented."""
    return {"right": predicted & true, "missed": true & ~predicted, "invented": predicted & ~true}


def shares_wrong(
    predicted: Bool[np.ndarray, "n h w"], true: Bool[np.ndarray, "n h w"], seed: int
) -> dict[str, Estimate]:
    """Share of the true region that is missed, and of the predicted one that is invented, over all pixels."""
    found = {}
    for name, whole, other in (("missed", true, predicted), ("invented", predicted, true)):
        area, outside = whole.sum((1, 2)), (whole & ~other).sum((1, 2))
        found[name] = ratio(outside[area > 0], area[area > 0], seed)
    return found


def instead(counts: Int[np.ndarray, "k k"]) -> Float[np.ndarray, "k k"]:
    """Of the wrong pixels of each true class (rows), the share that each other class got; the diagonal is NaN."""
    wrong = counts * (1 - np.eye(len(counts)))
    total = wrong.sum(1, keepdims=True)
    shares = np.divide(wrong, total, out=np.zeros(wrong.shape), where=total > 0)
    return np.where(np.eye(len(counts), dtype=bool), np.nan, shares)
