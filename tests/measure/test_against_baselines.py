import numpy as np
import pandas as pd
import pytest

from seewhy.measure import against_baselines
from seewhy.metrics.baselines import NAMES


def test_a_tie_of_the_pointing_game_counts_in_part_everywhere():
    """Two strongest cells, one of them on the object: half a hit, in the mean, the choice of the control and the
    difference alike."""
    table = pd.DataFrame({name: np.zeros(8) for name in NAMES})
    table["mine"] = [1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0]
    table[NAMES[0]] = [0.25] * 8  # were any part a hit, this one would never miss
    table[NAMES[1]] = [1, 1, 1, 0, 0, 0, 0, 0]
    found = against_baselines.measured({"pointing": table}, 0)
    assert found["mine.pointing"].value == pytest.approx(0.5)
    assert found[f"{NAMES[0]}.pointing"].value == pytest.approx(0.25)
    beside = against_baselines.compared({"pointing": table}, ["mine"], 0)["mine.pointing"]
    assert beside.control == NAMES[1]
    assert beside.difference.value == pytest.approx(0.5 - 0.375)
    assert beside.difference.low < 0 < beside.difference.high
