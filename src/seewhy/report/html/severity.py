"""How bad a finding is: colour, mark and word for each, so that none of the three is needed to tell them apart."""

from typing import Any, NamedTuple

from seewhy.errors import unknown_name


class Severity(NamedTuple):
    """The mark before a finding and the word behind it; the colour is the style sheet's."""

    mark: str
    word: str


SEVERITIES = {
    "broken": Severity("✗", "does not work"),
    "shortcut": Severity("↪", "relies on a shortcut"),
    "misleading": Severity("⚠", "map misleads"),
    "unstable": Severity("≈", "unstable"),
    "unknown": Severity("?", "not known"),
    "fine": Severity("✓", "passed"),
}  # the worst first


def check_severity(name: str) -> str:
    """The name itself, or a SeewhyError that names the closest; empty is allowed and has no mark.

    >>> check_severity("shortcut")
    'shortcut'
    """
    if name and name not in SEVERITIES:
        raise unknown_name("severity", name, SEVERITIES, "show.finding")
    return name


def worst_severity(names: list[Any]) -> str:
    """The worst of some severities; empty where there is none.

    >>> worst_severity(["fine", "unstable"])
    'unstable'
    """
    return next((name for name in SEVERITIES if name in names), "")
