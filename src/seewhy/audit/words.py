"""Maps of words: how concentrated their evidence is, and whether a word for a side looks to that side."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from seewhy.audit.statistics import Estimate, mean

SIDES = {"left": (1, False), "right": (1, True), "top": (0, False), "bottom": (0, True)}  # word -> axis, far half
HALF = 0.5  # of the evidence: the share of the picture that holds it says how concentrated a map is


def spread(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """The smallest share of the picture that holds half of each map's positive evidence: 0.5 where it is the same
    everywhere, near 0 for a point. NaN where there is none."""
    values = np.sort(np.clip(np.nan_to_num(maps.astype(float)), 0, None).reshape(len(maps), -1))[:, ::-1]
    total = values.sum(1, keepdims=True)
    reached = np.cumsum(values, 1) / np.where(total > 0, total, 1)
    before = np.concatenate([np.zeros((len(maps), 1)), reached[:, :-1]], 1)
    part = np.clip((HALF - before) / np.where(values > 0, values / np.where(total > 0, total, 1), np.inf), 0, 1)
    return np.where(total[:, 0] > 0, part.sum(1) / values.shape[1], np.nan)


def towards(maps: Float[np.ndarray, "n h w"], words: Sequence[str]) -> Float[np.ndarray, " n"]:
    """Share of each map's positive evidence in the half of the picture that the word names: 0.5 is chance.

    NaN for a word that names no side and for a map without evidence. A middle row or column counts half.
    """
    positive = np.clip(np.nan_to_num(maps.astype(float)), 0, None)
    total = positive.sum((1, 2))
    found = np.full(len(maps), np.nan)
    for k, word in enumerate(words):
        if word.casefold() in SIDES and total[k] > 0:
            axis, far = SIDES[word.casefold()]
            along = positive[k].sum(1 - axis)
            share = float((along * _half(len(along), far)).sum() / total[k])
            found[k] = share
    return found


def _half(cells: int, far: bool) -> Float[np.ndarray, " cells"]:
    """1 in one half, 0 in the other."""
    place = np.arange(cells) - (cells - 1) / 2
    return np.heaviside(place if far else -place, 0.5)


def same_image(rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """For each word that names a side: what `towards` finds, on average, in the maps of those words of the same
    caption that name none. The control that knows the image: where all is on the left, every word looks left."""
    words, images = rows["predicted"].to_numpy(), rows["image"].to_numpy()
    naming = np.array([word.casefold() in SIDES for word in words], dtype=bool)
    found = np.full(len(rows), np.nan)
    for k in np.flatnonzero(naming):
        others = maps[(images == images[k]) & ~naming]
        shares = towards(others, [words[k]] * len(others))
        if np.isfinite(shares).any():
            found[k] = np.nanmean(shares)
    return found


def over_images(values: Float[np.ndarray, " n"], images: Sequence[str], seed: int) -> Estimate:
    """Mean of what was measured word by word, first within each image: words of one caption are not independent."""
    frame = pd.DataFrame({"value": values, "image": list(images)})
    return mean(frame.groupby("image", sort=False)["value"].mean().to_numpy(), seed)


def sides(rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"], control: np.ndarray, seed: int) -> dict[str, Estimate]:
    """Do words that name a side look there? Share of the evidence there, and the same share of maps that know nothing
    (`control`, noise) and of the caption's other words; last the difference, image by image, to these."""
    images, words = rows["image"], rows["predicted"].tolist()
    own, others = towards(maps, words), same_image(rows, maps)
    return {
        "words for a side": over_images(own, images, seed),
        "the caption's other words": over_images(others, images, seed),
        "random": over_images(np.where(np.isfinite(own), towards(control, words), np.nan), images, seed),
        "difference to the other words": over_images(own - others, images, seed),
    }


def by_word(
    rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"], control: Float[np.ndarray, "n h w"], seed: int
) -> pd.DataFrame:
    """How concentrated the evidence for each word is: word, kind, maps, without evidence, spread with interval, and
    whether it is localised: the whole interval below the mean of the same maps of noise."""
    own, noise = spread(maps), float(np.mean(spread(control)))
    found = []
    for word, part in rows.reset_index(drop=True).groupby("predicted", sort=True):
        one = over_images(own[part.index], part["image"].tolist(), seed)
        empty = int(np.isnan(own[part.index]).sum())
        told = "not measured" if not one.measured else "yes" if one.high < noise else "no"
        found.append((word, part["kind"].iloc[0], len(part), empty, one.value, one.low, one.high, told))
    names = ["word", "kind", "maps", "without evidence", "spread", "low", "high", "localised"]
    table = pd.DataFrame(found, columns=names)
    return table.sort_values(["maps", "word"], ascending=[False, True], ignore_index=True)


def by_kind(rows: pd.DataFrame, values: Float[np.ndarray, " n"], seed: int) -> dict[str, Estimate]:
    """Mean over images of what was measured word by word, for each kind of word."""
    kinds = rows["kind"].to_numpy()
    return {
        str(kind): over_images(values[kinds == kind], rows["image"].to_numpy()[kinds == kind], seed)
        for kind in sorted(set(kinds))
    }


def chosen(rows: pd.DataFrame, keywords: Sequence[str]) -> Bool[np.ndarray, " n"]:
    """Rows whose word is one of `keywords`; all of them where there are no keywords."""
    wanted = {word.casefold() for word in keywords}
    return np.array([not wanted or word.casefold() in wanted for word in rows["predicted"]], dtype=bool)
