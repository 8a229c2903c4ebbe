"""Candidates of labels and of numbers: networks that read a corner alone, in images whose labels are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from seewhy import open_study
from seewhy.checks.candidates import candidate_checks, candidate_lists, find_judged
from seewhy.checks.tables import StudyTables, read_images
from seewhy.measure.discovery.parts import Part
from seewhy.measure.discovery.removal import measure_removal

COUNT, SIDE = 60, 32
OWN = {"work": 1, "depths": 1, "methods": ["activation"]}
CORNERS = {"cup": (26, 26), "cat": (0, 0)}


class Corners(nn.Module):
    """One output for each corner: how bright it is."""

    def __init__(self, corners, weight, bias):
        super().__init__()
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4 * SIDE**2, len(corners))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.zero_()
            self.features.weight[:, :, 1, 1] = 1 / 3
            self.head.bias[:] = bias
            for number, (x, y) in enumerate(corners):
                self.head.weight.view(-1, 4, SIDE, SIDE)[number, :, y : y + 6, x : x + 6] = weight / (4 * 36)

    def forward(self, x):
        return self.head(self.features(x).relu().flatten(1))


def noise(seed):
    return np.random.default_rng(seed).integers(60, 140, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def labelled():
    """Sixty pictures of noise, each label with a tag in a corner of its own."""
    images, labels = noise(0), np.random.default_rng(1).integers(0, 2, (COUNT, 2))
    for number, (x, y) in enumerate(CORNERS.values()):
        images[labels[:, number] == 1, y : y + 6, x : x + 6] = 250
    net = Corners(CORNERS.values(), 40.0, -28.0)
    return open_study(
        model=net, images=images, labels=labels, classes=[*CORNERS], task="multilabel", layer="features", audit=OWN
    )


@pytest.fixture
def numbered():
    """Sixty pictures of noise whose number is how bright the lower right is."""
    images, values = noise(2), np.linspace(10, 250, COUNT)
    images[:, 26:, 26:] = values[:, None, None, None]
    net = Corners([(26, 26)], 1000.0, 0.0)
    labels = values / 255 * 1000
    return open_study(model=net, images=images, labels=labels, task="regression", layer="features", audit=OWN), labels


def judged_of(study):
    table = study.measure("candidate_effect").table
    tables = StudyTables({"candidates": table}, read_images(study.project, study.name), 0)
    return find_judged(study.project, study.name, tables)


def test_the_corner_of_each_label_is_its_first_candidate(labelled):
    found = judged_of(labelled)
    for name, (x, y) in CORNERS.items():
        first = next(one for one in found if one.target == name)
        assert (first.kind, first.has_effect, first.unit) == ("square", True, "log-odds")
        x0, y0, x1, y1 = (side * SIDE for side in first.place)
        assert x0 <= x + 3 < x1
        assert y0 <= y + 3 < y1
    for one in found:
        if one.kind == "square" and one.has_effect:
            x, y = CORNERS[one.target]
            assert one.place[0] * SIDE < x + 6
            assert one.place[2] * SIDE > x
            assert one.place[1] * SIDE < y + 6
            assert one.place[3] * SIDE > y


def test_the_effect_on_a_number_is_counted_in_spreads_of_the_labels(numbered):
    study, labels = numbered
    first = judged_of(study)[0]
    assert (first.unit, first.prediction, first.kind) == ("sd", f"a higher {first.target}", "square")
    assert first.place[2:] == (1.0, 1.0)
    third = COUNT // 3
    apart = labels[-third:].mean() - labels[:third].mean()
    assert first.effect.value == pytest.approx(apart / labels.std(), rel=0.15)
    assert first.effect.low > 0
    [check] = candidate_checks([replace(first, judged="shortcut")])
    assert check.status == "fail"
    assert "makes the model predict a higher" in check.sentence


def test_what_a_part_adds_is_taken_out_at_the_layer(labelled):
    strength = np.full((COUNT, SIDE, SIDE), 0.1)
    part = Part(strength > 0, strength, np.ones(4))
    rows, used = labelled.predictions.drop_duplicates("image").reset_index(drop=True), np.arange(12)
    found = measure_removal(labelled, rows, part, 0, used, 0.05)
    assert found.value == pytest.approx(0.1 * 40, rel=1e-3)  # the head's weights of a corner add up to 40
    assert (found.n, found.high - found.low) == (12, pytest.approx(0, abs=1e-3))
    nothing = replace(part, strength=strength * 0)
    assert measure_removal(labelled, rows, nothing, 0, used, 0.05).value == pytest.approx(0, abs=1e-6)
    assert measure_removal(labelled, rows, replace(part, direction=None), 0, used, 0.05) is None
    assert measure_removal(labelled, rows, replace(part, direction=np.ones(3)), 0, used, 0.05) is None


def test_only_parts_have_a_removal(labelled):
    table = labelled.measure("candidate_effect").table
    is_part = table["kind"] == "part"
    assert table.loc[is_part, "removal"].notna().all()
    assert table.loc[~is_part, "removal"].isna().all()


def test_candidates_of_labels_have_the_form_of_those_of_classes(labelled):
    row = json.loads(json.dumps(candidate_lists(judged_of(labelled))))["cup"][0]
    assert {"id", "rank", "kind", "name", "place", "effect", "low", "high", "n", "shown", "judged", "seen"} <= set(row)
    assert (row["id"], row["shown"], row["judged"]) == ("cup/1", True, None)


def test_a_study_of_few_images_says_what_it_takes():
    net = Corners([(26, 26)], 1.0, 0.0)
    few = open_study(model=net, images=noise(3)[:8], labels=np.arange(8.0), task="regression", layer="features")
    table = few.measure("candidate_effect").table
    assert table["reason"].tolist() == ["it takes 5 images with a high number and 5 with a low one"]
