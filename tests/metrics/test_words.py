import numpy as np
import pandas as pd
import pytest

from seewhy.metrics import words
from seewhy.stats import Estimate


def rows(*said, image="a"):
    return pd.DataFrame({"image": image, "predicted": said, "kind": ["noun"] * len(said)})


def point(row, column, side=4):
    cam = np.zeros((side, side))
    cam[row, column] = 3.0
    return cam


def test_spread_by_hand():
    half = np.zeros((4, 4))
    half[:2] = 1
    three = np.zeros((4, 4))
    three[0, :3] = 1, 1, 2  # half of 4 is the single 2
    maps = np.stack([np.ones((4, 4)), half, point(1, 1), three, np.zeros((4, 4)), -half])
    assert words.spread(maps) == pytest.approx([0.5, 0.25, 0.5 / 16, 1 / 16, np.nan, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("word", "expected"), [("left", 1), ("Right", 0), ("top", 0), ("bottom", 1), ("tree", np.nan), ("middle", np.nan)]
)
def test_towards_the_named_half(word, expected):
    assert words.towards(point(3, 0)[None], [word]) == pytest.approx([expected], nan_ok=True)


def test_the_middle_counts_half_and_no_evidence_not_at_all():
    assert words.towards(np.stack([point(1, 1, 3), np.zeros((3, 3))]), ["left", "left"]) == pytest.approx(
        [0.5, np.nan], nan_ok=True
    )
    assert words.towards(np.ones((1, 5, 4)), ["left"]) == pytest.approx([0.5])


def test_other_words_of_the_same_image_are_the_control():
    """All evidence of image a lies left: its "left" looks left, and no more so than its other words."""
    both = pd.concat([rows("tree", "left", image="a"), rows("tree", "left", image="b")], ignore_index=True)
    maps = np.stack([point(0, 0), point(1, 0), point(0, 3), point(1, 0)])
    assert words.same_image(both, maps) == pytest.approx([np.nan, 1, np.nan, 0], nan_ok=True)


def test_words_of_one_image_count_once():
    two = pd.concat([rows("left", "top", image=name) for name in "abcde"], ignore_index=True)
    found = words.over_images(np.array([1.0, 0.0] * 5), two["image"], 0)
    assert (found.value, found.n) == (0.5, 5)


def test_localised_is_what_is_clearly_less_spread_than_a_word_that_was_not_said():
    many = pd.concat([rows("tree", "the", image=str(k)) for k in range(8)], ignore_index=True)
    noise = np.random.default_rng(0).random((16, 6, 6))
    sharp, control = np.stack([point(2, 3, 6)] * 16), np.where((np.arange(16) % 2 == 0)[:, None, None], noise, 0)
    control[1::2] = point(0, 0, 6)  # instead of "the" another word is as sharp
    table = words.by_word(many, sharp, control, 0).set_index("word")
    assert table["localised"].to_dict() == {"tree": "yes", "the": "no"}
    assert table.loc["the", "not said"] == pytest.approx(0.5 / 36)
    assert words.localised(table.reset_index()).startswith("**1 of 2 words**")
    assert words.localised(table.reset_index()).endswith("at the same step: *tree*.")
    sharp[0] = 0
    assert words.by_word(many, sharp, control, 0).set_index("word").loc["tree", "without evidence"] == 1


def written(*said, image="a"):
    return rows(*said, image=image).assign(written=" ".join(said))


def test_the_opposite_is_a_word_that_the_caption_has_not():
    every = pd.concat([written("tree", "Left"), written("left", "right"), written("top")], ignore_index=True)
    found = words.opposites(every, ["left", "right", "bottom"])
    assert found[["predicted", "other"]].to_numpy().tolist() == [["Left", "right"], ["top", "bottom"]]
    assert words.opposites(every, ["left", "right"])["predicted"].tolist() == ["Left"]


def test_a_word_that_brings_its_side_along_does_not_beat_its_opposite():
    """The maps of written and unwritten words lie on their own sides all the same; or both on that of the picture."""
    sided = pd.concat([written("left", image=name) for name in "abcde"]).assign(other="right")
    left, right = np.stack([point(1, 0)] * 5), np.stack([point(1, 3)] * 5)
    along = words.over_opposite(sided, {"Mine": left}, {"Mine": right}, 0)["Mine"]
    seen = words.over_opposite(sided, {"Mine": left}, {"Mine": left}, 0)["Mine"]
    assert (along.value, along.low, along.high) == (0, 0, 0)
    assert (seen.value, seen.low, seen.n) == (1, 1, 5)
    assert words.sides(sided, {"Mine": left}, 0, "other")["Mine"].value == 0


def test_unsaid_words_are_not_in_the_caption():
    every = pd.concat([written("tree", "left"), written("open", "meadow"), written("tree")], ignore_index=True)
    drawn = words.unsaid(every, 3)
    assert all(word not in text.split() for word, text in zip(drawn, every["written"], strict=True))
    assert drawn == words.unsaid(every, 3)
    assert words.unsaid(written("tree"), 0) == ["tree"]


def test_what_is_said_of_it():
    many = pd.concat([written("tree", "left", image=str(k)) for k in range(8)], ignore_index=True)
    maps = {"Mine": np.stack([point(0, 3), point(0, 0)] * 8)}
    named, sided = words.sides(many, maps, 0), words.opposites(many, ["right"])
    own = {"Mine": maps["Mine"][1::2]}
    none, less = Estimate(1.0, 0.9, 1.1, 8), Estimate(0.8, 0.7, 0.9, 8)

    def told(others, onto):
        opposite = words.sides(sided, others, 0, "other")
        return words.told(named, opposite, words.over_opposite(sided, own, others, 0), 8, ("Mine", onto))

    seen = told(own, none)
    assert seen.startswith(
        "By Mine, **100.0 % (95 % interval 100.0 to 100.0 %, n = 8)** of the evidence for a word that"
    )
    assert seen.endswith(
        "0.0 % (95 % interval 0.0 to 0.0 %, n = 8) lies on the other: **more** for the word that was written, "
        "+100 points (95 % interval +100 to +100 points, n = 8)."
    )
    along = told({"Mine": np.stack([point(0, 3)] * 8)}, less)
    assert "on the other side: **no clear difference** for the word" in along
    assert along.startswith("**A word for a side (*left*, *top*) brings its side along, written or not**")
    assert "Words of place have **less** evidence" in along
    assert along.endswith(
        "evidence on the objects than chance would put there, 0.80× (95 % interval 0.70 to 0.90×, n = 8) by Mine."
    )
    assert "No caption names a side" in words.told({}, {}, {}, 0, ("Mine", none))
    few = {"Mine": words.over_images(np.ones(2), ["a", "b"], 0)}
    assert "**Not measured**" in words.told(few, few, few, 2, ("Mine", none))


@pytest.mark.parametrize(
    ("share", "over", "said"),
    [
        ((0.93, 0.91, 0.94), (-0.07, -0.08, -0.05), True),
        ((0.93, 0.91, 0.94), (0.03, 0.01, 0.09), True),
        ((0.93, 0.91, 0.94), (0.1, -0.2, 0.4), False),  # not clear: nothing is said
        ((0.93, 0.91, 0.94), (0.3, 0.2, 0.4), False),
        ((0.52, 0.49, 0.55), (-0.1, -0.15, -0.07), False),  # chance: there is no side to bring along
        ((0.93, 0.91, 0.94), (np.nan, np.nan, np.nan), False),
    ],
)
def test_a_word_is_said_to_bring_its_side_along_only_where_that_is_decided(share, over, said):
    sure, other = Estimate(0.9, 0.85, 0.95, 9), Estimate(0.3, 0.2, 0.4, 9)
    named, apart = {"A": Estimate(*share, 9), "B": sure}, {"A": Estimate(*over, 9), "B": other}
    told = words.told(named, dict.fromkeys(named, sure), apart, 9, ("A", Estimate(1.0, 0.9, 1.1, 9)))
    assert told.startswith("**A word for a side (*left*, *top*) brings its side along") == said
    assert ("picture: by A, " in told) == said
    assert "By B it is **90.0 % (95 % interval 85.0 to 95.0 %, n = 9)** and 90.0 %" in told
    assert "**more** for the word that was written, +30 points (95 % interval +20 to +40 points, n = 9)." in told


def test_what_is_said_of_lime():
    told = words.tried(np.array([0.5, 0.7]), 200, 0, {"Grad-CAM": np.array([-0.03, 0.23]), "x": np.array([np.nan])})
    assert "**0.50 and 0.70**" in told
    assert told.endswith(
        "It **hardly agrees** with the maps of one backward pass: Grad-CAM \u22120.03 to +0.23, by the first seed."
    )
    assert "hardly" not in words.tried(np.array([0.5]), 200, 0, {"Grad-CAM": np.array([0.9])})
    assert words.tried(np.array([0.5]), 200, 0).endswith("both show.")
