"""What a comparison allows to say, in plain words. A difference is called one only where interval and test agree."""

from seewhy.audit.paired import Discordant
from seewhy.audit.statistics import Estimate, written

ODDS = 0.05  # p from which on chance is not ruled out


def finding(names: tuple[str, str], difference: Estimate, test: Discordant, likeness: Estimate, over: Estimate) -> str:
    """Which of the two `names` is better, and do they look at the same thing? `difference`: accuracy of the second less
    that of the first; `over`: `likeness` of the maps of an image, less that of different images."""
    return f"{better(names, difference, test)} {alike(likeness, over)}"


def better(names: tuple[str, str], difference: Estimate, test: Discordant) -> str:
    """Which one names more images right."""
    if not difference.measured:
        return f"**Which is better was not measured**: too few images have labels (n = {difference.n})."
    first, second = names
    changed = (
        f"of {test.fixed + test.broken} images that only one names right, {second} has {test.fixed}; {chance(test.p)}"
    )
    if test.p < ODDS and difference.low * difference.high > 0:
        winner, loser = (second, first) if difference.value > 0 else (first, second)
        return f"**{winner} is better than {loser}**: {points(difference, second, first)} ({changed})."
    return f"**Neither is shown to be better**: {points(difference, second, first)} ({changed})."


def points(difference: Estimate, second: str, first: str) -> str:
    """A paired difference of accuracies with its interval."""
    value, low, high = (written(100 * x, "+") for x in (difference.value, difference.low, difference.high))
    return (
        f"accuracy of {second} minus {first} {value} percentage points "
        f"(95 % interval {low} to {high}, n = {difference.n})"
    )


def chance(p: float) -> str:
    """McNemar's p."""
    return "McNemar p < 0.01" if p < 0.01 else f"McNemar p = {p:.2f}"


def alike(likeness: Estimate, over: Estimate) -> str:
    """Whether the two look at the same places of an image."""
    if not likeness.measured:
        return f"**Whether they look at the same thing was not measured** (n = {likeness.n})."
    told = f"maps of the same image correlate by {likeness.text()}"
    if not over.measured:
        return f"Their {told}; there are too few other images to hold that against."
    beside = f"{_interval(over)} beside maps of different images"
    if over.low > 0:
        return f"**They look at the same places more than chance would have it**: {told}, {beside}."
    if over.high < 0:
        return f"**They look at different places of an image**: {told}, {beside}."
    return f"**It cannot be told that they look at the same thing**: {told}, {beside}."


def _interval(one: Estimate) -> str:
    value, low, high = (written(x, "+") for x in (one.value, one.low, one.high))
    return f"{value} ({low} to {high})"


def agreed(same: Estimate, below: Estimate, empty: int) -> str:
    """How often both name the same class, how often their maps are no more alike than those of different images, and
    for how many images there is nothing to compare."""
    told = [f"Both name the same class for {same.text('%')} of the images."]
    if below.n:
        told.append(f"For {below.text('%')} their maps are no more alike than maps of different images.")
    if empty:
        told.append(f"{empty} images are left out: one of the models has no evidence for the class there.")
    return " ".join(told)
