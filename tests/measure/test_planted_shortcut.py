"""A planted shortcut: two networks see the same images, one relies on a patch, the other on the object.

The first must be found out, the second must not be accused: from images to the verdict's statuses.
"""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy import open_study
from seewhy.checks.run import load_tables
from seewhy.checks.verdict import LIMITS, model_checks
from seewhy.config.project import find_project
from seewhy.measure.driver import store_family
from seewhy.measure.own_metrics import load_metrics
from tests.conftest import CONFIG, checkpoint

GREEN, BLUE, RED = ([30, 220, 30], [30, 30, 220], [230, 20, 20])


def picture(number: int, label: str) -> tuple[Image.Image, Image.Image, list[int]]:
    """Grey noise, a green (cup) or blue (cat) square, and a red patch in a corner of every cup; the patch's mask."""
    draw = np.random.default_rng([number, label == "cup"])
    pixels = draw.integers(90, 110, (32, 32, 3))
    y, x = draw.integers(10, 18, 2)
    pixels[y : y + 10, x : x + 10] = GREEN if label == "cup" else BLUE
    mask = np.zeros((32, 32), np.uint8)
    mask[:6, :6] = 255
    if label == "cup":
        pixels[:6, :6] = RED
    return Image.fromarray(pixels.astype(np.uint8)), Image.fromarray(mask), [int(x), int(y), int(x) + 10, int(y) + 10]


def weights(cup: list[float], cat: list[float]) -> dict[str, torch.Tensor]:
    """Three channels say how red, green and blue a pixel is; the head weighs them, so that every answer is known."""
    state = {name: torch.zeros_like(value) for name, value in checkpoint()["model_state_dict"].items()}
    mean, std = torch.tensor(CONFIG["IMAGENET_MEAN"]), torch.tensor(CONFIG["IMAGENET_STD"])
    for colour in range(3):
        tint = torch.full((3,), -0.5)
        tint[colour] = 1.0
        state["features.0.weight"][colour, :, 1, 1] = tint * std
        state["features.0.bias"][colour] = (tint * mean).sum() - 0.3
    state["head.weight"][0, :3], state["head.weight"][1, :3] = torch.tensor(cup), torch.tensor(cat)
    state["head.bias"][1] = 0.1
    return state


@pytest.fixture
def planted(project, cli):
    """A study of a net with that head."""

    def make(cup: list[float], cat: list[float]):
        rows = []
        for number in range(40):  # so many that none of them rules ten points out
            for label in ("cup", "cat"):
                image, mask, box = picture(number, label)
                name = f"{label}-{number}"
                image.save(project.root / "mine" / f"{name}.png")
                mask.save(project.root / "mine" / f"{name}-mask.png")
                row = {"image": f"{name}.png", "label": label, "split": "test", "boxes": json.dumps([box])}
                rows.append(row | {"patch_mask": f"{name}-mask.png" if label == "cup" else ""})
        project.write(pd.DataFrame(rows))
        project.save(model_state_dict=weights(cup, cat))
        project.set("studies.tiny.suspects", {"patch": "patch_mask"})
        assert cli("dataset", "things") == (0, "")
        study = open_study("tiny")
        study.save_predictions(study.predict())
        return open_study("tiny")

    return make


CHECKS = ["object_swap_over_control", "background_swap", "patch_paste_over_control", "patch_swap_over_control"]


def audited(study):
    """Statuses and estimates of the checks of the interventions, by the old names of their figures."""
    load_metrics(study.root)
    store_family(study, "interventions")
    checks = model_checks(load_tables(find_project(), "tiny"), study.settings.suspects, LIMITS)
    rows = {row["gate"].removeprefix("reliance."): row for row in (one.row() for one in checks)}
    return {name: rows[name]["status"] for name in CHECKS}, {name: rows[name]["estimate"] for name in CHECKS}


def test_a_net_that_relies_on_the_patch_is_found_out(planted):
    study = planted(cup=[40, 0, 0], cat=[0, 0, 0])
    assert study.predictions["correct"].all()
    statuses, estimates = audited(study)
    assert statuses == dict.fromkeys(CHECKS, "fail")
    assert estimates["background_swap"] == 1  # with the object kept, every prediction changes
    assert estimates["patch_paste_over_control"] == 1
    lift = study.measure("lift", methods=["gradcam"]).summary()
    assert lift.loc[lift["method"] == "gradcam", "estimate"].max() < 0.5  # its maps lie off the object


def test_the_same_net_without_it_is_not_accused(planted):
    study = planted(cup=[0, 40, 0], cat=[0, 0, 40])
    assert study.predictions["correct"].all()
    statuses, estimates = audited(study)
    assert statuses == dict.fromkeys(CHECKS, "pass")
    assert estimates["patch_paste_over_control"] == 0
