"""A checkpoint file -> weights and facts, safely: nothing in the file is run, and there is no other way in."""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from seewhy.config import artifacts
from seewhy.errors import LISTED, SeewhyError, list_names
from seewhy.inputs import huggingface, inert, torchscript
from seewhy.inputs.arrays import RefusedError
from seewhy.inputs.inert import Inert
from seewhy.inputs.state_dicts import WEIGHTS, choose_weights, single_precision, state_dicts, without_counter
from seewhy.inputs.vocabulary import indexed_names, vocabulary_words

NAMES = {  # of what a checkpoint's config says of its input
    "size": ("IMAGE_SIZE", "IMG_SIZE", "image_size", "img_size", "input_size"),
    "mean": ("IMAGENET_MEAN", "MEAN", "mean"),
    "std": ("IMAGENET_STD", "STD", "std"),
}
CONFIGS = (
    "config",
    "hyper_parameters",
    "hparams",
    "args",
    "cfg",
    "meta",
    "metadata",
    "train_args",
)  # and what the network was made and trained with
CLASSES = ("classes", "class_names", "label_classes", "class_to_idx", "idx_to_class", "id2label", "label2id")
VOCABULARIES = ("vocab", "vocabulary")
PREFIXES = ("module.", "_orig_mod.")  # left by DataParallel and torch.compile
STATE_DICT = "save model.state_dict() instead of the model or its objects"
EPOCHS = ("epoch", "epochs")
ACCURACIES = ("val_acc", "val_accuracy", "best_val_acc", "best_acc", "accuracy")  # the first that is there


def config_key(config: Mapping[str, Any], key: str) -> str:
    """Under which of `NAMES` a config has that setting of its input; empty for none."""
    return next((name for name in NAMES[key] if config.get(name) is not None), "")


@dataclass(frozen=True)
class Checkpoint:
    """Weights by name, and what the file says of itself: `config`, `epoch`, `val_acc` (percent or share).

    `classes` are names in index order, `words` those of a vocabulary; None where the file has none. `module` is
    a model that was saved whole, as data; `notes` are sentences about what was taken of the file, and as what.
    """

    weights: dict[str, Tensor]
    sha256: str
    config: dict[str, Any] = field(default_factory=dict)
    epoch: int | None = None
    val_acc: float | None = None
    classes: list[str] | None = None
    words: list[str] | None = None
    module: inert.Inert | None = None
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The class of a model that was saved whole; "" for weights alone."""
        return self.module.path if self.module else ""

    @property
    def saved_settings(self) -> dict[str, Any]:
        """Settings that a model that was saved whole has as attributes; YOLO's `yaml` is what it was made with."""
        held = self.module.attributes if self.module else {}
        found = {name: value for name, value in held.items() if isinstance(value, int | float | str | list | dict)}
        return found | ({"cfg": deepcopy(held["yaml"])} if isinstance(held.get("yaml"), dict) else {})

    @property
    def claimed_accuracy(self) -> float | None:
        """The accuracy the file claims, as a share: a value above 1 is percent."""
        if self.val_acc is None:
            return None
        return self.val_acc / 100 if self.val_acc > 1 else self.val_acc


def load_checkpoint(path: Path, where: str, wanted: str = "") -> Checkpoint:
    """Reads a checkpoint with a state_dict, bare or under whatever key (`wanted` names one), or a whole model, as data:
    torch (zip, legacy), TorchScript, safetensors, or a folder of `save_pretrained`.

    Raises SeewhyError for a file that is missing, damaged, or that would need code to be run.
    """
    if path.is_dir():
        content, path = huggingface.read_folder(path, where)
    elif path.is_file():
        content = read_checkpoint_file(path, where)
    else:
        raise SeewhyError(f"{where}: there is no checkpoint '{path}'")
    found = state_dicts(content)
    if not found:
        raise SeewhyError(
            f"{where}: no weights in '{path.name}'; found keys: {list_names(content)}; allowed: {list_names(WEIGHTS)}"
        )
    chosen, notes = choose_weights(found, wanted, f"'{path.name}' of {where}")
    weights, averaged = without_counter(chosen.weights)
    weights, halved = single_precision(_without_prefixes(weights))
    facts = content if chosen.key and isinstance(content, dict) else {}
    configs = [as_mapping(facts.get(name)) for name in CONFIGS]
    config = _settings_beside(facts) | next(filter(None, configs), {})
    return Checkpoint(
        weights,
        artifacts.file_sha256(path),
        config,
        _finite_number(_first_fact(facts, EPOCHS), int),
        _finite_number(_first_fact(facts, ACCURACIES), float),
        next(filter(None, (indexed_names(part.get(name)) for part in (facts, *configs) for name in CLASSES)), None)
        or _names_of_model(chosen.module),
        next(filter(None, (vocabulary_words(facts.get(name)) for name in VOCABULARIES)), None),
        chosen.module,
        (*notes, *averaged, *halved, *(_whole_model_notes(chosen.module.path) if chosen.module else ())),
    )


def _names_of_model(module: Inert | None) -> list[str] | None:
    """The class names of a YOLO that was saved whole; None where these are only numbers."""
    found = indexed_names(module.attributes.get("names")) if module else None
    return None if found and all(name.isdecimal() for name in found) else found


def _settings_beside(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Texts, numbers and lists of numbers that stand beside the weights: sizes of the network, its name, its input's.

    A lone number called mean or std may be of the labels, and is left aside.
    """
    known = (*EPOCHS, *ACCURACIES, *CLASSES, *VOCABULARIES)
    numbers = NAMES["mean"] + NAMES["std"]
    found = {}
    for name, value in facts.items():
        several = isinstance(value, list | tuple) and 0 < len(value) <= LISTED
        plain = all(isinstance(one, int | float) for one in value) if several else isinstance(value, str | int | float)
        if isinstance(name, str) and plain and name not in known and (several or name not in numbers):
            found[name] = value
    return found


def _whole_model_notes(path: str) -> list[str]:
    """What to write as the architecture of a model that was saved whole."""
    module, _, name = path.rpartition(".")
    file = "train.py" if module == "__main__" else f"{module.replace('.', '/')}.py"
    ours = module.partition(".")[0] in ("torchvision", "timm", "torch", "ultralytics")
    out = "" if ours else f"; `architecture: {file}:{name}` names the class where {file} is the file that defines it"
    return [f"a whole model of class {path}, read as data: its state_dict is taken{out}"]


def read_checkpoint_file(path: Path, where: str) -> Any:
    """What a checkpoint file holds: a mapping, a list of them, or a model as data. A damaged file fails in every way
    there is, so any error is its own."""
    try:
        if _is_safetensors(path):
            return _read_safetensors(path)
        content = torchscript.read_torchscript(path) if torchscript.is_archive(path) else inert.read_inert(path)
    except Exception as error:
        raise SeewhyError(f"{where}: '{path.name}' {_failure_reason(error, path.stat().st_size)}") from None
    if not isinstance(content, dict) and not state_dicts(content):
        kind = content.path if isinstance(content, Inert) else type(content).__name__
        raise SeewhyError(f"{where}: '{path.name}' holds a {kind}; allowed: a state_dict, or a dict with one")
    return content


def _is_safetensors(path: Path) -> bool:
    """Whether the file starts as safetensors do: the length of a JSON mapping, and that mapping."""
    with path.open("rb") as file:
        start = file.read(9)
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") < path.stat().st_size


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def _failure_reason(error: Exception, size: int) -> str:
    """What is wrong with the file, in our words: torch's own advise to load it unsafely."""
    message = str(error)
    if isinstance(error, RefusedError):
        return f"needs code to load ({message}); {STATE_DICT}"
    if re.search(r"Unsupported operand 1(49|50|40|47)\b", message):  # opcodes that protocol 2 does not have
        return "is of another pickle protocol; allowed: torch.save(..., pickle_protocol=2), its default"
    return f"({size:,} bytes) is damaged, truncated or no checkpoint; allowed: a file written by torch.save"


def _without_prefixes(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefixes that every name has: a network may have a part that is itself called `module`."""
    for prefix in PREFIXES:
        if weights and all(name.startswith(prefix) for name in weights):
            return _without_prefixes({name.removeprefix(prefix): value for name, value in weights.items()})
    return weights


def as_mapping(value: Any) -> dict[str, Any]:
    """Settings as a dict, be they one, or the attributes of a Namespace or of an object of the user's own."""
    found = value.attributes if isinstance(value, Inert) else value
    return {str(key): one for key, one in found.items()} if isinstance(found, dict) else {}


def _first_fact(facts: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((facts[key] for key in keys if key in facts), None)


def _finite_number(value: Any, kind: type) -> Any:
    """A finite number, be it Python's, numpy's or a tensor of one element; anything else is as good as absent."""
    if isinstance(value, Tensor | np.ndarray) and value.ndim == 0:
        value = value.item()
    return kind(value) if isinstance(value, int | float | np.number) and np.isfinite(value) else None
