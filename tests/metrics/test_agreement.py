"""Rank correlation against scipy, and methods that are one by construction."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from seewhy.metrics import agreement

MAPS = np.random.default_rng(0).normal(size=(5, 4, 6)).round(1)  # rounded, so that ties occur
OTHER = MAPS + np.random.default_rng(1).normal(size=MAPS.shape).round(1)


def test_agrees_with_scipy_ties_included() -> None:
    expected = [spearmanr(a.ravel(), b.ravel()).statistic for a, b in zip(MAPS, OTHER, strict=True)]
    np.testing.assert_allclose(agreement.spearman(MAPS, OTHER), expected)


def test_a_constant_map_has_no_order() -> None:
    assert np.isnan(agreement.spearman(MAPS, np.ones_like(MAPS))).all()


def test_methods_coincide_up_to_a_positive_factor_only() -> None:
    maps = {"a": MAPS, "half": MAPS / 2, "turned": -MAPS, "other": OTHER}
    assert agreement.coinciding_maps(maps) == [["a", "half"]]


def test_pairs_count_methods_that_are_one_once() -> None:
    maps = {"a": MAPS, "half": MAPS / 2, "other": OTHER, "turned": -MAPS}
    found = agreement.correlation_pairs(maps, [["a", "half"]])
    assert list(found) == ["a and other", "a and turned", "other and turned"]
    np.testing.assert_allclose(found["a and turned"], -1)
    np.testing.assert_allclose(found["a and other"], agreement.spearman(MAPS, OTHER))
    name, lowest = agreement.furthest_pair(found, seed=0)
    assert (name, lowest.value, lowest.n) == ("a and turned", pytest.approx(-1), 5)
    alone = agreement.correlation_pairs({"a": MAPS, "half": MAPS / 2}, [["a", "half"]])
    assert alone.shape[1] == 0
    assert agreement.furthest_pair(alone, seed=0) is None


def test_where_no_image_has_an_order_nothing_is_measured() -> None:
    name, one = agreement.furthest_pair(
        agreement.correlation_pairs({"a": MAPS, "flat": np.ones_like(MAPS)}, []), seed=0
    )
    assert (name, one.measured) == ("a and flat", False)


def test_methods_that_rank_alike_count_once() -> None:
    names = ["a", "b", "c", "d"]
    table = pd.DataFrame(np.eye(4), names, names)
    table.loc["a", "c"] = table.loc["c", "a"] = 0.9998
    table.loc["b", "d"] = table.loc["d", "b"] = 0.98
    assert agreement.duplicate_methods(table) == [["a", "c"]]
    assert agreement.duplicate_methods(pd.DataFrame([[np.nan]], ["a"], ["a"])) == []
