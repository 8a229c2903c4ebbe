import numpy as np
import pytest

from seewhy import stats
from seewhy.metrics import segments

SAID = np.array([[[0, 1, 1, 0], [0, 1, 2, 2]]] * 6, np.uint8)
TRUE = np.array([[[0, 1, 1, 1], [0, 0, 2, 255]]] * 6, np.uint8)


def test_confusions_count_known_pixels_true_in_rows():
    found = segments.confusion_matrices(SAID, TRUE, 3)
    assert found.shape == (6, 3, 3)
    assert found[0].tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 1]]


def test_iou_sums_pixels_over_images_before_it_divides():
    big, small = np.zeros((2, 2), int), np.zeros((2, 2), int)
    big[1] = [10, 90]  # 100 pixels of class 1, 90 found
    small[1, 0] = 2  # 2 pixels, none found
    background = np.array([[50, 0], [0, 0]])
    found = segments.class_ious(np.stack([big, small, background] * 4), 0)
    assert found[1].value == pytest.approx(90 / 102)  # a mean over images would be 0.45
    assert found[1].n == 8  # of 12: four images have no pixel of the class on either side
    assert found[1].low < found[1].value < found[1].high
    assert found[0].value == pytest.approx(50 / 62)


def test_mean_inside_a_region():
    shares = np.array([[[1.0, 0.5], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]], [[np.nan, np.nan]] * 2])
    regions = np.array([[[True, True], [False, True]], [[False, False]] * 2, [[True, False]] * 2])
    assert segments.mean_inside(shares, regions) == pytest.approx([0.5, np.nan, np.nan], nan_ok=True)


def test_within_a_region_evidence_may_fall_where_the_model_is_sure():
    sure = np.array([[[0.9, 0.8, 0.7, 0.1]]] * 3)
    shares = np.array([[[0.1, 0.2, 0.3, 0.0]], [[0.3, 0.2, 0.1, 0.0]], [[0.5, 0.5, 0.5, 0.0]]])
    region = np.array([[[True, True, True, False]]] * 3)
    assert segments.correlation_within(shares, sure, region) == pytest.approx([-1, 1, np.nan], nan_ok=True)
    assert np.isnan(segments.correlation_within(shares[:1] * np.nan, sure[:1], region[:1])).all()
    assert np.isnan(segments.correlation_within(shares[:1], sure[:1], ~region[:1] & region[:1])).all()


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
