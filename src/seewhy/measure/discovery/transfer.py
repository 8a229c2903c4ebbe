"""One mechanism behind every candidate: carry a property from a donor into a picture, and see whose class gains.

The effect for class k is the gain in log-odds of k over the picture's own class when the donor is predicted k, less the
gain of the same edit with a donor of the picture's own class. Seams, place and strangeness are the same in both, so
they cancel. Bases are pictures of other classes; donors are drawn without repeats as long as there are any.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.special import stdtrit

Photo = UInt8[np.ndarray, "h w c"]
Edit = Callable[[int, int], Photo]  # (base, donor), as numbers of pictures -> the changed base
Scores = Callable[[Sequence[Photo]], Float[np.ndarray, "m classes"]]
FEWEST = 5  # bases, and donors, below which nothing is measured


@dataclass(frozen=True)
class Pictures:
    """What a sweep works on: pictures as the network sees them, the class predicted for each, and the model.

    photos (n, h, w, c): before scale, mean and std. predicted (n,): class numbers. scores: photos -> one log-odds-like
    score a class (logits).
    """

    photos: UInt8[np.ndarray, "n h w c"]
    predicted: Int[np.ndarray, " n"]
    scores: Scores

    @property
    def usable_classes(self) -> list[int]:
        """Classes with enough pictures to be donors and enough others to be bases, the most frequent first."""
        numbers, counts = np.unique(self.predicted, return_counts=True)
        able = (counts >= FEWEST) & (len(self.predicted) - counts >= FEWEST)
        return numbers[able][np.argsort(-counts[able], kind="stable")].tolist()


@dataclass(frozen=True)
class Pairing:
    """Who is changed with whom for one class: bases, a donor of the class for each, and one of the base's own class."""

    target: int
    bases: Int[np.ndarray, " b"]
    donors: Int[np.ndarray, " b"]
    same: Int[np.ndarray, " b"]


@dataclass(frozen=True)
class Effect:
    """Mean gain in log-odds of a class, its interval, and how many bases and donors it rests on."""

    value: float
    low: float
    high: float
    n: int
    donors: int


def pair_pictures(pictures: Pictures, most: int, seed: int) -> list[Pairing]:
    """A pairing for each of `pictures.usable_classes`, with at most `most` bases, spread evenly over their classes."""
    draw = np.random.default_rng(seed)
    by_class = {k: np.flatnonzero(pictures.predicted == k) for k in np.unique(pictures.predicted).tolist()}
    able = np.isin(pictures.predicted, [k for k, own in by_class.items() if len(own) > 1])
    turn = _deal_turns(pictures.predicted, draw)
    same = np.array([_draw_other(by_class[int(k)], i, draw) for i, k in enumerate(pictures.predicted)])
    found = []
    for target in pictures.usable_classes:
        others = np.flatnonzero(able & (pictures.predicted != target))
        bases = others[np.argsort(turn[others], kind="stable")][:most]
        if len(bases) >= FEWEST:
            found.append(Pairing(target, bases, _draw_repeated(by_class[target], len(bases), draw), same[bases]))
    return found


def _deal_turns(predicted: Int[np.ndarray, " n"], draw: np.random.Generator) -> Int[np.ndarray, " n"]:
    """In which round of dealing one picture a class each picture comes, in random order."""
    order, turn = draw.permutation(len(predicted)), np.empty(len(predicted), int)
    for k in np.unique(predicted):
        own = order[predicted[order] == k]
        turn[own] = np.arange(len(own))
    return turn


def _draw_other(group: Int[np.ndarray, " k"], one: int, draw: np.random.Generator) -> int:
    rest = group[group != one]
    return int(draw.choice(rest)) if len(rest) else one


def _draw_repeated(group: Int[np.ndarray, " k"], n: int, draw: np.random.Generator) -> Int[np.ndarray, " n"]:
    """`n` of a group in random order, each once before any comes again."""
    rounds = [draw.permutation(group) for _ in range(-(-n // len(group)))]
    return np.concatenate(rounds)[:n]


def gained_odds(
    pictures: Pictures, pairing: Pairing, edit: Edit, kept: dict[int, np.ndarray]
) -> Float[np.ndarray, " b"]:
    """The effect of one edit on every base of a pairing; see the head of this file.

    `kept` holds the scores of control edits by base, which the pairings of all classes share; it is filled here.
    """
    new = [base for base in pairing.bases.tolist() if base not in kept]
    same = dict(zip(pairing.bases.tolist(), pairing.same.tolist(), strict=True))
    made = [edit(base, donor) for base, donor in zip(pairing.bases.tolist(), pairing.donors.tolist(), strict=True)]
    scores = pictures.scores([*made, *(edit(base, same[base]) for base in new)])
    kept |= dict(zip(new, scores[len(made) :], strict=True))
    control = np.stack([kept[base] for base in pairing.bases.tolist()])
    row, own = np.arange(len(made)), pictures.predicted[pairing.bases]
    return sum(
        sign * (some[row, pairing.target] - some[row, own]) for sign, some in ((1, scores[: len(made)]), (-1, control))
    )


def estimate_effect(values: Float[np.ndarray, " b"], donors: Int[np.ndarray, " b"], chance: float) -> Effect:
    """Mean effect with a two-sided interval that misses with probability `chance`, clustered by donor.

    A donor that serves several bases makes their values alike: the variance is that of donor totals (Liang and Zeger
    1986), with Student's t on the number of donors.
    """
    n, mean = len(values), float(values.mean())
    groups, place = np.unique(donors, return_inverse=True)
    if n < FEWEST or len(groups) < 2:
        return Effect(mean, -np.inf, np.inf, n, len(groups))
    totals = np.bincount(place, values - mean)
    spread = np.sqrt((totals**2).sum() * len(groups) / (len(groups) - 1)) / n
    half = float(stdtrit(len(groups) - 1, 1 - chance / 2) * spread)
    return Effect(mean, mean - half, mean + half, n, len(groups))
