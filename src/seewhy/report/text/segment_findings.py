"""What the figures of a segmentation study's pages say, in at most two sentences; `findings` has the others."""

from collections.abc import Mapping

import pandas as pd

from seewhy.formatting import headline
from seewhy.stats import Estimate


def overlap(ious: Mapping[str, Estimate], masked: int, images: int, seen: Mapping[str, int]) -> str:
    """Page 01: how well it finds its classes. `seen`: in how many of the images each class is found at all."""
    if not masked:
        told = ", ".join(f"*{name}* in {count}" for name, count in seen.items())
        return f"**IoU was not run**: this dataset has no masks. Of {images} images the model finds {told}."
    told = "; ".join(f"*{name}* **{one.text()}**" for name, one in ious.items())
    return f"What it marks and what is there overlap (IoU, 1 is perfect): {told}."


def tried(alike: Estimate, cases: int, evaluations: int, scores: pd.DataFrame) -> str:
    """Page 04: do two methods that hide parts of the picture say the same? `alike`: mean rank correlation; `scores`:
    of photos and with all of them hidden, see `hidden`."""
    unread, why = hidden(scores)
    return headline(f"{_alike(alike, cases, evaluations)} {unread}".rstrip(), why)


def hidden(scores: pd.DataFrame) -> tuple[str, str]:
    """For which classes a method cannot be read, as what hides looks like the class: with all hidden, most pictures
    score higher than the photo; and what that means. Both are empty where there is none.

    `scores`: class, photo, and a column for each method, with all hidden as it hides.
    """
    told = []
    for name, some in scores.groupby("class", sort=True):
        higher = {method: int((some[method] > some["photo"]).sum()) for method in scores.columns[2:]}
        parts = [f"{method}, {count} of {len(some)} cases" for method, count in higher.items() if 2 * count > len(some)]
        told += [f"*{name}* by {', and by '.join(parts)}"] * bool(parts)
    if not told:
        return "", ""
    return (
        f"**Not to be read**: {'; '.join(told)}.",
        "In these the picture with all of it hidden scores higher than the photo: what hides looks like the class, so "
        "hiding speaks for it.",
    )


def _alike(alike: Estimate, cases: int, evaluations: int) -> str:
    if not alike.measured:
        return f"**Too few to compare**: {cases} cases; what is seen below holds for these pictures only."
    word = "**mostly agree**" if alike.low > 0.5 else "**hardly agree**" if alike.high < 0.5 else "**agree in part**"
    return (
        f"Two methods that hide parts of the picture {word} on what speaks for a class: rank correlation of their "
        f"squares {alike.text('+')}, {evaluations} versions of each picture."
    )


def mistakes(wrong: int, total: int, shares: Mapping[str, Mapping[str, Estimate]]) -> str:
    """Page 06: `shares` are of each class the share of its pixels `missed` and of what is marked `invented`."""
    if not total:
        return "**Not run**: this dataset has no masks, so no pixel can be called wrong."
    first = f"In **{wrong} of {total}** cases, a class in an image each, the IoU is below one half."
    parts = [
        f"*{name}*: {own['missed'].text('%')} of it missed, {own['invented'].text('%')} of what is marked invented"
        for name, own in shares.items()
        if own["missed"].measured and own["invented"].measured
    ]
    return f"{first} {'; '.join(parts)}." if parts else first
