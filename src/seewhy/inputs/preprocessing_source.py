"""Where a study's preprocessing comes from: params.yaml, files beside the checkpoint, the checkpoint, or timm."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seewhy.config.preprocessing import SAID_BY_LINE, Grey, Preprocessing
from seewhy.config.validation import validate_settings
from seewhy.errors import SeewhyError, list_names
from seewhy.inputs.checkpoint import NAMES, Checkpoint, config_key
from seewhy.inputs.fitting import in_channels
from seewhy.inputs.geometry import Fit
from seewhy.inputs.processor_config import steps_of_processor
from seewhy.inputs.transform_calls import filter_of
from seewhy.inputs.transform_line import settings_of_steps

PROCESSOR = "preprocessor_config.json"
ONE_CHANNEL = "the weights' first layer, which takes one"
LARGEST_FILE = 1_000_000  # bytes of a JSON file that says how images were fitted


@dataclass(frozen=True)
class Resolved:
    """All settings of a study's preprocessing, and by key (`all` for every one) where each came from."""

    preprocessing: Preprocessing
    sources: dict[str, str]

    @property
    def sentence(self) -> str:
        """Where they came from, in one sentence."""
        places: dict[str, list[str]] = {}
        for key, place in self.sources.items():
            places.setdefault(place, []).append(key)
        return "; ".join(f"{list_names(keys)} from {place}" for place, keys in places.items())


def resolve_preprocessing(
    given: Preprocessing,
    checkpoint: Checkpoint,
    file: Path,
    architecture: str,
    sizes: Sequence[tuple[int, int]],
    where: str,
) -> Resolved:
    """`given` (of params.yaml), completed from what lies beside the checkpoint's `file`, the file itself, or timm.

    `sizes` are the images' (width, height), which say the input's size where no step does. `where` is the key of
    the section, for errors. Raises SeewhyError for what nothing says.
    """
    own = given.model_dump(exclude_none=True, exclude_unset=True)
    if given.steps is not None:
        found = Resolved(given, {"all": f"the line in {where}"})
    elif not set(SAID_BY_LINE) & set(own) and (config := _json_beside(file, PROCESSOR)):
        found = _of_processor(config, own, file)
    else:
        found = _completed_settings(own, checkpoint, file, architecture, where)
    found = _with_one_channel(found, checkpoint)
    return Resolved(_with_size(found.preprocessing, sizes, where), found.sources)


def _with_one_channel(found: Resolved, checkpoint: Checkpoint) -> Resolved:
    """With grey images where nothing says their channels and the network's first layer takes one."""
    seen = found.preprocessing
    if in_channels(checkpoint.weights) != 1 or {"grey", "channels"} & seen.model_fields_set:
        return found
    coloured = any(isinstance(step, Grey) or len(getattr(step, "mean", ())) > 1 for step in seen.pipeline)
    if coloured:  # the steps say what the channels are
        return found
    return Resolved(seen.model_copy(update={"channels": "grey"}), found.sources | {"channels": ONE_CHANNEL})


def _completed_settings(
    own: dict[str, Any], checkpoint: Checkpoint, file: Path, architecture: str, where: str
) -> Resolved:
    """Each key from the first place that has it."""
    places = {
        "params.yaml": own,
        "the checkpoint": settings_of_config(checkpoint.config),
        "config.json beside it": settings_of_timm(_json_beside(file, "config.json").get("pretrained_cfg") or {}),
    }
    needed = [key for key in NAMES if key not in {name for place in places.values() for name in place}]
    if needed and own.get("normalise", "fixed") == "fixed":
        places[f"timm's settings of {architecture}"] = _of_architecture(architecture)
    merged: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for place, settings in places.items():
        new = {key: value for key, value in settings.items() if key not in _groups_of(merged)}
        merged |= new
        sources |= dict.fromkeys(new, place)
    found = validate_settings(Preprocessing, merged, f"{where} and the checkpoint's config")
    for key in NAMES:
        unneeded = key != "size" and found.normalise != "fixed"
        if getattr(found, key) is None and not unneeded:
            raise SeewhyError(f"missing key '{where}.{key}': the checkpoint has none")
    return Resolved(found, sources)


def _groups_of(settings: Mapping[str, Any]) -> set[str]:
    """Keys that are settled together with these: who says `resize` says `crop`, too."""
    groups = ({"resize", "resize_to", "crop"}, {"grey", "channels"})
    return {key for group in groups if group & set(settings) for key in group} | set(settings)


def settings_of_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint's config says of its input: size, mean, std, and how timm's training fitted images."""
    whole = dict(config)
    for key in ("pretrained_cfg", "default_cfg", "data_config"):
        inner = whole.get(key)
        whole = {**inner, **whole} if isinstance(inner, Mapping) else whole
    names = {key: config_key(whole, key) for key in NAMES}
    found = {key: _plain_numbers(whole[name]) for key, name in names.items() if name}
    if isinstance(size := found.get("size"), list | tuple) and len(size) == 3:
        found["size"] = size[1] if size[1] == size[2] else list(size[1:])  # channels, height, width
    return found | _timm_fit(whole)


def settings_of_timm(config: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that timm's `pretrained_cfg` or `data_config` stands for."""
    return settings_of_config(config) if isinstance(config, Mapping) else {}


def _timm_fit(config: Mapping[str, Any]) -> dict[str, Any]:
    """`resize`, `crop` and `interpolation` from timm's names for them; nothing where its `crop_pct` is not there."""
    if "crop_pct" not in config:
        return {}
    share = config["crop_pct"]
    found: dict[str, Any] = {"resize": "squash" if config.get("crop_mode") == "squash" else "crop"}
    found["crop"] = float(share) if isinstance(share, int | float) and 0 < share <= 1 else 0.875
    kind = config.get("interpolation")
    return found | ({"interpolation": filter_of(kind)} if isinstance(kind, str) and kind not in ("", "random") else {})


def _of_architecture(architecture: str) -> dict[str, Any]:
    """timm's own settings for an architecture of that zoo."""
    zoo, _, name = architecture.partition(":")
    if zoo != "timm" or not name:
        return {}
    import timm

    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    return settings_of_timm(config.to_dict()) if config is not None else {}


def _plain_numbers(value: Any) -> Any:
    """A number or a list of them, from arrays and tensors."""
    return value.tolist() if hasattr(value, "tolist") else value


def _json_beside(file: Path, name: str) -> dict[str, Any]:
    """A small JSON mapping in the checkpoint's folder; empty where there is none."""
    path = (file if file.is_dir() else file.parent) / name
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of_processor(config: Mapping[str, Any], own: dict[str, Any], file: Path) -> Resolved:
    """A processor of transformers; which library resizes is told by its name, or by the version beside it."""
    steps = tuple(steps_of_processor(config))
    settings = {"steps": [step.model_dump() for step in steps], **settings_of_steps(steps)}
    version = str(_json_beside(file, "config.json").get("transformers_version", ""))
    named_fast = str(config.get("image_processor_type", "")).endswith(("Fast", "Pil"))
    if version.partition(".")[0].isdigit() and int(version.partition(".")[0]) >= 5 and not named_fast:
        settings["library"] = "torch"
    return Resolved(
        validate_settings(Preprocessing, settings | own, PROCESSOR), {"all": f"{PROCESSOR} beside the checkpoint"}
    )


def _with_size(found: Preprocessing, sizes: Sequence[tuple[int, int]], where: str) -> Preprocessing:
    """With the input's size where the steps leave it to the images, which then must come out alike."""
    if found.size is not None:
        return found
    canvases = sorted({Fit.of_image(size, found).canvas for size in set(sizes)})
    if len(canvases) != 1:
        seen = list_names(f"{width} x {height}" for width, height in canvases[:3])
        raise SeewhyError(f"{where}: leaves images of {len(canvases)} sizes ({seen}); allowed: a Resize or CenterCrop")
    width, height = canvases[0]
    return found.model_copy(update={"size": width if width == height else (height, width)})
