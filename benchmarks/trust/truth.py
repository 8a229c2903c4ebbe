"""Truth: what a network's accuracy loses when its cue is shuffled over the test pictures."""

import numpy as np

from seewhy.stats import Estimate, mean
from trust.cues import plant_cue
from trust.nets import Trained, predict_classes

SHUFFLES = 8


def measure_reliance(net: Trained) -> tuple[float, Estimate]:
    """Accuracy on the test as it is, and the share of it that is lost with shuffled cues, with a 95 % interval over
    pictures; no loss without a cue."""
    plan, draw = net.plan, np.random.default_rng(500 + net.plan.seed)

    def are_right(told: np.ndarray) -> np.ndarray:
        pictures, _ = plant_cue(plan.cue, net.test, told)
        return predict_classes(net.model, pictures) == net.test.labels

    right = are_right(net.told)
    if not plan.cue:
        return float(right.mean()), Estimate(0.0, 0.0, 0.0, len(right))
    shuffled = [are_right(draw.permutation(net.told)) for _ in range(SHUFFLES)]
    return float(right.mean()), mean(right - np.mean(shuffled, 0), plan.seed)
