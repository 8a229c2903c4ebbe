"""What the figures of page 06 say of the mistakes together: their neighbours, their kinds, the labels in doubt."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from seewhy.metrics.clusters import DRAWS, SILHOUETTE, Clusters
from seewhy.metrics.neighbours import KINDS, Sides
from seewhy.stats import FEWEST, Estimate, proportion, written

FEW = "Of one side only {} right images could be found, too few to say more"
ZONES = (
    "in the upper left",
    "at the top",
    "in the upper right",
    "at the left",
    "in the middle",
    "at the right",
    "in the lower left",
    "at the bottom",
    "in the lower right",
)
SIDES = {
    KINDS[0]: "**To this layer mistakes look like what they were taken for, more often than like what they are**: the "
    "error is there before the last step of the network",
    KINDS[1]: "**To this layer mistakes look like what they are, more often than like what they were taken for**: the "
    "error is made behind it",
    "": "Neither side is clearly more frequent than the other and than chance",
}


def nearest(found: Sides) -> str:
    """On whose side the nearest right images stand, beside chance."""
    if not found.open:
        return (
            "No right image is of a class that these mistakes are, or were taken for: on whose side their neighbours "
            "stand cannot be told."
        )
    answer, truth, other = (found.shares[kind] for kind in KINDS)
    by_chance = " and ".join(written(found.chance[kind], "%") for kind in KINDS[:2])
    rest = f", of another class in {written(other.value, '%')}" if other.value else ""
    return (
        f"The nearest right image is of the class that was answered in **{answer.text('%')}** of the mistakes, of the "
        f"true class in **{truth.text('%')}**{rest}; of right images drawn at random that would hold in {by_chance}. "
        f"{SIDES[found.side] if found.right >= FEWEST else FEW.format(found.right)}."
    )


def distinct(found: Clusters) -> str:
    """Whether the groups are kinds of mistakes, or only a sorting."""
    figures = (
        f"silhouette {written(found.silhouette)} (needed: {written(SILHOUETTE)}, and more than one cloud of maps "
        f"without groups gives, in {DRAWS} draws up to {written(found.control)})"
    )
    if found.distinct:
        return f"The maps of the mistakes fall into **{found.count} distinct groups**: {figures}."
    return (
        f"**The groups are not distinct**: {figures}. The {found.count} parts run into each other: "
        "read them as a sorting by place, not as kinds of mistakes."
    )


def group(number: int, pairs: Sequence[tuple[str, str, int]], mean: Float[np.ndarray, "h w"], inside: Estimate) -> str:
    """One group: its most frequent pair of true and predicted class, where its evidence lies, how much on the object.

    pairs: (true, predicted, count), the most frequent first; mean: of the group's maps.
    """
    images = sum(count for *_, count in pairs)
    true, predicted, count = pairs[0]
    zone, share = place(mean)
    told = f"**Group {number}** (n = {images}): {count} of {images} are *{true}* taken for *{predicted}*"
    seen = f"their evidence is densest {zone}, {written(share, '%')} of it on a ninth of the picture"
    on_object = f"; on the object lie {inside.text('%')}" if inside.measured else ""
    return f"{told}; {seen}{on_object}."


def place(cam: Float[np.ndarray, "h w"]) -> tuple[str, float]:
    """The ninth of the picture with most of a map's evidence, and the share that it holds."""
    height, width = cam.shape
    thirds = np.kron(cam, np.ones((3, 3))).reshape(3, height, 3, width).sum((1, 3)).ravel()
    best = int(np.round(thirds / thirds.sum(), 9).argmax())
    return ZONES[best], float(thirds[best] / thirds.sum())


def doubted(share: Estimate, wrong: int) -> str:
    """How many labels the model doubts; `wrong` of them are mistakes."""
    count = round(share.value * share.n)
    if not count:
        return f"The model is not confident of another class in any of the {share.n} labelled images."
    among = f"; {wrong} of them are mistakes of this page" if wrong < count else ", all of them mistakes of this page"
    return (
        f"In **{count} of {share.n}** labelled images the model is as sure of another class as it usually is where "
        f"that is the label: {share.text('%')}{among}. **These labels are worth a look first.**"
    )


def system(pairs: Sequence[tuple[str, str, int]], kinds: Clusters | None) -> str:
    """Is there a system in the mistakes? A sentence for the top of the page; empty where nothing is decisive.

    pairs: as for `group`, of all mistakes; kinds: None where they were not grouped.
    """
    if kinds is not None and kinds.distinct:
        return f"**There is a system in it**: their maps fall into {kinds.count} distinct groups."
    if not pairs:
        return ""
    true, predicted, count = pairs[0]
    share = proportion(np.arange(sum(images for *_, images in pairs)) < count)
    if share.low <= 0.5:
        return ""
    return f"**There is a system in it**: {count} of these are *{true}* taken for *{predicted}*, {share.text('%')}."
