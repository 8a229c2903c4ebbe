import numpy as np
import pandas as pd
import pytest

from seewhy.audit import words


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


def test_localised_is_what_is_clearly_less_spread_than_noise():
    many = pd.concat([rows("tree", "the", image=str(k)) for k in range(8)], ignore_index=True)
    noise = np.random.default_rng(0).random((16, 6, 6))
    maps = np.where((np.arange(16) % 2 == 0)[:, None, None], point(2, 3, 6), noise)
    table = words.by_word(many, maps, noise, 0).set_index("word")
    assert table["localised"].to_dict() == {"tree": "yes", "the": "no"}
    maps[0] = 0
    assert words.by_word(many, maps, noise, 0).set_index("word").loc["tree", "without evidence"] == 1


def test_what_is_said_of_it():
    many = pd.concat([rows("tree", "left", image=str(k)) for k in range(8)], ignore_index=True)
    maps = {"Mine": np.stack([point(0, 3), point(0, 0)] * 8)}
    named, over = words.sides(many, maps, 0), words.over_others(many, maps, 0)
    told = words.told(named, over, 8, ["the"])
    assert "100.0 % (95 % interval 100.0 to 100.0 %, n = 8) by Mine, **more** (+1.00)" in told
    assert told.endswith("Not localised: *the*.")
    assert "No caption names a side" in words.told({}, {}, 0, [])
    few = {"Mine": words.over_images(np.ones(2), ["a", "b"], 0)}
    assert "**Not measured**" in words.told(few, few, 2, [])
