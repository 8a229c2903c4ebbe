"""Maps of words: how concentrated their evidence is, and whether a word for a side looks to that side.

The control of both is a word that was not written, asked for at the same step of the same caption: what its map shows
too says nothing about the word that was.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.formatting import headline, written
from seewhy.metrics.captions import AXES, tokens
from seewhy.metrics.diagnosis import spread
from seewhy.stats import Estimate, mean

SIDES = {"left": (1, False), "right": (1, True), "top": (0, False), "bottom": (0, True)}  # word -> axis, far half
OPPOSITE = {one: other for pair in AXES.values() for one, other in (pair, pair[::-1])}
MOST = 6  # words named in a sentence
PARTLY = 0.5  # rank correlation below which two maps hardly agree
CHANCE = 0.5  # of the evidence is in one half of the picture
MARGIN = 0.1  # of the evidence: a word that differs by less from its opposite hardly differs
FULL = (
    "By {}, {} of the evidence for a word that names a side (*left*, *top*) lies on that side; of the evidence for its "
    "opposite, which was not written, {} lies on the other: {}."
)
BROUGHT = (
    "**A word for a side (*left*, *top*) brings its side along, written or not**, so that its map says little of the "
    "picture: by {}, {} of its evidence lies there, and {} of its unwritten opposite's on the other side: {}."
)
SHORT = "By {} it is {} and {}: {}."


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


def sides(
    rows: pd.DataFrame, maps: Mapping[str, Float[np.ndarray, "n h w"]], seed: int, words: str = "predicted"
) -> dict[str, Estimate]:
    """Does a word that names a side look there? Mean share of the evidence there, by method or control; `words`: the
    column of the words that the maps are of."""
    return {name: over_images(towards(some, rows[words].tolist()), rows["image"], seed) for name, some in maps.items()}


def over_others(rows: pd.DataFrame, maps: Mapping[str, Float[np.ndarray, "n h w"]], seed: int) -> dict[str, Estimate]:
    """By how much it looks there more than the caption's other words do (`same_image`), image by image."""
    words = rows["predicted"].tolist()
    apart = {name: towards(some, words) - same_image(rows, some) for name, some in maps.items()}
    return {name: over_images(some, rows["image"], seed) for name, some in apart.items()}


def opposites(rows: pd.DataFrame, known: Collection[str]) -> pd.DataFrame:
    """The rows whose word names a side, with the word for the other side (column `other`): those where `known`, the
    vocabulary, has it and the caption has not."""
    other = rows["predicted"].str.casefold().map(OPPOSITE)
    unwritten = [word not in tokens(text) for word, text in zip(other, rows["written"], strict=True)]
    return rows.assign(other=other)[other.isin(set(known)) & np.array(unwritten, bool)].reset_index(drop=True)


def over_opposite(
    rows: pd.DataFrame,
    maps: Mapping[str, Float[np.ndarray, "n h w"]],
    others: Mapping[str, Float[np.ndarray, "n h w"]],
    seed: int,
) -> dict[str, Estimate]:
    """By how much the word looks to its side more than its opposite, which was not written, looks to the other one.

    `rows` as `opposites` gives them, `others` are the maps of column `other` at the same steps. A word that brings its
    side along, whatever the picture shows, is at 0 or below.
    """
    written, other = rows["predicted"].tolist(), rows["other"].tolist()
    apart = {name: towards(maps[name], written) - towards(others[name], other) for name in maps}
    return {name: over_images(some, rows["image"], seed) for name, some in apart.items()}


def unsaid(rows: pd.DataFrame, seed: int) -> list[str]:
    """For each row a word that other captions have and its own has not, drawn at random; the row's own where there is
    none."""
    every, draw = sorted(set(rows["predicted"])), np.random.default_rng(seed)
    pairs = zip(rows["predicted"], rows["written"].str.split(), strict=True)
    return [str(draw.choice([word for word in every if word not in text] or [own])) for own, text in pairs]


def by_word(
    rows: pd.DataFrame, maps: Float[np.ndarray, "n h w"], control: Float[np.ndarray, "n h w"], seed: int
) -> pd.DataFrame:
    """`spread_by_word` of maps, and of the maps of words that were not said (`unsaid`)."""
    return spread_by_word(rows, spread(maps), spread(control), seed)


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


def by_kind(rows: pd.DataFrame, values: Float[np.ndarray, " n"], seed: int) -> dict[str, Estimate]:
    """Mean over images of what was measured word by word, for each kind of word."""
    kinds = rows["kind"].to_numpy()
    return {
        str(kind): over_images(values[kinds == kind], rows["image"].to_numpy()[kinds == kind], seed)
        for kind in sorted(set(kinds))
    }


def told(
    named: Mapping[str, Estimate],
    opposite: Mapping[str, Estimate],
    over: Mapping[str, Estimate],
    sided: int,
    onto: tuple[str, Estimate],
) -> str:
    """Page 02: do words look where they say? `named`: share of the evidence on the side that a word names, by method;
    `opposite`: that of the unwritten opposite word on its own side; `over`: the difference, image by image; `sided`
    captions name a side; `onto`: a method, and the lift on the objects of its evidence for words of place."""
    if not sided:
        return "**No caption names a side**, so no word can be held against the place it names."
    if not any(one.measured for one in over.values()):
        return f"**Not measured**: {sided} captions name a side, too few of them with evidence for its opposite too."
    brought = [name for name, one in named.items() if one.low > CHANCE and over[name].high < MARGIN]
    first = [*brought, *named][0]
    said = {
        name: (name, f"**{one.text('%')}**", opposite[name].text("%"), _judged(over[name]))
        for name, one in named.items()
    }
    lead = (BROUGHT if brought else FULL).format(*said.pop(first))
    return headline(f"{lead} {_onto(*onto)}".rstrip(), *(SHORT.format(*one) for one in said.values()))


def _onto(method: str, lift: Estimate) -> str:
    """Whether words of place have their evidence on the objects, as a sentence where it is clear."""
    if not lift.measured or lift.low <= 1 <= lift.high:
        return ""
    word = "**more**" if lift.low > 1 else "**less**"
    return (
        f"Words of place have {word} evidence on the objects than chance would put there, {lift.text('×')} by {method}."
    )


def localised(table: pd.DataFrame) -> str:
    """Which words of `by_word` are localised, as a sentence."""
    some = table[table["localised"] != "not measured"]
    yes = some.loc[some["localised"] == "yes", "word"].tolist()
    named = f": *{'*, *'.join(yes[:MOST])}*{' and others' if len(yes) > MOST else ''}" if yes else ""
    return (
        f"**{len(yes)} of {len(some)} words** that were measured have their evidence clearly more in one place than a "
        f"word that was not said has at the same step{named}."
    )


def tried(
    alike: Float[np.ndarray, " n"], trials: int, seed: int, others: Mapping[str, Float[np.ndarray, " n"]] | None = None
) -> str:
    """Page 04: can LIME's maps be read? `alike`: rank correlation of each word's map with that of another seed;
    `others`: with its maps by other methods, by their names."""
    stability = mean(alike, seed)
    shown = stability.text() if stability.measured else " and ".join(written(value) for value in alike) or "none here"
    first = (
        f"With {trials} trials LIME's ranks correlate over two seeds by **{shown}**: read only squares that both show."
    )
    return f"{first} {_beside(others or {})}".strip()


def _beside(others: Mapping[str, Float[np.ndarray, " n"]]) -> str:
    """How LIME's maps agree with those of other methods: the range over the words."""
    known = {name: values[np.isfinite(values)] for name, values in others.items()}
    known = {name: values for name, values in known.items() if len(values)}
    if not known:
        return ""
    parts = [f"{name} {written(values.min(), '+')} to {written(values.max(), '+')}" for name, values in known.items()]
    most = max(values.max() for values in known.values())
    word = "**hardly agrees** with" if most < PARTLY else "is to be read beside"
    return f"It {word} the maps of one backward pass: {', '.join(parts)}, by the first seed."


def _judged(difference: Estimate) -> str:
    """What a paired difference of shares allows to say of the word that was written."""
    if not difference.measured:
        return "too few to compare"
    word = "**more**" if difference.low > 0 else "**less**" if difference.high < 0 else "**no clear difference**"
    return f"{word} for the word that was written, {difference.text('points')}"
