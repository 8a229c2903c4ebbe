"""Setups of real people, each built small: one line of `seewhy new`, and predictions are those of their own code."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from tests.setups import builders_b1 as folders
from tests.setups import builders_b2 as tables
from tests.setups import builders_b3 as others
from tests.setups import builders_b4 as wrapped
from tests.setups.made_b import Setup

Builder = Callable[[Path], Setup]
BUILDERS: tuple[Builder, ...] = (
    folders.s24_fundus_fastai,
    folders.s29_waste_by_seed,
    folders.s35_skin_wrapper,
    folders.s37_plants_half_of_val,
    folders.s38_leaves_dino,
    folders.s41_trash_timm,
    tables.s28_camera_traps,
    tables.s32_pneumonia_lightning,
    tables.s33_chexpert,
    others.s34_land_patches,
)


@pytest.fixture(autouse=True)
def _equal_weights_in_every_run(project: Any) -> None:
    """`project` puts the generator back."""
    assert project.root.is_dir()
    torch.manual_seed(0)


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_one_line_gives_the_predictions_of_their_own_code(project: Any, cli: Any, build: Builder) -> None:
    assert_same(cli, project.root, build(project.root))


def test_a_transformers_folder_gives_them_or_asks_for_the_library(project: Any, cli: Any) -> None:
    setup = others.s25_cifar_transformers(project.root)
    if find_spec("transformers"):
        assert_same(cli, project.root, setup)
        return
    assert_refused(cli, setup, "needs the transformers library: pip install transformers")


def test_a_detector_needs_no_class_of_ones_own(project: Any, cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])  # the project holds a small `ultralytics`
    try:
        assert_same(cli, project.root, wrapped.s31_streaks_yolo(project.root))
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "ultralytics"]:
            del sys.modules[name]


def test_a_second_input_is_refused_and_held_fixed_by_a_class_round_the_network(project: Any, cli: Any) -> None:
    setup = tables.s39_biomass(project.root)
    assert_refused(cli, setup, "the network's forward() needs 'tabular' beside the image, and a study has images alone")
    (project.root / "model.py").write_text(tables.S39_CODE + tables.FIXED)
    assert_same(cli, project.root, setup, "--architecture", "model.py:ImageOnly", study="fixed")


def test_a_decoder_without_a_step_is_refused_and_read_with_one(project: Any, cli: Any) -> None:
    setup = wrapped.s40_captions(project.root)
    assert_refused(cli, setup, "or `decoder.step(features, word, states)`")
    (project.root / "captioning.py").write_text(wrapped.S40_CODE + wrapped.STEP)
    assert_same(cli, project.root, setup, study="stepped")


def assert_refused(cli: Any, setup: Setup, why: str) -> None:
    """`new` ends with a problem, and `predict` says it in one line."""
    assert cli("new", "mine", *setup.words, "--only") == (1, "")
    code, said = cli("predict", "mine")
    assert (code, said.count("\n")) == (1, 1)
    assert why in said


def assert_same(cli: Any, root: Path, setup: Setup, *more: str, study: str = "mine") -> None:
    """All rows of predictions.csv, in whatever order; text equal, numbers to 1e-4."""
    for words in (("new", study, *_replaced(setup.words, more), "--only"), ("predict", study)):
        code, said = cli(*words)
        assert code == 0, said
    found, wanted = pd.read_csv(root / f"reports/{study}/predictions.csv", dtype={"label": str}), setup.reference
    assert max(wanted[name].nunique() for name in wanted if name.startswith("predicted")) > 1
    found, wanted = (one.sort_values([*setup.key]).reset_index(drop=True) for one in (found, wanted))
    assert len(found) == len(wanted)
    for column in wanted:
        own, theirs = found[column], wanted[column]
        if theirs.dtype.kind in "fi":
            np.testing.assert_allclose(own.astype(float), theirs, atol=1e-4, err_msg=column)
        else:
            assert own.fillna("").astype(str).tolist() == theirs.tolist(), column


def _replaced(words: Any, more: tuple[str, ...]) -> list[str]:
    """The words with an option of another value, or one more."""
    if not more or more[0] not in words:
        return [*words, *more]
    place = list(words).index(more[0])
    return [*words[:place], *more, *words[place + 2 :]]
