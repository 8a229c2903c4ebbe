"""Maps of words: how concentrated their evidence is, and whether a word for a side looks to that side."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.audit.statistics import Estimate, mean
from seewhy.audit.units import written

SIDES = {"left": (1, False), "right": (1, True), "top": (0, False), "bottom": (0, True)}  # word -> axis, far half
MOST = 6  # words named in a sentence
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


def sides(rows: pd.DataFrame, maps: Mapping[str, Float[np.ndarray, "n h w"]], seed: int) -> dict[str, Estimate]:
    """Does a word that names a side look there? Mean share of the evidence there, by method or control."""
    words = rows["predicted"].tolist()
    return {name: over_images(towards(some, words), rows["image"], seed) for name, some in maps.items()}


def over_others(rows: pd.DataFrame, maps: Mapping[str, Float[np.ndarray, "n h w"]], seed: int) -> dict[str, Estimate]:
    """By how much it looks there more than the caption's other words do (`same_image`), image by image."""
    words = rows["predicted"].tolist()
    apart = {name: towards(some, words) - same_image(rows, some) for name, some in maps.items()}
    return {name: over_images(some, rows["image"], seed) for name, some in apart.items()}


def by_word(
    rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"], control: Float[np.ndarray, "n h w"], seed: int
) -> pd.DataFrame:
    """How concentrated the evidence for each word is: word, kind, maps, without evidence, spread with interval, and
    whether it is localised: the whole interval below the mean of the same maps of noise."""
    own, chance = spread(maps), noise(control)
    found = []
    for word, part in rows.reset_index(drop=True).groupby("predicted", sort=True):
        one = over_images(own[part.index], part["image"].tolist(), seed)
        empty = int(np.isnan(own[part.index]).sum())
        told = "not measured" if not one.measured else "yes" if one.high < chance else "no"
        found.append((word, part["kind"].iloc[0], len(part), empty, one.value, one.low, one.high, told))
    names = ["word", "kind", "maps", "without evidence", "spread", "low", "high", "localised"]
    table = pd.DataFrame(found, columns=names)
    return table.sort_values(["maps", "word"], ascending=[False, True], ignore_index=True)


def noise(control: Float[np.ndarray, "n h w"]) -> float:
    """Mean spread of maps of noise; that of an even map where there are none."""
    return float(spread(control).mean()) if len(control) else HALF


def by_kind(rows: pd.DataFrame, values: Float[np.ndarray, " n"], seed: int) -> dict[str, Estimate]:
    """Mean over images of what was measured word by word, for each kind of word."""
    kinds = rows["kind"].to_numpy()
    return {
        str(kind): over_images(values[kinds == kind], rows["image"].to_numpy()[kinds == kind], seed)
        for kind in sorted(set(kinds))
    }


def told(named: Mapping[str, Estimate], over: Mapping[str, Estimate], sided: int, blind: Sequence[str]) -> str:
    """Page 02: do words look where they say? `named`: share of the evidence on the side that a word names, by method;
    `over`: how much more that is than in the caption's other words; `sided` captions name a side; `blind`: words that
    are not localised."""
    if not sided:
        first = "**No caption names a side**, so no word can be held against the place it names."
    elif not all(one.measured for one in over.values()):
        first = f"**Not measured**: of too few captions that name a side ({sided}) all words have evidence."
    else:
        parts = [f"{one.text('%')} by {method}, {_judged(over[method])}" for method, one in named.items()]
        first = (
            "Words that name a side (*left*, *top*) have this share of their evidence there, where chance has 50 % and "
            f"beside the caption's other words: {'; '.join(parts)}."
        )
    some = f"*{'*, *'.join(blind[:MOST])}*{' and others' if len(blind) > MOST else ''}"
    return f"{first} Not localised: {some if blind else 'none of the words measured'}."


def tried(alike: Float[np.ndarray, " n"], trials: int, seed: int) -> str:
    """Page 04: can LIME's maps be read? `alike`: rank correlation of each word's map with that of another seed."""
    stability = mean(alike, seed)
    shown = stability.text() if stability.measured else " and ".join(written(value) for value in alike) or "none here"
    return (
        f"With {trials} trials LIME's ranks correlate over two seeds by **{shown}**. **Read only squares that both "
        "seeds show**, and where these are few raise `trials`."
    )


def _judged(difference: Estimate) -> str:
    """What a difference to the other words allows to say."""
    if difference.low > 0:
        return f"**more** ({written(difference.value, '+')})"
    verdict = "**less**" if difference.high < 0 else "**no clear difference**"
    return f"{verdict} ({written(difference.value, '+')})"
