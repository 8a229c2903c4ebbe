"""What `gates:` in params.yaml may ask of a study: a figure by word or by key, and the limit that it has to keep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seewhy.config.validation import Number, Settings
from seewhy.errors import SeewhyError, unknown

Bound = Annotated[Number, Field(allow_inf_nan=False)] | None


class Limit(Settings):
    """What a figure has to be above (`min`) or below (`max`). `expected: fail` is a gate that is meant to fail. `claim`
    says in words what the figure is, as "the share of crowns found"."""

    min: Bound = None
    max: Bound = None
    expected: Literal["pass", "fail"] = "pass"
    claim: str = ""

    @model_validator(mode="before")
    @classmethod
    def _one_side(cls, given: Any) -> Any:
        if not isinstance(given, dict) or sum(given.get(side) is not None for side in ("min", "max")) != 1:
            raise ValueError("allowed: either min or max, as {min: 0.8}")
        return given

    @property
    def side(self) -> str:
        """min or max."""
        return "max" if self.min is None else "min"

    @property
    def passes(self) -> str:
        """above or below: where a figure passes."""
        return "above" if self.side == "min" else "below"

    @property
    def value(self) -> float:
        """The number itself."""
        return next(one for one in (self.min, self.max) if one is not None)


@dataclass(frozen=True)
class Word:
    """A figure that a gate may call by one word: where it stands, on which side it is good, and what it is."""

    key: str
    side: Literal["min", "max"]
    claim: str


WORDS = {
    "accuracy": Word("model.accuracy", "min", "the share of right answers"),
    "localisation_lift": Word(
        "audit.gradcam.localisation_lift", "min", "the evidence that Grad-CAM puts on the object (1 is chance)"
    ),
    "faithfulness": Word(
        "audit.gradcam.deletion_auc_over_control",
        "min",
        "the lead of Grad-CAM over the best control when its strongest cells are taken away",
    ),
    "sanity": Word("audit.gradcam.kept", "max", "what is kept of Grad-CAM's maps when all weights are redrawn"),
    "background": Word("audit.reliance.background", "max", "the share of the evidence outside the object"),
    "similarity": Word("comparison.likeness", "min", "the likeness of the two models' maps of an image"),
}


def key_of(gate: str) -> str:
    """Where the figure of a gate stands: file and key, as `model.accuracy`."""
    return WORDS[gate].key if gate in WORDS else gate


def what(gate: str, limit: Limit) -> str:
    """What the figure of a gate is, in words: its own, ours, or its file and key."""
    file, _, key = gate.partition(".")
    return limit.claim or (WORDS[gate].claim if gate in WORDS else f"{key} of {file}.json")


def claim(gate: str, limit: Limit, negated: bool = False) -> str:
    """What the gate holds, in words; negated, what its failure means."""
    return f"{what(gate, limit)} is {'not ' if negated else ''}{limit.passes} {limit.value:g}"


def check(gates: Mapping[str, Limit], files: Iterable[str], where: str) -> None:
    """Refuses a gate that is neither a word of ours nor a key of a metrics file, and a limit on a word's wrong side."""
    for gate, limit in gates.items():
        if gate in WORDS:
            if limit.side != WORDS[gate].side:
                raise SeewhyError(f"{where}: {gate} found with {limit.side}; allowed: {WORDS[gate].side}")
            continue
        file, dot, key = gate.partition(".")
        if not dot or not key:
            raise unknown("gate", gate, [*WORDS, "FILE.KEY of a metrics file"], where)
        if file not in files:
            raise unknown("metrics file", file, files, f"{gate} of {where}")
