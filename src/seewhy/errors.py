"""Mistakes a user can make, told in one line: the key, what was found, what is allowed, the closest match."""

from collections.abc import Iterable
from difflib import get_close_matches

CLOSE = 0.5  # how alike two names must be (difflib's ratio) for one to be offered in place of the other
LISTED = 12  # allowed names beyond this many are counted, not listed: the line must stay readable


class SeewhyError(ValueError):
    """A mistake in the user's settings, files or calls. The command line prints it without a traceback and exits 1."""


def unknown_name(kind: str, found: object, allowed: Iterable[object], where: str = "") -> SeewhyError:
    """The error for a name that does not exist: "unknown layer 'layer5' in study 'a'; did you mean 'layer4'? ..."."""
    names = [str(name) for name in allowed]
    close = get_close_matches(str(found), names, n=1, cutoff=CLOSE)
    hint = f"; did you mean '{close[0]}'?" if close else ";"
    place = f" in {where}" if where else ""
    return SeewhyError(f"unknown {kind} '{found}'{place}{hint} allowed: {list_names(names)}")


def list_names(names: Iterable[object]) -> str:
    """Names separated by commas, at most `LISTED` of them, the rest counted."""
    shown = [str(name) for name in names]
    more = len(shown) - LISTED
    return ", ".join(shown[:LISTED]) + (f" and {more} more" if more > 0 else "") if shown else "none"
