"""Setups of real people, each made small: one line makes the study, and its predictions are those of their own code."""

import shlex
import shutil
import sys

import pandas as pd
import pytest
import torch

from tests.commands import ROOT
from tests.setups import builders_a_cases, builders_a_detection, builders_a_masks, builders_a_own, builders_a_zoo

SETUPS = builders_a_cases.SETUPS | builders_a_own.SETUPS | builders_a_masks.SETUPS | builders_a_zoo.SETUPS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A fresh project, with the demonstration in its params.yaml; a download fails."""

    def fail(*_args, **_options):
        raise AssertionError("a download")

    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    (tmp_path / "data/inputs").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("SEEWHY_PROGRESS", "off")
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    yield tmp_path
    torch.set_num_threads(threads)
    torch.set_rng_state(state)


def assert_predictions_are_theirs(found, expected):
    """All rows, equal labels and classes, scores to 1e-4; and a network that tells classes apart."""
    assert expected[[*{"predicted_share", "predicted"} & {*expected}]].nunique().max() > 1, "all predictions are equal"
    assert set(expected) <= set(found)
    assert sorted(found["image"]) == sorted(expected["image"])
    found, expected = (one.fillna({"label": "", "predicted": ""}) for one in (found, expected))
    keys = ["image", "predicted"] if expected["image"].duplicated().any() else ["image"]
    found, expected = (one.set_index(keys).sort_index() for one in (found, expected))
    pd.testing.assert_frame_equal(found[expected.columns], expected, rtol=0, atol=1e-4, check_dtype=False)


@pytest.mark.parametrize("name", SETUPS)
def test_one_line_gives_the_predictions_of_their_own_code(folder, cli, name):
    torch.manual_seed(0)
    setup = SETUPS[name](folder)
    code, said = cli("new", "mine", *shlex.split(setup.line), "--only")
    assert code == 0, said
    assert cli("predict", "mine") == (0, "")
    found = pd.read_csv(folder / "reports/mine/predictions.csv", dtype={"label": str, "predicted": str})
    assert_predictions_are_theirs(found, setup.expected)
    assert not (folder / "was_run").exists()


def test_s12_a_detector_needs_no_class_of_ones_own(folder, cli):
    torch.manual_seed(0)
    setup = builders_a_detection.s12_eyes(folder)
    try:
        code, said = cli("new", "mine", *shlex.split(setup.line), "--only")
        assert code == 0, said
        assert cli("predict", "mine") == (0, "")
    finally:
        for name in ("models.yolo", "models"):
            sys.modules.pop(name, None)
    assert_predictions_are_theirs(pd.read_csv(folder / "reports/mine/predictions.csv"), setup.expected)


def test_s19_a_script_without_its_class_predicts_and_says_that_it_has_no_layers(folder, cli):
    torch.manual_seed(0)
    setup = builders_a_masks.s19_two_outputs(folder, "script alone")
    assert cli("new", "mine", *shlex.split(setup.line), "--only")[0] == 1
    assert cli("predict", "mine") == (0, "")
    assert_predictions_are_theirs(pd.read_csv(folder / "reports/mine/predictions.csv"), setup.expected)
    code, said = cli("explain", "mine")
    assert (code, said.count("\n")) == (1, 1)
    assert "or the network as its class makes it" in said
