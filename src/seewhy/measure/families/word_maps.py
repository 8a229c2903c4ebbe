"""Maps of the words of captions that no store has: of a word that was not written, and by LIME."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from torch import Tensor

from seewhy.engine.targets import Score
from seewhy.maps.attributions import Attributions, compute_maps
from seewhy.methods.explain import explain
from seewhy.methods.shapley import pool_squares
from seewhy.study import Study


def frequent_words(rows: pd.DataFrame, keywords: Sequence[str], most: int) -> pd.DataFrame:
    """At most `most` rows of those words, as many of each as there are, word after word, the most confident first.

    Without `keywords`: of the most frequent word of each kind.

    >>> rows = pd.DataFrame({"image": ["a", "b", "c"], "predicted": ["tree", "one", "tree"]})
    >>> rows = rows.assign(confidence=[0.5, 1, 0.9], kind=["noun", "number", "noun"])
    >>> frequent_words(rows, [], 2)["image"].tolist()
    ['b', 'c']
    """
    common = rows.groupby("kind", sort=True)["predicted"].agg(lambda words: words.value_counts().index[0])
    wanted = [word.casefold() for word in keywords or common]
    chosen = rows[rows["predicted"].str.casefold().isin(wanted)]
    ranked = chosen.sort_values(["confidence", "image"], ascending=[False, True])
    turn = ranked.groupby("predicted").cumcount()
    some = ranked.iloc[np.argsort(turn.to_numpy(), kind="stable")[:most]]
    place = some["predicted"].map({word: place for place, word in enumerate(some["predicted"].unique())})
    return some.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def word_score(output: Float[Tensor, "n steps words"], codes: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The rule of a score: of word `codes[i]` % words at step `codes[i]` // words, said or not.

    >>> word_score(torch.arange(6.0).reshape(1, 2, 3), torch.tensor([4]))
    tensor([4.])
    """
    return output.flatten(1).gather(1, codes[:, None]).squeeze(1)


def other_word_maps(study: Study, rows: pd.DataFrame, words: Sequence[str], methods: Sequence[str]) -> Attributions:
    """Maps of words that might stand where those of `rows` do: `words[i]` at the step of row i, after the same words
    before it."""
    known = vocabulary_words(study)
    codes = [step * len(known) + known.index(word) for step, word in zip(rows["target"], words, strict=True)]
    return Attributions(rows, compute_maps(study, rows, methods, codes, study.layer, word_score), study.size)


def lime_maps(
    study: Study, rows: pd.DataFrame, samples: int, cells: int, seed: int
) -> Float[np.ndarray, "n cells cells"]:
    """What LIME says of each row's word: signed, summed over squares.

    The network is made to say the caption's words up to this one, whatever is hidden: what changes is the word's score,
    not the word.

    Args:
        rows: words, as the predictions of a captioning study have them.
        samples: pictures with parts hidden that each word takes.
        cells: squares along the longer side.
        seed: of what is hidden.
    """
    maps = []
    known, model = vocabulary_words(study), _study_captioner(study)
    for row in rows.itertuples():
        batch = study.inputs(rows[rows["image"] == row.image].head(1))
        with torch.no_grad():
            words = model(batch)[0].argmax(-1)[: row.target + 1].tolist()
        score = Score((row.target * len(known) + words[row.target],), rule=word_score)
        options = {"lime": {"samples": samples, "seed": seed}}
        found = explain(model.made_to_say(words), batch, methods=["lime"], targets=[score], options=options)["lime"]
        maps.append(pool_squares(found.sum(2).cpu(), cells)[0, 0])
    return np.stack(maps) if maps else np.empty((0, cells, cells), np.float32)


def vocabulary_words(study: Study) -> list[str]:
    """The words of a captioning study's network, by their index."""
    return list(_study_captioner(study).vocabulary.words)


def _study_captioner(study: Study) -> Any:
    """The study's network, a `tasks.captioning.Captioner`."""
    return study.model
