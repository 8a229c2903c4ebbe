"""How the networks of the demonstration learn: a fixed number of steps from a fixed seed."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from seewhy.progress import show_progress


class Schedule(Protocol):
    """What of a recipe's settings the learning goes by."""

    @property
    def steps(self) -> int:
        """How often the weights change."""

    @property
    def rate(self) -> float:
        """The peak learning rate."""

    @property
    def seed(self) -> int:
        """Of the generator that draws batches."""


def run_training(
    model: nn.Module,
    schedule: Schedule,
    label: str,
    loss: Callable[[torch.Generator], Tensor],
    decay: float = 0.01,
    clip: float | None = None,
) -> list[float]:
    """AdamW under a one-cycle schedule for the weights that are not frozen; the losses, step by step.

    `loss` draws a batch from the generator it is given. `clip`: the most that the gradient's norm may be. The model is
    left in eval mode.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, schedule.rate, weight_decay=decay)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, schedule.rate, total_steps=schedule.steps, pct_start=0.2)
    random, losses = torch.Generator().manual_seed(schedule.seed), []
    model.train()
    for _ in show_progress(range(schedule.steps), schedule.steps, f"training {label}"):
        found = loss(random)
        optimiser.zero_grad()
        found.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(weights, clip)
        optimiser.step()
        cycle.step()
        losses.append(found.item())
    model.eval()
    return losses
