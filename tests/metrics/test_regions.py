"""Known answers: evidence in one region only, everywhere, nowhere; means of maps worked by hand."""

import numpy as np
import pytest

from seewhy.metrics.regions import mean_maps, measure, region_masks, table

REGIONS = {"top": (0.0, 0.0, 1.0, 0.25), "corner": (0.5, 0.5, 1.0, 1.0)}
TOP = np.zeros((8, 8))
TOP[:2] = 1


def test_regions_are_shares_of_the_pictures_sides():
    masks = region_masks(REGIONS, 8, 4)
    assert masks["top"].sum() == 2 * 4
    assert masks["corner"][4:, 2:].all()
    assert masks["corner"].sum() == 4 * 2


def test_shares_and_lifts_by_hand():
    found = measure(np.stack([TOP, np.ones((8, 8)), np.zeros((8, 8))]), REGIONS, grid=(4, 4), seed=0)
    assert found["top"]["share"][:2].tolist() == [1, 0.25]
    assert found["top"]["lift"][:2].tolist() == [4, 1]
    assert found["corner"]["lift"][:2].tolist() == [0, 1]
    assert np.isnan(found["top"]["lift"][2])


def test_controls_know_nothing_and_noise_is_chance():
    found = measure(np.ones((300, 16, 16)), REGIONS, grid=(4, 4), seed=0)
    assert found["corner"]["random"].mean() == pytest.approx(1, abs=0.05)
    assert found["corner"]["centre"].mean() == pytest.approx(1)  # by symmetry
    assert found["top"]["centre"].mean() < 1


def test_a_table_has_a_row_for_all_and_for_each_class_and_does_not_measure_few():
    found = measure(np.stack([TOP] * 6 + [np.ones((8, 8))] * 2), REGIONS, grid=(4, 4), seed=0)
    rows = table(found, ["smile"] * 6 + ["frown"] * 2, seed=0).set_index(["region", "class"])
    assert len(rows) == 2 * 3
    assert rows.loc[("top", "smile"), ["n", "share", "lift", "low", "high"]].tolist() == [6, 1, 4, 4, 4]
    assert rows.loc[("top", "all"), "share"] == pytest.approx((6 + 2 * 0.25) / 8)
    assert rows.loc[("top", "frown"), "n"] == 2
    assert np.isnan(rows.loc[("top", "frown"), "share"])
    over = rows.loc[("top", "smile")]
    assert over["over centre"] == pytest.approx(over["lift"] - over["centre"])
    assert over["from"] == pytest.approx(over["over centre"])  # six equal maps do not scatter


def test_a_class_named_all_does_not_take_the_place_of_all():
    found = measure(np.stack([TOP] * 6 + [np.ones((8, 8))] * 6), REGIONS, grid=(4, 4), seed=0)
    rows = table(found, ["all"] * 6 + ["frown"] * 6, seed=0)
    assert rows[rows["region"] == "top"]["n"].tolist() == [12, 6, 6]
    assert rows.drop_duplicates("region")["n"].tolist() == [12, 12]


def test_mean_maps_leave_out_what_has_no_evidence_and_tell_of_the_classes_with_few():
    shares = np.stack([TOP, 0 * TOP, TOP, 0 * TOP, TOP, np.full((8, 8), np.nan), TOP])
    means, few = mean_maps(shares, ["smile"] * 6 + ["frown"])
    assert list(means) == ["smile"]
    assert means["smile"][1] == 5
    np.testing.assert_allclose(means["smile"][0], 0.6 * TOP)
    assert few == {"frown": 1}
