import numpy as np
import pandas as pd
import pytest

from seewhy.metrics import words


def rows(*said, image="a"):
    return pd.DataFrame({"image": image, "predicted": said, "kind": ["noun"] * len(said)})


def point(row, column, side=4):
    cam = np.zeros((side, side))
    cam[row, column] = 3.0
    return cam


@pytest.mark.parametrize(
    ("word", "expected"), [("left", 1), ("Right", 0), ("top", 0), ("bottom", 1), ("tree", np.nan), ("middle", np.nan)]
)
def test_towards_the_named_half(word, expected):
    assert words.evidence_towards(point(3, 0)[None], [word]) == pytest.approx([expected], nan_ok=True)


def test_the_middle_counts_half_and_no_evidence_not_at_all():
    assert words.evidence_towards(np.stack([point(1, 1, 3), np.zeros((3, 3))]), ["left", "left"]) == pytest.approx(
        [0.5, np.nan], nan_ok=True
    )
    assert words.evidence_towards(np.ones((1, 5, 4)), ["left"]) == pytest.approx([0.5])


def test_other_words_of_the_same_image_are_the_control():
    """All evidence of image a lies left: its "left" looks left, and no more so than its other words."""
    both = pd.concat([rows("tree", "left", image="a"), rows("tree", "left", image="b")], ignore_index=True)
    maps = np.stack([point(0, 0), point(1, 0), point(0, 3), point(1, 0)])
    assert words.same_image(both, maps) == pytest.approx([np.nan, 1, np.nan, 0], nan_ok=True)


def test_words_of_one_image_count_once():
    two = pd.concat([rows("left", "top", image=name) for name in "abcde"], ignore_index=True)
    found = words.over_images(np.array([1.0, 0.0] * 5), two["image"], 0)
    assert (found.value, found.n) == (0.5, 5)


def written(*said, image="a"):
    return rows(*said, image=image).assign(written=" ".join(said))


def test_the_opposite_is_a_word_that_the_caption_has_not():
    every = pd.concat([written("tree", "Left"), written("left", "right"), written("top")], ignore_index=True)
    found = words.opposite_words(every, ["left", "right", "bottom"])
    assert found[["predicted", "other"]].to_numpy().tolist() == [["Left", "right"], ["top", "bottom"]]
    assert words.opposite_words(every, ["left", "right"])["predicted"].tolist() == ["Left"]


def test_unsaid_words_are_not_in_the_caption():
    every = pd.concat([written("tree", "left"), written("open", "meadow"), written("tree")], ignore_index=True)
    drawn = words.unsaid_words(every, 3)
    assert all(word not in text.split() for word, text in zip(drawn, every["written"], strict=True))
    assert drawn == words.unsaid_words(every, 3)
    assert words.unsaid_words(written("tree"), 0) == ["tree"]
