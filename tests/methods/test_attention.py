"""Attention worked out again equals what the blocks did; rollout worked by hand; other models are refused."""

import pytest
import timm
import torch
from torch import nn
from torchvision.models import resnet18

import seewhy
from seewhy.engine.tokens import Layout
from seewhy.methods.attention import Attention, attention, attention_rollout, block_attentions, reproduce_attention

from .test_evidence import assert_untouched, state
from .test_tokens import timms, torchs

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
MODELS = {
    "vit": lambda: timms("vit_tiny_patch16_224", img_size=64, depth=2),
    "qk norm": lambda: timms("vit_tiny_patch16_224", img_size=64, depth=2, qk_norm=True),
    "deit": lambda: timms("deit_tiny_distilled_patch16_224", img_size=64, depth=2),
    "averaged": lambda: timms("vit_tiny_patch16_224", img_size=64, depth=2, class_token=False, global_pool="avg"),
    "torchvision": torchs,
}


class Two(nn.Module):
    """One patch and a class token in two dimensions: q = k = v = the tokens themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_size = 1
        self.class_token = nn.Parameter(torch.tensor([[[1.0, 0.0]]]))
        self.first, self.second = (self.plain() for _ in range(2))

    @staticmethod
    def plain() -> nn.MultiheadAttention:
        block = nn.MultiheadAttention(2, 1, batch_first=True, bias=False)
        with torch.no_grad():
            block.in_proj_weight.copy_(torch.eye(2).repeat(3, 1))
            block.out_proj.weight.copy_(torch.eye(2))
        return block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), patches], 1)
        tokens = self.first(tokens, tokens, tokens, need_weights=False)[0]
        return self.second(tokens, tokens, tokens, need_weights=False)[0][:, 0]


def test_two_tokens_by_hand() -> None:
    image = torch.tensor([0.0, 2.0]).reshape(1, 2, 1, 1)  # tokens (1, 0) and (0, 2): q k^T = (1 0; 0 4) / sqrt 2
    e = torch.exp(torch.tensor([1.0, 4.0]) / 2**0.5)
    a = torch.tensor([[e[0] / (e[0] + 1), 1 / (e[0] + 1)], [1 / (e[1] + 1), e[1] / (e[1] + 1)]])
    tokens = a @ torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    b = (tokens @ tokens.T / 2**0.5).softmax(1)
    seen = block_attentions(Two(), image)
    torch.testing.assert_close(list(seen.blocks.values()), [a[None], b[None]])
    torch.testing.assert_close(attention(Two(), image, [None]), b[None, None, :1, 1:])
    rolled = ((b + torch.eye(2)) / 2) @ ((a + torch.eye(2)) / 2)
    torch.testing.assert_close(attention_rollout(Two(), image, [None]), rolled[None, None, :1, 1:])


@pytest.mark.parametrize("name", MODELS)
def test_attention_times_values_is_what_each_block_gave(name: str) -> None:
    model, found = MODELS[name](), []

    def check(module: nn.Module, args: tuple[torch.Tensor, ...], output: object) -> None:
        weights, again = reproduce_attention(module, args[0])
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
        torch.testing.assert_close(again, output[0] if isinstance(output, tuple) else output, rtol=1e-5, atol=1e-5)
        found.append(module)

    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention) or type(module).__name__ == "Attention":
            module.register_forward_hook(check)
    with torch.no_grad():
        model(IMAGES)
    assert len(found) == (3 if name == "torchvision" else 2)


def test_equals_what_timm_forms_where_nothing_is_fused() -> None:
    model, kept = MODELS["vit"](), []
    for block in model.blocks:
        block.attn.fused_attn = False
        block.attn.attn_drop.register_forward_hook(lambda *given: kept.append(given[2].mean(1)))
    found = block_attentions(MODELS["vit"](), IMAGES)
    with torch.no_grad():
        model(IMAGES)
    for ours, theirs in zip(found.blocks.values(), kept, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("method", [attention, attention_rollout])
@pytest.mark.parametrize("name", MODELS)
def test_maps_and_what_the_class_token_keeps_sum_to_one(name: str, method: object) -> None:
    found = method(MODELS[name](), IMAGES, [None])[:, 0]  # type: ignore[operator]
    assert found.shape == (2, 4, 4)
    total = found.sum((1, 2))
    assert ((total > 0.999) if name == "averaged" else (total < 1)).all()


def test_without_a_class_token_it_is_the_patches_mean_row() -> None:
    weights = torch.tensor([[[0.25, 0.75], [0.5, 0.5]]])
    read = Attention({"a": weights}, Layout("tokens", (1, 2)), False).patch_weights(weights)
    torch.testing.assert_close(read, torch.tensor([[[0.375, 0.625]]]))


@pytest.mark.parametrize("name", ["vit", "torchvision"])
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_the_model_is_untouched(name: str, context: type) -> None:
    model = MODELS[name]().train()
    before = state(model)
    with context():
        attention_rollout(model, IMAGES, [None])
    assert_untouched(before, model)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: resnet18(num_classes=3), "no attention over the whole image in this ResNet; allowed: ViT"),
        (lambda: torchs("swin"), "no attention over the whole image in this SwinTransformer"),
        (
            lambda: timm.create_model("eva02_tiny_patch14_224", img_size=56, depth=1),
            "'blocks.0.attn' .* is not plain softmax",
        ),
    ],
)
def test_other_models_are_refused_by_name_and_left_alone(make: object, line: str) -> None:
    model = make()  # type: ignore[operator]
    side = 56 if "attn" in line else 64
    before = state(model)
    with pytest.raises(seewhy.SeewhyError, match=line):
        attention(model, torch.rand(2, 3, side, side), [None])
    assert_untouched(before, model)


def test_explain_gives_one_map_for_every_class() -> None:
    found = seewhy.explain(MODELS["vit"](), IMAGES, methods=["attention", "attention_rollout"], targets="all")
    for name in ("attention", "attention_rollout"):
        assert found[name].shape == (2, 5, 4, 4)
        assert torch.equal(found[name][:, 0], found[name][:, 4])
