"""A planted shortcut: two networks see the same images, the answer of one hangs on a patch, that of the other on the
object. The first must be found out, the second must not be accused."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy import open_study, stats
from seewhy.checks import verdict
from seewhy.errors import SeewhyError
from seewhy.measure import interventions, reliance
from seewhy.measure.budget import Budget
from seewhy.report.text import verdict_sentences
from tests.conftest import CONFIG, checkpoint

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


def audited(study):
    """Statuses of the gates of the interventions, all figures, and the finding."""
    rows = interventions.candidates(study, Budget(study, 100).rows(interventions.passes(study)))
    effects = reliance.effects(interventions.tested(study, rows), 0)
    figures = reliance.figures(effects, reliance.marked(study, rows, "gradcam"), 0)
    gates = verdict.reliance(figures, study.settings.suspects, LIMITS)
    outside = stats.mean(reliance.outside(study, "gradcam")["outside"].to_numpy(), 0)
    said = verdict_sentences.finding(gates, figures, [])
    return {gate.gate.removeprefix("reliance."): gate.status for gate in gates}, figures, outside, said


def test_a_net_that_hangs_on_the_patch_is_found_out(planted):
    study = planted(cup=[40, 0, 0], cat=[0, 0, 0])
    assert study.predictions["correct"].all()
    found, figures, outside, said = audited(study)
    assert found == dict.fromkeys(GATES, "fail")
    assert figures["reliance.background_swap"].value == 1  # with the object kept, every answer changes
    assert figures["reliance.object_swap"].value == 0
    assert figures["reliance.patch_paste"].value == 1
    assert figures["reliance.patch_paste_control"].value == 0
    assert figures["reliance.patch_lift"].value > 10  # of at most 1024 / 36
    assert outside.value > 0.9
    assert said.startswith("**It takes shortcuts**: ")
    assert "the patch alone, pasted into an image that is answered otherwise, wins 100.0 % of" in said
    assert "the maps show it" in said


def test_the_same_net_without_it_is_not_accused(planted):
    study = planted(cup=[0, 40, 0], cat=[0, 0, 40])
    assert study.predictions["correct"].all()
    found, figures, outside, said = audited(study)
    assert found == dict.fromkeys(GATES, "pass")
    assert figures["reliance.patch_paste"].value == 0
    assert figures["reliance.object_lift"].value > 3
    assert outside.value < 0.5
    assert said.startswith("**No shortcut was found among the suspects**: ")


def test_effects_by_hand():
    rows = []
    for k in range(6):
        names = (f"{k}.png", "cup", "cat.png")
        rows.append((*names, "object", "swap", False, k < 1, -0.5))  # lost in five of six
        rows.append((*names, "object", "swap", True, True, 0.0))
        rows.append((*names, "object", "paste", False, k < 3, 0.25))  # won in three of six
    found = reliance.effects(pd.DataFrame(rows, columns=interventions.COLUMNS), 0).set_index("kind")
    assert found.share["swap"].value == pytest.approx(5 / 6)
    assert found.control["swap"].value == 0
    assert found.difference["swap"].value == pytest.approx(5 / 6)
    assert found.share["paste"].value == 0.5
    assert (found.control["paste"].n, found.difference["paste"].n) == (0, 0)
    assert found.change["paste"].value == 0.25


def test_answers_that_every_right_image_shares_are_told_and_not_shown(planted):
    """All that is right is a cup, but for one cat: no image lacks *cup* for that many, so only cups are tested."""
    study = planted(cup=[0, 40, 0], cat=[0, 0, 40])
    rows = interventions.candidates(study, study.predictions).sort_values("label").reset_index(drop=True)
    found = interventions.tested(study, rows)
    assert set(found["said"]) == {"cup", "cat"}
    assert interventions.left_out(study, rows) == ""
    assert "80 images that it names right and whose object is known, changed with " in interventions.told(
        study, rows, found
    )
    study.save_predictions(study.predict().assign(correct=lambda every: every["label"] == "cup"))
    alone = open_study("tiny")
    right = interventions.candidates(alone, alone.predictions)
    assert interventions.tested(alone, right).empty
    assert interventions.left_out(alone, right) == ""  # that nothing was tested is said already
    both = pd.concat([rows[rows["label"] == "cat"].head(1), right], ignore_index=True)  # a cat can be given cups
    found = interventions.tested(alone, both)
    assert set(found["said"]) == {"cat"}
    assert (
        interventions.left_out(alone, both)
        == "Not tested, as every image that is named right has them, too: *cup* (40)."
    )
    first = both.index[both["label"] == "cat"][0]
    np.testing.assert_array_equal(
        interventions.example(alone, both[::-1])["as it is"], alone.photos(both.loc[[first]])[0]
    )


def test_an_unknown_suspect_is_one_line(project, cli):
    assert cli("dataset", "things") == (0, "")
    project.set("studies.tiny.suspects", {"shadow": "shadow_mask"})
    with pytest.raises(SeewhyError, match=r"unknown mask 'shadow_mask' in studies\.tiny\.suspects\.shadow"):
        _ = open_study("tiny").dataset
    project.set("studies.tiny.suspects", {"object": "mask"})
    with pytest.raises(SeewhyError, match="names of your own"):
        open_study("tiny")


def test_without_objects_and_suspects_nothing_is_tested(project, cli):
    project.write(project.manifest.assign(boxes=""))
    assert cli("dataset", "things") == (0, "")
    this = open_study("tiny")
    this.save_predictions(this.predict())
    this = open_study("tiny")
    assert reliance.outside(this, "gradcam").empty
    assert interventions.tested(this, interventions.candidates(this, this.predictions)).empty
    gates = verdict.reliance({}, [], LIMITS)
    assert [gate.status for gate in gates] == ["not run", "not run"]
    assert "was not tested" in verdict_sentences.finding(gates, {}, [])


def test_a_model_that_is_right_about_nothing_is_not_tested(study):
    none = study.predictions.head(0)
    assert interventions.candidates(study, none).empty
    assert list(interventions.tested(study, none)) == interventions.COLUMNS
