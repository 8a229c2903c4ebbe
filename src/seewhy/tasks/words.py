"""Words: a vocabulary in whatever form it was stored, and what kind of word a word is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seewhy.errors import SeewhyError, listing

FORMS = ("idx2word", "itos", "word2idx", "stoi")  # names under which people keep their words
START, END, PAD = {"<start>", "<sos>", "<bos>", "startseq"}, {"<end>", "<eos>", "endseq"}, {"<pad>"}
UNKNOWN = {"<unk>"}
KINDS = ("noun", "verb", "adjective", "position", "function")

KNOWN = {
    "position": """
        left right top bottom middle center centre corner side edge front back behind above below under over beneath
        beside between near next around across inside outside background foreground upper lower up down""",
    "function": """
        a an the of in on at to by for from with without and or but as that which who it its his her their this these
        those he she they is are was were be been being am has have had do does not there while off into onto through
        out all some other another each both i we you""",
    "verb": """
        run runs sit sits stand stands jump jumps play plays walk walks hold holds ride rides look looks wear wears lie
        lies swim swims climb climbs catch catches throw throws carry carries watch watches cast casts fly flies smile
        smiles pose poses eat eats leap leaps talk talks""",
    "adjective": """
        red green blue yellow black white brown grey gray orange pink purple blond blonde golden dark bright light big
        small large little tiny huge long short tall young old open dense bare dry wet empty full snowy grassy sandy
        rocky dirty muddy one two three four five six several many few""",
    "noun": "ring king thing string wing spring swing building clothing ceiling evening morning wedding table cable",
}
KIND_OF = {word: name for name, words in KNOWN.items() for word in words.split()}
ENDINGS = (("ing", "verb"), ("ful", "adjective"), ("ous", "adjective"), ("less", "adjective"), ("able", "adjective"))


@dataclass(frozen=True)
class Vocabulary:
    """The words by their index, special ones (start, end, padding, unknown) among them."""

    words: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def index(self, word: str) -> int | None:
        """Where the word stands; the unknown word's place for one that is not there, None without any."""
        place = {known: index for index, known in reversed(list(enumerate(self.words)))}
        unknown = next((index for index, known in enumerate(self.words) if known.casefold() in UNKNOWN), None)
        return place.get(word, unknown)

    def ends(self, index: int) -> bool:
        """Whether the caption ends with this word."""
        return self.words[index].casefold() in END

    def silent(self, index: int) -> bool:
        """Whether the word stands for nothing that is said: start, end and padding."""
        return self.words[index].casefold() in START | END | PAD

    def said(self, indices: list[int]) -> list[tuple[int, str]]:
        """(step, word) of every word that is said, up to the end."""
        last = next((step for step, index in enumerate(indices) if self.ends(index)), len(indices))
        return [(step, self.words[index]) for step, index in enumerate(indices[:last]) if not self.silent(index)]


def vocabulary(found: Any, where: str) -> Vocabulary:
    """The vocabulary in `found`: a list of words, a mapping either way round, or an object or dict that has one of
    these as `idx2word`, `itos`, `word2idx` or `stoi`. Raises SeewhyError where it is none, or an index is missing.
    """
    named = found if isinstance(found, Mapping) else getattr(found, "__dict__", {})
    inner = next((named[form] for form in FORMS if form in named), found)
    if isinstance(inner, list | tuple) and all(isinstance(word, str) for word in inner) and inner:
        return Vocabulary(tuple(inner))
    pairs = _pairs(inner) if isinstance(inner, Mapping) else {}
    if not pairs:
        raise SeewhyError(
            f"{where}: found a {type(found).__name__} with {listing(named)}; allowed: words by index, or an object or "
            f"mapping with one of {listing(FORMS)}"
        )
    gaps = [index for index in range(len(pairs)) if index not in pairs]
    if gaps:
        raise SeewhyError(f"{where}: {len(pairs)} words, none of them has index {gaps[0]}; allowed: 0, 1, 2 and so on")
    return Vocabulary(tuple(pairs[index] for index in range(len(pairs))))


def _pairs(inner: Mapping[Any, Any]) -> dict[int, str]:
    """Index -> word of a mapping either way round; empty where it is none."""
    if all(isinstance(word, str) and isinstance(index, int) for word, index in inner.items()):
        return {index: word for word, index in inner.items()}
    try:
        found = {int(index): word for index, word in inner.items()}  # JSON turns numbers into text
    except (TypeError, ValueError):
        return {}
    return found if all(isinstance(word, str) for word in found.values()) else {}


def kind(word: str) -> str:
    """noun, verb, adjective, position or function: by short lists and endings; what none of them knows is a noun.

    Numbers count as adjectives: they tell a property. Good enough to compare groups of words, not to parse a sentence.
    """
    plain = word.casefold()
    if plain in KIND_OF or len(plain) < 5:
        return KIND_OF.get(plain, "noun")
    return next((name for ending, name in ENDINGS if plain.endswith(ending)), "noun")
