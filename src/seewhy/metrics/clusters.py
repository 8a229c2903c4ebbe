"""Kinds of mistakes, told from their maps: spectral clustering, held against maps that have no kinds.

SpRAy (Lapuschkin et al. 2019, Nature Communications 10:1096): maps made small -> graph of alike maps -> eigenvectors
of its Laplacian -> groups, as many as the gaps between eigenvalues suggest. Deviations: every map is joined with every
other, scaled to the distance of a near one (Zelnik-Manor & Perona 2004), since a graph of a few neighbours falls apart
where mistakes are few; and the groups are compared with maps of one kind, since spectral clustering always finds some.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from jaxtyping import Float, Int
from torch.nn import functional

from seewhy.stats import FEWEST

LEAST = 10  # maps below which nothing is grouped
GRID = 8  # cells along a side that maps are pooled to: finer ones are never alike
NEIGHBOUR = FEWEST - 1  # whose distance is the scale of a map's surroundings: the last in a group of the fewest
DRAWS = 19  # sets of maps of one kind: the highest value of as many is passed by chance once in 20 times
SILHOUETTE = 0.25  # below it groups run into each other (Kaufman & Rousseeuw 1990)


@dataclass(frozen=True)
class Clusters:
    """Groups of n maps, 0 the largest; the map in the middle of each; how far apart they are.

    silhouette: -1 to 1, the mean over maps of how much nearer a map is to its own group than to the next (Rousseeuw
    1987), measured on the maps themselves; control: the largest of sets of maps without groups (`cluster_maps`).
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

    They are compared with the groups of two sorts of maps of one kind, `DRAWS` sets each: of one normal distribution
    with the same means and the same correlations of cells (Liu et al. 2008, SigClust); and their mean, moved to places
    anywhere among theirs (`scatter_peak`), since peaks that lie here and there look like groups.
    """
    small, rng = pool_maps(maps), np.random.default_rng(seed)
    points = small.reshape(len(small), -1)
    groups = find_groups(points, most)
    spread = (points - points.mean(0)) / np.sqrt(len(points) - 1)
    clouds = (points.mean(0) + rng.standard_normal((len(points),) * 2) @ spread for _ in range(DRAWS))
    moved = (scatter_peak(small, rng).reshape(points.shape) for _ in range(DRAWS))
    control = max(mean_silhouette(drawn, find_groups(drawn, most)) for drawn in chain(clouds, moved))
    return Clusters(groups, medoids(points, groups), mean_silhouette(points, groups), control)


def find_groups(points: Float[np.ndarray, "n d"], most: int) -> Int[np.ndarray, " n"]:
    """The number of each point's group, of as many groups as the gaps of the spectrum suggest; one where all points are
    equal."""
    if not np.ptp(points, axis=0).any():
        return np.zeros(len(points), dtype=int)
    values, vectors = graph_spectrum(points, max(2, min(most, len(points) // FEWEST)))
    return number_groups(read_groups(vectors[:, : largest_gap(values)]))


def scatter_peak(maps: Float[np.ndarray, "n h w"], rng: np.random.Generator) -> Float[np.ndarray, "n h w"]:
    """As many maps of one kind: the mean of the maps with their peaks laid upon each other, moved so that its peak lies
    at random places of the box that holds all peaks. They differ in nothing but their place."""
    from scipy.ndimage import shift

    n, height, width = maps.shape
    peaks = np.stack(np.unravel_index(maps.reshape(n, -1).argmax(1), (height, width)), axis=1)
    wide = peak_mean(maps, peaks)
    found = np.empty(maps.shape)
    for one, (down, across) in zip(found, rng.uniform(peaks.min(0), peaks.max(0), (n, 2)), strict=True):
        row, column = int(down), int(across)
        moved = shift(wide, (down - row, across - column), order=1, mode="nearest")
        one[:] = moved[height - 1 - row : 2 * height - 1 - row, width - 1 - column : 2 * width - 1 - column]
    return found


def peak_mean(maps: Float[np.ndarray, "n h w"], peaks: Int[np.ndarray, "n 2"]) -> Float[np.ndarray, "a b"]:
    """Mean map around the peak, which lies in the middle of 2 h - 1 by 2 w - 1 cells; the least where no map reaches.

    >>> peak_mean(np.array([[[9.0, 1.0]], [[3.0, 9.0]]]), np.array([[0, 0], [0, 1]])).tolist()
    [[3.0, 9.0, 1.0]]
    """
    height, width = maps.shape[1:]
    sums, counts = np.zeros((2, 2 * height - 1, 2 * width - 1))
    for one, (row, column) in zip(maps, peaks, strict=True):
        place = slice(height - 1 - row, 2 * height - 1 - row), slice(width - 1 - column, 2 * width - 1 - column)
        sums[place] += one
        counts[place] += 1
    mean = sums / np.maximum(counts, 1)
    return np.where(counts > 0, mean, mean[counts > 0].min())


def pool_maps(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n a b"]:
    """Maps averaged over squares where they are finer than `GRID`."""
    size = min(maps.shape[1], GRID), min(maps.shape[2], GRID)
    return functional.adaptive_avg_pool2d(torch.from_numpy(np.asarray(maps, dtype=float)), size).numpy()


def map_vectors(maps: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "n d"]:
    """Pooled maps as vectors."""
    return pool_maps(maps).reshape(len(maps), -1)


def graph_spectrum(
    points: Float[np.ndarray, "n d"], count: int
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "n k"]]:
    """The count + 1 smallest eigenvalues of the normalised Laplacian of the points' graph, rising from 0, and their
    eigenvectors, each entry divided by the root of its point's degree (Shi & Malik 2000)."""
    from scipy.linalg import eigh  # only here, as below: importing these takes a second
    from scipy.sparse.csgraph import laplacian

    graph, roots = laplacian(affinity_matrix(points), normed=True, return_diag=True)
    values, vectors = eigh(graph, subset_by_index=[0, min(count, len(points) - 1)])
    return values, vectors / roots[:, None]


def read_groups(vectors: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """The number of each point's group, 0 to k - 1, from k eigenvectors, by QR with pivots (Damle, Minden & Ying 2019):
    unlike k-means this takes no draws and gives the same for any number of threads."""
    from scipy.linalg import qr, svd

    count = vectors.shape[1]
    pivots = qr(vectors.T, pivoting=True, mode="r")[1]
    left, _, right = svd(vectors[pivots[:count]].T)
    return np.abs(vectors @ (left @ right)).argmax(1)


def affinity_matrix(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    """How alike any two points are, 0 to 1: exp(-d^2 / (s_i s_j)), s the distance to the `NEIGHBOUR`-th nearest."""
    far = _point_distances(points)
    scale = np.sort(far, axis=1)[:, min(NEIGHBOUR, len(far) - 1)]
    return np.exp(-(far**2) / np.maximum(np.outer(scale, scale), np.finfo(float).tiny))


def largest_gap(eigenvalues: Float[np.ndarray, " k"]) -> int:
    """How many groups the largest gap of rising eigenvalues suggests, from two on (von Luxburg 2007, section 8.3)."""
    return int(np.diff(eigenvalues)[1:].argmax()) + 2


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
    member = groups[:, None] == np.unique(groups)
    if member.shape[1] < 2:
        return np.zeros(len(points))
    sizes, sums = member.sum(0), _point_distances(points) @ member
    own = (sums * member).sum(1) / np.maximum((sizes * member).sum(1) - 1, 1)
    next_one = np.where(member, np.inf, sums / sizes).min(1)
    largest = np.maximum(own, next_one)
    alone = (sizes * member).sum(1) == 1
    return np.where(alone | (largest == 0), 0, (next_one - own) / np.where(largest == 0, 1, largest))


def mean_silhouette(points: Float[np.ndarray, "n d"], groups: Int[np.ndarray, " n"]) -> float:
    """Mean silhouette; 0 for a single group."""
    return float(silhouettes(points, groups).mean())


def _point_distances(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    from scipy.spatial.distance import cdist

    return cdist(points, points)
