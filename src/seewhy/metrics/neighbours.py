"""Which images a layer takes for alike, by the cosine of pooled features, and of which class the nearest ones are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from seewhy.stats import FEWEST, Estimate, proportion

DIGITS = 6  # similarities that agree to so many are equal, and the first image counts: sums differ in the last bits
KINDS = ("its answer", "its true class", "another class")


def find_nearest(
    queries: Float[np.ndarray, "m c"], pool: Float[np.ndarray, "n c"], count: int
) -> tuple[Int[np.ndarray, "m k"], Float[np.ndarray, "m k"]]:
    """For each query its `count` nearest in the pool (all of a smaller one), the most alike first: index, similarity.

    Similarity is the cosine of the two vectors, 0 where either is zero throughout. Of equals the first counts.
    """
    alike = np.round(_unit_vectors(queries) @ _unit_vectors(pool).T, DIGITS) + 0.0
    order = np.argsort(-alike, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(alike, order, 1)


def _unit_vectors(vectors: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
    plain = np.asarray(vectors, dtype=float)
    length = np.linalg.norm(plain, axis=1, keepdims=True)
    return plain / np.where(length > 0, length, 1)


def neighbour_kinds(
    found: np.ndarray | Sequence[Sequence[str]], answers: Sequence[str], truths: Sequence[str]
) -> np.ndarray:
    """For each neighbour (m, k) of a mistake, by its class: one of `KINDS`."""
    classes = np.asarray(found, dtype=object)
    said, true = (np.asarray(names, dtype=object)[:, None] for names in (answers, truths))
    return np.select([classes == said, classes == true], KINDS[:2], KINDS[2])


@dataclass(frozen=True)
class Sides:
    """On whose side the nearest right image of a mistake stands: share of mistakes with that kind of neighbour, and
    the share that right images drawn at random would give."""

    shares: dict[str, Estimate]
    chance: dict[str, float]
    right: int  # images to be found of the classes answered, or of the true ones: the fewer of the two

    @property
    def has_sides(self) -> bool:
        """Whether any right image is of a class that a mistake is, or was taken for: else there are no sides."""
        return any(self.chance[kind] for kind in KINDS[:2])

    @property
    def frequent_side(self) -> str:
        """The kind that is clearly more frequent than the opposite one and than chance; empty where neither is, or
        where either has hardly an image to be found."""
        if self.right < FEWEST:
            return ""
        for one, other in (KINDS[:2], KINDS[1::-1]):
            if self.shares[one].low > max(self.shares[other].high, self.chance[one]):
                return one
        return ""


def count_sides(found: Sequence[str], answers: Sequence[str], truths: Sequence[str], pool: Sequence[str]) -> Sides:
    """`found` is the class of each mistake's nearest right image, `pool` the classes of all right images."""
    there = neighbour_kinds(np.asarray(found, dtype=object)[:, None], answers, truths)[:, 0]
    frequency = {name: float(np.mean(np.asarray(pool, dtype=object) == name)) for name in {*answers, *truths}}
    said, true = (float(np.mean([frequency[name] for name in names])) for names in (answers, truths))
    chance = dict(zip(KINDS, (said, true, max(0.0, 1 - said - true)), strict=True))
    right = min(sum(name in names for name in pool) for names in ({*answers}, {*truths}))
    return Sides({kind: proportion(there == kind) for kind in KINDS}, chance, right)
