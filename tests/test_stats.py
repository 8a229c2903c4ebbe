"""Estimates against hand-worked values and identities."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm, spearmanr, ttest_ind
from scipy.stats import t as student
from sklearn.calibration import calibration_curve

from seewhy import stats
from seewhy.formatting import format_value


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (7, 7), (150, 173), (1, 2)])
def test_wilson_agrees_with_scipy(hits: int, n: int) -> None:
    found = stats.proportion(np.arange(n) < hits)
    interval = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert (found.value, found.low, found.high) == pytest.approx((hits / n, interval.low, interval.high), abs=1e-9)


def test_nothing_measured_is_not_a_number_and_says_so() -> None:
    for nothing in (stats.proportion(np.array([], bool)), stats.mean(np.array([np.nan]), seed=0)):
        assert nothing.n == 0
        assert np.isnan(nothing.value)
        assert nothing.text() == "not measured (n = 0)"


def test_mean_leaves_out_what_is_not_finite_and_counts_the_rest() -> None:
    found = stats.mean(np.array([1.0, np.nan, 3.0, np.inf, 2.0, 2.0, 2.0]), seed=0)
    assert (found.value, found.n) == (2.0, 5)


def test_too_few_images_are_not_a_mean() -> None:
    found = stats.mean(np.ones(stats.FEWEST - 1), seed=0)
    assert not found.measured
    assert found.text() == "not measured (n = 4)"


def test_bootstrap_covers_the_normal_interval_and_is_seeded() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = stats.mean(values, seed=1)
    half = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)
    assert found == stats.mean(values, seed=1)


def test_calibration_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(300)
    correct = rng.random(300) < confidence
    ours = stats.calibration_bins(confidence, correct, 10)
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=10)
    np.testing.assert_allclose(ours["accuracy"], accuracy)
    np.testing.assert_allclose(ours["confidence"], mean_confidence)
    assert ours["n"].sum() == 300


def test_expected_calibration_error_by_hand() -> None:
    confidence, correct = np.array([0.9] * 6 + [0.6] * 5), np.arange(11) % 6 < 3  # 3 of 6 right, 3 of 5 right
    found = stats.calibration_error(confidence, correct, 10, seed=0)
    assert (found.value, found.n) == (pytest.approx((6 * 0.4 + 5 * 0.0) / 11), 11)
    assert 0 <= found.low < found.value < found.high <= 1
    table = stats.calibration_bins(confidence, correct, 10)  # the same from the table that the page draws
    assert found.value == pytest.approx(((table["accuracy"] - table["confidence"]).abs() * table["n"]).sum() / 11)


def test_calibration_error_of_too_few_images_is_not_measured() -> None:
    found = stats.calibration_error(np.array([0.9]), np.array([True]), 10, seed=0)
    assert (found.measured, found.n) == (False, 1)


def test_full_confidence_falls_into_the_last_bin() -> None:
    assert len(stats.calibration_bins(np.array([1.0, 0.99]), np.array([True, True]), 10)) == 1


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("", "0.91 (95 % interval 0.86 to 0.94, n = 173)"),
        ("%", "91.2 % (95 % interval 86.0 to 94.0 %, n = 173)"),
        ("×", "0.91× (95 % interval 0.86 to 0.94×, n = 173)"),
        ("+", "+0.91 (95 % interval +0.86 to +0.94, n = 173)"),
    ],
)
def test_text_says_value_interval_and_n(unit: str, said: str) -> None:
    assert stats.Estimate(0.912, 0.86, 0.94, 173).text(unit) == said


def test_a_negative_figure_has_a_minus_sign() -> None:
    assert format_value(-0.25, "+") == "\N{MINUS SIGN}0.25"


@pytest.mark.parametrize("n", [5, 8, 30, 200])
def test_the_interval_of_a_mean_is_as_wide_as_students_where_data_are_normal(n: int) -> None:
    values = np.asarray(norm.ppf((np.arange(n) + 0.5) / n))
    found = stats.mean(values, seed=0)
    half = student.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.12)  # plain percentiles: 36 % narrower at n = 5


def test_a_difference_of_two_groups_is_welchs() -> None:
    first, second = np.array([3.0, 4, 5, 6, 7, np.nan]), np.array([1.0, 1, 2, 3, 3, 2])
    theirs = ttest_ind(first[:5], second, equal_var=False).confidence_interval(0.95)
    found = stats.mean_difference(first, second)
    assert (found.value, found.n) == (3, 11)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))
    assert not stats.mean_difference(first[:4], second).measured
    assert stats.mean_difference(np.ones(5), np.zeros(5)).low == 1


def test_rank_correlation_follows_order_alone() -> None:
    x = np.arange(20.0)
    assert stats.rank_correlation(x, np.exp(x), 0).value == pytest.approx(1)
    assert stats.rank_correlation(x, -(x**3), 0).high == pytest.approx(-1)
    y = np.random.default_rng(0).random(20)
    found = stats.rank_correlation(np.append(x, np.nan), np.append(y, 1), 0)
    assert found.value == pytest.approx(spearmanr(x, y).statistic)
    assert found.low < 0 < found.high
    assert not stats.rank_correlation(x, np.ones(20), 0).measured


def test_signs_of_five_equal_differences_agree_by_chance_twice_in_thirty_two():
    assert stats.sign_flip_p(np.ones(5), 0) == pytest.approx(2 / 32, abs=0.015)
    assert stats.sign_flip_p(np.array([1.0, -1, 2, -2, np.nan, 3, -3]), 0) == pytest.approx(1)
    assert stats.sign_flip_p(np.ones(30), 0) < 0.001
    assert np.isnan(stats.sign_flip_p(np.ones(4), 0))


@pytest.mark.parametrize(
    ("value", "told"), [(0.0048, "+0.005"), (-0.0012, "−0.001"), (0.0, "+0.00"), (0.00001, "+0.00"), (0.21, "+0.21")]
)
def test_what_is_not_zero_is_not_written_as_zero(value, told):
    assert format_value(value, "+") == told


@pytest.mark.parametrize("n", [1, 7, 60, 293, 1000])
def test_all_or_none_reach_the_end_of_their_interval(n):
    assert stats.proportion(np.ones(n, bool)).high == 1
    assert stats.proportion(np.zeros(n, bool)).low == 0


def test_paired_shares_combine_the_two_wilson_intervals_by_how_the_outcomes_go_together():
    first, apart = np.repeat([True, False], 20), np.tile([True, False], 20)
    half = stats.proportion(first)
    alone = stats.paired_shares(first, apart)  # unrelated: squares of the two half widths add up
    assert (alone.value, alone.high) == (0, pytest.approx(np.hypot(half.high - 0.5, 0.5 - half.low)))
    rare = np.arange(40) < 4
    same = stats.paired_shares(rare, rare)  # one and the same: no pair differs, as none of 40 is hit
    assert (same.low, same.high) == pytest.approx((-stats.smallest_share(40), stats.smallest_share(40)))
    swapped = stats.paired_shares(rare, first), stats.paired_shares(first, rare)
    assert (swapped[0].low, swapped[0].high) == (pytest.approx(-swapped[1].high), pytest.approx(-swapped[1].low))


@pytest.mark.parametrize("n", [8, 20, 40])
def test_paired_shares_hold_where_outcomes_go_together(n):
    """Two in five are hits of both, six in a hundred of the first alone."""
    draw, held = np.random.default_rng(n), []
    for _ in range(300):
        kind = draw.choice(3, n, p=[0.4, 0.06, 0.54])
        found = stats.paired_shares(kind < 2, kind < 1)
        held.append(found.low <= 0.06 <= found.high)
    assert np.mean(held) >= 0.93


def test_paired_shares_of_few_that_are_all_alike_have_a_width():
    none, every = np.zeros(6, bool), np.ones(6, bool)
    wilson = stats.proportion(none).high
    found = stats.paired_shares(none, none)
    assert (found.value, found.low, found.high) == (0, pytest.approx(-wilson), pytest.approx(wilson))
    apart = stats.paired_shares(every, none)
    assert (apart.value, apart.high) == (1, 1)
    assert apart.low == pytest.approx(1 - np.hypot(wilson, wilson))
    assert not stats.paired_shares(none[:4], none[:4]).measured
