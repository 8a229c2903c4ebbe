"""A judged shortcut is tested as a suspect: the square, or the part, is what a mask would have been."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from seewhy import open_study
from seewhy.checks.candidates import find_judged
from seewhy.checks.run import load_tables
from seewhy.checks.summary import gather_evidence
from seewhy.config.params import Judgement
from seewhy.config.project import Project
from seewhy.measure.discovery.judged import judged_masks, pack_masks
from seewhy.measure.driver import store_family
from tests.measure.planted import BLUE, GREEN, RED, Picture, audit, fill, grey_noise, make_study

NAME = "square cup/1"
CORNER = [0.0, 0.0, 0.1875, 0.1875]  # 6 of 32 pixels


def picture(number, label):
    """Grey noise, a green (cup) or blue (cat) square, and a red patch in a corner of every cup, which nobody marked."""
    pixels, (y, x) = grey_noise(number, label), np.random.default_rng([number, 3, label == "cup"]).integers(10, 18, 2)
    box = (int(x), int(y), int(x) + 10, int(y) + 10)
    fill(pixels, box, GREEN if label == "cup" else BLUE)
    if label == "cup":
        fill(pixels, (0, 0, 6, 6), RED)
    return Picture(pixels, label, [box])


@pytest.fixture
def planted(project, cli):
    """A study of a net with that head, whose corner a person judged a shortcut."""

    def make(cup, cat):
        make_study(project, cli, [picture(n, label) for n in range(40) for label in ("cup", "cat")], cup, cat)
        project.set("studies.tiny.judged", {"cup/1": {"is": "shortcut", "seen": "0123456789ab", "place": CORNER}})
        return open_study("tiny")

    return make


def test_a_judged_square_that_the_net_relies_on_fails_both_checks(planted):
    study = planted(cup=[40, 0, 0], cat=[0, 0, 0])
    found = audit(study)
    assert [found.checks[NAME, kind].status for kind in ("paste", "swap")] == ["fail", "fail"]
    assert found.checks[NAME, "paste"].estimate.value == 1
    assert (found.answer.answer, found.answer.severity) == ("Yes", "shortcut")
    assert str(found.checks[NAME, "paste"].subject) == f"suspect:{NAME}"
    table = study.measure("prediction_change").table
    assert table.loc[table["region"] == NAME, "image"].str.contains("cup-").all()


def test_a_judged_square_that_the_net_does_not_use_passes_them(planted):
    found = audit(planted(cup=[0, 40, 0], cat=[0, 0, 40]))
    assert [found.checks[NAME, kind].status for kind in ("paste", "swap")] == ["pass", "pass"]


def test_a_judgement_measures_interventions_anew_and_one_of_the_object_does_not(planted, project):
    study = planted(cup=[40, 0, 0], cat=[0, 0, 0])
    store_family(study, "interventions")
    path = study.root / "data/measurements/tiny/interventions.parquet"
    before = path.read_bytes()
    assert NAME in set(study.measure("prediction_change").table["region"])
    project.set("studies.tiny.judged", {"cup/1": {"is": "object", "seen": "0123456789ab"}})
    store_family(open_study("tiny"), "interventions")
    assert path.read_bytes() != before
    assert NAME not in set(open_study("tiny").measure("prediction_change").table["region"])


def test_a_judged_part_lies_where_its_candidate_was_found(monkeypatch):
    masks = np.zeros((2, 4, 4), bool)
    masks[0, 0], masks[1, :, 1] = True, True
    arrays = {
        "part_masks": np.stack([pack_masks(masks)]),
        "part_seen": np.array(["abc"]),
        "part_images": np.array(["1.png", "2.png"]),
    }
    monkeypatch.setattr("seewhy.measure.driver.measure_family", lambda *_: SimpleNamespace(arrays=arrays))
    said = Judgement(verdict="shortcut", seen="abc", part=3)
    study = SimpleNamespace(size=(4, 4), settings=SimpleNamespace(held_shortcuts={"part cup/2": ("cup", said)}))
    study.whole_study = study
    rows = pd.DataFrame({"image": ["2.png", "1.png", "3.png"], "predicted": ["cup", "cat", "cup"]})
    found = judged_masks(study, rows)["part cup/2"]
    np.testing.assert_array_equal(found[0], masks[1])
    assert not found[1:].any()
    arrays["part_seen"][0] = "xyz"
    assert not judged_masks(study, rows)["part cup/2"].any()


def test_boxes_are_cleared_when_what_moves_the_prediction_is_judged_the_object(planted, project):
    study = planted(cup=[0, 40, 0], cat=[0, 0, 40])
    store_family(study, "predictions")
    store_family(study, "candidates")

    def evidence():
        opened = Project(study.root)
        tables = load_tables(opened, "tiny")
        return gather_evidence(opened, "tiny", tables), find_judged(opened, "tiny", tables)

    before, found = evidence()
    assert before.boxed
    shown = [one for one in found if one.has_effect]
    assert shown
    project.set("studies.tiny.judged", {one.id: one.judgement_entry("object") for one in shown})
    after, _ = evidence()
    assert not after.boxed
    assert not after.is_unsettled
