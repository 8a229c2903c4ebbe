"""Networks made without a download: a constructor that asks for published weights gets none, and it is noted.

All weights come from the checkpoint. What else such a call does to the network (torchvision's `transform_input`) stays.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

from torch import nn

NOTE = "published weights that the network's own code asks for are not fetched: all weights are the checkpoint's"
FETCHERS = (  # what hands weights from elsewhere to those who make networks
    "torch.load",
    "torch.hub.load_state_dict_from_url",
    "torch.utils.model_zoo.load_url",
    "torchvision.models._api.WeightsEnum.get_state_dict",
    "torchvision._internally_replaced_utils.load_state_dict_from_url",
    "timm.models._builder.load_pretrained",
    "segmentation_models_pytorch.encoders.hf_hub_download",
    "segmentation_models_pytorch.encoders.load_file",
)


class Unfetched(dict[str, Any]):
    """Stands for a state_dict that was not fetched: empty, whatever is asked of it."""

    def __missing__(self, key: Any) -> "Unfetched":
        return Unfetched()

    def pop(self, *_: Any) -> "Unfetched":
        """Nothing, as there is nothing to take out."""
        return Unfetched()


@contextmanager
def without_downloads(notes: list[str]) -> Iterator[None]:
    """Inside, weights that code asks for are `Unfetched`, modules take no weights from these, and no connection is
    made. `notes` gets a sentence where any were asked for."""
    own = nn.Module.load_state_dict

    def fetch_nothing(*_args: Any, **_options: Any) -> Unfetched:
        if NOTE not in notes:
            notes.append(NOTE)
        return Unfetched()

    def load_state(module: nn.Module, state: Any, *args: Any, **options: Any) -> Any:
        return None if isinstance(state, Unfetched) else own(module, state, *args, **options)

    with ExitStack() as stack:
        for path in FETCHERS:
            _patch_function(stack, path, fetch_nothing)
        stack.enter_context(mock.patch.object(nn.Module, "load_state_dict", load_state))
        stack.enter_context(mock.patch.object(socket.socket, "connect", _refuse_download))
        yield


def _patch_function(stack: ExitStack, path: str, fetch: Callable[..., Any]) -> None:
    owner, _, name = path.rpartition(".")
    module, _, attribute = owner.rpartition(".")
    try:
        home = getattr(import_module(module), attribute) if attribute[:1].isupper() else import_module(owner)
    except (ImportError, AttributeError):  # not installed, or of another version: then nobody calls it
        return
    if hasattr(home, name):
        stack.enter_context(mock.patch.object(home, name, fetch))


def _refuse_download(*_: Any) -> None:
    raise OSError("the network's own code wants to download; nothing is fetched while a network is made")
