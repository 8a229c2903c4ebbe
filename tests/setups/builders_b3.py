"""Setups of other libraries and of pixels: a transformers folder, patches and masks as tensors."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torchvision import transforms

from tests.setups.made_b import INPUTS, Setup, class_rows, fit, picture, run_code

HEAD = "import torch\nfrom torch import nn\nfrom torchvision import models, transforms\n"
TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
VIT = {"architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 32, "num_hidden_layers": 2,
       "num_attention_heads": 2, "intermediate_size": 64, "image_size": 32, "patch_size": 8, "num_channels": 3,
       "hidden_act": "gelu", "layer_norm_eps": 1e-12, "qkv_bias": True, "transformers_version": "4.40.0",
       "id2label": {str(place): name for place, name in enumerate(TEN)},
       "label2id": {name: place for place, name in enumerate(TEN)}}  # fmt: skip


def _holder(**parts: nn.Module) -> nn.Module:
    """A module that only holds others, as paths of names have it."""
    made = nn.Module()
    for name, part in parts.items():
        made.add_module(name, part)
    return made


class TinyViT(nn.Module):
    """transformers' ViTForImageClassification by its own names of weights, in few lines."""

    def __init__(self, width: int = 32, inner: int = 64, tokens: int = 17) -> None:
        super().__init__()
        embeddings = _holder(patch_embeddings=_holder(projection=nn.Conv2d(3, width, 8, 8)))
        embeddings.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        embeddings.position_embeddings = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        norm = lambda: nn.LayerNorm(width, eps=1e-12)  # noqa: E731
        layers = [
            _holder(
                attention=_holder(
                    attention=_holder(**{name: nn.Linear(width, width) for name in ("query", "key", "value")}),
                    output=_holder(dense=nn.Linear(width, width)),
                ),
                intermediate=_holder(dense=nn.Linear(width, inner)),
                output=_holder(dense=nn.Linear(inner, width)),
                layernorm_before=norm(),
                layernorm_after=norm(),
            )
            for _ in range(2)
        ]
        encoder = _holder(layer=nn.ModuleList(layers))
        self.vit = _holder(embeddings=embeddings, encoder=encoder, layernorm=norm())
        self.classifier = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ours = self.vit.embeddings
        x = ours.patch_embeddings.projection(x).flatten(2).transpose(1, 2)
        x = torch.cat([ours.cls_token.expand(len(x), -1, -1), x], 1) + ours.position_embeddings
        for layer in self.vit.encoder.layer:
            own, before = layer.attention, layer.layernorm_before(x)
            q, k, v = (
                getattr(own.attention, name)(before).unflatten(2, (2, 16)).transpose(1, 2)
                for name in ("query", "key", "value")
            )
            seen = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + own.output.dense(seen)
            x = x + layer.output.dense(nn.functional.gelu(layer.intermediate.dense(layer.layernorm_after(x))))
        return self.classifier(self.vit.layernorm(x)[:, 0])


def s25_cifar_transformers(root: Path) -> Setup:
    """A Trainer's checkpoint folder, and a dataset of Hugging Face as Parquet files."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from safetensors.torch import save_file

    own = transforms.Compose([transforms.Resize(36), transforms.CenterCrop(32), transforms.ToTensor(),
                              transforms.Normalize([0.5] * 3, [0.5] * 3)])  # fmt: skip
    note = {"info": {"features": {"img": {"_type": "Image"}, "label": {"names": TEN, "_type": "ClassLabel"}}}}
    held = {}
    for split, first, count in (("train", 0, 20), ("test", 100, 20)):
        rows = []
        for number in range(count):
            stream = io.BytesIO()
            Image.fromarray(picture(number % 10, first + number, (32, 32))).save(stream, "PNG")
            rows.append({"bytes": stream.getvalue(), "path": None})
        labels = [number % 10 for number in range(count)]
        table = pa.table({"img": rows, "label": pa.array(labels, pa.int64())})
        file = root / INPUTS / f"cifar10/plain_text/{split}-00000-of-00001.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.replace_schema_metadata({b"huggingface": json.dumps(note).encode()}), file)
        pictures = [own(Image.open(io.BytesIO(row["bytes"])).convert("RGB")) for row in rows]
        held[split] = torch.stack(pictures), labels
    net = fit(TinyViT(), held["train"][0], torch.tensor(held["train"][1]), steps=30)
    folder = root / INPUTS / "vit-cifar10/checkpoint-500"
    folder.mkdir(parents=True)
    save_file(net.state_dict(), folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps(VIT))
    with torch.no_grad():
        scores = net(held["test"][0]).softmax(1)
    images = [f"{INPUTS}/cifar10/plain_text/test-00000-of-00001.parquet#img/{row}" for row in range(20)]
    line = "Compose([Resize(36), CenterCrop(32), ToTensor(), Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])])"
    words = ["--data", f"{INPUTS}/cifar10", "--checkpoint", f"{INPUTS}/vit-cifar10/checkpoint-500", "--architecture",
             f"transformers:{INPUTS}/vit-cifar10/checkpoint-500", "--transform", line]  # fmt: skip
    return Setup(words, class_rows(images, [TEN[label] for label in held["test"][1]], scores, TEN))


S34_CODE = (
    HEAD
    + """
def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, in_channels=3, n_classes=6, base=8):
        super().__init__()
        self.enc1, self.enc2 = double_conv(in_channels, base), double_conv(base, 2 * base)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.dec1 = double_conv(2 * base, base)
        self.out = nn.Conv2d(base, n_classes, 1)

    def forward(self, x):
        skip = self.enc1(x)
        x = self.enc2(self.pool(skip))
        return self.out(self.dec1(torch.cat([self.up(x), skip], dim=1)))
"""
)
LAND = ["Water", "Land", "Road", "Building", "Vegetation", "Unlabeled"]


def _patches(first: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches (n, 3, 48, 48) of 0 to 1 with a field of one class on land, and their classes pixel by pixel."""
    images, masks = [], []
    for number in range(first, first + count):
        kind = [0, 2, 3, 4][number % 4]
        draw = np.random.default_rng(number)
        mask = np.ones((48, 48), np.int64)
        top, left = draw.integers(0, 24, 2)
        mask[top : top + 24, left : left + 24] = kind
        colours = np.array([(226, 169, 41), (132, 41, 246), (110, 193, 228), (60, 16, 152), (20, 220, 80), (9, 9, 9)])
        images.append((colours[mask] + draw.normal(0, 20, (48, 48, 3))).clip(0, 255) / 255)
        masks.append(mask)
    return torch.tensor(np.stack(images)).float().permute(0, 3, 1, 2), torch.tensor(np.stack(masks))


def s34_land_patches(root: Path) -> Setup:
    """Tiles cut to patches and stored as tensors of images and masks; a U-Net of one's own."""
    (root / "unet.py").write_text(S34_CODE)
    folder = root / INPUTS / "patches"
    folder.mkdir(parents=True)
    held = {"train": _patches(0, 8), "test": _patches(50, 8)}
    for split, (images, masks) in held.items():
        torch.save(images, folder / f"{split}_images.pt")
        torch.save(masks, folder / f"{split}_masks.pt")
    net = fit(run_code(S34_CODE)["UNet"](), *held["train"], steps=40)
    torch.save(net.state_dict(), root / INPUTS / "unet.pth")
    images, masks = held["test"]
    with torch.no_grad():
        scores = net(images).softmax(1).numpy()
    words = ["--data", f"{INPUTS}/patches", "--task", "segmentation", "--classes", ",".join(LAND), "--checkpoint",
             f"{INPUTS}/unet.pth", "--architecture", "unet.py:UNet", "--transform",
             "A.Compose([ToTensorV2()]) / 255"]  # fmt: skip
    names = [f"{INPUTS}/patches/test_images.pt#{row}" for row in range(len(images))]
    return Setup(words, _segment_rows(names, scores, masks.numpy()), ("image", "predicted"))


def _segment_rows(names: list[str], scores: np.ndarray, masks: np.ndarray) -> pd.DataFrame:
    """For each class but the first that is predicted or true: mean probability, shares of the image, IoU."""
    rows = []
    for name, one, true in zip(names, scores, masks, strict=True):
        said = one.argmax(0)
        for kind in range(1, len(LAND)):
            own, real = said == kind, true == kind
            if own.any() or real.any():
                confidence = one[kind][own if own.any() else real].mean()
                iou = (own & real).sum() / (own | real).sum()
                label = LAND[kind] if real.any() else ""
                rows.append((name, label, LAND[kind], confidence, iou, own.mean(), real.mean()))
    columns = ["image", "label", "predicted", "confidence", "iou", "predicted_share", "true_share"]
    return pd.DataFrame(rows, columns=columns)
