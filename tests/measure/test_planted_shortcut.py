"""A planted shortcut: two networks see the same images, one relies on a patch, the other on the object.

The first must be found out, the second must not be accused: from images to the verdict's statuses.
"""

import numpy as np
import pytest

from tests.measure.planted import BLUE, GREEN, RED, Audit, Picture, audit, box_mask, fill, grey_noise, make_study


def picture(number: int, label: str) -> Picture:
    """Grey noise, a green (cup) or blue (cat) square, and a red patch in a corner of every cup, with its mask."""
    pixels, (y, x) = grey_noise(number, label), np.random.default_rng([number, 3, label == "cup"]).integers(10, 18, 2)
    box = (int(x), int(y), int(x) + 10, int(y) + 10)
    fill(pixels, box, GREEN if label == "cup" else BLUE)
    if label != "cup":
        return Picture(pixels, label, [box])
    fill(pixels, (0, 0, 6, 6), RED)
    return Picture(pixels, label, [box], {"patch": box_mask((0, 0, 6, 6))})


@pytest.fixture
def planted(project, cli):
    """A study of a net with that head."""

    def make(cup: list[float], cat: list[float]):
        pictures = [picture(number, label) for number in range(40) for label in ("cup", "cat")]
        return make_study(project, cli, pictures, cup, cat)  # so many that none of them rules ten points out

    return make


CHECKS = [("object", "swap"), ("background", "swap"), ("patch", "paste"), ("patch", "swap")]


def statuses(found: Audit) -> list[str]:
    """The statuses of the checks of the interventions, in that order."""
    return [found.checks[name].status for name in CHECKS]


def test_a_net_that_relies_on_the_patch_is_found_out(planted):
    study = planted(cup=[40, 0, 0], cat=[0, 0, 0])
    assert study.predictions["correct"].all()
    found = audit(study)
    assert statuses(found) == ["fail"] * 4
    assert found.share("background", "swap") == 1  # with the object kept, every prediction changes
    assert found.checks["patch", "paste"].estimate.value == 1
    assert (found.answer.answer, found.answer.severity) == ("Yes", "shortcut")
    lift = study.measure("lift", methods=["gradcam"]).summary()
    assert lift.loc[lift["method"] == "gradcam", "estimate"].max() < 0.5  # its maps lie off the object


def test_the_same_net_without_it_is_not_accused(planted):
    study = planted(cup=[0, 40, 0], cat=[0, 0, 40])
    assert study.predictions["correct"].all()
    found = audit(study)
    assert statuses(found) == ["pass"] * 4
    assert found.checks["patch", "paste"].estimate.value == 0
    assert found.answer.answer != "Yes"
