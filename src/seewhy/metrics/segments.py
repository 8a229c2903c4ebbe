"""Segments held against truth, and maps against segments: IoU, whose region a class's map lies on, saturation."""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from seewhy.metrics.agreement import spearman
from seewhy.stats import Estimate, ratio

Labels = UInt8[np.ndarray, "n h w"]
Maps = Float[np.ndarray, "n h w"]


def confusion_matrices(predicted: Labels, true: Labels, classes: int) -> Int[np.ndarray, "n k k"]:
    """Pixels of each image by true (rows) and predicted class; those whose truth is no class are not counted."""
    counts = np.zeros((len(true), classes, classes), int)
    for count, said, real in zip(counts, predicted, true, strict=True):
        known = real < classes
        pairs = real[known].astype(int) * classes + said[known]
        count[:] = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return counts


def class_ious(counts: Int[np.ndarray, "n k k"], seed: int) -> list[Estimate]:
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


def mean_inside(shares: Maps, regions: Bool[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Mean of each map over its region; NaN where the region is empty or the map shows no evidence."""
    area = regions.sum((1, 2))
    return np.where(area > 0, (shares * regions).sum((1, 2)) / np.where(area > 0, area, 1), np.nan)


def correlation_within(shares: Maps, sure: Maps, regions: Bool[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """Rank correlation of map and probability over the pixels of each region; NaN where one of them is constant."""
    rows = zip(shares, sure, regions, strict=True)
    pairs = [(cam[region][None, None], p[region][None, None]) for cam, p, region in rows]
    return np.array([spearman(cam, p)[0] if cam.size and np.isfinite(cam).all() else np.nan for cam, p in pairs])


def outcome_pixels(
    predicted: Bool[np.ndarray, "n h w"], true: Bool[np.ndarray, "n h w"]
) -> dict[str, Bool[np.ndarray, "n h w"]]:
    """The pixels of a class that are right, missed and invented."""
    return {"right": predicted & true, "missed": true & ~predicted, "invented": predicted & ~true}


def wrong_class_shares(counts: Int[np.ndarray, "k k"]) -> Float[np.ndarray, "k k"]:
    """Of the wrong pixels of each true class (rows), the share that each other class got; the diagonal is NaN."""
    wrong = counts * (1 - np.eye(len(counts)))
    total = wrong.sum(1, keepdims=True)
    shares = np.divide(wrong, total, out=np.zeros(wrong.shape), where=total > 0)
    return np.where(np.eye(len(counts), dtype=bool), np.nan, shares)
