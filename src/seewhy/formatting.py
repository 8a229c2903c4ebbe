"""How figures are written, on every page alike."""

from collections.abc import Sequence

FORMS: dict[str, tuple[str, float, str]] = {  # unit -> format (z: no minus before a zero), factor, what stands behind
    "": ("z.2f", 1, ""),
    "%": ("z.1f", 100, " %"),
    "×": ("z.2f", 1, "×"),
    "+": ("+z.2f", 1, ""),
    "points": ("+z.0f", 100, " points"),
}
SMALLEST = 0.0005  # what three digits tell from 0: a bar that ends beside 0 must not read as if it ended there


def format_p_value(p: float) -> str:
    """A p value as text."""
    return "p < 0.01" if p < 0.01 else f"p = {p:.2f}"


def format_interval(low: float, high: float, unit: str = "") -> str:
    """An interval as text, without its unit, which stands behind its figure: '36.0 to 41.2'."""
    ends = (format_value(one, unit).removesuffix(FORMS[unit][2]) for one in (low, high))
    return " to ".join(ends)


def format_value(value: float, unit: str = "") -> str:
    """A figure as text: '0.47', a share as '38.5 %', a lift as '1.63×', a difference as '+0.21' or '+21 points'."""
    form, factor, behind = FORMS[unit]
    told = f"{value * factor:{form}}"
    if abs(value * factor) >= SMALLEST and not float(told) and ".2" in form:
        told = f"{value * factor:{form.replace('.2', '.3')}}"
    return told.replace("-", "\N{MINUS SIGN}") + behind


def capitalise_first(text: str) -> str:
    """The text with a capital first letter, and the others as they are.

    >>> capitalise_first("the map of *Jay*")
    'The map of *Jay*'
    """
    return text[:1].upper() + text[1:]


def join_names(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    >>> join_names(["shadow", "border", "logo"])
    'shadow, border and logo'
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
