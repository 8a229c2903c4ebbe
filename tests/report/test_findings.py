"""Sentences follow the figures: each of their turns."""

import pandas as pd
import pytest

from seewhy.report.text import findings
from seewhy.stats import NOTHING, Estimate

GOOD = Estimate(0.9, 0.86, 0.94, 100)
MANY = pd.Series(["tree"] * 60 + ["bare"] * 40)
NAN = float("nan")
MORE, LESS, SAME = (Estimate(0.5, 0.1, 0.9, 50), Estimate(-0.5, -0.9, -0.1, 50), Estimate(0.1, -0.2, 0.4, 50))


@pytest.mark.parametrize(
    ("measured", "claim", "said"),
    [
        (GOOD, 0.91, "The checkpoint's own claim of 91.0 % is compatible with that"),
        (GOOD, 0.99, "falls short of"),
        (GOOD, None, "claims no accuracy"),
        (GOOD, 0.5, "is better than"),
        (NOTHING, 0.9, "Accuracy was not run"),
    ],
)
def test_accuracy(measured: Estimate, claim: float | None, said: str) -> None:
    assert said in findings.accuracy(measured, MANY, claim)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a"] * 60 + ["b"] * 40, "more than the 60.0 % of always answering *a*, the most frequent class"),
        (["a"] * 90 + ["b"] * 10, "**not distinguishable from** the 90.0 % of always answering *a*"),
        (["a"] * 97 + ["b"] * 3, "**less than** the 97.0 % of always answering *a*"),
        (
            ["a", "b", "c", "d"],
            "more than the 25.0 % of the best fixed answer (the 4 classes with labels here are equally",
        ),
        (["a"] * 9, "**less than** the 100.0 % of always answering *a*, the only class here"),
    ],
)
def test_accuracy_is_held_against_an_answer_that_does_not_look(labels: list[str], said: str) -> None:
    assert said in findings.accuracy(GOOD, pd.Series(labels), None)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(-0.5, -0.1, "**less sure**"), (0.1, 0.5, "**surer**"), (-0.2, 0.2, "no clear relation")]
)
def test_spread_and_confidence_are_judged_by_the_interval(low: float, high: float, said: str) -> None:
    assert said in findings.spread(Estimate((low + high) / 2, low, high, 50))
    assert "it takes 5 images" in findings.spread(Estimate(NAN, NAN, NAN, 3))


def inside(right: Estimate, answer: Estimate, true: Estimate = NOTHING) -> dict[str, Estimate]:
    return {"when right": right, "when wrong, for its answer": answer, "when wrong, for the true class": true}


def test_mistakes() -> None:
    right = Estimate(0.8, 0.75, 0.85, 40)
    every = inside(right, Estimate(0.3, 0.2, 0.4, 5), Estimate(0.7, 0.6, 0.8, 5))
    less = findings.mistakes(5, 50, every, Estimate(-0.4, -0.5, -0.3, 20))
    assert "80.0 % (95 % interval 75.0 to 85.0 %, n = 40) when right; 30.0 %" in less
    assert less.endswith(
        "when wrong, for the true class. For the same answer a wrong image has **less** of it there, −40 points "
        "(95 % interval −50 to −30 points, n = 20)."
    )
    unclear = findings.mistakes(5, 50, every, Estimate(0.1, -0.1, 0.3, 20))
    assert "a wrong image has not clearly more or less of it there" in unclear
    assert "nothing to explain" in findings.mistakes(0, 50, inside(GOOD, NOTHING), NOTHING)
    assert "Not run" in findings.mistakes(0, 0, inside(NOTHING, NOTHING), NOTHING)


def test_mistakes_tell_the_measured_half_and_why_right_and_wrong_are_not_compared() -> None:
    few = Estimate(NAN, NAN, NAN, 3)
    text = findings.mistakes(5, 8, inside(few, Estimate(0.6, 0.4, 0.8, 5)), few)
    assert "Evidence on the object: 60.0 % (95 % interval 40.0 to 80.0 %, n = 5) when wrong, for its" in text
    assert text.endswith("fewer than 5 right and 5 wrong images share an answer and have objects and evidence.")
    assert "Evidence on the object" not in findings.mistakes(5, 8, inside(few, few), few)


def test_features_say_how_many_and_how_deep() -> None:
    needed = Estimate(23.2, 21.8, 24.7, 120)
    less = Estimate(0.4, 0.1, 0.7, 50)
    told = findings.features(needed, 192, {"a": MORE, "b": less, "c": SAME}, MORE)
    assert told == (
        "Half of what speaks for an answer sits in **23.20 (95 % interval 21.80 to 24.70, n = 120)** of 192 channels, "
        "on average. "
        "Flattening maps, so that only *where* things are is lost, clearly costs score at 2 of the 3 layers tested, "
        "most at `a`: 0.50 (95 % interval 0.10 to 0.90, n = 50)."
    )
    assert findings.features(needed, 8, {"a": MORE, "b": LESS}, MORE).endswith("; at `b` it raises the score.")
    assert "clearly costs score at no layer tested" in findings.features(needed, 8, {"a": SAME, "b": LESS}, MORE)
    near = findings.features(needed, 8, {"a": MORE, "b": less, "c": LESS}, SAME)
    assert "most at `a`: 0.50 (95 % interval 0.10 to 0.90, n = 50), not clearly more than at `b`; at `c` it" in near
    wide = Estimate(0.9, -0.2, 2.0, 50)  # the greatest loss, though not a clear one
    assert "n = 50), not clearly more than at `b`." in findings.features(needed, 8, {"a": MORE, "b": wide}, MORE)
    rounding = Estimate(-1e-8, -2e-8, -1e-9, 50)  # of a layer that is pooled right away
    assert "raises the score" not in findings.features(needed, 8, {"a": MORE, "b": rounding}, MORE)
    assert "too few images with evidence" in findings.features(NOTHING, 8, {}, NOTHING)
