"""Every method in half precision and under autocast: the maps are those of single precision."""

import copy
from functools import cache

import pytest
import torch
from torch import nn

import seewhy
import seewhy.methods.explain  # registers all methods
from seewhy.methods.cam import CAMS
from seewhy.methods.pixels import PIXELS
from tests.methods.nets import small

METHODS = [*CAMS, *PIXELS]
QUICK = {"smoothgrad": {"samples": 8}, "rise": {"samples": 60}, "lime": {"samples": 120}}
QUICK |= {
    "shap_partition": {"evaluations": 60},
    "shap_gradient": {"samples": 30},
    "integrated_gradients": {"steps": 12},
}
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) / 2
IMAGES[:, 0, 4:14, 6:18] += 1.5
WAYS = ["bfloat16", "float16", "autocast"]


class Patches(nn.Module):
    """A transformer of two blocks, for methods of attention."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 8, 8)
        self.class_token = nn.Parameter(torch.randn(1, 1, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0, batch_first=True, norm_first=True)
        self.encoder, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(16, 3)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = self.encoder(torch.cat([self.class_token.expand(len(x), -1, -1), tokens], 1))
        return self.head(tokens[:, 0])


@cache
def network(kind):
    """Trained until its score depends on the bright patch by far more than the rounding of half precision."""
    torch.manual_seed(0)
    model = Patches() if kind == "attention" else small()
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(80):
        images, labels = torch.randn(24, 3, 32, 32) / 2, torch.arange(24) % 3
        images[labels == 1, 0, 4:14, 6:18] += 1.5
        images[labels == 2, 2, 18:28, 14:26] += 1.5
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimiser.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


def maps_of(method, model, images):
    given = {method: QUICK[method]} if method in QUICK else {}
    return seewhy.explain(model, images, methods=[method], targets=1, options=given)[method]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", METHODS)
def test_maps_are_those_of_single_precision(method, way):
    model = network(method.partition("_")[0] if method.startswith("attention") else "convolutions")
    full = maps_of(method, model, IMAGES)
    if way == "autocast":
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = maps_of(method, model, IMAGES)
    else:
        kind = getattr(torch, way)
        low = copy.deepcopy(model).to(kind)
        found = maps_of(method, low, IMAGES.to(kind))
        assert {one.dtype for one in low.parameters()} == {kind}
    assert found.dtype is torch.float32
    for ours, theirs in zip(found, full, strict=True):
        assert torch.corrcoef(torch.stack([ours.flatten(), theirs.flatten()]))[0, 1] > 0.95
