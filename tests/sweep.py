"""`make sweep`: does `explain` find the layer of every network of the zoos that can be made without weights?

    python tests/sweep.py [torchvision|timm|transformers ...] [--every N]

The smallest network of each family (timm: of each module) at a small input: its layer, the map's size, and whether the
map is one (with other weights where those of the constructor give none). Prints a line each and ends with the figures;
exit code 1 where one is refused, fails or has an empty map. A layer at the stem is never chosen: such a network is
refused.
"""

import argparse
import gc
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import nn

import seewhy

# ruff: noqa: T201
LARGEST = 140e6  # weights of a network beyond which it is left out
Made = tuple[str, Callable[[], nn.Module], int]


def torchvision_networks() -> Iterator[Made]:
    from torchvision import models

    families: dict[str, list[str]] = {}
    for name in models.list_models(module=models):
        families.setdefault(name.rstrip("0123456789").split("_")[0].rstrip("0123456789"), []).append(name)
    for names in families.values():
        name = _smallest(names)
        side = 299 if "inception" in name else 224 if "vit" in name or "maxvit" in name or "swin" in name else 96
        options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        yield (
            name,
            lambda name=name, options=options: models.get_model(name, weights=None, num_classes=7, **options),
            side,
        )


def timm_networks() -> Iterator[Made]:
    import timm

    for module in timm.list_modules():
        name = _smallest(timm.list_models(module=module))
        yield name, lambda name=name: timm.create_model(name, pretrained=False, num_classes=7), _side(name)


def _smallest(names: list[str]) -> str:
    return min(names, key=lambda name: (_rank(name), len(name), name))


def _rank(name: str) -> int:
    """The smaller the name says, the sooner."""
    small = (
        "test_",
        "atto",
        "femto",
        "pico",
        "nano",
        "xxs",
        "xx_small",
        "tiny",
        "xs",
        "x_small",
        "_s",
        "small",
        "18",
        "b0",
        "_t",
        "121",
        "50",
    )
    return next((place for place, part in enumerate(small) if part in name), len(small))


def _side(name: str) -> int:
    import timm

    config = timm.get_pretrained_cfg(name, allow_unregistered=True)
    if not config:
        return 224
    fixed = config.fixed_input_size or config.min_input_size
    return max(config.input_size[1:]) if fixed else 96


def transformers_networks() -> Iterator[Made]:
    import transformers as tf

    vit = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 96}
    vit |= {"image_size": 64, "patch_size": 8, "num_labels": 3}
    inner = {"vision_config": {key: value for key, value in vit.items() if key != "num_labels"}, "num_labels": 3}
    swin = {"image_size": 64, "patch_size": 4, "embed_dim": 24, "depths": [1, 1, 1], "num_heads": [2, 2, 2]}
    swin |= {"window_size": 4, "num_labels": 3}
    deep = {"hidden_sizes": [16, 32, 48, 64], "depths": [1, 1, 1, 1], "num_labels": 3}
    settings = {
        "ViT": vit, "DeiT": vit, "Dinov2": vit, "Dinov2WithRegisters": vit | {"num_register_tokens": 4},
        "DINOv3ViT": vit | {"num_register_tokens": 4}, "Beit": vit, "Swin": swin, "Swinv2": swin,
        "ResNet": {"embedding_size": 16, "hidden_sizes": [16, 32, 64], "depths": [1, 1, 1], "layer_type": "basic"},
        "ConvNext": deep, "ConvNextV2": deep, "CLIP": inner, "Siglip": inner,
        "MobileViT": {"image_size": 64, "hidden_sizes": [24, 32, 40], "num_labels": 3,
                      "neck_hidden_sizes": [8, 16, 24, 32, 40, 48, 64]},
        "Levit": {"image_size": 64, "hidden_sizes": [16, 24, 32], "num_attention_heads": [2, 2, 2],
                  "depths": [1, 1, 1], "key_dim": [8, 8, 8], "num_labels": 3},
        "Pvt": {"image_size": 64, "hidden_sizes": [16, 24, 32, 48], "depths": [1, 1, 1, 1],
                "num_attention_heads": [1, 2, 2, 4], "num_labels": 3},
        "EfficientNet": {"image_size": 64, "width_coefficient": 0.3, "depth_coefficient": 0.3, "hidden_dim": 384},
    }  # fmt: skip
    for name, given in settings.items():
        config = getattr(tf, f"{name}Config", None)
        for end in ("ForImageClassification", "ForImageClassificationWithTeacher"):
            if config and (kind := getattr(tf, f"{name}{end}", None)):
                made = lambda kind=kind, config=config, given=given: kind(config(**given))  # noqa: E731
                yield f"transformers {name}{end.partition('Classification')[2]}", made, 64


def draw_weights(model: nn.Module) -> nn.Module:
    """As wide as what is trained: heads begin as zeros, and small weights in many layers leave nothing of an image."""
    for weight in model.parameters():
        if weight.ndim > 1:
            nn.init.kaiming_normal_(weight)
    return model


def look(make: Callable[[], nn.Module], side: int) -> str:
    """One line: the layer and its map, or why there is none."""
    torch.manual_seed(0)
    try:
        model = make().eval()
    except Exception as error:
        return f"not made: {type(error).__name__}: {' '.join(str(error).split())[:120]}"
    count = sum(weight.numel() for weight in model.parameters())
    if count > LARGEST:
        return f"left out: {count / 1e6:.0f} M weights"
    images = torch.randn(1, 3, side, side)
    try:
        found = seewhy.explain(model, images, methods=["gradcam"])
    except seewhy.SeewhyError as error:
        return f"REFUSED: {' '.join(str(error).split())[:150]}"
    except Exception as error:
        return f"FAILED: {type(error).__name__}: {' '.join(str(error).split())[:150]}"
    maps = found["gradcam"]
    if not maps.any():
        maps = seewhy.explain(draw_weights(model), images, methods=["gradcam"], layer=found.layer)["gradcam"]
    odd = "" if maps.isfinite().all() and maps.any() else " (all zero)"
    return f"{'ok' if not odd else 'EMPTY'}  {found.layer} {tuple(maps.shape[2:])}{odd}"


def main() -> int:
    """Looks at all networks of the zoos that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("zoos", nargs="*", default=["torchvision", "timm", "transformers"])
    parser.add_argument("--every", type=int, default=1)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    zoos = {"torchvision": torchvision_networks, "timm": timm_networks}
    zoos["transformers"] = transformers_networks
    figures: dict[str, int] = {}
    for zoo in asked.zoos:
        try:
            made = list(zoos[zoo]())
        except ImportError:
            print(f"{zoo} is not installed: left out")
            continue
        for name, make, side in made[:: asked.every]:
            begun = time.monotonic()
            line = look(make, side)
            figures[line.split(" ")[0].strip(":")] = figures.get(line.split(" ")[0].strip(":"), 0) + 1
            print(f"{name:36} {side:4} {time.monotonic() - begun:5.1f} s  {line}", flush=True)
            gc.collect()
    print(", ".join(f"{key} {count}" for key, count in sorted(figures.items())))
    return int(bool({"REFUSED", "FAILED", "EMPTY"} & set(figures)))


if __name__ == "__main__":
    sys.exit(main())
