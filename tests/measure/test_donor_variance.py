"""Donors that serve several images: how much an interval must widen so that it still holds the truth."""

import math

import numpy as np
import pandas as pd
import pytest

from seewhy.measure.donor_variance import effective_donors, widen_interval
from seewhy.measure.summary import compare_controls, mean_estimate
from seewhy.metrics.registry import METRICS, declare_metric
from seewhy.stats import mean, paired_shares, proportion, smallest_share


@pytest.fixture(autouse=True)
def metrics():
    declare_metric("hit", family="test", is_share=True)
    yield
    del METRICS["hit"]


def crossed(seed, donors, images=60, spread=1.0):
    """Values of images that are changed with two donors each, as many times with every donor; the true mean is 0."""
    draw = np.random.default_rng(seed)
    of_donors, of_images = draw.normal(0, spread, donors), draw.normal(0, 0.5, images)
    image, donor = np.repeat(np.arange(images), 2), draw.permutation(np.arange(2 * images) % donors)
    value = of_images[image] + of_donors[donor] + draw.normal(0, 0.2, 2 * images)
    return pd.DataFrame({"image": image.astype(str), "donor": donor.astype(str), "value": value})


def held(donors, widened, seeds=100):
    """How often the 95 % interval holds the true mean."""
    hits = []
    for seed in range(seeds):
        rows = crossed(seed, donors)
        one = mean(rows.groupby("image", sort=False)["value"].mean().to_numpy(), 0)
        one = widen_interval(one, rows) if widened else one
        hits.append(one.low <= 0 <= one.high)
    return np.mean(hits)


@pytest.mark.parametrize("donors", [5, 20])
def test_an_interval_holds_the_truth_with_few_donors(donors):
    assert held(donors, widened=False) < 0.85
    assert held(donors, widened=True) >= 0.9


def test_donors_that_make_no_difference_widen_little():
    rows = crossed(0, 30, spread=0.0)
    one = mean(rows.groupby("image", sort=False)["value"].mean().to_numpy(), 0)
    wide = widen_interval(one, rows)
    assert 1 <= (wide.high - wide.low) / (one.high - one.low) < 1.15


def test_of_one_donor_nothing_is_known():
    rows = crossed(0, 1)
    assert not widen_interval(mean(rows["value"].to_numpy(), 0), rows).measured
    assert mean_estimate(METRICS["hit"], "", rows.assign(value=0.0), 0).high == pytest.approx(smallest_share(1))


def test_a_share_counts_no_more_images_than_donors():
    rows = crossed(0, 10).assign(value=0.0)
    assert effective_donors(rows) == pytest.approx(10)
    found = mean_estimate(METRICS["hit"], "", rows, 0)
    assert (found.n, found.high) == (60, pytest.approx(smallest_share(10)))
    away = crossed(1, 30).assign(value=0.0)
    apart = compare_controls(rows, away, METRICS["hit"], 0)[0]
    assert (apart.n, apart.high) == (60, pytest.approx(smallest_share(10)))
    blurred = rows.assign(donor="")
    assert math.isinf(effective_donors(blurred))
    assert mean_estimate(METRICS["hit"], "", blurred, 0) == proportion(np.zeros(60))
    assert compare_controls(blurred, blurred, METRICS["hit"], 0)[0] == paired_shares(np.zeros(60), np.zeros(60))


def test_a_difference_is_of_the_images_that_have_both():
    rows, fewer = crossed(0, 10), crossed(1, 10)
    fewer = fewer[fewer["image"].astype(int) < 40]
    assert compare_controls(rows, fewer, None, 0)[0].n == 40
    fewer.loc[fewer["image"] == "0", "value"] = np.nan
    assert compare_controls(rows, fewer, None, 0)[0].n == 39
