"""In place of what is not installed here: objects that can be asked for anything and do nothing."""

import inspect
from types import SimpleNamespace
from typing import Any

from torch import nn

LIGHTNING = ("pytorch_lightning", "lightning", "lightning.pytorch")


class Absent:
    """Any attribute, call or index of it is another; as a base of a class it is left out."""

    def __init__(self, name: str):
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *given: Any, **_options: Any) -> Any:
        """As a decorator it gives back what it decorates."""
        return given[0] if len(given) == 1 and callable(given[0]) else self

    def __getitem__(self, _key: Any) -> "Absent":
        return self

    def __mro_entries__(self, _bases: Any) -> tuple[()]:
        return ()


class LightningModule(nn.Module):
    """What a network needs of Lightning's class of that name: its hyper-parameters."""

    def save_hyperparameters(self, *names: Any, **_options: Any) -> None:
        """Keeps the constructor's arguments as `hparams`, as Lightning does."""
        frame: Any = inspect.currentframe()
        told = {key: value for key, value in frame.f_back.f_locals.items() if key not in ("self", "__class__")}
        if names and isinstance(names[0], dict):
            told = names[0]
        options = {key: value for name, value in told.items() if name == "kwargs" for key, value in value.items()}
        self.__dict__["hparams"] = Hyperparameters({**told, **options})

    def log(self, *_args: Any, **_options: Any) -> None:
        """Nothing is logged."""

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return next(self.parameters()).device


class Hyperparameters(dict[str, Any]):
    """Settings read as attributes or as keys."""

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(name)
        return self[name]


def stand_in(name: str) -> Any:
    """For a module that cannot be imported: Lightning's with its class of networks, else `Absent`."""
    if name not in LIGHTNING:
        return Absent(name)
    found = Absent(name)
    found.__dict__["LightningModule"] = LightningModule
    if name == "lightning":
        found.__dict__["pytorch"] = SimpleNamespace(LightningModule=LightningModule)
    return found
