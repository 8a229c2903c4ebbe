from types import SimpleNamespace

import pytest

from seewhy.errors import SeewhyError
from seewhy.tasks.words import Vocabulary, kind, vocabulary

WORDS = ("<PAD>", "<START>", "<END>", "<UNK>", "dog")
BACK = {word: index for index, word in enumerate(WORDS)}


@pytest.mark.parametrize(
    "found",
    [
        list(WORDS),
        BACK,
        dict(enumerate(WORDS)),
        {str(index): word for index, word in enumerate(WORDS)},
        {"idx2word": dict(enumerate(WORDS)), "word2idx": BACK, "freq_threshold": 5},
        SimpleNamespace(idx2word=dict(enumerate(WORDS)), idx=5),
        SimpleNamespace(itos=list(WORDS)),
        SimpleNamespace(word2idx=BACK),
        SimpleNamespace(stoi=BACK),
    ],
)
def test_every_form_reads_alike(found):
    assert vocabulary(found, "here") == Vocabulary(WORDS)


@pytest.mark.parametrize("found", [None, 3, {}, [], [1, 2], SimpleNamespace(size=4), {"idx2word": {}}, {"a": "b"}])
def test_what_is_no_vocabulary_is_refused(found):
    with pytest.raises(SeewhyError, match=r"here: found a .*; allowed: words by index.* idx2word"):
        vocabulary(found, "here")


def test_a_missing_index_is_named():
    with pytest.raises(SeewhyError, match="here: 2 words, none of them has index 1"):
        vocabulary({0: "a", 2: "b"}, "here")


def test_what_is_said_ends_at_the_end_and_keeps_its_steps():
    assert vocabulary(list(WORDS), "").said([1, 4, 0, 4, 2, 4]) == [(1, "dog"), (3, "dog")]
    assert vocabulary(list(WORDS), "").said([4, 3]) == [(0, "dog"), (1, "<UNK>")]
    assert vocabulary(["startseq", "endseq", "dog"], "").said([0, 2, 1, 2]) == [(1, "dog")]


def test_a_word_that_is_not_there_is_the_unknown_one():
    assert Vocabulary(WORDS).index("dog") == 4
    assert Vocabulary(WORDS).index("cat") == 3
    assert Vocabulary(("a",)).index("cat") is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("dog", "noun"), ("tree", "noun"), ("string", "noun"), ("meadow", "noun"), ("Frisbee", "noun"),
        ("running", "verb"), ("casting", "verb"), ("sits", "verb"),
        ("red", "adjective"), ("two", "adjective"), ("colorful", "adjective"), ("large", "adjective"),
        ("left", "position"), ("Top", "position"), ("middle", "position"),
        ("the", "function"), ("with", "function"), ("is", "function"),
    ],
)  # fmt: skip
def test_kinds(word, expected):
    assert kind(word) == expected
