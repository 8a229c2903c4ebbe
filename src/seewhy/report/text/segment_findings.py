"""What the figures of a segmentation study's pages say, in at most two sentences; `findings` has the others."""

from collections.abc import Mapping, Sequence

import pandas as pd

from seewhy.formatting import headline
from seewhy.stats import FEWEST, Estimate


def overlap(ious: Mapping[str, Estimate], masked: int, images: int, seen: Mapping[str, int]) -> str:
    """Page 01: how well it finds its classes. `seen`: in how many of the images each class is found at all."""
    if not masked:
        told = ", ".join(f"*{name}* in {count}" for name, count in seen.items())
        return f"**IoU was not run**: this dataset has no masks. Of {images} images the model finds {told}."
    told = "; ".join(f"*{name}* **{one.text()}**" for name, one in ious.items())
    return f"What it marks and what is there overlap (IoU, 1 is perfect): {told}."


def looking(
    lifts: Mapping[str, Estimate], over_centre: Mapping[str, Estimate], sure: Mapping[str, Estimate], whose: str
) -> str:
    """Page 02: does a class's map lie on the class, and does its evidence fall where the model is sure?

    `lifts` are on the class's `whose` region, "true" or "marked"; `over_centre`: minus those of a blob in the middle;
    `sure`: rank correlation of map and probability inside what the model calls that class, a mean over images.
    """
    on = [f"*{name}* {one.text('×')}: {_judged(over_centre[name])}" for name, one in lifts.items() if one.measured]
    if not on:
        return f"**Not measured**: fewer than {FEWEST} images of each class have a region and evidence."
    first = f"Evidence on the class's {whose} region over chance, beside a blob in the middle: {'; '.join(on)}."
    told = [f"{_direction(one)} for *{name}*, {one.text('+')}" for name, one in sure.items() if one.measured]
    return (
        f"{first} The surer it is of a pixel that it marks, the map is (rank correlation): {'; '.join(told)}."
        if told
        else first
    )


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


def _direction(correlation: Estimate) -> str:
    if correlation.low <= 0 <= correlation.high:
        return "**neither clearly brighter nor darker**"
    return "**brighter**" if correlation.low > 0 else "**darker** (a saturated answer)"


def _judged(difference: Estimate) -> str:
    """More or less than a control, by the interval of the difference image by image."""
    if not difference.measured or difference.low <= 0 <= difference.high:
        return "**not clearly more**"
    return "**more**" if difference.low > 0 else "**less**"


def elsewhere(table: Sequence[Sequence[Estimate]], classes: Sequence[str]) -> str:
    """Which other class each map lies on most, where that is clearly above chance."""
    told = []
    for c, row in enumerate(table):
        others = [(row[d], classes[d]) for d in range(len(row)) if d != c and row[d].measured and row[d].low > 1]
        if others:
            most, name = max(others, key=lambda pair: pair[0].value)
            told.append(f"the map of *{classes[c]}* also lies on *{name}* more than chance, {most.text('×')}")
    if not told:
        return "No class's map lies on another class's region clearly more than chance."
    return f"{told[0][0].upper()}{'; '.join(told)[1:]}."


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
