"""Maps of words: how concentrated their evidence is, and whether a word for a side looks to that side.

The control of both is a word that was not written, asked for at the same step of the same caption: what its map shows
too says nothing about the word that was.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.metrics.captions import AXES, split_words
from seewhy.stats import Estimate, mean

SIDES = {"left": (1, False), "right": (1, True), "top": (0, False), "bottom": (0, True)}  # word -> axis, far half
OPPOSITE = {one: other for pair in AXES.values() for one, other in (pair, pair[::-1])}
CHANCE = 0.5  # of the evidence is in one half of the picture


def evidence_towards(maps: Float[np.ndarray, "n h w"], words: Sequence[str]) -> Float[np.ndarray, " n"]:
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
            share = float((along * _half_mask(len(along), far)).sum() / total[k])
            found[k] = share
    return found


def _half_mask(cells: int, far: bool) -> Float[np.ndarray, " cells"]:
    """1 in one half, 0 in the other."""
    place = np.arange(cells) - (cells - 1) / 2
    return np.heaviside(place if far else -place, 0.5)


def same_image(rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, " n"]:
    """For each word that names a side: what `evidence_towards` finds, on average, in the maps of those words of the
    same caption that name none. The control that knows the image: where all is on the left, every word looks left."""
    words, images = rows["predicted"].to_numpy(), rows["image"].to_numpy()
    naming = np.array([word.casefold() in SIDES for word in words], dtype=bool)
    found = np.full(len(rows), np.nan)
    for k in np.flatnonzero(naming):
        others = maps[(images == images[k]) & ~naming]
        shares = evidence_towards(others, [words[k]] * len(others))
        if np.isfinite(shares).any():
            found[k] = np.nanmean(shares)
    return found


def over_images(values: Float[np.ndarray, " n"], images: Sequence[str], seed: int) -> Estimate:
    """Mean of what was measured word by word, first within each image: words of one caption are not independent."""
    frame = pd.DataFrame({"value": values, "image": list(images)})
    return mean(frame.groupby("image", sort=False)["value"].mean().to_numpy(), seed)


def opposite_words(rows: pd.DataFrame, known: Collection[str]) -> pd.DataFrame:
    """The rows whose word names a side, with the word for the other side (column `other`): those where `known`, the
    vocabulary, has it and the caption has not."""
    other = rows["predicted"].str.casefold().map(OPPOSITE)
    unwritten = [word not in split_words(text) for word, text in zip(other, rows["written"], strict=True)]
    return rows.assign(other=other)[other.isin(set(known)) & np.array(unwritten, bool)].reset_index(drop=True)


def unsaid_words(rows: pd.DataFrame, seed: int) -> list[str]:
    """For each row a word that other captions have and its own has not, drawn at random; the row's own where there is
    none."""
    every, draw = sorted(set(rows["predicted"])), np.random.default_rng(seed)
    pairs = zip(rows["predicted"], rows["written"].str.split(), strict=True)
    return [str(draw.choice([word for word in every if word not in text] or [own])) for own, text in pairs]


def spread_by_word(
    rows: pd.DataFrame, own: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"], seed: int
) -> pd.DataFrame:
    """How concentrated the attribution to each word is, one row a word, the most frequent first.

    Args:
        rows: words with image, predicted (the word) and kind.
        own: spread of each word's map, a share of the picture; NaN for an empty map.
        other: spread of the map of a word that was not said, at the same place.
        seed: of the intervals.

    Returns:
        word, kind, maps, without evidence, spread with interval, spread of the words not said, and whether the word is
        localised: less spread than these, image by image, with the whole interval.
    """
    found = []
    for word, part in rows.reset_index(drop=True).groupby("predicted", sort=True):
        images, at = part["image"].tolist(), part.index
        one, rest, apart = (over_images(some[at], images, seed) for some in (own, other, own - other))
        told = "not measured" if not apart.measured else "yes" if apart.high < 0 else "no"
        empty = int(np.isnan(own[at]).sum())
        found.append((word, part["kind"].iloc[0], len(part), empty, one.value, one.low, one.high, rest.value, told))
    names = ["word", "kind", "maps", "without evidence", "spread", "low", "high", "not said", "localised"]
    table = pd.DataFrame(found, columns=names)
    return table.sort_values(["maps", "word"], ascending=[False, True], ignore_index=True)
