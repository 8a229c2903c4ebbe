"""Captions against their references: exact match, BLEU-2, words missed and invented, sides named right.

A reference is the text of one image: one caption, or several, one a line; then any of them can be met.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int

from seewhy.checks.majority_baseline import CAPTIONS, MajorityBaseline
from seewhy.stats import Estimate, bootstrap, proportion

AXES = {"left or right": ("left", "right"), "top or bottom": ("top", "bottom")}  # words that exclude each other


def split_words(text: str) -> list[str]:
    """The words of a sentence, in small letters, without punctuation."""
    return [word for word in (part.strip(".,;:!?\"'()").casefold() for part in text.split()) if word]


def reference_words(reference: str) -> list[list[str]]:
    """The words of each caption of a reference; at least one caption, if without a word."""
    return [said for line in reference.split("\n") if (said := split_words(line))] or [[]]


def match_references(written: Sequence[str], references: Sequence[str]) -> Bool[np.ndarray, " n"]:
    """Which captions are a reference of their image word by word."""
    pairs = zip(written, references, strict=True)
    return np.array([split_words(one) in reference_words(other) for one, other in pairs], dtype=bool)


def exact_share(written: Sequence[str], references: Sequence[str]) -> Estimate:
    """Share of captions that are a reference of their image word by word."""
    return proportion(match_references(written, references))


def best_constant(references: Sequence[str]) -> float:
    """The exact match of always writing one caption, the best there is: how many images have it as a reference."""
    counts = Counter(said for reference in references for said in set(map(tuple, reference_words(reference))))
    return max(counts.values(), default=0) / max(len(references), 1)


def compare_captions(written: Sequence[str], references: Sequence[str | None]) -> MajorityBaseline:
    """Exact match beside always writing the most common caption.

    Args:
        written: a caption an image, empty where nothing was said.
        references: of the same images; those without one (None, NaN) are not judged.
    """
    known = [(one, other) for one, other in zip(written, references, strict=True) if not pd.isna(other)]
    own, true = [one for one, _ in known], [str(other) for _, other in known]
    ((answer, given),) = Counter(written).most_common(1)
    common = Counter(" ".join(said) for reference in true for said in set(map(tuple, reference_words(reference))))
    most = common.most_common(1)[0][0] if common else ""
    return MajorityBaseline(
        exact_share(own, true), best_constant(true), most, answer or "(nothing)", given, len(written), CAPTIONS
    )


def bleu_counts(written: Sequence[str], references: Sequence[str], order: int = 2) -> Int[np.ndarray, "n k"]:
    """What BLEU counts in each image: the lengths of the caption and of the reference, then for each number of words in
    a row, up to `order`, how many are matched, then how many there are.

    Of several references the one that has most of a word counts, and the length nearest to the caption's, the shorter
    of two.

    >>> bleu_counts(["a red tree"], ["a tree"])
    array([[3, 2, 2, 0, 3, 2]])
    """
    pairs = zip(written, references, strict=True)
    return np.array([_match_counts(split_words(one), reference_words(other), order) for one, other in pairs]).reshape(
        -1, 2 + 2 * order
    )


def bleu_of_counts(counts: Int[np.ndarray, "n k"], seed: int) -> Estimate:
    """BLEU of the whole set from its `bleu_counts`: matches are summed over all images before they are divided, and so
    in every resample of the images."""
    order = counts.shape[1] // 2 - 1

    def score_drawn(drawn: Int[np.ndarray, " n"]) -> float:
        long, wanted, *rest = counts[drawn].sum(0).astype(float)
        matched, possible = np.array(rest[:order]), np.array(rest[order:])
        if not matched.all() or not long:
            return 0.0
        return float(np.exp(np.log(matched / possible).mean() + min(0.0, 1 - wanted / long)))

    return bootstrap(score_drawn, len(counts), seed)


def _match_counts(written: list[str], references: list[list[str]], order: int) -> list[int]:
    """Both lengths, then for each number of words in a row how many are matched, then how many there are."""
    matched, possible = [], []
    for length in range(1, order + 1):
        own, most = _count_ngrams(written, length), Counter[tuple[str, ...]]()
        for one in references:
            most |= _count_ngrams(one, length)
        matched.append((own & most).total())
        possible.append(own.total())
    wanted = min(map(len, references), key=lambda one: (abs(one - len(written)), one))
    return [len(written), wanted, *matched, *possible]


def _count_ngrams(said: list[str], length: int) -> Counter[tuple[str, ...]]:
    """How often each row of so many words is there."""
    return Counter(zip(*(said[k:] for k in range(length)), strict=False))


def count_words(written: Sequence[str], references: Sequence[str]) -> pd.DataFrame:
    """For every word how many images have it: in the caption (written), in any reference (in references), in every
    reference but not in the caption (missed), in the caption but in no reference (invented); what goes wrong most
    stands first."""
    said = [set(split_words(one)) for one in written]
    told = [[set(one) for one in reference_words(other)] for other in references]
    pairs = list(zip(said, told, strict=True))
    own, true = (
        Counter(word for one in said for word in one),
        Counter(word for one in told for word in set[str]().union(*one)),
    )
    missed = Counter(word for one, other in pairs for word in set.intersection(*other) - one)
    invented = Counter(word for one, other in pairs for word in one - set[str]().union(*other))
    known = sorted(own.keys() | true.keys(), key=lambda word: (-missed[word] - invented[word], word))
    rows = [(word, own[word], true[word], missed[word], invented[word]) for word in known]
    return pd.DataFrame(rows, columns=["word", "written", "in references", "missed", "invented"])


def side_counts(written: Sequence[str], references: Sequence[str]) -> pd.DataFrame:
    """Of the captions that name a side where the reference names one, on each axis: how many name the right one.

    `fixed` is what always naming the reference's more frequent side would reach on the same images; `in references`
    counts the references that name a side, whether or not the caption does.
    """
    rows = []
    for axis, names in AXES.items():
        own, true = ([_named_side(split_words(text), names) for text in texts] for texts in (written, references))
        both = [(one, other) for one, other in zip(own, true, strict=True) if one and other]
        hits = proportion(np.array([one == other for one, other in both], dtype=bool))
        most = max(Counter(other for _, other in both).values(), default=0)
        fixed = most / len(both) if both else float("nan")
        rows.append((axis, sum(map(bool, true)), hits.n, hits.value, hits.low, hits.high, fixed))
    return pd.DataFrame(rows, columns=["axis", "in references", "both name one", "right", "low", "high", "fixed"])


def _named_side(said: list[str], names: tuple[str, str]) -> str | None:
    """The one of two words that is said; None where none or both are."""
    found = [name for name in names if name in said]
    return found[0] if len(found) == 1 else None
