"""Known answers: evidence in one region only, everywhere, nowhere; means of maps worked by hand."""

import numpy as np

from seewhy.metrics.regions import mean_maps, region_masks

REGIONS = {"top": (0.0, 0.0, 1.0, 0.25), "corner": (0.5, 0.5, 1.0, 1.0)}
TOP = np.zeros((8, 8))
TOP[:2] = 1


def test_regions_are_shares_of_the_pictures_sides():
    masks = region_masks(REGIONS, 8, 4)
    assert masks["top"].sum() == 2 * 4
    assert masks["corner"][4:, 2:].all()
    assert masks["corner"].sum() == 4 * 2


def test_mean_maps_leave_out_what_has_no_evidence_and_tell_of_the_classes_with_few():
    shares = np.stack([TOP, 0 * TOP, TOP, 0 * TOP, TOP, np.full((8, 8), np.nan), TOP])
    means, few = mean_maps(shares, ["smile"] * 6 + ["frown"])
    assert list(means) == ["smile"]
    assert means["smile"][1] == 5
    np.testing.assert_allclose(means["smile"][0], 0.6 * TOP)
    assert few == {"frown": 1}
