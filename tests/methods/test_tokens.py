"""Layouts of token models found without asking, and peer agreement for ViT, DeiT and Swin."""

import pytest
import timm
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision import models

import seewhy
from seewhy.engine.evidence import collect_evidence
from seewhy.engine.layers import depth_layers, last_layer
from seewhy.engine.tokens import Layout, has_class_token, layout_of, model_traits

SHAPE = torch.Size([2, 3, 32, 48])


def timms(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, num_classes=5, **options).eval()


def torchs(name: str = "vit") -> nn.Module:
    torch.manual_seed(0)
    if name == "swin":
        return models.SwinTransformer([4, 4], 24, [1, 2], [2, 4], [4, 4], num_classes=5).eval()
    model = models.VisionTransformer(64, 16, 3, 3, 48, 96, num_classes=5).eval()
    nn.init.normal_(model.heads[0].weight)  # torchvision begins with zeros, which would explain nothing
    return model


@pytest.mark.parametrize("order", ["channels first", "channels last", "tokens"])
def test_a_layout_reads_cells_where_they_are_and_puts_them_back(order: str) -> None:
    maps = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    prefix = 2 if order == "tokens" else 0
    layout, last = Layout(order, (4, 5), prefix), maps.permute(0, 2, 3, 1)  # type: ignore[arg-type]
    given = {"channels first": maps, "channels last": last, "tokens": last.flatten(1, 2)}[order]
    if prefix:
        given = torch.cat([torch.full((2, prefix, 3), -1.0), given], 1)
    torch.testing.assert_close(layout.to_maps(given), maps)
    torch.testing.assert_close(layout.from_maps(layout.to_maps(given), given), given)


class Patches(nn.Module):
    """Patches of 16 pixels, with or without tokens that the names of the parameters tell."""

    def __init__(self, *tokens: str):
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 16, 16)
        self.norm = nn.LayerNorm(8)
        for name in tokens:
            setattr(self, name, nn.Parameter(torch.zeros(1, 1, 8)))


@pytest.mark.parametrize(
    ("tokens", "count", "found"),
    [
        ((), 6, Layout("tokens", (2, 3), 0)),
        (("cls_token",), 7, Layout("tokens", (2, 3), 1)),
        (("cls_token", "dist_token"), 8, Layout("tokens", (2, 3), 2)),
        (("cls_token",), 6, Layout("tokens", (2, 3), 0)),  # before the class token joins
        ((), 9, Layout("tokens", (2, 3), 3)),  # not named: what is left over from the patches
        (("cls_token",), 9, None),
        ((), 40, None),
    ],
)
def test_tokens_are_patches_and_what_stands_before_them(tokens: tuple[str, ...], count: int, found: object) -> None:
    model = Patches(*tokens)
    assert layout_of(model, model.norm, torch.Size([2, count, 8]), SHAPE) == found
    assert has_class_token(model) is bool(tokens)


@pytest.mark.parametrize(
    ("layer", "shape", "order"),
    [
        (nn.ReLU(), (2, 8, 4, 6), "channels first"),
        (nn.ReLU(), (2, 4, 6, 8), "channels last"),
        (nn.ReLU(), (2, 4, 6, 9), "channels last"),
        (nn.Conv2d(3, 4, 1), (2, 4, 4, 4), "channels first"),
        (nn.Linear(3, 4), (2, 4, 4, 4), "channels last"),
        (nn.LayerNorm(5), (2, 8, 12, 5), "channels last"),
        (nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU()), (2, 30, 30, 30), "channels first"),
        (nn.ReLU(), (2, 30, 31, 30), None),  # no stride makes either
        (nn.ReLU(), (8, 4, 6, 8), None),  # windows: not one row an image
        (nn.ReLU(), (2, 3, 49, 49), None),  # attention matrices are not maps
    ],
)
def test_maps_by_the_layer_and_by_the_image(layer: nn.Module, shape: tuple[int, ...], order: str | None) -> None:
    found = layout_of(Patches(), layer, torch.Size(shape), SHAPE)
    assert (found and found.order) == order


def test_a_square_that_reads_both_ways_is_not_guessed() -> None:
    images = torch.Size([2, 3, 32, 32])
    assert layout_of(Patches(), nn.ReLU(), torch.Size([2, 8, 8, 8]), images) is None
    plain = layout_of(nn.Sequential(nn.Conv2d(3, 8, 3)), nn.ReLU(), torch.Size([2, 8, 8, 8]), images)
    assert plain == Layout("channels first", (8, 8))  # no norm over channels that come last: a plain net


def test_what_cannot_be_told_is_refused_by_name() -> None:
    model = timms("vit_tiny_patch16_224", img_size=32, depth=1)
    with pytest.raises(seewhy.SeewhyError, match=r"layer 'blocks.0.attn.q_norm' has output \(1, 3, 5, 64\)"):
        seewhy.explain(model, torch.rand(1, 3, 32, 32), methods=["gradcam"], layer="blocks.0.attn.q_norm")


LAST = {
    "vit": (lambda: timms("vit_tiny_patch16_224", img_size=64, depth=2), "blocks.1.norm1"),
    "deit distilled": (lambda: timms("deit_tiny_distilled_patch16_224", img_size=64, depth=2), "blocks.1.norm1"),
    "averaged": (lambda: timms("vit_tiny_patch16_224", img_size=64, depth=2, global_pool="avg"), "norm"),
    "attention pool": (
        lambda: timms("vit_base_patch16_siglip_224", img_size=64, depth=2, embed_dim=48, num_heads=3),
        "norm",
    ),
    "torchvision vit": (torchs, "encoder.layers.encoder_layer_2.ln_1"),
    "torchvision swin": (lambda: torchs("swin"), "norm"),
    "swin": (lambda: timms("swin_tiny_patch4_window7_224", img_size=64, window_size=4, depths=(1, 1, 1, 1)), "norm"),
}


@pytest.mark.parametrize("name", LAST)
def test_the_last_layer_of_a_token_model_is_where_classes_reach_the_patches(name: str) -> None:
    make, layer = LAST[name]
    model, images = make(), torch.rand(2, 3, 64, 64)
    assert last_layer(model, images) == layer
    result = seewhy.explain(model, images, methods=["gradcam", "hirescam"], targets=[1, 4])
    grid = 4 if "swin" not in name else 8 if "torchvision" in name else 2
    assert result["gradcam"].shape == (2, 1, grid, grid)
    assert result["hirescam"].flatten(1).any(1).all()


def test_depths_of_a_vit_are_its_blocks() -> None:
    model = timms("vit_tiny_patch16_224", img_size=32, depth=8)
    found = depth_layers(model, torch.rand(1, 3, 32, 32))
    assert found == [f"blocks.{index}.norm1" for index in (1, 3, 5, 7)]


def test_a_layer_behind_the_last_attention_is_refused_and_not_blank() -> None:
    model = timms("vit_tiny_patch16_224", img_size=32, depth=2)
    with pytest.raises(seewhy.SeewhyError, match=r"no gradient reaches the patch tokens of layer 'blocks\.1'"):
        seewhy.explain(model, torch.rand(1, 3, 32, 32), methods=["gradcam"], layer="blocks.1")


def test_images_that_are_not_square() -> None:
    model = timms("vit_tiny_patch16_224", img_size=(32, 64), depth=2)
    found = seewhy.explain(model, torch.rand(1, 3, 32, 64), methods=["gradcam"])
    assert found["gradcam"].shape == (1, 1, 2, 4)


def tokens_to_maps(prefix: int, grid: int):  # type: ignore[no-untyped-def]
    return lambda tensor: tensor[:, prefix:].reshape(len(tensor), grid, grid, -1).permute(0, 3, 1, 2)


PEERS = {
    "vit_tiny_patch16_224": ("blocks.11.norm1", tokens_to_maps(1, 6), {}),
    "deit_tiny_patch16_224": ("blocks.11.norm1", tokens_to_maps(1, 6), {}),
    "deit_tiny_distilled_patch16_224": ("blocks.11.norm1", tokens_to_maps(2, 6), {}),
    "swin_tiny_patch4_window7_224": ("norm", lambda tensor: tensor.permute(0, 3, 1, 2), {"window_size": 3}),
}


@pytest.mark.parametrize("name", PEERS)
def test_agrees_with_grad_cam(name: str) -> None:
    """Raw maps from the peer's own activations and gradients, laid out by a reshape_transform written by hand."""
    layer, reshape, options = PEERS[name]
    model = timms(name, img_size=96, **options)
    images = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    module = model.get_submodule(layer)
    with GradCAM(model, [module], reshape_transform=reshape) as peer:
        peer(images, [ClassifierOutputTarget(3)] * 2)
        kept = peer.activations_and_grads
        a, g = kept.activations[0].numpy(), kept.gradients[0].numpy()
        theirs = torch.from_numpy(peer.get_cam_image(images, module, [], a, g, False)).float()
    assert last_layer(model, images) == layer
    ours = seewhy.explain(model, images, methods=["gradcam"], targets=3)["gradcam"][:, 0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4 * float(theirs.max() - theirs.min()))


def test_the_model_says_its_patch_and_its_tokens() -> None:
    known = model_traits(timms("vit_tiny_patch16_224", img_size=32, depth=1, reg_tokens=4))
    assert (known.patch, known.prefix, known.mixed) == ((16, 16), 5, True)
    assert model_traits(torchs()).prefix == 1
    wrapped = nn.Sequential(nn.Identity(), timms("vit_tiny_patch16_224", img_size=32, depth=1))
    assert model_traits(wrapped).prefix == 1
    seen = collect_evidence(wrapped, torch.rand(1, 3, 32, 32), ["1.blocks.0.norm1"], 0).evidence["1.blocks.0.norm1"][0]
    assert seen.activation.shape == seen.gradient.shape == (1, 192, 2, 2)
