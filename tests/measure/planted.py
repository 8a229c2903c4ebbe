"""Networks whose every prediction is known, and made images: what each relies on is true by construction."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from PIL import Image

from seewhy import open_study
from seewhy.checks.answer import Answer
from seewhy.checks.check import Check
from seewhy.checks.run import load_tables
from seewhy.checks.summary import gather_evidence
from seewhy.checks.verdict import LIMITS, model_checks
from seewhy.config.project import find_project
from seewhy.measure.driver import store_family
from seewhy.measure.own_metrics import load_metrics
from seewhy.report.text.shortcut_sentences import shortcut_answer
from tests.conftest import CONFIG, checkpoint

GREEN, BLUE, RED = ([30, 220, 30], [30, 30, 220], [230, 20, 20])
SIDE = 32
Box = tuple[int, int, int, int]  # x0, y0, x1, y1


def grey_noise(number: int, label: str) -> np.ndarray:
    """A picture of grey noise (32, 32, 3)."""
    return np.random.default_rng([number, label == "cup"]).integers(90, 110, (SIDE, SIDE, 3))


def fill(pixels: np.ndarray, box: Box, colour: Sequence[int]) -> None:
    """Paint a box."""
    x0, y0, x1, y1 = box
    pixels[y0:y1, x0:x1] = colour


def box_mask(*boxes: Box) -> np.ndarray:
    """Boxes as a mask (32, 32), 0 or 255."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = 255
    return mask


@dataclass(frozen=True)
class Picture:
    """A picture, its label, the boxes of its object, and the masks of suspects by name."""

    pixels: np.ndarray
    label: str
    boxes: list[Box]
    suspects: dict[str, np.ndarray] = field(default_factory=dict)


def weights(cup: Sequence[float], cat: Sequence[float]) -> dict[str, torch.Tensor]:
    """Three channels say how red, green and blue a pixel is; the head weighs them. Without any of them: cat."""
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


def make_study(project, cli, pictures: Iterable[Picture], cup: Sequence[float], cat: Sequence[float]):
    """A study of a net with that head on these pictures."""
    rows, names = [], dict[str, None]()
    for number, one in enumerate(pictures):
        name = f"{one.label}-{number}"
        Image.fromarray(one.pixels.astype(np.uint8)).save(project.root / "mine" / f"{name}.png")
        row = {"image": f"{name}.png", "label": one.label, "split": "test"}
        row["boxes"] = json.dumps([list(box) for box in one.boxes]) if one.boxes else ""
        for suspect, mask in one.suspects.items():
            Image.fromarray(mask).save(project.root / "mine" / f"{name}-{suspect}.png")
            row[f"{suspect}_mask"] = f"{name}-{suspect}.png"
            names[suspect] = None
        rows.append(row)
    project.write(pd.DataFrame(rows).fillna(""))
    project.save(model_state_dict=weights(cup, cat))
    if names:
        project.set("studies.tiny.suspects", {name: f"{name}_mask" for name in names})
    code, told = cli("dataset", "things")
    assert code == 0, told
    study = open_study("tiny")
    study.save_predictions(study.predict())
    return open_study("tiny")


@dataclass(frozen=True)
class Audit:
    """What the interventions of a study come to: checks by subject, region and kind, and the answer in words."""

    checks: dict[tuple[str, str], Check]
    answer: Answer
    share: Callable[[str, str], float]


def audit(study) -> Audit:
    """The interventions of a study, measured and judged."""
    load_metrics(study.root)
    store_family(study, "interventions")
    project = find_project()
    tables = load_tables(project, "tiny")
    checks = model_checks(tables, study.settings.suspect_names, LIMITS)
    evidence = gather_evidence(project, "tiny", tables)
    named = {
        (str(one.figure.facets["region"]), str(one.figure.facets["kind"])): one
        for one in checks
        if "region" in one.figure.facets
    }
    return Audit(named, shortcut_answer(checks, evidence), lambda *key: evidence.changed_share(*key).value)
