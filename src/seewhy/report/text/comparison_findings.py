"""What a comparison allows to say, in plain words. A difference is called one only where interval and test agree."""

from seewhy.formatting import chance, headline, written
from seewhy.metrics.paired import Discordant
from seewhy.stats import ODDS, Estimate

LITTLE = 0.3  # a rank correlation below which two maps are not called alike, whatever chance would do


def finding(
    names: tuple[str, str],
    accuracy: tuple[Estimate, Estimate],
    difference: Estimate,
    test: Discordant,
    alike: tuple[Estimate, Estimate, Estimate],
    failed: str = "",
    worthless: str = "",
) -> str:
    """Which of the two `names` is better, and do they look at the same thing? `difference`: accuracy of the second less
    that of the first; `alike`: likeness of the maps of the same image, of different images, and the one less the other;
    `failed`: what interventions say, as a clause; `worthless`: that one of them is no working model, as a sentence."""
    better = f"{_better(names, accuracy, difference, test)}."
    maps = "; ".join(filter(None, [_alike(*alike), failed])) + "."
    return headline(f"{worthless} {better}", maps) if worthless else f"{better} {maps}"


def _better(names: tuple[str, str], accuracy: tuple[Estimate, Estimate], difference: Estimate, test: Discordant) -> str:
    if not difference.measured:
        return f"**Which is better was not measured**: too few images have labels (n = {difference.n})"
    first, second = (written(one.value, "%") for one in accuracy)
    told = f"{names[0]} names {first} right and {names[1]} {second}, {_points(difference)}, McNemar {chance(test.p)}"
    if test.p < ODDS and difference.low * difference.high > 0:
        winner, loser = names[::-1] if difference.value > 0 else names
        return f"**{winner} is better than {loser}**: {told}"
    return f"**Neither is shown to be better**: {told}"


def _points(difference: Estimate) -> str:
    value, low, high = (f"{100 * x:+.1f}".replace("-", "\N{MINUS SIGN}") for x in _ends(difference))
    return f"{value} points (95 % interval {low} to {high}, n = {difference.n})"


def _ends(one: Estimate) -> tuple[float, float, float]:
    return one.value, one.low, one.high


def discordant(names: tuple[str, str], test: Discordant) -> str:
    """The images that only one of the two names right, and whether they fall evenly to both."""
    total = test.fixed + test.broken
    if not total:
        return "There is no image that only one of the two names right."
    told = f"Of the {total} images that only one of the two names right, {names[0]} has {test.broken} and {names[1]} "
    return f"{told}{test.fixed}: McNemar's exact test, {chance(test.p)}."


def _alike(same: Estimate, other: Estimate, over: Estimate) -> str:
    if not same.measured:
        return f"**Whether they look at the same thing was not measured** (n = {same.n})"
    told = f"rank correlation of their maps of an image {same.text()}"
    if not over.measured:
        return f"Whether they look at the same thing is open: {told}, with too few other images to hold that against"
    value, low, high = (written(x, "+") for x in _ends(over))
    beside = f"{value} ({low} to {high}) beside maps of different images, {written(other.value)}"
    if over.low > 0 and same.value < LITTLE:
        return f"**Their maps of an image hardly agree**, though more than maps of different images: {told}, {beside}"
    if over.low > 0:
        return f"**Their maps of an image agree more than chance would have it**: {told}, {beside}"
    if over.high < 0:
        return f"**Their maps of an image agree less than those of different images**: {told}, {beside}"
    return f"**It is not shown that they look at the same thing**: {told}, {beside}"


def agreed(same: Estimate, below: Estimate, empty: int) -> str:
    """How often both name the same class, how often their maps are no more alike than those of different images, and
    for how many images there is nothing to compare."""
    told = [f"Both name the same class for {same.text('%')} of the images."]
    if below.n:
        told.append(f"For {below.text('%')} their maps are no more alike than maps of different images.")
    if empty:
        told.append(f"Left out, since a map of the two has no evidence for the class, or one cell only: {empty}.")
    return " ".join(told)
