"""Kinds of mistakes, told from their maps: spectral clustering, held against maps that have no kinds.

SpRAy (Lapuschkin et al. 2019, Nature Communications 10:1096): maps made small -> graph of alike maps -> eigenvectors
of its Laplacian -> groups, as many as the gaps between eigenvalues suggest. Deviations: every map is joined with every
other, scaled to the distance of a near one (Zelnik-Manor & Perona 2004), since a graph of a few neighbours falls apart
where mistakes are few; and the groups are held against a control, since spectral clustering always finds some.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch.nn import functional

from seewhy.stats import FEWEST

LEAST = 10  # maps below which nothing is grouped
GRID = 8  # cells along a side that maps are pooled to: finer ones are never alike
NEIGHBOUR = FEWEST - 1  # whose distance is the scale of a map's surroundings: the last in a group of the fewest
DRAWS = 19  # of the control: its highest value is passed by chance once in 20 times
SILHOUETTE = 0.25  # below it groups run into each other (Kaufman & Rousseeuw 1990)


@dataclass(frozen=True)
class Clusters:
    """Groups of n maps, 0 the largest; the map in the middle of each; how far apart they are.

    silhouette: -1 to 1, the mean over maps of how much nearer a map is to its own group than to the next (Rousseeuw
    1987), measured on the maps themselves; control: the largest of `DRAWS` sets of maps without groups.
    """

    groups: Int[np.ndarray, " n"]
    medoids: list[int]
    silhouette: float
    control: float

    @property
    def count(self) -> int:
        """How many groups."""
        return len(self.medoids)


def are_distinct(silhouette: float, control: float) -> bool:
    """Whether groups with that mean silhouette are apart, and further than one cloud of points would be."""
    return silhouette >= SILHOUETTE and silhouette > control


def cluster_maps(maps: Float[np.ndarray, "n h w"], most: int, seed: int) -> Clusters:
    """Groups of at least `LEAST` maps, each a share of its own maximum: 2 to `most`, on average of `FEWEST` or more.

    The control draws as many maps from one normal distribution with the same means and the same correlations of cells,
    and groups them alike (the null hypothesis of Liu et al. 2008, SigClust).
    """
    points = map_vectors(maps)
    count = largest_gap(graph_spectrum(points, max(2, min(most, len(points) // FEWEST))))
    groups = number_groups(group_points(points, count, seed))
    rng = np.random.default_rng(seed)
    spread = (points - points.mean(0)) / np.sqrt(len(points) - 1)
    noise = (points.mean(0) + rng.standard_normal((len(points),) * 2) @ spread for _ in range(DRAWS))
    control = max(mean_silhouette(drawn, group_points(drawn, count, seed)) for drawn in noise)
    return Clusters(groups, medoids(points, groups), mean_silhouette(points, groups), control)


def map_vectors(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n d"]:
    """Maps as vectors, averaged over squares where they are finer than `GRID`."""
    size = min(maps.shape[1], GRID), min(maps.shape[2], GRID)
    small = functional.adaptive_avg_pool2d(torch.from_numpy(np.asarray(maps, dtype=float)), size)
    return small.flatten(1).numpy()


def graph_spectrum(points: Float[np.ndarray, "n d"], count: int) -> Float[np.ndarray, " k"]:
    """The count + 1 smallest eigenvalues of the normalised Laplacian of the points' graph, rising from 0."""
    from scipy.linalg import eigvalsh  # only here, as below: importing these takes a second
    from scipy.sparse.csgraph import laplacian

    return eigvalsh(laplacian(affinity_matrix(points), normed=True), subset_by_index=[0, min(count, len(points) - 1)])


def affinity_matrix(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    """How alike any two points are, 0 to 1: exp(-d^2 / (s_i s_j)), s the distance to the `NEIGHBOUR`-th nearest."""
    far = _point_distances(points)
    scale = np.sort(far, axis=1)[:, min(NEIGHBOUR, len(far) - 1)]
    return np.exp(-(far**2) / np.maximum(np.outer(scale, scale), np.finfo(float).tiny))


def largest_gap(eigenvalues: Float[np.ndarray, " k"]) -> int:
    """How many groups the largest gap of rising eigenvalues suggests, from two on (von Luxburg 2007, section 8.3)."""
    return int(np.diff(eigenvalues)[1:].argmax()) + 2


def group_points(points: Float[np.ndarray, "n d"], count: int, seed: int) -> Int[np.ndarray, " n"]:
    """The number of each point's group, read off the first `count` eigenvectors (Damle, Minden & Ying 2019): unlike
    k-means this takes no draws and gives the same for any number of threads."""
    from sklearn.cluster import spectral_clustering

    if not np.ptp(points, axis=0).any():
        return np.zeros(len(points), dtype=int)
    return spectral_clustering(affinity_matrix(points), n_clusters=count, assign_labels="cluster_qr", random_state=seed)


def number_groups(groups: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """The same groups numbered by size, the largest 0; of equals the one whose first member comes first."""
    names, first, members, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    place = np.empty(len(names), dtype=int)
    place[np.lexsort((first, -sizes))] = np.arange(len(names))
    return place[members]


def medoids(points: Float[np.ndarray, "n d"], groups: Int[np.ndarray, " n"]) -> list[int]:
    """Of each group the point with the least distance to its others, the first of equals."""
    far = np.round(_point_distances(points), 9)
    inside = [np.flatnonzero(groups == number) for number in range(groups.max() + 1)]
    return [int(some[far[np.ix_(some, some)].sum(1).argmin()]) for some in inside]


def silhouettes(points: Float[np.ndarray, "n d"], groups: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """How much nearer each point is to its own group than to the next, -1 to 1 (Rousseeuw 1987); 0 for a single group.

    >>> silhouettes(np.array([[0.0], [0.0], [9.0], [9.0]]), np.array([0, 0, 1, 1]))
    array([1., 1., 1., 1.])
    """
    from sklearn.metrics import silhouette_samples

    several = len(set(groups.tolist())) > 1
    return np.asarray(silhouette_samples(points, groups)) if several else np.zeros(len(points))


def mean_silhouette(points: Float[np.ndarray, "n d"], groups: Int[np.ndarray, " n"]) -> float:
    """Mean silhouette; 0 for a single group."""
    return float(silhouettes(points, groups).mean())


def _point_distances(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    from scipy.spatial.distance import cdist

    return cdist(points, points)
