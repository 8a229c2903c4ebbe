"""Rows of verdict.json and checks.json for tests of what shows them."""

from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure
from seewhy.stats import Estimate


def make_row(
    gate: str, claim: str, found: Estimate, limit: float, least: bool, denial: str = "", name: str = ""
) -> dict:
    """A row with its old names: of the project's own where `gate` says so, else of a method or of the model."""
    kind = "object" if gate.startswith("reliance") else "works" if gate.startswith("model") else "map"
    check = Check(Subject(kind, name), Figure(gate), claim, denial, limit, least, found)
    return check.row() | {"gate": gate, "claim": claim}
