"""Captioning: a network that writes a sentence word by word, as one module whose output are the scores of the words."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seewhy.engine.layers import last_layer as default_layer  # noqa: F401 (what every task has)
from seewhy.engine.targets import Rule
from seewhy.errors import SeewhyError, unknown_name
from seewhy.metrics.captions import split_words
from seewhy.metrics.localisation import box_masks
from seewhy.tasks.words import Vocabulary, word_kind

if TYPE_CHECKING:
    from seewhy.study import Study

STEPS = 20  # words of a caption, unless the checkpoint says otherwise
PARTS = ("embed", "lstm", "fc")


class Captioner(nn.Module):
    """A user's captioning network as a module from images to the words' scores (n, steps, words).

    It writes greedily: each step's likeliest word is what the next step reads. `encoder(images)` runs once; the image
    feature is the recurrent layer's first input, as in Vinyals et al. 2015 (arXiv:1411.4555), through
    `decoder.embed`, `.lstm` and `.fc`. A decoder that reads the features at every step (spatial attention) has
    `decoder.step(features, word, states) -> (scores (n, words), states)` instead; `word` (n,) and `states` are None
    at the first step.

    `encoder` and `decoder` are the user's own modules under the user's own names, so that layers keep their names.
    """

    def __init__(self, model: nn.Module, vocabulary: Vocabulary, steps: int, words: Int[Tensor, " s"] | None = None):
        """`words`: indices of a caption that is read instead of the network's own words: see `made_to_say`."""
        super().__init__()
        _check_parts(model)
        self.encoder: nn.Module = model.encoder  # type: ignore[assignment]
        self.decoder: nn.Module = model.decoder  # type: ignore[assignment]
        self.vocabulary, self.steps = vocabulary, steps
        self.words: Tensor | None
        self.register_buffer("words", words, persistent=False)
        self.train(model.training)

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n steps words"]:
        """Scores (logits) of every word at every step, along the words that it writes or that it is given."""
        features = self.encoder(images)
        given = None if self.words is None else self.words.expand(len(images), -1)
        return self.scores_along(features, given)

    def scores_along(self, features: Any, words: Int[Tensor, "n s"] | None = None) -> Float[Tensor, "n steps words"]:
        """Scores at each step: along its own words, or along `words`, and then one step more than these."""
        scores: list[Tensor] = []
        word = states = None
        # cuDNN cannot differentiate a recurrent layer in eval mode; the plain kernels can
        with torch.backends.cudnn.flags(enabled=False):
            for step in range(self.steps if words is None else min(self.steps, words.shape[1] + 1)):
                found, states = self._decode_step(features, word, states)
                if found.shape[-1] != len(self.vocabulary):
                    raise SeewhyError(
                        f"the decoder scores {found.shape[-1]} words, the vocabulary has {len(self.vocabulary)}; "
                        "allowed: equal numbers"
                    )
                scores.append(found)
                own = words is None or step == words.shape[1]
                word = found.argmax(-1) if own else words[:, step]  # type: ignore[index]
        return torch.stack(scores, 1)

    def _decode_step(self, features: Any, word: Tensor | None, states: Any) -> tuple[Tensor, Any]:
        decoder: Any = self.decoder
        if hasattr(decoder, "step"):
            return decoder.step(features, word, states)
        time = 1 if decoder.lstm.batch_first else 0
        given = features if word is None else decoder.embed(word)
        hidden, states = decoder.lstm(given.unsqueeze(time), states)
        return decoder.fc(hidden.squeeze(time)), states

    def made_to_say(self, words: Sequence[int]) -> "Captioner":
        """The same network made to say `words` (indices, from the first step on), whatever the image.

        Its score of a word does not change its meaning when parts of the image are hidden, as LIME does: the greedy
        caption would become another one.
        """
        device = next(self.parameters()).device
        return Captioner(self, self.vocabulary, len(words), torch.tensor(list(words), device=device))

    @torch.no_grad()
    def beam_search(self, images: Float[Tensor, "n c h w"], width: int) -> list[list[int]]:
        """For each image the likeliest caption (indices up to and with the end) among `width` kept at every step.

        Captions are compared by the sum of their log-probabilities, equal ones by the words' indices, so that the
        answer never hangs on the order of a sort. Width 1 is the greedy caption.
        """
        return [self._search_caption(self.encoder(image[None]), width) for image in images]

    def _search_caption(self, features: Any, width: int) -> list[int]:
        open_, done = [(0.0, [])], []  # type: list[tuple[float, list[int]]], list[tuple[float, list[int]]]
        for _ in range(self.steps):
            grown = self._grow_captions(features, open_, width)
            kept = sorted(grown, key=lambda one: (-one[0], one[1]))[: width - len(done)]
            done += [one for one in kept if self.vocabulary.is_end(one[1][-1])]
            open_ = [one for one in kept if not self.vocabulary.is_end(one[1][-1])]
            if not open_:
                break
        return min(done + open_, key=lambda one: (-one[0], one[1]))[1]

    def _grow_captions(
        self, features: Any, open_: list[tuple[float, list[int]]], width: int
    ) -> list[tuple[float, list[int]]]:
        """Every open caption with each of its `width` likeliest next words; its beginning is read again."""
        words = torch.tensor([words for _, words in open_], dtype=torch.long, device=features.device)
        said = (
            self.scores_along(features.expand(len(open_), *features.shape[1:]), words)[:, -1].double().log_softmax(-1)
        )
        best = torch.sort(said, dim=-1, descending=True, stable=True)
        return [
            (total + float(value), [*words, int(index)])
            for (total, words), values, indices in zip(open_, best.values, best.indices, strict=True)
            for value, index in zip(values[:width], indices[:width], strict=True)
        ]


def _check_parts(model: nn.Module) -> None:
    decoder = getattr(model, "decoder", None)
    whole = hasattr(decoder, "step") or all(hasattr(decoder, part) for part in PARTS)
    if not callable(getattr(model, "encoder", None)) or not whole:
        raise SeewhyError(
            f"{type(model).__name__} is no captioning network that is understood; allowed: a module `encoder`, and "
            "`decoder.embed`, `decoder.lstm` and `decoder.fc`, or `decoder.step(features, word, states)`"
        )


def target_score(output: Float[Tensor, "n steps words"], targets: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The score (logit) of the word that is written at step `targets[i]` of image i."""
    rows = torch.arange(len(output), device=output.device)
    return output[rows, targets.to(output.device)].amax(-1)


def prepare_network(model: nn.Module, study: "Study") -> nn.Module:
    """The network as a `Captioner` with the checkpoint's vocabulary; raises SeewhyError where it has none.

    Captions end after `STEPS` words, or after the checkpoint's own `max_length`.
    """
    if not study.checkpoint.words:
        where = f"studies.{study.name}.checkpoint"
        raise SeewhyError(f"{where}: no vocabulary in '{study.settings.checkpoint}'; allowed: one under 'vocab'")
    told = {key.casefold(): value for key, value in study.checkpoint.config.items()}
    return Captioner(model, Vocabulary(tuple(study.checkpoint.words)), int(told.get("max_length", STEPS)))


def answer_certainty(rows: pd.DataFrame, study: "Study") -> Rule:
    """Probability of the word at the step of the caption where it is highest: a caption may come to it later."""
    vocabulary: Any = study.model.vocabulary
    words = torch.tensor([vocabulary.words.index(word) for word in rows["predicted"]])

    def rule(output: Float[Tensor, "n steps words"], numbers: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        own = words.to(output.device)[numbers]
        sure = output.softmax(-1)[torch.arange(len(output), device=output.device), :, own]
        return (sure * vocabulary.open_steps(output.argmax(-1))).amax(1)

    return rule


def keeps_answer(
    rows: pd.DataFrame, _before: Tensor, after: Float[Tensor, "n steps words"], study: "Study"
) -> Bool[np.ndarray, " n"]:
    """Whether the word, or one that means the same, is said, wherever in the caption."""
    vocabulary: Any = study.model.vocabulary
    said = [{word for _, word in vocabulary.said_words(one)} for one in after.argmax(-1).tolist()]
    return np.array(
        [bool(study.same_answers(word) & own) for word, own in zip(rows["predicted"], said, strict=True)], bool
    )


def is_about_object(rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, " n"]:
    """The study's `object_words`; where it names none, words for a thing or a number: what *the* or *at* hangs on is no
    object. Raises SeewhyError for a word that the model does not know."""
    known = cast(Captioner, study.model).vocabulary.words
    for word in study.settings.object_words:
        if word not in known:
            raise unknown_name("word", word, known, f"studies.{study.name}.object_words")
    if study.settings.object_words:
        return rows["predicted"].isin(study.settings.object_words).to_numpy(bool)
    return rows["kind"].isin(("noun", "number")).to_numpy(bool)


def object_masks(rows: pd.DataFrame, study: "Study") -> Bool[np.ndarray, "n h w"]:
    """Pixels inside any of the image's boxes, the same for all its words."""
    return box_masks(study.boxes(rows), *study.size)


def predict_rows(rows: pd.DataFrame, output: Float[Tensor, "n steps words"], study: "Study") -> pd.DataFrame:
    """One row a word: see `word_predictions`."""
    return word_predictions(rows, output, study.model.vocabulary)  # type: ignore[arg-type]


def word_predictions(
    rows: pd.DataFrame, output: Float[Tensor, "n steps words"], vocabulary: Vocabulary
) -> pd.DataFrame:
    """One row a word that is said: image, target (its step), label, predicted (the word), confidence (its probability),
    correct (whether the reference has it; null without one), kind, written (the whole caption).

    `label` is the word itself where the reference has it: what should stand there instead of a wrong one is not known.
    `rows` are of the dataset, their `caption` is the reference. An image whose caption is empty has no row. Raises
    SeewhyError for an output that is not finite.
    """
    if not output.isfinite().all():
        bad = int((~output.isfinite()).flatten(1).any(1).sum())
        raise SeewhyError(
            f"the model's output is not finite for {bad} of {len(output)} images; are the weights damaged?"
        )
    sure, chosen = output.double().softmax(-1).max(-1)
    found = []
    for row, (image, reference) in enumerate(zip(rows["image"], rows["caption"], strict=True)):
        said = vocabulary.said_words(chosen[row].tolist())
        caption = " ".join(word for _, word in said)
        known = None if pd.isna(reference) else set(split_words(reference))
        for step, word in said:
            right = pd.NA if known is None else word.casefold() in known
            label = word if right is True else None
            found.append((image, step, label, word, float(sure[row, step]), right, word_kind(word), caption))
    names = ["image", "target", "label", "predicted", "confidence", "correct", "kind", "written"]
    return pd.DataFrame(found, columns=names).astype({"correct": "boolean"})


def beam_captions(study: "Study", rows: pd.DataFrame, width: int) -> list[str]:
    """The caption that beam search finds for each image: see `Captioner.beam_search`."""
    model: Any = study.model
    found = [
        words
        for _, images in study.input_batches(rows, f"beam search of width {width}")
        for words in model.beam_search(images, width)
    ]
    return [" ".join(word for _, word in model.vocabulary.said_words(words)) for words in found]
