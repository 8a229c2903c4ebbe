"""Networks of the transformers library: a folder of `save_pretrained`, and its weights under the names of any version.

transformers is not needed by anything else here: `pip install transformers` where a study asks for it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from seewhy.errors import SeewhyError, list_names
from seewhy.inputs import inert

FILES = ("model.safetensors", "pytorch_model.bin")
PROCESSOR = "preprocessor_config.json"


def read_folder(folder: Path, where: str) -> tuple[dict[str, Any], Path]:
    """The content of a folder as a checkpoint's: weights, config.json with what the processor says of the input; and
    the file that the weights are from.

    Raises SeewhyError where the folder has no weights, or has them in several files.
    """
    file = next((folder / name for name in FILES if (folder / name).is_file()), None)
    if file is None:
        found = sorted(path.name for path in folder.iterdir())
        raise SeewhyError(
            f"{where}: no weights in folder '{folder.name}'; found: {list_names(found)}; allowed: {FILES[0]}"
        )
    from safetensors.torch import load_file

    weights = load_file(file) if file.suffix == ".safetensors" else inert.read_inert(file)
    config = _read_config(folder / "config.json")
    return {
        "model": weights,
        "config": config | _input_settings(_read_config(folder / PROCESSOR)),
        "classes": _label_names(config),
    }, file


def _label_names(config: Mapping[str, Any]) -> Any:
    """Class names, unless they are the LABEL_0, LABEL_1 that stand there where nobody gave any."""
    names = config.get("id2label")
    return names if isinstance(names, dict) and "LABEL_0" not in names.values() else None


def _input_settings(processor: Mapping[str, Any]) -> dict[str, Any]:
    """Size, mean and std of the input under the names that checkpoints' configs have; the rest as it is."""
    if not processor:
        return {}
    size = processor.get("crop_size") or processor.get("size") or {}
    size = {"height": size, "width": size} if isinstance(size, int) else size
    sides = [size.get("height", size.get("shortest_edge")), size.get("width", size.get("shortest_edge"))]
    found: dict[str, Any] = {"IMAGE_SIZE": sides} if all(sides) else {}
    for ours, theirs in (("mean", "image_mean"), ("std", "image_std")):
        if processor.get("do_normalize", True) and processor.get(theirs):
            found[ours] = processor[theirs]
    return found | {"preprocessor": dict(processor)}


def _read_config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        raise SeewhyError(f"'{path.name}' in '{path.parent.name}' is no JSON") from None
    return found if isinstance(found, dict) else {}


def from_folder(name: str, root: Path, where: str) -> nn.Module:
    """The network that the config.json in the folder `name` describes, as its constructor leaves it.

    Raises SeewhyError where transformers is not installed, does not know the class, or has no class for images.
    """
    try:
        import transformers
    except ImportError:
        needed = "needs the transformers library: pip install transformers"
        raise SeewhyError(f"{where}: 'transformers:{name}' {needed}") from None
    config_file = root / name / "config.json" if (root / name).is_dir() else root / name
    told = _read_config(config_file).get("architectures") or [""]
    kind = getattr(transformers, str(told[0]), None)
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        raise SeewhyError(
            f"{where}: config.json of 'transformers:{name}' names the class '{told[0]}'; allowed: one that "
            f"transformers {transformers.__version__} has"
        )
    return kind(transformers.AutoConfig.from_pretrained(str(config_file), local_files_only=True))


def is_theirs(model: nn.Module) -> bool:
    """Whether the network is of a class that transformers knows how to fill from files of other versions."""
    return any(kind.__module__.startswith("transformers.") for kind in type(model).__mro__) and hasattr(model, "config")


def renamed_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`weights` under the names of the installed version: files keep the names that others wrote.

    Weights that are not in the file come out as the library draws them, so that names have to be compared before.
    """
    import transformers

    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        made: Any = type(model)
        filled, told = made.from_pretrained(
            None, config=model.config, state_dict=dict(weights), output_loading_info=True
        )
    finally:
        transformers.logging.set_verbosity(level)
    missing = set(told["missing_keys"]) | {str(one[0]) for one in told.get("mismatched_keys", ())}
    return {name: value for name, value in filled.state_dict().items() if name not in missing}
