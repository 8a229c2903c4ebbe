"""Candidates of each target: squares, whole-picture properties and parts, ranked by what they do to the prediction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool

from seewhy.measure.discovery.edits import FRAME, Place, part_edit, square_edit, whole_edits
from seewhy.measure.discovery.parts import main_place
from seewhy.measure.discovery.transfer import Edit, Effect, Pairing, Pictures, estimate_effect, gained_odds

CHANCE = 0.05  # of a false candidate anywhere in a study: shared by all edits of all classes
COARSE = 4  # squares along a side at first
REFINED = 4  # squares of a class that are looked at again, in quarters
SHARP = 0.5  # share of a square's effect that its quarter must keep to stand for it
SHOWN = 5  # candidates a class
FRAME_AREA = 1 - (1 - 2 * FRAME) ** 2  # share of a square picture that its border takes

Progress = Callable[[Iterable, int, str], Iterable]


@dataclass(frozen=True)
class Candidate:
    """Something that moves the prediction towards a target when it comes from a picture that has it.

    kind: "square", "whole" or "part". name: of the property, or the number of the part. place: x0, y0, x1, y1 in shares
    of the picture; None for the whole picture. area: the share of the picture that is changed. removal: of a part, by
    how much the prediction is weaker without it at its layer.
    """

    target: int
    kind: str
    name: str
    place: Place | None
    effect: Effect
    area: float
    removal: Effect | None = None

    @property
    def rank_strength(self) -> float:
        """What it is ranked by: the lower end of the effect over the root of the area that was changed, so that a small
        tag is not hidden by the object, which moves more because there is more of it."""
        return self.effect.low / self.area**0.5

    @property
    def has_effect(self) -> bool:
        """Whether its effect is above 0, after correction for all edits that were tried."""
        return self.effect.low > 0


@dataclass
class Sweep:
    """All edits of a study, measured when asked for; control edits are made once for all classes."""

    pictures: Pictures
    pairings: list[Pairing]
    masks: list[Bool[np.ndarray, "n h w"]]

    def __post_init__(self) -> None:
        tried = COARSE**2 + 4 * REFINED + len(whole_edits(self.pictures.photos)) + len(self.masks)
        self.chance = CHANCE / max(1, tried * len(self.pairings))

    def measure_edit(
        self, edit: Edit, kind: str, name: str, place: Place | None, area: float, some: list[Pairing]
    ) -> list[Candidate]:
        """A candidate for each pairing: what the edit does for its class."""
        kept: dict[tuple[int, int], np.ndarray] = {}
        found = []
        for pairing in some:
            values = gained_odds(self.pictures, pairing, edit, kept)
            effect = estimate_effect(values, pairing.donors, self.chance)
            found.append(Candidate(pairing.target, kind, name, place, effect, area))
        return found

    def measure_square(self, place: Place, some: list[Pairing]) -> list[Candidate]:
        """`measure_edit` of a square."""
        area = (place[2] - place[0]) * (place[3] - place[1])
        return self.measure_edit(square_edit(self.pictures.photos, place), "square", "", place, area, some)


def find_candidates(
    pictures: Pictures, pairings: list[Pairing], masks: list[Bool[np.ndarray, "n h w"]], progress: Progress
) -> dict[int, list[Candidate]]:
    """For each class its strongest candidates, at most `SHOWN`, the strongest first."""
    sweep = Sweep(pictures, pairings, masks)
    places = progress(grid_places(COARSE), COARSE**2, "squares")
    found = [one for place in places for one in sweep.measure_square(place, pairings)]
    fine = _refine_squares(sweep, found, progress)
    photos = pictures.photos
    for name, edit in whole_edits(photos).items():
        fine += sweep.measure_edit(edit, "whole", name, None, FRAME_AREA if name == "border" else 1.0, pairings)
    for number, mask in enumerate(masks, start=1):
        area = 1 - (1 - float(mask.mean())) ** 2  # where the base or the donor has it
        fine += sweep.measure_edit(part_edit(photos, mask), "part", str(number), main_place(mask), area, pairings)
    moving = [one for one in fine if one.effect.value > 0]
    return {
        one.target: rank_candidates([own for own in moving if own.target == one.target])[:SHOWN] for one in pairings
    }


def grid_places(side: int) -> list[Place]:
    """The squares of a grid, row by row."""
    return [(x / side, y / side, (x + 1) / side, (y + 1) / side) for y, x in product(range(side), repeat=2)]


def quarter_places(place: Place) -> list[Place]:
    """The four quarters of a square."""
    x0, y0, x1, y1 = place
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return [(x0, y0, x, y), (x, y0, x1, y), (x0, y, x, y1), (x, y, x1, y1)]


def _refine_squares(sweep: Sweep, coarse: list[Candidate], progress: Progress) -> list[Candidate]:
    """The squares of each class, the strongest replaced by those of their quarters that keep most of the effect."""
    wanted: dict[Place, list[Pairing]] = {}
    for pairing in sweep.pairings:
        own = sorted((one for one in coarse if one.target == pairing.target), key=_falling_key)
        for one in own[:REFINED]:
            if one.place and one.effect.low > -abs(one.effect.value):
                wanted.setdefault(one.place, []).append(pairing)
    found, replaced = list(coarse), set()
    for place in progress(wanted, len(wanted), "quarters"):
        quarters = [one for part in quarter_places(place) for one in sweep.measure_square(part, wanted[place])]
        for one in (one for one in coarse if one.place == place):
            own = [part for part in quarters if part.target == one.target]
            sharp = [part for part in own if part.effect.value >= SHARP * one.effect.value > 0]
            if sharp:
                replaced.add((one.target, place))
                found += sharp
    return [one for one in found if (one.target, one.place) not in replaced]


def rank_candidates(found: list[Candidate]) -> list[Candidate]:
    """By strength; a square beside a stronger one comes after all others, and a property of the whole picture comes
    before what is in one place where its effect is the larger one."""
    first: list[Candidate] = []
    later: list[Candidate] = []
    for one in sorted((one for one in found if one.area < 1), key=_falling_key):
        (later if any(_are_touching(one, other) for other in first) else first).append(one)
    local = first + later
    for one in sorted((one for one in found if one.area == 1), key=_falling_key):
        weaker = (k for k, other in enumerate(local) if other.effect.low < one.effect.low)
        local.insert(next(weaker, len(local)), one)
    return local


def _falling_key(one: Candidate) -> tuple[float, float]:
    return -one.rank_strength, -one.effect.value


def _are_touching(one: Candidate, other: Candidate) -> bool:
    """Whether two squares share a side or overlap."""
    if not (one.kind == other.kind == "square") or one.place is None or other.place is None:
        return False
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one.place, other.place
    across, down = min(ax1, bx1) - max(ax0, bx0), min(ay1, by1) - max(ay0, by0)
    return (across >= 0 and down > 0) or (across > 0 and down >= 0)
