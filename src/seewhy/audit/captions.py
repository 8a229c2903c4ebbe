"""Captions against their references: exact match, BLEU-2, words missed and invented, sides named right."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Int

from seewhy.audit.statistics import Estimate, bootstrap, proportion, ratio
from seewhy.audit.statistics import written as shown

AXES = {"left or right": ("left", "right"), "top or bottom": ("top", "bottom")}  # words that exclude each other


def tokens(text: str) -> list[str]:
    """The words of a sentence, in small letters, without punctuation."""
    return [word for word in (part.strip(".,;:!?\"'()").casefold() for part in text.split()) if word]


def exact(written: Sequence[str], references: Sequence[str]) -> Estimate:
    """Share of captions that are their reference word by word."""
    pairs = zip(written, references, strict=True)
    return proportion(np.array([tokens(one) == tokens(other) for one, other in pairs], dtype=bool))


def bleu(written: Sequence[str], references: Sequence[str], seed: int, order: int = 2) -> Estimate:
    """BLEU of the whole set up to `order` words in a row, one reference an image (Papineni et al. 2002, section 2.3).

    Matches are counted over all images before they are divided, and so in every resample of the images.
    """
    pairs = list(zip(written, references, strict=True))
    counts = np.array([_counts(tokens(one), tokens(other), order) for one, other in pairs]).reshape(-1, 2 + 2 * order)

    def score(drawn: Int[np.ndarray, " n"]) -> float:
        long, wanted, *rest = counts[drawn].sum(0).astype(float)
        matched, possible = np.array(rest[:order]), np.array(rest[order:])
        if not matched.all() or not long:
            return 0.0
        return float(np.exp(np.log(matched / possible).mean() + min(0.0, 1 - wanted / long)))

    return bootstrap(score, len(pairs), seed)


def _counts(written: list[str], reference: list[str], order: int) -> list[int]:
    """Lengths of both, then for each number of words in a row how many are matched, then how many there are."""
    matched, possible = [], []
    for length in range(1, order + 1):
        own, other = (Counter(zip(*(some[k:] for k in range(length)), strict=False)) for some in (written, reference))
        matched.append((own & other).total())
        possible.append(own.total())
    return [len(written), len(reference), *matched, *possible]


def in_reference(judged: pd.DataFrame, seed: int) -> Estimate:
    """Share of all words said (one row each: image, correct) that their image's reference has; the interval is over
    images, as words of one caption go wrong together, and so is n."""
    counts = judged.groupby("image", sort=False)["correct"].agg(["sum", "size"]).to_numpy(float)
    return ratio(counts[:, 0], counts[:, 1], seed)


def words(written: Sequence[str], references: Sequence[str]) -> pd.DataFrame:
    """For every word how many captions and references have it, and how many have it on one side only, in images:
    word, written, in references, missed, invented; what goes wrong most stands first."""
    pairs = [(set(tokens(one)), set(tokens(other))) for one, other in zip(written, references, strict=True)]
    own, true = (Counter(word for pair in pairs for word in pair[side]) for side in (0, 1))
    missed = Counter(word for one, other in pairs for word in other - one)
    invented = Counter(word for one, other in pairs for word in one - other)
    known = sorted(own.keys() | true.keys(), key=lambda word: (-missed[word] - invented[word], word))
    rows = [(word, own[word], true[word], missed[word], invented[word]) for word in known]
    return pd.DataFrame(rows, columns=["word", "written", "in references", "missed", "invented"])


def sides(written: Sequence[str], references: Sequence[str]) -> pd.DataFrame:
    """Of the captions that name a side where the reference names one, on each axis: how many name the right one.

    `fixed` is what always naming the reference's more frequent side would reach on the same images; `in references`
    counts the references that name a side, whether or not the caption does.
    """
    rows = []
    for axis, names in AXES.items():
        own, true = ([_named(tokens(text), names) for text in texts] for texts in (written, references))
        both = [(one, other) for one, other in zip(own, true, strict=True) if one and other]
        hits = proportion(np.array([one == other for one, other in both], dtype=bool))
        most = max(Counter(other for _, other in both).values(), default=0)
        fixed = most / len(both) if both else float("nan")
        rows.append((axis, sum(map(bool, true)), hits.n, hits.value, hits.low, hits.high, fixed))
    return pd.DataFrame(rows, columns=["axis", "in references", "both name one", "right", "low", "high", "fixed"])


def _named(said: list[str], names: tuple[str, str]) -> str | None:
    """The one of two words that is said; None where none or both are."""
    found = [name for name in names if name in said]
    return found[0] if len(found) == 1 else None


def told(match: Estimate, overlap: Estimate, references: Sequence[str], images: int, different: int) -> str:
    """Page 01: what was written for `images` images, `different` captions in all, and how it compares."""
    first = f"It writes **{different} different captions** for {images} images."
    if not match.measured:
        return f"{first} **How right they are was not run**: this dataset has no reference captions."
    share = max(Counter(references).values()) / len(references)
    judged = (
        "more than" if share < match.low else "**less than**" if share > match.high else "**not distinguishable from**"
    )
    return (
        f"{first} **{match.text('%')}** are the reference word by word, {judged} the {shown(share, '%')} of always "
        f"writing the most frequent one; BLEU-2 is **{overlap.text()}**."
    )


def mistakes(wrong: int, total: int, right: Estimate, table: pd.DataFrame) -> str:
    """Page 06: how many captions differ from their reference, and which words they miss and invent most."""
    if not total:
        return "**Not run**: this dataset has no reference captions, so no word can be called wrong."
    first = (
        f"**{wrong} of {total}** captions differ from their reference; **{right.text('%')}** of the words are in it."
    )
    if not wrong:
        return f"{first} There is nothing to explain on this page."
    most = {name: table.sort_values([name, "word"], ascending=[False, True]).iloc[0] for name in ("missed", "invented")}
    parts = [f"{name} most: *{row['word']}*, {row[name]} times" for name, row in most.items() if row[name]]
    return f"{first} {'; '.join(parts).capitalize()}."
