"""Words: which of them are said, and what kind of word a word is."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

END = {"<end>", "<eos>", "endseq"}
SILENT = {"<start>", "<sos>", "<bos>", "startseq", "<pad>", ""} | END
KINDS = ("noun", "verb", "adjective", "number", "position", "function")

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
        rocky dirty muddy""",
    "number": "one two three four five six seven eight nine ten several many few",
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

    def is_end(self, index: int) -> bool:
        """Whether the caption ends with this word."""
        return self.words[index].casefold() in END

    def is_silent(self, index: int) -> bool:
        """Whether the word stands for nothing that is said: start, end, padding, or an index without a word."""
        return self.words[index].casefold() in SILENT

    def open_steps(self, indices: Int[Tensor, "n steps"]) -> Bool[Tensor, "n steps"]:
        """Whether each step is one of the caption: up to and with the end."""
        ends = torch.tensor([self.is_end(index) for index in range(len(self))], device=indices.device)[indices]
        return ends.cumsum(1) - ends.long() == 0

    def said_words(self, indices: list[int]) -> list[tuple[int, str]]:
        """(step, word) of every word that is said, up to the end."""
        last = next((step for step, index in enumerate(indices) if self.is_end(index)), len(indices))
        return [(step, self.words[index]) for step, index in enumerate(indices[:last]) if not self.is_silent(index)]


def word_kind(word: str) -> str:
    """One of `KINDS`, by short lists and endings; what none of them knows is a noun.

    Good enough to compare groups of words, not to parse a sentence.
    """
    plain = word.casefold()
    if plain in KIND_OF or len(plain) < 5:
        return KIND_OF.get(plain, "noun")
    return next((name for ending, name in ENDINGS if plain.endswith(ending)), "noun")
