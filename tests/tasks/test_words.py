import pytest

from seewhy.tasks.words import Vocabulary, word_kind

WORDS = Vocabulary(("<PAD>", "<START>", "<END>", "<UNK>", "dog", ""))


def test_what_is_said_ends_at_the_end_and_keeps_its_steps():
    assert WORDS.said_words([1, 4, 0, 4, 2, 4]) == [(1, "dog"), (3, "dog")]
    assert WORDS.said_words([4, 3, 5]) == [(0, "dog"), (1, "<UNK>")]
    assert Vocabulary(("startseq", "endseq", "dog")).said_words([0, 2, 1, 2]) == [(1, "dog")]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dog", "noun"), ("tree", "noun"), ("string", "noun"), ("meadow", "noun"), ("Frisbee", "noun"),
        ("running", "verb"), ("casting", "verb"), ("sits", "verb"),
        ("red", "adjective"), ("colorful", "adjective"), ("large", "adjective"), ("two", "number"), ("Many", "number"),
        ("left", "position"), ("Top", "position"), ("middle", "position"),
        ("the", "function"), ("with", "function"), ("is", "function"),
    ],
)  # fmt: skip
def test_kinds(word, expected):
    assert word_kind(word) == expected
