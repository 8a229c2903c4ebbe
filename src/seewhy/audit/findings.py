"""What the figures of a page say, as at most two sentences. Every number in them was measured on that page."""

import pandas as pd

from seewhy.audit.statistics import FEWEST, Estimate


def accuracy(measured: Estimate, majority: float, claim: float | None) -> str:
    """Page 01: is it the model it says it is?"""
    if not measured.measured:
        return "**Accuracy was not run**: this dataset has no labels. The model loads, and its predictions are below."
    first = f"It names **{measured.text(suffix='%')}** of the labelled images right; "
    first += f"always naming the commonest class would be right on {majority:.0%}."
    if claim is None:
        return f"{first} The checkpoint claims no accuracy to hold this against."
    if measured.low <= claim <= measured.high:
        return f"{first} That agrees with the checkpoint's own claim of {claim:.0%}."
    verdict = "is better than" if claim < measured.low else "**falls short of**"
    return f"{first} That {verdict} the checkpoint's own claim of {claim:.0%}, made on other images."


def looking(lift: Estimate, centre: Estimate, better: Estimate, empty: int, boxed: int) -> str:
    """Page 02: does the evidence lie on the object?

    `better` is the paired difference in lift, method - centre; `empty` of the `boxed` images with a label and object
    boxes have no evidence for their true class at all.
    """
    if not boxed:
        return "**Not measured**: no image here has both a label and object boxes, so looking is all this page offers."
    blank = (
        f" On **{empty} of {boxed}** images with object boxes there is no evidence for the true class." if empty else ""
    )
    if not lift.measured:
        return f"**Not measured**: too few maps with evidence (n = {lift.n}) to say where it lies.{blank}"
    if better.low > 0:
        judgement = "more than a blob in the middle of the picture"
    elif better.high < 0:
        judgement = "**less** than a blob in the middle of the picture"
    else:
        judgement = "not distinguishable from a blob in the middle of the picture"
    paired = f"{better.value:+.2f}, interval {better.low:+.2f} to {better.high:+.2f}"
    judgement += f" ({centre.value:.2f} x; difference image by image {paired})"
    found = lift.text(suffix=" x")
    return f"Grad-CAM puts **{found}** as much evidence on the object as chance would: {judgement}.{blank}"


def agreement(table: pd.DataFrame, groups: list[list[str]], n: int) -> str:
    """Page 03: `table` is the mean rank correlation between methods, `groups` those that coincide by construction."""
    others = table.drop(
        index=[name for group in groups for name in group[1:]], columns=[name for group in groups for name in group[1:]]
    )
    pairs = others.where(pd.DataFrame(~pd.isna(others.values), others.index, others.columns)).stack()
    pairs = pairs[[row < column for row, column in pairs.index]]
    same = "; ".join(" = ".join(group) for group in groups)
    coincide = f" At this layer {same} give one and the same map: their agreement says nothing." if groups else ""
    if pairs.empty:
        return f"All methods coincide here (n = {n} images).{coincide}"
    low = pairs.idxmin()
    return (
        f"Different methods rank the cells alike with a mean correlation of **{pairs.mean():.2f}** (n = {n} images); "
        f"the furthest apart are {low[0]} and {low[1]} ({pairs.min():.2f}).{coincide}"
    )


def shapley(gap: Estimate, stability: Estimate, samples: int) -> str:
    """Page 04: can the signed values be read? `gap` is |additivity gap| / |what they should sum to|."""
    missed = f"With {samples} samples the values miss their sum by **{gap.text(suffix='%')}**"
    if not stability.measured:
        return f"{missed}; too few images (n = {stability.n}) to say whether another seed shows the same."
    again = f"over another seed their ranks correlate by {stability.text()}"
    return f"{missed}; {again}. **Read only patches that both seeds show**, and not their size."


def mistakes(wrong: int, total: int, inside_right: Estimate, inside_wrong: Estimate) -> str:
    """Page 06: how many, and does the evidence leave the object when the model is wrong?"""
    if not total:
        return "**Not run**: this dataset has no labels, so no prediction can be called wrong."
    first = f"It is wrong on **{wrong} of {total}** labelled images."
    if not wrong:
        return f"{first} There is nothing to explain on this page."
    if not inside_wrong.measured or not inside_right.measured:
        return (
            f"{first} Whether the evidence left the object was not measured: it takes {FEWEST} images of each kind with"
            f" object boxes and evidence, and there are {inside_right.n} right and {inside_wrong.n} wrong ones."
        )
    apart = inside_wrong.high < inside_right.low or inside_right.high < inside_wrong.low
    clear = "a clear difference" if apart else "the intervals overlap, so no difference is shown"
    return (
        f"{first} Evidence on the object: {inside_right.text(suffix='%')} when right, "
        f"{inside_wrong.text(suffix='%')} when wrong: {clear}."
    )
