import numpy as np
import pandas as pd
import pytest

from seewhy import stats
from seewhy.metrics import segments
from seewhy.report.text import segment_findings

SAID = np.array([[[0, 1, 1, 0], [0, 1, 2, 2]]] * 6, np.uint8)
TRUE = np.array([[[0, 1, 1, 1], [0, 0, 2, 255]]] * 6, np.uint8)


def test_confusions_count_known_pixels_true_in_rows():
    found = segments.confusions(SAID, TRUE, 3)
    assert found.shape == (6, 3, 3)
    assert found[0].tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 1]]


def test_iou_sums_pixels_over_images_before_it_divides():
    big, small = np.zeros((2, 2), int), np.zeros((2, 2), int)
    big[1] = [10, 90]  # 100 pixels of class 1, 90 found
    small[1, 0] = 2  # 2 pixels, none found
    background = np.array([[50, 0], [0, 0]])
    found = segments.ious(np.stack([big, small, background] * 4), 0)
    assert found[1].value == pytest.approx(90 / 102)  # a mean over images would be 0.45
    assert found[1].n == 8  # of 12: four images have no pixel of the class on either side
    assert found[1].low < found[1].value < found[1].high
    assert found[0].value == pytest.approx(50 / 62)


def test_a_map_that_lies_on_another_class_has_its_lift_there():
    targets = np.array([1, 1, 1, 1, 1, 2])
    maps = (SAID == 2).astype(float)  # all of it on class 2, a quarter of the image
    found = segments.class_lifts(maps, targets, SAID, 3, 0)
    assert [one.value for one in found[1]] == pytest.approx([0, 0, 4])
    assert found[1][2].n == 5
    assert not found[2][2].measured  # one image
    assert not found[0][0].measured


def test_a_flat_map_has_lift_one_everywhere():
    found = segments.class_lifts(np.ones(SAID.shape), np.ones(6, int), SAID, 3, 0)
    assert [one.value for one in found[1]] == pytest.approx([1, 1, 1])


def test_mean_inside_a_region():
    shares = np.array([[[1.0, 0.5], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], [[np.nan, np.nan]] * 2])
    regions = np.array([[[True, True], [False, True]], [[False, False]] * 2, [[True, False]] * 2])
    assert segments.inside(shares, regions) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_within_a_region_evidence_may_fall_where_the_model_is_sure():
    sure = np.array([[[0.9, 0.8, 0.7, 0.1]]] * 3)
    shares = np.array([[[0.1, 0.2, 0.3, 0.0]], [[0.3, 0.2, 0.1, 0.0]], [[0.5, 0.5, 0.5, 0.0]]])
    region = np.array([[[True, True, True, False]]] * 3)
    assert segments.within(shares, sure, region) == pytest.approx([-1, 1, np.nan], nan_ok=True)
    assert np.isnan(segments.within(shares[:1] * np.nan, sure[:1], region[:1])).all()
    assert np.isnan(segments.within(shares[:1], sure[:1], ~region[:1] & region[:1])).all()


def test_brightness_by_probability_is_a_mean_over_images():
    sure = np.array([[[0.05, 0.95, 1.0, 0.55]]] * 5)
    shares = np.array([[[0.0, 0.2, 0.4, 0.9]]] * 4 + [[[0.0, 0.8, 0.8, 0.9]]])
    found = segments.by_probability(shares, sure, np.ones(5, int), ["sky", "roof"], 10, 0)
    assert found["class"].unique().tolist() == ["roof"]
    assert found["probability"].tolist() == pytest.approx([0.05, 0.55, 0.95])
    assert found["mean"].tolist() == pytest.approx([0, 0.9, (4 * 0.3 + 0.8) / 5])
    assert found["n"].tolist() == [5, 5, 5]


def test_correlation_is_of_ranks():
    x = np.arange(20.0)
    assert stats.rank_correlation(x, -np.exp(x), 0).value == pytest.approx(-1)
    assert not stats.rank_correlation(x, np.ones(20), 0).measured
    gap = np.where(x == 3, np.nan, x)
    assert stats.rank_correlation(gap, x, 0).n == 19


def test_the_interval_of_a_correlation_covers_what_scipy_finds():
    from scipy.stats import spearmanr

    draw = np.random.default_rng(0)
    x = draw.normal(size=60)
    y = x + draw.normal(size=60)
    found = stats.rank_correlation(x, y, 0)
    assert found.value == pytest.approx(spearmanr(x, y).statistic)
    assert 0 < found.low < found.value < found.high < 1


def test_what_two_methods_by_trial_say():
    alike = [stats.Estimate(value, value - 0.1, value + 0.1, 9) for value in (0.8, 0.5, 0.2)]
    rises = pd.DataFrame({"class": ["a"], "photo": [0.9], "LIME": [0.1]})
    said = [segment_findings.tried(one, 9, 80, rises) for one in alike]
    assert ["mostly agree" in said[0], "agree in part" in said[1], "hardly agree" in said[2]] == [True] * 3
    assert "Too few to compare" in segment_findings.tried(stats.mean(np.array([0.5]), 0), 1, 80, rises)


def test_a_class_that_looks_like_what_hides_it_cannot_be_read():
    scores = pd.DataFrame({"class": ["a", "a", "a", "b"], "photo": [0.2, 0.3, 0.9, 0.8], "LIME": [0.6, 0.5, 0.1, 0.1]})
    said, _ = segment_findings.hidden(scores)
    assert "LIME, 2 of 3 cases" in said
    assert "*b*" not in said
    assert segment_findings.hidden(scores.tail(1)) == ("", "")
