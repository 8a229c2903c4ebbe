"""Sentences of page 06 follow the figures: each of their turns."""

import numpy as np
import pytest

from seewhy.metrics import neighbours
from seewhy.metrics.clusters import Clusters
from seewhy.report.text import findings
from seewhy.report.text import mistake_findings as told
from seewhy.stats import NOTHING, Estimate, proportion

APART = Clusters(np.repeat([0, 1], 10), [0, 10], 0.6, 0.2)
CLOUD = Clusters(np.repeat([0, 1], 10), [0, 10], 0.15, 0.2)


@pytest.mark.parametrize(
    ("nearest", "pool", "said"),
    [
        (["a"] * 30, ["a", "b"], "look like what they were taken for"),
        (["b"] * 30, ["a", "b"], "look like what they are"),
        (["a", "b"] * 15, ["a", "b"], "Neither side"),
        (["c"] * 30, ["a", "b", "c", "c"], "of another class in 100.0 %"),
        (["c"] * 30, ["c"], "cannot be told"),
    ],
)
def test_nearest(nearest, pool, said):
    assert said in told.nearest(neighbours.sides(nearest, ["a"] * 30, ["b"] * 30, pool * 5))


def test_a_class_that_can_hardly_be_found_says_nothing_of_sides():
    few = told.nearest(neighbours.sides(["a"] * 30, ["a"] * 30, ["b"] * 30, ["a"] * 16 + ["b"] * 4))
    assert few.endswith("Of one side only 4 right images could be found, too few to say more.")


def test_nearest_stands_beside_chance():
    text = told.nearest(neighbours.sides(["a"] * 30, ["a"] * 30, ["b"] * 30, ["a", "b", "b", "b"]))
    assert "answered in **100.0 % (95 % interval" in text
    assert "n = 30" in text
    assert "drawn at random that would hold in 25.0 % and 75.0 %" in text
    assert "another class" not in text


def test_groups_are_called_distinct_beside_their_limits():
    assert "**2 distinct groups**: silhouette 0.60 (needed: 0.25" in told.distinct(APART)
    assert "draws up to 0.20" in told.distinct(APART)
    assert told.distinct(CLOUD).startswith("**The groups are not distinct**: silhouette 0.15")


def test_a_group_names_its_classes_place_and_share_on_the_object():
    cam = np.zeros((5, 5))
    cam[0, 4] = 1
    text = told.group(2, [("cat", "cup", 7), ("cup", "cat", 2)], cam, Estimate(0.3, 0.2, 0.4, 9))
    assert text.startswith("**Group 2** (n = 9): 7 of 9 are *cat* taken for *cup*; their evidence is densest ")
    assert "in the upper right, 100.0 % of it on a ninth" in text
    assert text.endswith("on the object lie 30.0 % (95 % interval 20.0 to 40.0 %, n = 9).")
    assert "object" not in told.group(1, [("cat", "cup", 7)], cam, NOTHING)


def test_a_place_is_a_ninth_of_the_picture():
    assert told.place(np.eye(3)[[1, 0, 2]]) == ("at the top", pytest.approx(1 / 3))
    assert told.place(np.ones((4, 7)))[1] == pytest.approx(1 / 9)
    low = np.zeros((4, 4))
    low[3, 1:3] = 1
    assert told.place(low) == ("at the bottom", pytest.approx(2 / 3))  # a cell of four reaches over a third's border


def test_doubted_labels():
    share = proportion(np.arange(40) < 4)
    assert "**4 of 40** labelled images" in told.doubted(share, 3)
    assert "3 of them are mistakes" in told.doubted(share, 3)
    assert "all of them mistakes" in told.doubted(share, 4)
    assert told.doubted(proportion(np.zeros(40, bool)), 0).startswith("The model is not confident of another class")


def test_a_system_is_named_only_where_it_is_decisive():
    many, few = [("cat", "cup", 30), ("cup", "cat", 5)], [("cat", "cup", 18), ("cup", "cat", 17)]
    assert "2 distinct groups" in told.system(few, APART)
    assert told.system(many, CLOUD).startswith(
        "**There is a system in it**: 30 of these are *cat* taken for *cup*, 85.7 % (95 % interval"
    )
    assert told.system(few, CLOUD) == told.system([], None) == ""
    inside = dict.fromkeys("abc", NOTHING)
    said = findings.mistakes(35, 99, inside, NOTHING, told.system(many, None))
    assert "images. **There is a system in it**: 30 of" in said
