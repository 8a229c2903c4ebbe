"""A network of the session: known by its weights, copied so that it is left as it is, and tried on one image."""

import copy
import hashlib

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.engine.modules import eval_mode
from seewhy.engine.outputs import choose_output, parts_of
from seewhy.errors import SeewhyError

SHAPES = {4: "(n, classes, h, w)", 2: "(n, values)"}


def network_digest(network: nn.Module) -> str:
    """Digest of all weights and buffers and of what the network is made of: after a step of training it is another."""
    digest = hashlib.sha256(str(network).encode())
    for name, one in (*network.named_parameters(), *network.named_buffers()):
        values = one.detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def bare_network(network: nn.Module) -> nn.Module:
    """The network inside torch.compile's or a parallel wrapper: its layers have their own names there."""
    inner = getattr(network, "_orig_mod", network)
    return inner.module if isinstance(inner, nn.DataParallel | nn.parallel.DistributedDataParallel) else inner


def copy_network(network: nn.Module) -> nn.Module:
    """A copy in single precision on the CPU; the user's own stays in its mode, on its device.

    Raises SeewhyError for a network that cannot be copied.
    """
    parts = [one for module in network.modules() for one in vars(module).values() if isinstance(one, Tensor)]
    made = {id(one): one.detach().clone() for one in parts if not one.is_leaf}  # as weight norm computes its weight
    try:
        return copy.deepcopy(network, made).cpu().float().eval()
    except Exception as error:  # a module may hold anything
        told = " ".join(str(error).split())
        raise SeewhyError(
            f"model: {type(network).__name__} cannot be copied ({told}); allowed: what deepcopy copies"
        ) from None


def network_device(network: nn.Module) -> torch.device:
    """Where its weights are."""
    return next((one.device for one in (*network.parameters(), *network.buffers())), torch.device("cpu"))


def try_network(network: nn.Module, image: Float[Tensor, "1 c h w"], dims: int) -> Tensor:
    """What the network returns for one image: of several outputs the prediction.

    dims: 2 for (n, values), 4 for (n, classes, h, w). Raises SeewhyError for another output, and where the network does
    not take the image.
    """
    shape = tuple(image.shape)
    try:
        with eval_mode(network), torch.no_grad():
            value = network(image)
        if not isinstance(value, Tensor):
            key = choose_output(network, image, lambda one: one.ndim == dims).key
            value = parts_of(value).get(key) if key is not None else None
    except Exception as error:  # whatever the user's network raises
        told = " ".join(str(error).split())
        raise SeewhyError(f"model: does not take an input of shape {shape}: {told[:300]}") from None
    if not isinstance(value, Tensor) or value.ndim != dims or not value.is_floating_point():
        found = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else "no tensor"
        raise SeewhyError(f"model: returns {found} for an input of shape {shape}; allowed: {SHAPES[dims]}")
    return value


def are_probabilities(output: Float[Tensor, "1 k"]) -> bool:
    """Whether an output of several values is a softmax's: none below 0, and 1 in all."""
    return output.shape[1] > 1 and bool((output >= 0).all()) and abs(float(output.sum()) - 1) < 1e-4
