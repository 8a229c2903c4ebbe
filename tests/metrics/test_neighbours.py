import numpy as np
import pytest

from seewhy.metrics import neighbours
from seewhy.metrics.neighbours import KINDS

ANSWER, TRUE, OTHER = KINDS


def test_the_nearest_are_those_at_the_smallest_angle_whatever_their_length():
    pool = np.array([[0.0, 1.0], [10.0, 0.0], [1.0, 1.0], [0.0, 0.0], [5.0, 5.0]])
    index, alike = neighbours.find_nearest(np.array([[2.0, 0.0], [0.0, 0.0]]), pool, 3)
    assert index.tolist() == [[1, 2, 4], [0, 1, 2]]  # of equals the first; a vector of zeros is like nothing
    np.testing.assert_allclose(alike, [[1, 0.5**0.5, 0.5**0.5], [0, 0, 0]], atol=1e-6)
    assert neighbours.find_nearest(pool[:1], pool[1:3], 9)[0].shape == (1, 2)


def test_float_noise_does_not_decide_between_equals():
    one = np.random.default_rng(0).random(64)
    index, _ = neighbours.find_nearest(one[None], np.stack([one * 3, one, one / 7]), 3)
    assert index.tolist() == [[0, 1, 2]]


def test_a_neighbour_is_of_the_answer_of_the_true_class_or_of_another():
    found = neighbours.neighbour_kinds([["a", "b"], ["a", "c"]], ["a", "b"], ["b", "a"])
    assert found.tolist() == [[ANSWER, TRUE], [TRUE, OTHER]]


def test_sides_stand_beside_what_chance_would_give():
    answers, truths = ["a"] * 4, ["b", "b", "b", "c"]
    found = neighbours.count_sides(["a", "a", "b", "d"], answers, truths, ["a"] * 5 + ["b"] * 4 + ["d"])
    assert [found.shares[kind].value for kind in KINDS] == [0.5, 0.25, 0.25]
    assert [found.chance[kind] for kind in KINDS] == pytest.approx([0.5, 0.3, 0.2])  # b three times 0.4, c never
    assert found.shares[ANSWER].n == 4


@pytest.mark.parametrize(
    ("nearest", "pool", "side"),
    [
        (["a"] * 38 + ["b"] * 2, ["a", "b"], ANSWER),
        (["a"] * 2 + ["b"] * 38, ["a", "b"], TRUE),
        (["a"] * 22 + ["b"] * 18, ["a", "b"], ""),
        (["a"] * 38 + ["b"] * 2, ["a"] * 19 + ["b"], ""),  # chance gives as many
    ],
)
def test_a_side_is_named_where_it_beats_the_other_and_chance(nearest, pool, side):
    found = neighbours.count_sides(nearest, ["a"] * 40, ["b"] * 40, pool * 5)
    assert found.frequent_side == side
    assert found.has_sides
    assert not neighbours.count_sides(["c"] * 40, ["a"] * 40, ["b"] * 40, ["c"]).has_sides
