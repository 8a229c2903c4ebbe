"""What a constructor is called with: what was set, and of the rest what dataset, file and weights tell."""

import re
from collections.abc import Mapping
from inspect import Parameter
from typing import Any

from torch import Tensor

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.checkpoint import Checkpoint
from seewhy.inputs.fitting import CHANNELS, in_channels

# names that people give to one thing
COUNTS = (
    *("num_classes", "n_classes", "out_classes", "num_class", "n_class", "nb_classes", "nclasses", "num_labels"),
    *("n_labels", "num_outputs", "n_outputs", "num_targets"),
)
MAYBE_COUNTS = ("classes", "nc", "out_features", "output_dim", "out_dim", "output_size", "out_channels")  # if needed
WRITTEN = ("cfg",)  # what a network is made by, whose default is another network
UNSAID = ("nc",)  # YOLO's number of classes, whose default is None
VOCABULARY = ("vocab_size", "vocabulary_size", "num_words")
EMBEDDING = ("embed_size", "embed_dim", "embedding_dim", "embedding_size")
HIDDEN = ("hidden_size", "hidden_dim")
LAYERS = ("num_layers", "n_layers")
GIVEN_BY_PLACE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def complete_arguments(
    accepted: Mapping[str, Parameter], given: Mapping[str, Any], classes: int, checkpoint: Checkpoint
) -> dict[str, Any]:
    """`given`, completed for a class of the user's own that accepts `accepted`.

    In this order: the number of classes, sizes read off the weights' shapes, and, for what has no default, the
    checkpoint's config and what a model that was saved whole says of itself; this before a default `cfg`, too.
    `pretrained` is off: all weights come from the checkpoint, and nothing is to be downloaded. `verbose` is off.
    """
    told = (
        recurrent_sizes(checkpoint.weights)
        | (dict.fromkeys(COUNTS, classes) if classes else {})
        | {"pretrained": False, "verbose": False}
    )
    if channels := in_channels(checkpoint.weights):
        told |= dict.fromkeys(CHANNELS, channels)
    found = dict(given) | {name: value for name, value in told.items() if name in accepted and name not in given}
    needed = missing_arguments(accepted, found)
    config = {key.lower(): value for key, value in checkpoint.config.items()}
    found |= {name: config[name.lower()] for name in needed if name.lower() in config}
    saved = checkpoint.saved_settings
    found |= {name: saved[name] for name in (*needed, *WRITTEN) if name in saved and name in accepted} | found
    needed += [name for name in UNSAID if name in accepted and accepted[name].default is None]
    found |= {name: classes for name in needed if name in MAYBE_COUNTS and name not in found and classes}
    return found


def missing_arguments(accepted: Mapping[str, Parameter], given: Mapping[str, Any]) -> list[str]:
    """Parameters without a default that `given` has no value for."""
    return [
        name
        for name, one in accepted.items()
        if one.default is Parameter.empty and one.kind not in GIVEN_BY_PLACE and name not in given
    ]


def refuse_missing(accepted: Mapping[str, Parameter], given: Mapping[str, Any], where: str) -> None:
    """Raises SeewhyError for a parameter that nothing tells."""
    if needed := missing_arguments(accepted, given):
        raise SeewhyError(f"missing key 'arguments.{needed[0]}' {where}; needed: {list_names(needed)}")


def recurrent_sizes(weights: Mapping[str, Tensor]) -> dict[str, int]:
    """Sizes of an embedding and of an LSTM or GRU by every name they go by, read off the shapes of the weights."""
    embeddings = [value for key, value in weights.items() if _is_embedding(key, weights)]
    recurrent = [key for key in weights if re.search(r"\.weight_hh(_l\d+)?$", key)]
    layers = [key for key in recurrent if not key.endswith("_hh")]
    found: dict[str, int] = {}
    if embeddings:
        rows, columns = embeddings[0].shape
        found |= dict.fromkeys(VOCABULARY, rows) | dict.fromkeys(EMBEDDING, columns)
    if recurrent:
        found |= dict.fromkeys(HIDDEN, weights[recurrent[0]].shape[-1])
    return found | (dict.fromkeys(LAYERS, len(layers)) if layers else {})


def _is_embedding(key: str, weights: Mapping[str, Tensor]) -> bool:
    """Told by its name, and from a linear layer of that name by its having no bias."""
    named = re.search(r"embed(ding)?s?\.weight$", key)
    return bool(named) and weights[key].ndim == 2 and f"{key.removesuffix('weight')}bias" not in weights
