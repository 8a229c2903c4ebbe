"""One mechanism behind every candidate: carry a property from a donor into a picture, and see whose class gains.

The effect for class k is the gain in log-odds of k over the picture's own class when the donor is predicted k, less the
gain of the same edit with a donor of the picture's own class. Seams, place and strangeness are the same in both, so
they cancel. Bases are pictures of other classes; donors are drawn without repeats as long as there are any.

Where outputs are asked for themselves (labels, numbers) donors have the label, or a high number; bases and the donors
of the control have not; and the effect is the gain of that one output.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.special import stdtrit

Photo = UInt8[np.ndarray, "h w c"]
Edit = Callable[[int, int], Photo]  # (base, donor), as numbers of pictures -> the changed base
Scores = Callable[[Sequence[Photo]], Float[np.ndarray, "m classes"]]
FEWEST = 5  # bases, and donors, below which nothing is measured


@dataclass(frozen=True)
class Pictures:
    """What a sweep works on: pictures as the network sees them, and the model.

    photos (n, h, w, c): before scale, mean and std. scores: photos -> a score for each target (logits; numbers in units
    of the labels' spread).
    """

    photos: UInt8[np.ndarray, "n h w c"]
    scores: Scores


@dataclass(frozen=True)
class Pairing:
    """Who is changed with whom for one target: bases, a donor that has it for each, and a donor `same` as the base.

    against: the base's own class, whose score is subtracted; None where the target's score is asked for itself.
    """

    target: int
    bases: Int[np.ndarray, " b"]
    donors: Int[np.ndarray, " b"]
    same: Int[np.ndarray, " b"]
    against: Int[np.ndarray, " b"] | None = None

    def renumber(self, used: Int[np.ndarray, " u"]) -> "Pairing":
        """The same pictures, by their places in `used`, which is sorted and holds them all."""
        bases, donors, same = (np.searchsorted(used, one) for one in (self.bases, self.donors, self.same))
        return replace(self, bases=bases, donors=donors, same=same)


@dataclass(frozen=True)
class Effect:
    """Mean gain in log-odds of a class, its interval, and how many bases and donors it rests on."""

    value: float
    low: float
    high: float
    n: int
    donors: int


def pair_classes(predicted: Int[np.ndarray, " n"], most: int, seed: int) -> list[Pairing]:
    """A pairing for each class with enough pictures to be donors and enough others to be bases, the most frequent
    first, with at most `most` bases, spread evenly over their classes."""
    draw = np.random.default_rng(seed)
    by_class = {k: np.flatnonzero(predicted == k) for k in np.unique(predicted).tolist()}
    able = np.isin(predicted, [k for k, own in by_class.items() if len(own) > 1])
    turn = _deal_turns(predicted, draw)
    same = np.array([_draw_other(by_class[int(k)], i, draw) for i, k in enumerate(predicted)])
    found, numbers = [], np.unique(predicted)
    for target in numbers[list_usable_targets(predicted[:, None] == numbers)].tolist():
        others = np.flatnonzero(able & (predicted != target))
        bases = others[np.argsort(turn[others], kind="stable")][:most]
        if len(bases) >= FEWEST:
            donors = _draw_repeated(by_class[target], len(bases), draw)
            found.append(Pairing(target, bases, donors, same[bases], predicted[bases]))
    return found


def pair_states(
    has: Bool[np.ndarray, "n targets"],
    lacks: Bool[np.ndarray, "n targets"],
    targets: Sequence[int],
    most: int,
    seed: int,
) -> list[Pairing]:
    """A pairing for each of `targets`, with at most `most` bases: donors have it, bases and `same` lack it."""
    draw, found = np.random.default_rng(seed), []
    for target in targets:
        own, others = np.flatnonzero(has[:, target]), np.flatnonzero(lacks[:, target])
        bases = draw.permutation(others)[:most]
        same = np.array([_draw_other(others, base, draw) for base in bases])
        found.append(Pairing(target, bases, _draw_repeated(own, len(bases), draw), same))
    return found


def list_usable_targets(
    has: Bool[np.ndarray, "n targets"], lacks: Bool[np.ndarray, "n targets"] | None = None
) -> list[int]:
    """Targets that enough pictures have, and enough others lack (default: all that have it not), the most frequent
    first.

    >>> list_usable_targets(np.arange(12)[:, None] < [6, 7, 2])
    [1, 0]
    """
    counts, rest = has.sum(0), (~has if lacks is None else lacks).sum(0)
    order = np.argsort(-counts, kind="stable")
    return [int(k) for k in order if min(counts[k], rest[k]) >= FEWEST]


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
    pictures: Pictures, pairing: Pairing, edit: Edit, kept: dict[tuple[int, int], np.ndarray]
) -> Float[np.ndarray, " b"]:
    """The effect of one edit on every base of a pairing; see the head of this file.

    `kept` holds the scores of control edits by base and donor, which pairings share; it is filled here.
    """
    bases = pairing.bases.tolist()
    controls = list(zip(bases, pairing.same.tolist(), strict=True))
    new = [pair for pair in dict.fromkeys(controls) if pair not in kept]
    made = [edit(base, donor) for base, donor in zip(bases, pairing.donors.tolist(), strict=True)]
    scores = pictures.scores([*made, *(edit(base, donor) for base, donor in new)])
    kept |= dict(zip(new, scores[len(made) :], strict=True))
    change = scores[: len(made)] - np.stack([kept[pair] for pair in controls])
    gained = change[:, pairing.target]
    return gained if pairing.against is None else gained - change[np.arange(len(made)), pairing.against]


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
