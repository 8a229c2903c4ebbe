"""One check: its status by the one rule, its row in the files, its line on the terminal."""

import json
import math

import pytest
from scipy.stats import norm

from seewhy.checks.check import Check, Subject, correct_fails
from seewhy.checks.figure import Figure
from seewhy.checks.status import worst_status
from seewhy.stats import NAN, NOTHING, Estimate


def near(value: float, half: float = 0.05, n: int = 40) -> Estimate:
    return Estimate(value, value - half, value + half, n)


def make(estimate, limit=0.5, least=True, **fields):
    return Check(Subject("own"), Figure("accuracy"), "it is", "it is not", limit, least, estimate, **fields)


@pytest.mark.parametrize(
    ("found", "least", "status"),
    [
        (near(0.6), True, "pass"),
        (near(0.6), False, "fail"),
        (near(0.4), True, "fail"),
        (near(0.4), False, "pass"),
        (near(0.52), True, "unsure"),
        (near(0.48), False, "unsure"),
        (Estimate(0.55, 0.5, 0.6, 9), True, "unsure"),  # it touches the limit
        (Estimate(0.9, 0.8, 1.0, 4), True, "unsure"),  # too few images
        (Estimate(NAN, NAN, NAN, 3), True, "unsure"),
        (NOTHING, True, "not run"),
    ],
)
def test_a_check_decides_only_when_its_whole_interval_does(found, least, status):
    assert make(found, least=least).status == status


@pytest.mark.parametrize(("limit", "least", "status"), [(272, True, "pass"), (273, True, "fail"), (272, False, "pass")])
def test_a_count_is_exact_and_may_equal_its_limit(limit, least, status):
    found = make(Estimate(272, 272, 272, 1), limit, least, exact=True)
    assert (found.status, found.row()["n"]) == (status, None)


def test_the_worst_status_counts():
    assert [worst_status(some) for some in (["pass", "fail"], ["pass", "not run"], ["pass"], [])] == [
        "fail",
        "not run",
        "pass",
        "not run",
    ]


def test_a_row_has_the_fields_of_its_figure_and_is_finite_and_rounded():
    figure = Figure("prediction_change", versus="control", facets={"region": "shadow", "kind": "paste"})
    found = Check(Subject("suspect", "shadow"), figure, "no", "yes", 0.1, False, Estimate(1 / 3, 0.2, 0.5, 7))
    assert found.row() == {
        "subject": "suspect:shadow",
        "name": "shadow",
        "title": "",
        "figure": {"metric": "prediction_change", "region": "shadow", "kind": "paste", "versus": "control"},
        "statement": "no",
        "denial": "yes",
        "status": "fail",
        "outcome": "shown",
        "expected": "pass",
        "estimate": 0.3333333333,
        "low": 0.2,
        "high": 0.5,
        "n": 7,
        "groups": None,
        "limit": 0.1,
        "smallest_effect": pytest.approx(0.15 * (1.96 + 0.8416) / 1.96, abs=1e-4),
        "p": pytest.approx(2 * norm.sf(1.96 * (1 / 3 - 0.1) / (1 / 3 - 0.2)), abs=1e-5),
        "p_adjusted": None,
        "tries": 1,
        "missing": "",
        "passes": "below",
        "gate": "reliance.shadow_paste_over_control",
        "claim": "no",
        "value": 0.3333333333,
    }
    empty = make(NOTHING, expected="fail").row()
    assert (empty["estimate"], empty["low"], empty["status"], empty["expected"]) == (None, None, "not run", "fail")
    assert "NaN" not in json.dumps(empty)


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (near(0.6), "shown"),
        (near(0.4), "excluded"),
        (near(0.52), "too few"),
        (Estimate(0.9, 0.9, 0.9, 40), "too few"),  # equal values
        (Estimate(0.9, 0.8, 1.0, 40, groups=4), "too few"),  # of four patients
        (NOTHING, "not tested"),
    ],
)
def test_there_are_four_outcomes(found, outcome):
    assert found.outcome(0.5) == make(found).outcome == make(found, least=False).outcome == outcome


def test_fails_are_corrected_for_the_number_of_checks_and_passes_are_not():
    weak, strong = near(0.44), near(0.2)  # p = 0.019 and nearly 0
    assert make(weak).status == "fail"
    found = correct_fails([make(weak), make(strong), *[make(near(0.56))] * 3, make(NOTHING)])
    assert [one.status for one in found] == ["unsure", "fail", "pass", "pass", "pass", "not run"]
    assert (found[0].outcome, found[0].tries, found[0].sentence) == ("too few", 5, "")
    assert found[0].adjusted == pytest.approx(4 * found[0].p_value)
    assert correct_fails([make(weak)])[0].status == "fail"


def test_p_is_below_a_twentieth_just_where_the_interval_excludes_the_limit():
    for limit in (0.39, 0.41, 0.49, 0.51, 0.6):
        check = make(Estimate(0.45, 0.4, 0.5, 30), limit)
        assert (check.p_value < 0.05) == (check.status in ("pass", "fail"))


def test_what_a_status_allows_to_say():
    assert [make(near(value)).sentence for value in (0.9, 0.1, 0.5)] == ["it is", "it is not", ""]
    assert make(near(0.5)).is_open
    assert not make(Estimate(math.nan, math.nan, math.nan, 3)).is_open


def test_lines_say_by_how_much():
    found = Estimate(0.76, 0.71, 0.79, 272)
    lines = {
        "a: accuracy 0.76 (0.71 to 0.79) is below 0.80 by 0.04": make(found, 0.8),
        "a: accuracy 0.76 (0.71 to 0.79) is above 0.50 by 0.26": make(found, 0.5, False),
        "a: accuracy 0.76 (0.71 to 0.79) is not clearly above 0.75 (n = 272)": make(found, 0.75),
        "a: accuracy 0.7600 (0.7100 to 0.7967) is below 0.8000 by 0.0400": make(Estimate(0.76, 0.71, 0.7967, 9), 0.8),
        "a: accuracy 0.76 (0.71 to 0.79) passes min 0.50, though expected to fail": make(found, 0.5, expected="fail"),
        "a: accuracy 3 is above 2 by 1": make(Estimate(3, 3, 3, 1), 2, False, exact=True),
        "a: accuracy was not tested: no image to measure it on": make(NOTHING),
        "a: accuracy was not tested: build it": make(NOTHING, missing="build it"),
        "a: accuracy was not measured: 3 images are too few": make(Estimate(NAN, NAN, NAN, 3)),
    }
    for line, check in lines.items():
        assert check.report_line("a") == line


def test_what_is_reported_and_what_breaks():
    fails, passes, open_ = near(0.1), near(0.9), near(0.5)
    assert [make(one).is_broken for one in (fails, passes, open_, NOTHING)] == [True, False, False, False]
    assert [make(one).is_unexpected for one in (fails, passes, open_, NOTHING)] == [True, False, True, True]
    assert not make(fails, expected="fail").is_unexpected
    assert make(passes, expected="fail").is_unexpected
