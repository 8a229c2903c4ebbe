"""A vocabulary as people keep it -> words in index order."""

from typing import Any

import numpy as np

from seewhy.inputs.inert import Inert

TABLES = ("idx2word", "itos", "index_to_word", "word2idx", "stoi", "word_to_index")  # attributes or keys of the tables
LARGEST = 10_000_000  # an index beyond it is no word's


def vocabulary_words(vocabulary: Any) -> list[str] | None:
    """Words by index, from a list, a table of words and indices in either direction, or whatever keeps such a table.

    An index without a word gets the empty one; None where there are no words.
    """
    held = vocabulary.attributes if isinstance(vocabulary, Inert) else vocabulary
    if not isinstance(held, dict):
        return text_list(held)
    tables = [held[name] for name in TABLES if isinstance(held.get(name), dict | list)]
    return next(filter(None, map(vocabulary_words, tables)), None) if tables else index_table(held)


def text_list(value: Any) -> list[str] | None:
    """A list of texts that a list, a tuple or an array holds; None for anything else."""
    found = value.tolist() if isinstance(value, np.ndarray) else value
    good = isinstance(found, list | tuple) and found and all(isinstance(name, str) for name in found)
    return [str(name) for name in found] if good else None


def indexed_names(value: Any) -> list[str] | None:
    """Names in index order, from a list of them or a table of names and indices in either direction that has no gap."""
    found = text_list(value) or (index_table(value) if isinstance(value, dict) else None)
    return found if found and all(found) else None


def index_table(table: dict[Any, Any]) -> list[str] | None:
    """Words by index from a table of words and indices, in either direction; None for a table of other things."""
    pairs = [(key, word) if isinstance(word, str) else (word, key) for key, word in table.items()]
    if not pairs or not all(isinstance(word, str) and _is_index(index) for index, word in pairs):
        return None
    found = {int(index): word for index, word in pairs}
    return [found.get(index, "") for index in range(max(found) + 1)]


def _is_index(value: Any) -> bool:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value
    return isinstance(number, int | np.integer) and 0 <= int(number) < LARGEST
