"""Networks of the transformers library, versions 4 and 5: the layer, and its map beside plain autograd."""

import pytest
import torch

import seewhy
from tests.methods.nets import close
from tests.sweep import transformers_networks

pytest.importorskip("transformers", reason="pip install transformers: an extra")
NETWORKS = {name.split()[1]: make for name, make, _ in transformers_networks()}
IMAGES = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)).double()


def network(family):
    """Weights and norms such that something of the image is left after many layers."""
    torch.manual_seed(0)
    model = NETWORKS[family]().double().train()
    for part in model.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.momentum = None
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.kaiming_normal_(weight)
    with torch.no_grad():
        model(IMAGES)
    return model.eval()


def plain_map(model, layer, grid):
    """Gradient times activation where the layer hands on places: what stands before these (class token, registers) has
    none."""
    kept = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _module, _args, output: kept.append(output))
    logits = model(IMAGES).logits
    handle.remove()
    value = kept[0] if isinstance(kept[0], torch.Tensor) else kept[0][0]
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), value)
    product = (value * gradient).detach()
    if value.ndim == 4:
        return product.sum(1 if value.shape[2:] == grid else 3)
    return product.sum(2)[:, -grid[0] * grid[1] :].unflatten(1, grid)


def test_seventeen_families_and_more():
    assert len(NETWORKS) >= 17


@pytest.mark.parametrize("family", NETWORKS)
def test_the_last_layer_with_places_has_the_map_of_plain_autograd(family):
    model = network(family)
    found = seewhy.explain(model, IMAGES, methods=["hirescam", "layercam", "guided_backprop"], targets=1)
    maps = found["hirescam"]
    close(maps[:, 0], plain_map(model, found.layer, maps.shape[2:]).float(), 1e-6)
    weights = dict(model.named_parameters())
    place = max(k for k, name in enumerate(weights) if name.startswith(found.layer.partition(".")[0]))
    assert place > len(weights) / 2  # not the stem
    assert "embed" not in found.layer
    with torch.no_grad():
        logits = model(IMAGES).logits
    assert seewhy.explain(model, IMAGES, methods=["activation"]).predictions.tolist() == logits.argmax(1).tolist()
