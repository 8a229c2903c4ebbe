"""Does the score fall when what a map marks is taken away? One sweep of altered images for all methods and metrics.

A map ranks its cells. Taking them away in that order should make the score fall soon (deletion), showing them in that
order should make it rise soon (insertion; both Petsiuk et al. 2018, RISE). What is hidden becomes the image's mean
colour in deletion and its blur in insertion, as in the paper: a flat colour over little of an image, a blur over much
of it, make the fewest shapes of their own. Altered images that several methods ask for are shown to the model once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.engine.targets import Rule
from seewhy.metrics.perturbed_images import WHOLE, Altered


@dataclass(frozen=True)
class Sweep:
    """Scores of altered images, by method; NaN where a map ranks nothing. `shares` of the cells that were treated;
    `passes`: how many altered images the model was shown."""

    shares: Float[np.ndarray, " s"]
    deletion: dict[str, Float[np.ndarray, "n s"]]
    insertion: dict[str, Float[np.ndarray, "n s"]]
    masked: dict[str, Float[np.ndarray, " n"]]
    road: dict[str, Float[np.ndarray, " n"]]
    scores: Float[np.ndarray, " n"]
    passes: int

    def curve_area(self, curves: Float[np.ndarray, "n s"]) -> Float[np.ndarray, " n"]:
        """Area under each curve, over the share of cells from 0 to 1."""
        return np.trapezoid(curves, self.shares, axis=1)

    def is_meaningful(self, kind: str) -> Bool[np.ndarray, " n"]:
        """Images for which that kind of curve (deletion, insertion) can mean anything: the photo scores higher than
        what covers all of it. Where the cover itself looks like the target, taking cells away adds to the score."""
        curves = getattr(self, kind).values()  # all begin and end alike; a map that ranks nothing has none
        start, end = (np.fmax.reduce([some[:, k] for some in curves]) for k in (0, -1))
        return start > end if kind == "deletion" else end > start

    def meaningful_curves(self, kind: str) -> dict[str, Float[np.ndarray, "n s"]]:
        """Curves of that kind, NaN for the images that are not `is_meaningful`."""
        return {
            name: np.where(self.is_meaningful(kind)[:, None], some, np.nan)
            for name, some in getattr(self, kind).items()
        }

    def score_drop(self, method: str) -> Float[np.ndarray, " n"]:
        """Share of the score lost when the image is shown through the map. Chattopadhay et al. 2018, average drop."""
        lost = (self.scores - self.masked[method]).clip(0)
        return np.where(self.scores > 0, lost / np.where(self.scores > 0, self.scores, 1), np.nan)

    def score_increase(self, method: str) -> Float[np.ndarray, " n"]:
        """1 where the image seen through the map scores higher, else 0. Chattopadhay et al. 2018, average increase."""
        return np.where(np.isnan(self.masked[method]), np.nan, self.masked[method] > self.scores)


def sweep_maps(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    score: Rule,
    targets: Sequence[int],
    maps: Mapping[str, Float[np.ndarray, "n h w"]],
    steps: int,
    seed: int,
) -> Sweep:
    """Curves, average drop and ROAD of all `maps` (signed, all of one shape), for target `targets[i]` of image i.

    At most `steps` steps, and no more than a map has cells. The model is asked as it is: it should be in eval mode.
    """
    each = zip(
        images, targets, ({name: some[k] for name, some in maps.items()} for k in range(len(images))), strict=True
    )
    return join_sweeps([_sweep_image(model, image, score, target, own, steps, seed) for image, target, own in each])


def join_sweeps(parts: Sequence[Sweep]) -> Sweep:
    """The sweeps of several batches as one."""
    tables = {
        kind: {name: np.concatenate([getattr(part, kind)[name] for part in parts]) for name in parts[0].deletion}
        for kind in ("deletion", "insertion", "masked", "road")
    }
    scores, passes = np.concatenate([part.scores for part in parts]), sum(part.passes for part in parts)
    return Sweep(shares=parts[0].shares, scores=scores, passes=passes, **tables)


def step_counts(cells: int, steps: int) -> Int[np.ndarray, " s"]:
    """How many cells are treated at each step: equal strides from none to all, the last one cut where it must be."""
    stride = -(-cells // min(steps, cells))
    return np.append(np.arange(0, cells, stride), cells)


def _sweep_image(
    model: nn.Module,
    image: Float[Tensor, "c h w"],
    score: Rule,
    target: int,
    maps: Mapping[str, Float[np.ndarray, "h w"]],
    steps: int,
    seed: int,
) -> Sweep:
    """The sweep of one image."""
    altered = Altered(image, seed)
    counts = step_counts(next(iter(maps.values())).size, steps)
    asked = {name: altered.questions_of(some, counts) for name, some in maps.items()}
    found = altered.ask_model(model, score, target)
    return Sweep(
        counts / counts[-1],
        {name: np.array([[found[key] for key in one.deletion]]) for name, one in asked.items()},
        {name: np.array([[found[key] for key in one.insertion]]) for name, one in asked.items()},
        {name: np.array([found[one.masked]]) for name, one in asked.items()},
        {name: np.array([np.mean([found[b] - found[a] for a, b in one.road]) / 2]) for name, one in asked.items()},
        np.array([found[WHOLE]]),
        len(altered.versions),
    )
