"""What the figures of a segmentation study's pages say, in at most two sentences; `findings` has the others."""

from collections.abc import Mapping, Sequence

from seewhy.audit.statistics import FEWEST, Estimate


def overlap(ious: Mapping[str, Estimate], masked: int, images: int, seen: Mapping[str, int]) -> str:
    """Page 01: how well it finds its classes. `seen`: in how many of the images each class is found at all."""
    if not masked:
        told = ", ".join(f"*{name}* in {count}" for name, count in seen.items())
        return f"**IoU was not run**: this dataset has no masks. Of {images} images the model finds {told}."
    told = "; ".join(f"*{name}* **{one.text()}**" for name, one in ious.items())
    return f"What it marks and what is there overlap (IoU, 1 is perfect): {told}."


def looking(lifts: Mapping[str, Estimate], over_centre: Mapping[str, Estimate], sure: Mapping[str, Estimate]) -> str:
    """Page 02: does a class's map lie on the class, and does its evidence fall where the model is sure?

    `over_centre`: lift minus that of a blob in the middle; `sure`: rank correlation of map and probability inside what
    the model calls that class, a mean over images.
    """
    on = [f"*{name}* {one.text('×')}, {_judged(over_centre[name])}" for name, one in lifts.items() if one.measured]
    if not on:
        return f"**Not measured**: fewer than {FEWEST} images of each class have a region and evidence."
    first = f"Evidence on a class's own region, 1 is chance: {'; '.join(on)} than a blob in the middle."
    kinds = {"falls": [], "rises": [], "neither falls nor rises clearly": []}  # type: dict[str, list[str]]
    for name, one in sure.items():
        if one.measured:
            word = "falls" if one.high < 0 else "rises" if one.low > 0 else "neither falls nor rises clearly"
            kinds[word].append(f"*{name}* ({one.text('+')})")
    told = "; ".join(f"**{word}** for {', '.join(names)}" for word, names in kinds.items() if names)
    return f"{first} Inside what it marks, evidence where it is surer {told}." if told else first


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


def mistakes(
    wrong: int, total: int, shares: Mapping[str, Mapping[str, Estimate]], on: Mapping[str, Mapping[str, Estimate]]
) -> str:
    """Page 06: for each class the share missed and invented, and the lift of its map on these pixels."""
    if not total:
        return "**Not run**: this dataset has no masks, so no pixel can be called wrong."
    first = f"**{wrong} of {total}** marked or true classes of an image have an IoU below one half."
    parts = []
    for name, own in shares.items():
        missed, invented = own["missed"], own["invented"]
        if missed.measured and invented.measured:
            lifts = [f"{what} {one.text('×')}" for what, one in on[name].items() if one.measured and what != "right"]
            lying = f", where the lift of its map is on {' and on '.join(lifts)} pixels" if lifts else ""
            parts.append(f"*{name}*: {missed.text('%')} missed, {invented.text('%')} of it invented{lying}")
    return f"{first} {'; '.join(parts)}." if parts else first
