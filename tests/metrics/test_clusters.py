"""Planted groups are found, one cloud is not called several kinds, and nothing depends on signs or order."""

import numpy as np
import pytest
from sklearn.cluster import spectral_clustering
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from seewhy.metrics import clusters

CORNERS = [(slice(0, 2), slice(0, 2)), (slice(0, 2), slice(4, 6)), (slice(4, 6), slice(0, 2))]


def planted(sizes=(6, 9, 7), seed=0):
    """Maps of 6 x 6 cells, each with its evidence in one corner, and where: mixed up."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    maps = 0.1 * rng.random((len(truth), 6, 6))
    for one, corner in zip(maps, truth, strict=True):
        one[CORNERS[corner]] += 0.9
    return maps, truth


@pytest.mark.parametrize("seed", range(3))
def test_planted_groups_are_found_counted_and_numbered_by_size(seed):
    maps, truth = planted(seed=seed)
    found = clusters.cluster_maps(maps, most=4, seed=0)
    order = [1, 2, 0]  # of 9, 7 and 6
    assert [order[group] for group in found.groups] == truth.tolist()
    assert clusters.are_distinct(found.silhouette, found.control)
    assert found.silhouette > 0.8 > found.control
    assert [order[group] for group in range(3)] == truth[found.medoids].tolist()


def test_one_cloud_is_no_group_of_kinds():
    rng = np.random.default_rng(1)
    found = clusters.cluster_maps(0.5 + 0.1 * rng.standard_normal((30, 4, 4)), most=5, seed=0)
    assert not clusters.are_distinct(found.silhouette, found.control)
    assert found.count >= 2  # sorting always finds some
    line = np.linspace(0, 1, 30)[:, None, None] * np.ones((1, 4, 4))  # apart as halves, but one row
    assert clusters.cluster_maps(line, most=2, seed=0).silhouette > clusters.SILHOUETTE


def test_a_control_as_far_apart_is_enough_to_doubt():
    assert clusters.are_distinct(0.4, 0.3)
    assert not clusters.are_distinct(0.4, 0.5)
    assert not clusters.are_distinct(0.2, 0.1)


def peaks(places, width=1.0, seed=0):
    """Maps of 7 x 7 cells with one peak each, at those places, and a little noise."""
    y, x = np.mgrid[:7, :7]
    far = (y - places[:, 0, None, None]) ** 2 + (x - places[:, 1, None, None]) ** 2
    maps = np.exp(-far / (2 * width**2)) + 0.05 * np.random.default_rng(seed).random((len(places), 7, 7))
    return maps / maps.max((1, 2), keepdims=True)


def claims_groups(places, seed):
    found = clusters.cluster_maps(peaks(places, seed=seed), 6, seed)
    return clusters.are_distinct(found.silhouette, found.control)


def test_peaks_here_and_there_are_called_groups_no_more_often_than_stated():
    """One kind of mistake, whose object may lie anywhere: 72 of 100 such sets were called groups."""
    draws = [np.random.default_rng(seed).uniform(0, 6, (24, 2)) for seed in range(100)]
    claims = sum(claims_groups(places, seed) for seed, places in enumerate(draws))
    assert claims <= 10  # of 5 expected; binomial: 11 or more in 1.1 % of cases


def test_peaks_at_two_places_are_still_called_groups():
    at = np.array([(1, 1), (5, 5)] * 12)
    draws = [at + np.random.default_rng(seed).normal(0, 0.5, at.shape) for seed in range(5)]
    assert all(claims_groups(places, seed) for seed, places in enumerate(draws))


def test_silhouettes_are_those_of_scikit_learn():
    points, groups = np.random.default_rng(0).random((20, 3)), np.arange(20) % 3
    np.testing.assert_allclose(clusters.silhouettes(points, groups), silhouette_samples(points, groups))
    groups = np.array([0, *[1] * 19])  # a group of one
    np.testing.assert_allclose(clusters.silhouettes(points, groups), silhouette_samples(points, groups))


def test_spectral_groups_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (20, 6)), rng.normal(3, 1, (15, 6)), rng.normal(-4, 1, (9, 6))])
    found = clusters.find_groups(points, 6)
    graph, count = clusters.affinity_matrix(points), found.max() + 1
    theirs = spectral_clustering(graph, n_clusters=count, assign_labels="cluster_qr", random_state=0)
    assert adjusted_rand_score(found, theirs) == 1


def test_equal_maps_are_one_group():
    found = clusters.cluster_maps(np.ones((12, 3, 3)), most=3, seed=0)
    assert found.groups.tolist() == [0] * 12
    assert (found.silhouette, clusters.are_distinct(found.silhouette, found.control)) == (0, False)


def test_two_runs_are_equal_and_the_order_of_images_moves_no_border():
    maps, _ = planted((5, 5, 5), seed=3)
    one, again = (clusters.cluster_maps(maps, 3, 0) for _ in range(2))
    np.testing.assert_array_equal(one.groups, again.groups)
    assert (one.silhouette, one.control, one.medoids) == (again.silhouette, again.control, again.medoids)
    turned = clusters.cluster_maps(maps[::-1].copy(), 3, 0).groups[::-1]
    assert adjusted_rand_score(one.groups, turned) == 1
    assert one.groups[0] == 0  # of equally large ones the group of the first image


def test_likeness_is_scaled_by_the_surroundings():
    points = np.array([[0.0], [1.0], [3.0]])
    found = clusters.affinity_matrix(points)  # fewer than there are neighbours: the furthest is the scale, 3, 2 and 3
    np.testing.assert_allclose(found[0], [1, np.exp(-1 / 6), np.exp(-9 / 9)])
    np.testing.assert_allclose(found, found.T)
    np.testing.assert_allclose(clusters.affinity_matrix(10 * points), found)


@pytest.mark.parametrize(
    ("eigenvalues", "count"), [([0, 0.01, 0.02, 0.8, 0.9], 3), ([0, 0.1, 0.9, 1], 2), ([0, 0.9, 0.95, 0.96], 2)]
)
def test_the_largest_gap_says_how_many(eigenvalues, count):
    assert clusters.largest_gap(np.array(eigenvalues)) == count


def test_two_blocks_that_never_meet_have_two_eigenvalues_of_zero():
    points = np.concatenate([np.random.default_rng(0).random((9, 2)), 1e3 + np.random.default_rng(1).random((9, 2))])
    values, _ = clusters.graph_spectrum(points, 3)
    np.testing.assert_allclose(values[:2], 0, atol=1e-9)
    assert values[2] > 0.1


def test_numbers_go_by_size_then_by_the_first_member():
    assert clusters.number_groups(np.array([2, 2, 7, 5, 5, 9, 9, 9])).tolist() == [1, 1, 3, 2, 2, 0, 0, 0]


def test_the_medoid_is_nearest_to_its_own():
    points = np.array([[0.0], [1.0], [5.0], [100.0], [100.0]])
    assert clusters.medoids(points, np.array([0, 0, 0, 1, 1])) == [1, 3]


def test_fine_maps_are_averaged_to_a_common_grid():
    coarse = np.random.default_rng(0).random((3, 8, 5))
    fine = np.kron(coarse, np.ones((1, 4, 1)))
    np.testing.assert_allclose(clusters.map_vectors(fine), coarse.reshape(3, -1))
    assert clusters.map_vectors(np.zeros((2, 3, 3))).shape == (2, 9)
