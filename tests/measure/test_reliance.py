"""A planted shortcut: two networks see the same images, the answer of one hangs on a patch, that of the other on the
object. The first must be found out, the second must not be accused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy import open_study
from seewhy.errors import SeewhyError
from seewhy.measure import interventions
from tests.conftest import CONFIG, checkpoint
from tests.measure import first_edition

LIMITS = {"lift": 1.0, "object": 0.1, "background": 0.5, "suspect": 0.1}
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


GATES = ["object_swap_over_control", "background_swap", "patch_paste_over_control", "patch_swap_over_control"]


def test_effects_by_hand():
    rows = []
    for k in range(6):
        names = (f"{k}.png", "cup", "cat.png")
        rows.append((*names, "object", "swap", False, k < 1, -0.5))  # lost in five of six
        rows.append((*names, "object", "swap", True, True, 0.0))
        rows.append((*names, "object", "paste", False, k < 3, 0.25))  # won in three of six
    found = first_edition.effects(pd.DataFrame(rows, columns=interventions.COLUMNS), 0).set_index("kind")
    assert found.share["swap"].value == pytest.approx(5 / 6)
    assert found.control["swap"].value == 0
    assert found.difference["swap"].value == pytest.approx(5 / 6)
    assert found.share["paste"].value == 0.5
    assert (found.control["paste"].n, found.difference["paste"].n) == (0, 0)
    assert found.change["paste"].value == 0.25


def test_an_unknown_suspect_is_one_line(project, cli):
    assert cli("dataset", "things") == (0, "")
    project.set("studies.tiny.suspects", {"shadow": "shadow_mask"})
    with pytest.raises(SeewhyError, match=r"unknown mask 'shadow_mask' in studies\.tiny\.suspects\.shadow"):
        _ = open_study("tiny").dataset
    project.set("studies.tiny.suspects", {"object": "mask"})
    with pytest.raises(SeewhyError, match="names of your own"):
        open_study("tiny")


def test_a_model_that_is_right_about_nothing_is_not_tested(study):
    none = study.predictions.head(0)
    assert interventions.testable_rows(study, none).empty
    assert list(first_edition.tested(study, none)) == interventions.COLUMNS
