"""What the figures of a page say: at most two sentences and what stands under them, every number measured there."""

import pandas as pd

from seewhy.formatting import headline, written
from seewhy.stats import FEWEST, Estimate

BARELY = 0.005  # of a score: what is less reads 0.00, and is rounding where a layer is pooled right away


def accuracy(measured: Estimate, labels: pd.Series, claim: float | None) -> str:
    """Page 01: is it the model it says it is? `labels`: true class of each labelled image."""
    if not measured.measured:
        return "**Accuracy was not run**: this dataset has no labels. The model loads, and its predictions are below."
    first = f"It names **{measured.text('%')}** of the labelled images right, {_baseline(measured, labels)}."
    return f"{first} {claimed(measured, claim)}"


def claimed(measured: Estimate, claim: float | None) -> str:
    """The measured accuracy beside what the checkpoint says of itself: different where its interval leaves that out."""
    if claim is None:
        return "The checkpoint claims no accuracy to hold this against."
    if measured.low <= claim <= measured.high:
        return f"The checkpoint's own claim of {written(claim, '%')} is compatible with that."
    verdict = "is better than" if claim < measured.low else "**falls short of**"
    return f"That {verdict} the checkpoint's own claim of {written(claim, '%')}, made on other images."


def _baseline(measured: Estimate, labels: pd.Series) -> str:
    """The accuracy beside that of an answer that never looks at the image."""
    counts = labels.value_counts()
    share = float(counts.max() / counts.sum())
    if len(counts) == 1:
        answer = f"always answering *{counts.index[0]}*, the only class here"
    elif counts.min() == counts.max():
        answer = f"the best fixed answer (the {len(counts)} classes with labels here are equally frequent)"
    else:
        answer = f"always answering *{counts.index[0]}*, the most frequent class"
    if share < measured.low:
        judgement = "more than"
    elif share > measured.high:
        judgement = "**less than**"
    else:
        judgement = "**not distinguishable from**"
    return f"{judgement} the {written(share, '%')} of {answer}"


def features(needed: Estimate, channels: int, place: dict[str, Estimate], ahead: Estimate) -> str:
    """Page 05: how many of the layer's channels make up half of the answer, and how deep place matters.

    `place` is what the score loses at each layer, shallow to deep, where only the place of things is taken away;
    `ahead` by how much the layer with the greatest loss is ahead of the next, image by image.
    """
    if not needed.measured:
        return f"**Not measured**: too few images with evidence for their answer (n = {needed.n})."
    first = f"Half of what speaks for an answer sits in **{needed.text()}** of {channels} channels, on average."
    seen = {name: one for name, one in place.items() if one.measured and abs(one.value) >= BARELY}
    lost = {name: one for name, one in seen.items() if one.low > 0}
    gained = [name for name, one in seen.items() if one.high < 0]
    if not lost:
        return (
            f"{first} Flattening maps, so that only *where* things are is lost, clearly costs score at no layer tested."
        )
    order = sorted(seen, key=lambda name: -seen[name].value)
    most = next(name for name in order if name in lost)
    rest = [] if most == order[0] and ahead.low > 0 else [name for name in order[:2] if name != most]
    told = (
        f"{first} Flattening maps, so that only *where* things are is lost, clearly costs score at {len(lost)} of the "
        f"{len(place)} layers tested, most at `{most}`: {lost[most].text()}"
    )
    told += "".join(f", not clearly more than at `{name}`" for name in rest[:1])
    return f"{told}; at {', '.join(f'`{name}`' for name in gained)} it raises the score." if gained else f"{told}."


def mistakes(wrong: int, total: int, inside: dict[str, Estimate], apart: Estimate, system: str = "") -> str:
    """Page 06: how many, and does the evidence leave the object when the model is wrong?

    `inside` is the share of the evidence on the object by what it is measured on: the right images, the wrong ones for
    the class they were taken for, the wrong ones for their true class, in this order; `apart` the wrong ones' less the
    right ones', of answers given both ways. `system`: see `mistake_findings.system`.
    """
    if not total:
        return "**Not run**: this dataset has no labels, so no prediction can be called wrong."
    first = f"It is wrong on **{wrong} of {total}** labelled images."
    if not wrong:
        return f"{first} There is nothing to explain on this page."
    first = f"{first} {system}".rstrip()
    measured = [f"{one.text('%')} {name}" for name, one in inside.items() if one.measured]
    told = f"Evidence on the object: {'; '.join(measured)}." if measured else ""
    if not apart.measured:
        few = f"fewer than {FEWEST} right and {FEWEST} wrong images share an answer and have objects and evidence"
        return headline(first, told, f"Right and wrong are not compared: {few}.")
    judged = "**less**" if apart.high < 0 else "**more**" if apart.low > 0 else "not clearly more or less"
    return headline(first, told, f"For the same answer a wrong image has {judged} of it there, {apart.text('points')}.")


def spread(sure: Estimate) -> str:
    """Page 06: the rank correlation of the maps' spread with the confidence of the answers, as a sentence."""
    if not sure.measured:
        return f"Spread and confidence are not compared: it takes {FEWEST} images in which both differ (n = {sure.n})."
    if sure.high < 0:
        judgement = "the wider the map, the **less sure** the answer"
    elif sure.low > 0:
        judgement = "the wider the map, the **surer** the answer"
    else:
        judgement = "**no clear relation**"
    return f"Over all images, spread and confidence: {judgement}, rank correlation {sure.text('+')}."
