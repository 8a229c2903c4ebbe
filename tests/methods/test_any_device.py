"""Every method on other devices and at several layers.

Where there is no GPU, a tensor that refuses what Apple's GPUs refuse stands in for one: double precision on the device,
and numpy without a copy to the CPU first.
"""

from typing import Any

import pytest
import torch
from torch import Tensor

import seewhy
from seewhy.methods.cam import CAMS
from seewhy.methods.pixels import LAYERED

from .nets import close, small
from .test_untouched import IMAGES, METHODS, QUICK, maps

DEVICES = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()]


class OnDevice(Tensor):
    """A tensor that only `cpu()` brings back."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.numpy:
            raise TypeError("can't convert a tensor on a device to numpy; use cpu() first")
        result = super().__torch_function__(func, types, args, kwargs)
        if func is Tensor.cpu:
            return result.as_subclass(Tensor)
        if isinstance(result, OnDevice) and result.dtype is torch.float64:
            raise TypeError(f"{func.__name__}: the device has no double precision")
        return result


def test_the_stand_in_refuses_what_it_should() -> None:
    there = IMAGES.as_subclass(OnDevice)  # type: ignore[arg-type]
    for refused in (there.double, lambda: there.numpy(), lambda: (there * 2).to(torch.float64)):
        with pytest.raises(TypeError):
            refused()
    assert type(there.cpu().double()) is Tensor


@pytest.mark.parametrize("method", METHODS)
def test_nothing_asks_a_device_for_what_it_cannot_do(method: str) -> None:
    found = maps(small(), method, IMAGES.as_subclass(OnDevice))  # type: ignore[arg-type]
    if found is not None:
        close(found.cpu().as_subclass(Tensor), maps(small(), method))  # type: ignore[arg-type]


@pytest.mark.skipif(not DEVICES, reason="no GPU here")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("method", METHODS)
def test_maps_of_a_device_are_those_of_the_cpu(method: str, device: str) -> None:
    found = maps(small().to(device), method, IMAGES.to(device))
    if found is not None:
        assert found.device.type == device
        close(found.cpu(), maps(small(), method), 1e-2)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [name for name in METHODS if "attention" not in name])
def test_several_layers_equal_each_alone(method: str) -> None:
    options = {method: QUICK[method]} if method in QUICK else {}
    both = seewhy.explain(
        small(), IMAGES, methods=[method, "gradcam"], targets=[2, 0], layer=["layer", "mix"], options=options
    )
    at = ["layer", "mix"] if method in (*CAMS, *LAYERED) else ["input"]
    for layer in at:
        given = {} if layer == "input" else {"layer": layer}
        close(both[method, layer], maps(small(), method, **given))  # type: ignore[arg-type]
    if len(at) == 2:
        assert not torch.allclose(both[method, "layer"], both[method, "mix"])
