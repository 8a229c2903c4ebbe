"""Arguments of a constructor that only the weights tell: sizes tried until the network's shapes are the file's."""

import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from math import isqrt
from typing import Any

import torch
from torch import Tensor, nn

TRIES, SECONDS, ROUNDS = 300, 15, 2  # networks made without memory until the search ends
MOST = 24  # sizes that are tried for an argument
IMPOSSIBLE = 10**9
CHANNELS = ("in_channels", "in_chans", "input_channels", "n_channels", "num_channels", "img_channels", "channels_in")


def in_channels(weights: Mapping[str, Tensor]) -> int | None:
    """What the first convolution takes, by the order of the weights; None where there is no convolution, or one that
    goes over three channels one by one."""
    first = next((value for key, value in weights.items() if value.ndim == 4 and key.endswith("weight")), None)
    return None if first is None or first.shape[:2] == (3, 1) else first.shape[1]


def fit_arguments(
    make: Callable[..., nn.Module],
    given: Mapping[str, Any],
    free: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    differences: Callable[[nn.Module], int],
) -> dict[str, Any] | None:
    """`given` with values for the `free` arguments (name -> where to start) with which the network has the file's
    shapes; None where none lead there.

    `differences` counts a network's tensors that the file does not have in this shape. Whole numbers become sizes that
    the weights have, switches are turned, one argument after the other.
    """
    left, end = TRIES, time.monotonic() + SECONDS

    def count_differences(arguments: Mapping[str, Any]) -> int:
        nonlocal left
        left -= 1
        try:
            with warnings.catch_warnings(), torch.device("meta"):
                warnings.simplefilter("ignore")
                return differences(make(**arguments))
        except Exception:  # whatever a constructor raises for a size that it cannot have
            return IMPOSSIBLE

    found = {**given, **free}
    best = count_differences(found)
    for _ in range(ROUNDS):
        for name in free:
            for candidate in _candidate_values(found[name], weights):
                if not best or left <= 0 or time.monotonic() > end:
                    break
                if (other := count_differences({**found, name: candidate})) < best:
                    best, found = other, {**found, name: candidate}
    return None if best else found


def has_effect(
    make: Callable[..., nn.Module], arguments: Mapping[str, Any], name: str, differences: Callable[[nn.Module], int]
) -> bool:
    """Whether another value of that argument would change the network's shapes: what does not cannot be read off."""
    try:
        with torch.device("meta"):
            return bool(differences(make(**{**arguments, name: arguments[name] + 1})))
    except Exception:  # a value that it cannot have is another shape too
        return True


def _candidate_values(value: Any, weights: Mapping[str, Tensor]) -> list[Any]:
    """What an argument could be instead: sizes in the file and their halves, few of something, a side of patches."""
    if isinstance(value, bool):
        return [not value]
    if not isinstance(value, int):
        return []
    sizes = sorted({size for one in weights.values() for size in one.shape if size > 1})
    sides = {isqrt(size - extra) * patch for size in sizes for extra in (0, 1) for patch in (8, 14, 16, 32)}
    often = Counter(size for one in weights.values() for size in one.shape)
    first = sorted(sizes, key=lambda size: -often[size])[:MOST]
    return list(dict.fromkeys([*first, *range(1, 7), *(size // 2 for size in first), *sorted(sides)[:MOST]]))
