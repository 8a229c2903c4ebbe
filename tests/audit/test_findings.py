"""Sentences follow the figures: each of their turns."""

import pandas as pd
import pytest

from seewhy.audit import findings
from seewhy.audit.statistics import NOTHING, Estimate

GOOD = Estimate(0.9, 0.86, 0.94, 100)


@pytest.mark.parametrize(
    ("measured", "claim", "said"),
    [
        (GOOD, 0.91, "agrees with"),
        (GOOD, 0.99, "falls short of"),
        (GOOD, None, "claims no accuracy"),
        (GOOD, 0.5, "is better than"),
        (NOTHING, 0.9, "Accuracy was not run"),
    ],
)
def test_accuracy(measured: Estimate, claim: float | None, said: str) -> None:
    assert said in findings.accuracy(measured, 0.5, claim)


@pytest.mark.parametrize(
    ("better", "said"),
    [
        (Estimate(0.5, 0.1, 0.9, 50), "more than a blob"),
        (Estimate(-0.5, -0.9, -0.1, 50), "**less** than a blob"),
        (Estimate(0.1, -0.2, 0.4, 50), "not distinguishable"),
    ],
)
def test_looking_is_judged_by_the_paired_interval(better: Estimate, said: str) -> None:
    text = findings.looking(Estimate(1.5, 1.2, 1.8, 50), Estimate(1.2, 1.1, 1.3, 50), better, 3, 60)
    assert said in text
    assert "On **3 of 60** images" in text


def test_looking_without_boxes_is_not_measured() -> None:
    assert "no image here has both" in findings.looking(NOTHING, NOTHING, NOTHING, 0, 0)
    assert "too few maps with evidence (n = 0)" in findings.looking(NOTHING, NOTHING, NOTHING, 9, 9)


def test_agreement_leaves_out_methods_that_are_one() -> None:
    table = pd.DataFrame([[1, 1, 0.2], [1, 1, 0.2], [0.2, 0.2, 1]], list("abc"), list("abc"), dtype=float)
    text = findings.agreement(table, [["a", "b"]], 30)
    assert "mean correlation of **0.20**" in text
    assert "a = b" in text
    everything = findings.agreement(table.loc[["a", "b"], ["a", "b"]], [["a", "b"]], 30)
    assert "All methods coincide" in everything


def test_mistakes() -> None:
    apart = findings.mistakes(5, 50, Estimate(0.8, 0.75, 0.85, 40), Estimate(0.3, 0.2, 0.4, 5))
    overlap = findings.mistakes(5, 50, Estimate(0.8, 0.75, 0.85, 40), Estimate(0.7, 0.5, 0.9, 5))
    assert "a clear difference" in apart
    assert "no difference is shown" in overlap
    assert "nothing to explain" in findings.mistakes(0, 50, GOOD, NOTHING)
    assert "Not run" in findings.mistakes(0, 0, NOTHING, NOTHING)


def test_shapley_tells_what_to_read_and_judges_nothing() -> None:
    gap = Estimate(0.45, 0.29, 0.6, 8)
    for stability in (Estimate(0.3, 0.2, 0.45, 5), Estimate(0.9, 0.8, 0.95, 5)):
        text = findings.shapley(gap, stability, 16)
        assert "45%" in text
        assert "Read only patches that both seeds show" in text
        assert "holds" not in text
    assert "too few images (n = 0)" in findings.shapley(gap, NOTHING, 16)


def test_mistakes_name_the_true_reason_where_too_few_were_measured() -> None:
    few = Estimate(float("nan"), float("nan"), float("nan"), 3)
    text = findings.mistakes(5, 8, few, Estimate(0.6, 0.4, 0.8, 5))
    assert "it takes 5 images of each kind" in text
    assert "there are 3 right and 5 wrong ones" in text


def test_looking_shows_the_paired_difference_it_judges_by() -> None:
    text = findings.looking(Estimate(1.6, 1.3, 1.9, 8), Estimate(1.4, 1.1, 1.7, 8), Estimate(0.21, 0.02, 0.4, 8), 0, 8)
    assert "difference image by image +0.21, interval +0.02 to +0.40" in text
