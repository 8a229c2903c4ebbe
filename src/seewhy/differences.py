"""Differences between two kinds of images, with classes held fixed."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.special import stdtrit

from seewhy import resampling
from seewhy.checks.status import FEWEST
from seewhy.resampling import Groups
from seewhy.stats import LEVEL, Estimate, too_few

FIXED = 1e-8  # of a contrast's square: less of it is left where classes alone tell the two kinds apart


def adjusted_difference(
    values: Float[np.ndarray, " n"],
    is_first: Bool[np.ndarray, " n"],
    classes: Sequence[Sequence[str]],
    groups: Groups = None,
) -> Estimate:
    """By how much values of the first kind differ from others of the same classes.

    Pooled over classes, a difference between these looks like one between the kinds (Simpson's paradox). So the kinds
    are compared by least squares with a constant for each class; the error is robust to unequal variances (HC3, Long &
    Ervin 2000) and to groups (CR3), with Student's t for as many images as decide (Satterthwaite).

    Args:
        values: one an image; those that are not finite are left out.
        is_first: whether an image is of the first kind.
        classes: of each image its class, for each sort of class that is held fixed, as predicted and true.
        groups: of each image.

    Returns:
        The difference; not measured with fewer than `FEWEST` images of a kind (or of their groups), or where the
        classes alone say of which kind an image is.
    """
    there = np.isfinite(values)
    y, kind = np.asarray(values, float)[there], np.asarray(is_first)[there].astype(float)
    own = None if groups is None else np.asarray(groups, dtype=object)[there]
    codes = resampling.group_codes(own, len(y))
    kinds = [len(set(codes[kind == one].tolist())) for one in (0, 1)]
    if min(kinds) < FEWEST:
        return too_few(len(y), own)
    design = _class_columns([np.asarray(names, dtype=object)[there] for names in classes], len(y))
    basis = np.linalg.svd(design, full_matrices=False)
    rank = int((basis.S.max() * 1e-10 < basis.S).sum())
    frame = basis.U[:, :rank]
    contrast = kind - frame @ (frame.T @ kind)
    size = float(contrast @ contrast)
    if size < FIXED * len(y):
        return too_few(len(y), own)
    apart = float(contrast @ y) / size
    rest = y - frame @ (frame.T @ y) - apart * contrast
    leverage = (frame**2).sum(1) + contrast**2 / size
    weighted = contrast * rest / np.where(leverage < 1 - FIXED, 1 - leverage, np.inf)
    parts, weights = np.bincount(codes, weighted), np.bincount(codes, contrast**2)
    freedom = max(1.0, float(weights.sum() ** 2 / (weights**2).sum()) - 1)
    half = float(stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt((parts**2).sum()) / size)
    count = 0 if own is None else int(codes.max()) + 1
    return Estimate(apart, apart - half, apart + half, len(y), count)


def _class_columns(classes: Sequence[np.ndarray], n: int) -> Float[np.ndarray, "n k"]:
    """A constant, and a column of 0 and 1 for each class."""
    columns = [pd.get_dummies(pd.Series(names)).to_numpy(float) for names in classes]
    return np.concatenate([np.ones((n, 1)), *columns], axis=1)
