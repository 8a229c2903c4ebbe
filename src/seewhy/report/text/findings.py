"""What the figures of a page say: at most two sentences and what stands under them, every number measured there."""

import pandas as pd

from seewhy.formatting import headline, written
from seewhy.stats import FEWEST, Estimate

ALIKE = 0.5  # rank correlation below which one method does not confirm another
BARELY = 0.005  # of a score: what is less reads 0.00, and is rounding where a layer is pooled right away
NOISE = 0.5  # of what SHAP's values should sum to: where they miss more, the page says not to read them


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


def agreement(
    alike: Estimate, blob: Estimate, furthest: tuple[str, Estimate] | None, same: list[list[str]], n: int
) -> str:
    """Page 03: `alike` is the mean rank correlation over pairs of methods, image by image, `blob` that of the methods
    with a blob in the middle; `furthest` the pair with the lowest (None: there is no pair), `same` the methods that
    coincide by construction."""
    groups = "; ".join(" = ".join(group) for group in same)
    coincide = f"At this layer {groups} give one and the same map: their agreement says nothing." if same else ""
    if furthest is None:
        return headline(f"All methods coincide here (n = {n} images).", coincide)
    if not alike.measured:
        few = f"**Not measured**: too few images (n = {alike.n}) to say how alike the methods are."
        return headline(few, coincide)
    name, lowest = furthest
    return headline(
        f"Different methods rank the cells with a mean correlation of **{alike.text()}**; with a blob in "
        f"the middle of the picture it is {blob.text()}. The furthest apart are {name}: {lowest.text()}.",
        coincide,
    )


def shapley(gap: Estimate, stability: Estimate, confirmed: Estimate, samples: int) -> str:
    """Page 04: can the signed values be read? `gap` is |gap| / mean |what they should sum to|, a mean over images;
    `confirmed` the rank correlation with methods that only try the model out, a mean over these and over images."""
    if not gap.measured or not stability.measured:
        return (
            f"**Not measured**: it takes {FEWEST} images to say how far {samples} samples can be trusted, and "
            f"{min(gap.n, stability.n)} are here. **Read only patches that both seeds show**, and not their size."
        )
    if gap.value > NOISE:
        return (
            f"With {samples} samples the values miss their sum by **{gap.text('%')}** of it: **mostly noise, do not "
            f"read the patches**; raise `work`. Over another seed their ranks correlate by {stability.text()}."
        )
    lead = (
        f"With {samples} samples the values miss their sum by **{gap.text('%')}** of it; over another seed their ranks "
        f"correlate by **{stability.text()}**. **Read only patches that both seeds show**, and not their size"
    )
    tried = f"methods that hide parts of the image instead {{}}: rank correlation {confirmed.text()} with these values."
    if confirmed.measured and confirmed.high < ALIKE:
        return f"{lead}; {tried.format('**do not confirm their order**')}"
    return headline(f"{lead}.", tried.format("are to be read beside them").capitalize() if confirmed.measured else "")


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
