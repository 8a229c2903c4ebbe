"""What the tokens of a ViT attend to: the last block's attention, and rollout over all blocks. They know no class.

Fused kernels never form the attention matrix, so it is worked out again from each block's own input and weights, on
hooks, with the model as it is. Every block is checked: attention times values must give what the block gave.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.evidence import check_device_and_type, eval_mode
from seewhy.engine.targets import Score
from seewhy.engine.tokens import Layout, has_class_token, layout_of, model_traits
from seewhy.errors import SeewhyError
from seewhy.methods.pixels import shared_method

SEPARATE = (("q_proj", "k_proj", "v_proj"), ("query", "key", "value"))  # transformers 5 and 4
HEADS = ("num_attention_heads", "num_heads")
OUT = ("proj", "o_proj", "out_proj")
TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4}  # of the block's largest output; wider below single precision


@dataclass(frozen=True)
class Attention:
    """Attention of each block, first to last, as mean over its heads: rows are queries and sum to 1."""

    blocks: dict[str, Float[Tensor, "n t t"]]
    layout: Layout
    gathered: bool  # by a class token, the first

    def patch_weights(self, weights: Float[Tensor, "n t t"]) -> Float[Tensor, "n h w"]:
        """The class token's row over the patches; the patches' mean row where there is no class token."""
        row = weights[:, 0] if self.gathered else weights[:, self.layout.prefix :].mean(1)
        return self.layout.to_maps(row[..., None])[:, 0]


@shared_method("attention", title="Attention", paper="arXiv:2010.11929")
def attention(
    model: nn.Module, images: Float[Tensor, "n c h w"], scores: Sequence[Score], _layer: str | None = None
) -> Float[Tensor, "n t h w"]:
    """mean over heads of softmax(q k^T / sqrt(d)) in the last block, at the class token. Dosovitskiy et al. 2021.

    One map for every class: it shows where the model gathers, not what speaks for a class.
    """
    seen = block_attentions(model, images)
    return _for_all(seen.patch_weights(list(seen.blocks.values())[-1]), scores)


@shared_method("attention_rollout", title="Attention rollout", paper="arXiv:2005.00928")
def attention_rollout(
    model: nn.Module, images: Float[Tensor, "n c h w"], scores: Sequence[Score], _layer: str | None = None
) -> Float[Tensor, "n t h w"]:
    """A_L ... A_1 with A_l = (mean over heads + identity) / 2, at the class token. Abnar & Zuidema 2020, section 3.

    The identity stands for the residual connection. One map for every class.
    """
    seen = block_attentions(model, images)
    rolled = None
    for weights in seen.blocks.values():
        own = (weights + torch.eye(weights.shape[-1], dtype=weights.dtype, device=weights.device)) / 2
        rolled = own if rolled is None else own @ rolled
    assert rolled is not None
    return _for_all(seen.patch_weights(rolled), scores)


def _for_all(maps: Float[Tensor, "n h w"], scores: Sequence[Score]) -> Float[Tensor, "n t h w"]:
    return maps[:, None].expand(-1, len(scores), -1, -1)


def block_attentions(model: nn.Module, images: Float[Tensor, "n c h w"]) -> Attention:
    """Every block's attention from one forward pass, averaged over heads as it comes to save memory.

    Raises SeewhyError for a model whose blocks do not attend over all tokens (Swin's windows, convolutional nets),
    and for an attention that is not plain softmax(q k^T / sqrt(d)) v (rotary positions, relative biases).
    """
    check_device_and_type(model, images)
    with eval_mode(model), torch.no_grad(), _watch_attentions(model, len(images)) as seen:
        model(images.clone())
    layouts = {layout_of(model_traits(model), model, weights.shape, images.shape) for weights in seen.values()}
    layout = layouts.pop() if len(layouts) == 1 else None
    if layout is None or layout.order != "tokens":
        raise SeewhyError(
            f"no attention over the whole image in this {type(model).__name__}; "
            "allowed: ViT and DeiT of timm, ViT of torchvision or transformers, and models built of the same blocks"
        )
    return Attention(seen, layout, bool(layout.prefix) and has_class_token(model))


@contextmanager
def _watch_attentions(model: nn.Module, n: int) -> Iterator[dict[str, Tensor]]:
    """Hooks on every attention over n images; the mean over heads of what each attends to, in the order of calls."""
    seen: dict[str, Tensor] = {}
    handles = []

    def make_hook(name: str, module: nn.Module) -> None:
        def keep_weights(
            _module: nn.Module, args: tuple[Any, ...], options: dict[str, Any], output: Tensor | tuple[Tensor, ...]
        ) -> None:
            found = output[0] if isinstance(output, tuple) else output
            given = [one for one in (*args, *options.values()) if isinstance(one, Tensor) and one.ndim == 3]
            first = 1 if isinstance(module, nn.MultiheadAttention) and not module.batch_first else 0
            apart = len(given) > 1 and given[1].shape != given[0].shape  # a query of its own: it pools, and is no block
            if given and not apart and given[0].shape[first] == n:  # windows come in batches of their own
                weights, again = reproduce_attention(module, given[0])
                largest = found.abs().max() * TOLERANCE.get(found.dtype, 3e-2)
                if again.shape != found.shape or (again - found).abs().max() > largest:
                    raise SeewhyError(
                        f"the attention '{name}' ({type(module).__name__}) is not plain softmax(q k / sqrt(d)) v: "
                        "worked out again it does not give the block's output; choose another method"
                    )
                seen[name] = weights.mean(1)

        handles.append(module.register_forward_hook(keep_weights, with_kwargs=True))

    try:
        for name, module in model.named_modules():
            if isinstance(module, nn.MultiheadAttention) or _has_qkv(module) or _separate_projections(module):
                make_hook(name, module)
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def reproduce_attention(module: Any, tokens: Float[Tensor, "n t c"]) -> tuple[Float[Tensor, "n heads t t"], Tensor]:
    """softmax(q k^T / sqrt(d)) from the module's weights, and the output that follows from it."""
    if isinstance(module, nn.MultiheadAttention):
        return _reproduce_torch(module, tokens)
    if not _has_qkv(module) and not _separate_projections(module):
        raise SeewhyError(f"a {type(module).__name__} without q, k and v is not supported by attention methods")
    q, k, v = _queries_keys_values(module, tokens)
    q, k = _apply_optional(module, "q_norm", q), _apply_optional(module, "k_norm", k)
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    mixed = _apply_optional(module, "norm", (weights @ v).transpose(1, 2).flatten(2))
    out = next((part for key in OUT if isinstance(part := getattr(module, key, None), nn.Linear)), None)
    return weights, mixed if out is None else functional.linear(mixed, out.weight, out.bias)


def _reproduce_torch(module: nn.MultiheadAttention, tokens: Float[Tensor, "n t c"]) -> tuple[Tensor, Tensor]:
    if module.in_proj_weight is None:
        raise SeewhyError(f"a {type(module).__name__} with separate projections is not supported by attention methods")
    tokens = tokens if module.batch_first else tokens.transpose(0, 1)
    parts = functional.linear(tokens, module.in_proj_weight, module.in_proj_bias).unflatten(
        2, (3, module.num_heads, -1)
    )
    q, k, v = parts.permute(2, 0, 3, 1, 4)
    weights = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
    mixed = (weights @ v).transpose(1, 2).flatten(2)
    again = functional.linear(mixed, module.out_proj.weight, module.out_proj.bias)
    return weights, again if module.batch_first else again.transpose(0, 1)


def _has_qkv(module: nn.Module) -> bool:
    """Whether one projection gives queries, keys and values, as in timm."""
    return hasattr(module, "qkv") and hasattr(module, "num_heads")


def _separate_projections(module: nn.Module) -> list[nn.Linear]:
    """Projections to queries, keys and values, each its own, as in transformers; none where they are not there."""
    heads = any(isinstance(getattr(module, key, None), int) for key in HEADS)
    for names in SEPARATE if heads else ():
        parts = [getattr(module, name, None) for name in names]
        if all(isinstance(part, nn.Linear) for part in parts):
            return parts  # type: ignore[return-value]
    return []


def _queries_keys_values(module: Any, tokens: Float[Tensor, "n t c"]) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each (n, heads, tokens, channels)."""
    if _has_qkv(module):
        found = functional.linear(tokens, module.qkv.weight, module.qkv.bias).unflatten(2, (3, module.num_heads, -1))
        q, k, v = found.permute(2, 0, 3, 1, 4)
        return q, k, v
    heads = next(getattr(module, key) for key in HEADS if isinstance(getattr(module, key, None), int))
    q, k, v = (part(tokens).unflatten(2, (heads, -1)).transpose(1, 2) for part in _separate_projections(module))
    return q, k, v


def _apply_optional(module: Any, name: str, values: Tensor) -> Tensor:
    """`values` through the module's part of that name, if it has one."""
    part = getattr(module, name, None)
    return values if part is None else part(values)
