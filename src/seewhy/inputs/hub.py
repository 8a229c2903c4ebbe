"""Published weights -> a checkpoint like a user's own, with the classes and the preprocessing that go with them."""

from collections import Counter
from pathlib import Path
from typing import Any

import torch

from seewhy.config import artifacts
from seewhy.errors import SeewhyError, unknown_name
from seewhy.inputs.lines import entry_name, flow_style, yaml_path


def fetch_weights(architecture: str, which: str, path: Path, root: Path) -> str:
    """Downloads `which` weights (DEFAULT, or a name of the zoo's own); the lines of params.yaml for them.

    Writes `path` and, beside it, their class names as <name>.classes.json, so that a folder of images is enough.
    Raises SeewhyError for a name that does not exist, or where there is no network.
    """
    zoo, _, name = architecture.partition(":")
    if zoo not in ("torchvision", "timm") or not name:
        raise SeewhyError(f"architecture '{architecture}'; allowed: torchvision:NAME or timm:NAME")
    content, seen = (_from_torchvision if zoo == "torchvision" else _from_timm)(name, which)
    content["config"]["MODEL_NAME"] = name
    with artifacts.atomic_file(path) as scratch:
        torch.save(content, scratch)
    names = path.with_suffix(".classes.json")
    artifacts.write_json(names, _distinct_names(content["classes"]))
    study = {"dataset": "FOLDER", "checkpoint": yaml_path(path, root), "architecture": architecture}
    lines = [f"    {key}: {value}\n" for key, value in (study | {"preprocessing": flow_style(seen)}).items()]
    dataset = f"{{task: classification, images: FOLDER, classes: {yaml_path(names, root)}}}"
    return f"datasets:\n  FOLDER: {dataset}\nstudies:\n  {entry_name(path)}:\n{''.join(lines)}"


def _distinct_names(names: list[str]) -> list[str]:
    """ImageNet has two cranes: the second one says so."""
    counts = Counter[str]()
    found = []
    for name in names:
        counts[name] += 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return found


def _from_torchvision(name: str, which: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from torchvision import models

    if name not in models.list_models():
        raise unknown_name(
            "architecture", f"torchvision:{name}", [f"torchvision:{one}" for one in models.list_models()]
        )
    known = models.get_model_weights(name)
    if which not in known.__members__:
        raise unknown_name("weights", which, known.__members__, f"torchvision:{name}")
    weights = known[which]
    seen = weights.transforms()
    state = _download_or_refuse(f"torchvision:{name}", lambda: weights.get_state_dict(progress=True, check_hash=True))
    content = _checkpoint_content(state, seen.crop_size[0], seen.mean, seen.std, list(weights.meta["categories"]))
    return content, _resize_settings(seen.crop_size[0] / seen.resize_size[0], seen.interpolation.value)


def _from_timm(name: str, which: str) -> tuple[dict[str, Any], dict[str, Any]]:
    import timm
    from timm.data import ImageNetInfo

    tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{name}.*")]
    if not tags:
        raise unknown_name("architecture", f"timm:{name}", [f"timm:{one}" for one in timm.list_models(pretrained=True)])
    if which not in ("DEFAULT", *tags):
        raise unknown_name("weights", which, ["DEFAULT", *tags], f"timm:{name}")
    whole = name if which == "DEFAULT" else f"{name}.{which}"
    model = _download_or_refuse(f"timm:{name}", lambda: timm.create_model(whole, pretrained=True))
    seen = timm.data.resolve_data_config(model=model)
    info = ImageNetInfo()
    count = int(model.num_classes)
    classes = [info.index_to_description(index) if count == 1000 else f"class {index}" for index in range(count)]
    content = _checkpoint_content(model.state_dict(), seen["input_size"][1], seen["mean"], seen["std"], classes)
    return content, _resize_settings(seen["crop_pct"], seen["interpolation"])


def _download_or_refuse(what: str, get: Any) -> Any:
    try:
        return get()
    except Exception as error:  # a hub's client fails in its own ways
        told = " ".join(str(error).split())[:200]
        raise SeewhyError(f"{what} cannot be fetched: {told}; needed: a network that reaches its publisher") from None


def _checkpoint_content(state: Any, size: int, mean: Any, std: Any, classes: list[str]) -> dict[str, Any]:
    config = {"IMAGE_SIZE": size, "IMAGENET_MEAN": list(mean), "IMAGENET_STD": list(std)}
    return {"model_state_dict": dict(state), "config": config, "classes": classes}


def _resize_settings(crop: float, interpolation: str) -> dict[str, Any]:
    """How the images were fitted when these weights were made; size, mean and std stand in the file."""
    return {"resize": "crop", "crop": round(crop, 4), "interpolation": interpolation}
