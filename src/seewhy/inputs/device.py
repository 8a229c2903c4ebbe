"""The name of a device in params.yaml -> a device that this machine has."""

import torch

from seewhy.errors import SeewhyError


def choose_device(name: str) -> torch.device:
    """The named device, or for "auto" the first of cuda, mps, cpu that is there."""
    there = [
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.backends.mps.is_available() else []),
    ]
    if name == "auto":
        return torch.device(there[-1])
    kind, _, number = name.partition(":")
    if kind not in there or (number and int(number) >= torch.cuda.device_count()):
        raise SeewhyError(f"base.device: found '{name}'; allowed on this machine: auto, {', '.join(there)}")
    return torch.device(name)
