import math

import pytest

from seewhy.metrics import captions

WRITTEN = ["a tree on the left", "a tree on the left", "open meadow", "a tree at the top", "two trees", ""]
TRUE = ["A tree on the left.", "a tree on the right", "open meadow", "trees at the bottom", "two trees", "open meadow"]


def bleu(written, references, seed, order=2):
    return captions.bleu_of_counts(captions.bleu_counts(written, references, order), seed)


def test_exact_match_reads_over_case_and_punctuation():
    match = captions.exact_share(WRITTEN, TRUE)
    assert (match.value, match.n) == (0.5, 6)


def test_bleu_by_hand():
    written = ["a tree on the left", "a a", "meadow", "x", "x"]
    true = ["a tree on the right", "a tree", "meadow", "x", "x"]
    ones, twos = (4 + 1 + 1 + 1 + 1) / (5 + 2 + 1 + 1 + 1), 3 / 5  # "a a": one "a" counts; pairs: 3 of 4, and 0 of 1
    found = bleu(written, true, seed=0)
    assert found.value == pytest.approx(math.sqrt(ones * twos))
    assert found.low <= found.value <= found.high


def test_bleu_punishes_captions_that_are_too_short():
    written, true = ["a tree"] * 5, ["a tree on the left"] * 5
    assert bleu(written, true, seed=0).value == pytest.approx(math.exp(1 - 5 / 2))
    assert bleu(true, true, seed=0).value == pytest.approx(1)
    assert bleu(["x"] * 5, true, seed=0).value == 0


def test_words_missed_and_invented():
    table = captions.count_words(WRITTEN, TRUE).set_index("word")
    assert table.loc["left"].tolist() == [2, 1, 0, 1]
    assert table.loc["right"].tolist() == [0, 1, 1, 0]
    assert table.loc["meadow"].tolist() == [1, 2, 1, 0]
    assert table.loc["two"].tolist() == [1, 1, 0, 0]


def test_sides_against_the_more_frequent_one():
    table = captions.side_counts([*WRITTEN, "left", "left or right"], [*TRUE, "left", "left"]).set_index("axis")
    row = table.loc["left or right"]
    assert row[["in references", "both name one", "right", "fixed"]].tolist() == [4, 3, 2 / 3, 2 / 3]
    row = table.loc["top or bottom"]
    assert row[["in references", "both name one", "right", "fixed"]].tolist() == [1, 1, 0, 1]


def test_without_references_bleu_is_not_measured():
    assert not bleu([], [], 0).measured


SEVERAL = "A tree on the left.\na big tree on the left\nleft: a tree"


def test_any_of_several_references_can_be_met():
    assert captions.reference_words(SEVERAL + "\n") == [
        one.split() for one in ("a tree on the left", "a big tree on the left")
    ] + [["left", "a", "tree"]]
    assert captions.reference_words("") == [[]]
    said = ["a big tree on the left", "Left, a tree", "a tree", "left"]
    assert captions.match_references(said, [SEVERAL] * 4).tolist() == [True, True, False, False]
    assert captions.exact_share(said, [SEVERAL] * 4).value == 0.5


def test_bleu_with_several_references_by_hand():
    """Papineni's example: "the" counts as often as in the reference that has it most. Of lengths 2 and 4 the shorter is
    as near to 3."""
    papineni = "the cat is on the mat\nthere is a cat on the mat"
    found = bleu(["the the the the the the the", "a b c"] * 5, [papineni, "a b\na b c d"] * 5, 0, order=1)
    assert found.value == pytest.approx((2 + 3) / 10)
    short = bleu(["a b c"] * 5, ["a b c d e f\na b c d"] * 5, 0, order=1)
    assert short.value == pytest.approx(math.exp(1 - 4 / 3))
    assert bleu(["a b c"] * 5, ["a b c d\na b"] * 5, 0, order=1).value == pytest.approx(1)


def test_words_missed_are_in_every_reference_and_invented_in_none():
    table = captions.count_words(["a shrub"], ["a tree left\na big tree"]).set_index("word")
    assert table.loc["tree"].tolist() == [0, 1, 1, 0]
    assert table.loc["big"].tolist() == [0, 1, 0, 0]
    assert table.loc["shrub"].tolist() == [1, 0, 0, 1]
    assert table.loc["a"].tolist() == [1, 1, 0, 0]


def test_captions_beside_always_writing_the_most_common_one():
    references = ["Open."] * 4 + ["a tree"] * 36 + [None, float("nan")]
    found = captions.compare_captions(["open"] * 40 + [""] * 2, references)
    assert (found.accuracy.value, found.accuracy.n, found.best, found.most_common) == (0.1, 40, 0.9, "a tree")
    assert (found.given, found.images) == (40, 42)
    assert "always writing the most common caption" in found.accuracy_checks[0].denial
    assert captions.compare_captions([""], [None]).accuracy_checks == []
