"""How figures are written, on every page alike."""

FORMS: dict[str, tuple[str, float, str]] = {  # unit -> format, factor, what stands behind the number
    "": (".2f", 1, ""),
    "%": (".1f", 100, " %"),
    "×": (".2f", 1, "×"),
    "+": ("+.2f", 1, ""),
    "points": ("+.0f", 100, " points"),
}


def written(value: float, unit: str = "") -> str:
    """A figure as text: '0.47', a share as '38.5 %', a lift as '1.63×', a difference as '+0.21' or '+21 points'."""
    form, factor, behind = FORMS[unit]
    return f"{value * factor:{form}}".replace("-", "\N{MINUS SIGN}") + behind
