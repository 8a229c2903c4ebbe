"""The networks: what is planted for each, and how it is trained."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import nn

from trust.cues import CUES, plant_cue
from trust.pictures import CLASSES, Scene, make_scene

STRENGTHS = (1.0, 0.9, 0.7)  # how often the cue says the right class; else any class
TRAINED, TESTED = 1600, 900  # pictures
EPOCHS, BATCH, RATE = 6, 64, 2e-3
SEEDS = (0, 1)  # of each guilty network: the odd ones are kept apart
GUILTY, IDLE, CLEAN, UNUSED = "guilty", "idle", "clean", "unused"


@dataclass(frozen=True)
class Plan:
    """One network.

    Args:
        cue: of `CUES`; empty for a clean network.
        kind: guilty: the cue says the class in training and in the test. idle: it is there and says nothing. unused: it
            says nothing in training and the class in the test. clean: there is none.
        strength: how often a cue that says the class says the right one.
        seed: of pictures, weights and order; odd seeds are kept apart, never looked at while anything was tuned.
    """

    cue: str
    kind: str
    strength: float
    seed: int

    @property
    def name(self) -> str:
        """As `corner-guilty-90-s0`."""
        return f"{self.cue or 'none'}-{self.kind}-{self.strength:.0%}-s{self.seed}".replace("%", "")

    @property
    def kept_apart(self) -> bool:
        """Whether it is only reported."""
        return self.seed % 2 == 1

    @property
    def plain(self) -> bool:
        """Whether digits stand on a dark ground: of every other pair of seeds, where the ground is not the cue."""
        key = self.seed // 2 + list(CUES).index(self.cue) if self.cue else self.seed // 2
        return self.cue != "texture" and key % 2 == 0


def plan_nets() -> list[Plan]:
    """All networks, so ordered that the first ones are already of all cues and kinds: of five, two whose cue is always
    right, two that rely on none, and one with a weaker cue."""
    first, *weaker = STRENGTHS
    clean = [Plan("", CLEAN, 1.0, seed) for seed in range(10)]
    idle = [Plan(cue, IDLE, 1.0, seed) for cue, seed in product(("corner", "tag", "veil", "texture", "corners"), SEEDS)]
    unused = [Plan(cue, UNUSED, 1.0, seed) for cue, seed in product(("corners", "cast", "patch", "blur", "tag"), SEEDS)]
    turns = [(cue, (k + turn) % len(SEEDS)) for turn in SEEDS for k, cue in enumerate(CUES)]  # both seeds at once
    strong = [Plan(cue, GUILTY, first, seed) for cue, seed in turns]
    weak = [Plan(cue, GUILTY, one, seed) for one in weaker for cue, seed in turns]
    nulls = [one for trio in zip(clean, idle, unused, strict=True) for one in trio]
    queues = [strong, nulls, strong, nulls, weak]
    order = []
    while any(queues):
        order += [queue.pop(0) for queue in queues if queue]
    return order


@dataclass(frozen=True)
class Trained:
    """A network with its test: the scene, and the class that the cue says in each of its pictures."""

    plan: Plan
    model: nn.Module
    test: Scene
    told: Int[np.ndarray, " n"]


def say_classes(scene: Scene, informative: bool, strength: float, draw: np.random.Generator) -> Int[np.ndarray, " n"]:
    """The class that a cue says in each picture: the right one, or any one."""
    drawn = draw.integers(0, CLASSES, len(scene.labels))
    right = draw.random(len(scene.labels)) < strength
    return np.where(right, scene.labels, drawn) if informative else drawn


def train_net(plan: Plan, epochs: int = EPOCHS) -> Trained:
    """The network of a plan, trained from its seed on one thread."""
    train, test = make_scene(plan.seed, plan.plain, TRAINED, TESTED)
    draw = np.random.default_rng(100 + plan.seed)
    told = say_classes(train, plan.kind == GUILTY, plan.strength, draw)
    pictures, _ = plant_cue(plan.cue, train, told)
    torch.manual_seed(plan.seed)
    model = make_net()
    optimiser = torch.optim.Adam(model.parameters(), RATE)
    inputs, labels = as_inputs(pictures), torch.from_numpy(train.labels)
    for _ in range(epochs):
        for some in torch.randperm(len(labels)).split(BATCH):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(inputs[some]), labels[some]).backward()
            optimiser.step()
    return Trained(plan, model.eval(), test, say_classes(test, plan.kind in (GUILTY, UNUSED), plan.strength, draw))


def make_net() -> nn.Module:
    """Two convolutions and a linear layer that knows places."""
    first, second = nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.Conv2d(16, 32, 3, padding=1)
    head = [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 64, CLASSES)]
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), *head)


def as_inputs(pictures: UInt8[np.ndarray, "n h w 3"]) -> torch.Tensor:
    """Pictures as torchvision's ToTensor makes them."""
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 255


def predict_classes(model: nn.Module, pictures: UInt8[np.ndarray, "n h w 3"]) -> Int[np.ndarray, " n"]:
    """The class that the network predicts for each picture."""
    with torch.inference_mode():
        return model(as_inputs(pictures)).argmax(1).numpy()
