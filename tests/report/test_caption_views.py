"""A captioning study of a user, from files to strips."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy.errors import SeewhyError
from seewhy.maps.attributions import attribute_rows
from seewhy.measure import donors, intervention_rows
from seewhy.measure.families import caption_errors, word_maps
from seewhy.report.pages import caption_views
from seewhy.study import Study
from seewhy.tasks import captioning
from tests.tasks.captions import WORDS, cnn_lstm

NET = """
from tests.tasks.captions import CNNLSTM


class Net(CNNLSTM):
    pass
"""


@pytest.fixture
def scenes(project, cli):
    """The project with a captioning study `scenes`: three images, two references."""
    (project.root / "their_nets.py").write_text(NET)
    torch.save(
        {"model_state_dict": cnn_lstm().state_dict(), "vocab": SimpleNamespace(idx2word=dict(enumerate(WORDS)))}
        | {"config": {"max_length": 4}, "epoch": 2},
        project.root / "theirs.pth",
    )
    draw = np.random.default_rng(0)
    for name in "abc":
        Image.fromarray(draw.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(project.root / f"mine/{name}.png")
    told = pd.DataFrame({"image": ["a.png", "b.png", "c.png"], "caption": ["a tree", "left", ""]})
    told.assign(boxes=["[[0, 0, 8, 8]]", "", ""]).to_csv(project.root / "mine/told.csv", index=False)
    project.set("datasets.scenes", {"task": "captioning", "manifest": "mine/told.csv"})
    study = {"dataset": "scenes", "checkpoint": "theirs.pth", "architecture": "their_nets:Net"}
    seen = {"size": 16, "mean": [0.5], "std": [0.1]}
    project.set("studies.scenes", {**study, "layer": "encoder.resnet.2", "preprocessing": seen})
    assert cli("dataset", "scenes") == (0, "")
    from seewhy import open_study

    this = open_study("scenes")
    this.save_predictions(this.predict())
    return open_study("scenes")


def test_words_of_a_foreign_vocabulary_become_rows_strips_and_files(scenes, tmp_path):
    rows = scenes.predictions
    assert set(rows["predicted"]) <= set(WORDS) - {"<START>", "<PAD>", "<END>"}
    assert len(rows)
    found = attribute_rows(scenes, rows, ["gradcam"])
    strips = caption_views.caption_strips(scenes, found, "gradcam")
    assert [word.text for one in strips for word in one.words] == rows["predicted"].tolist()
    paths = caption_views.save_strips(scenes, rows, tmp_path / "out")
    assert [path.name for path in paths] == [f"{name[0]}.png" for name in (one.id for one in strips)]
    first = {path: path.read_bytes() for path in paths}
    caption_views.save_strips(scenes, rows, tmp_path / "out")
    assert first == {path: path.read_bytes() for path in paths}


def test_only_words_about_the_object_are_tested_with_it(scenes):
    """Of image a both words are right, of b the one that is about an object is wrong; c has no reference and no box."""
    rows = [("a", "the", True, "function"), ("a", "tree", True, "noun"), ("b", "left", True, "position")]
    rows += [("b", "tree", False, "noun"), ("c", "two", None, "number")]
    every = pd.DataFrame(rows, columns=["image", "predicted", "correct", "kind"])
    every = every.assign(correct=every["correct"].astype("boolean"))

    def boxed(some):
        return np.repeat(some["image"].to_numpy() != "c", 4).reshape(-1, 2, 2)

    settings, model = SimpleNamespace(object_words=[]), SimpleNamespace(vocabulary=SimpleNamespace(words=WORDS))
    study = SimpleNamespace(
        name="scenes",
        task=scenes.task,
        predictions=every,
        dataset=SimpleNamespace(task="captioning"),
        base=scenes.base,
        object_masks=boxed,
        settings=settings,
        model=model,
    )
    assert captioning.is_about_object(every, study).tolist() == [False, True, False, True, True]
    every["boxes"] = np.where(every["image"] == "c", "[]", "[[0, 0, 2, 2]]")
    drawn = intervention_rows.testable_rows(study, every)
    assert drawn[["image", "predicted"]].to_numpy().tolist() == [["a", "tree"]]
    settings.object_words = ["left"]
    assert captioning.is_about_object(every, study).tolist() == [False, False, True, False, False]
    assert intervention_rows.testable_rows(study, every)["predicted"].tolist() == ["left"]
    settings.object_words = ["oak"]
    with pytest.raises(SeewhyError, match=r"unknown word 'oak' in studies.scenes.object_words"):
        captioning.is_about_object(every, study)


def test_what_a_word_for_the_object_is_changed_with_has_none_of_it_said_or_seen():
    rows = [("a", "tree", True), ("b", "trees", True), ("c", "meadow", True), ("d", "meadow", True)]
    every = pd.DataFrame(rows, columns=["image", "predicted", "correct"])
    study = SimpleNamespace(
        predictions=every,
        dataset=SimpleNamespace(task="captioning"),
        base=SimpleNamespace(seed=0),
        settings=SimpleNamespace(object_words=["tree", "trees"]),
        object_masks=lambda some: np.repeat(some["image"].isin(["a", "d"]).to_numpy(), 4).reshape(-1, 2, 2),
    )
    study.same_answers = partial(Study.same_answers, study)
    assert study.same_answers("tree") == {"tree", "trees"}
    assert study.same_answers("meadow") == {"meadow"}
    assert {*donors.donor_pool(study)["image"]} == {"b", "c"}  # d shows it
    found = donors.draw_donors(study, every.head(1))
    assert found["donors"].tolist() == found["thirds"].tolist() == [["c"]]  # b says it


def test_the_written_word_instead_of_itself_has_its_own_map(scenes):
    rows = scenes.predictions
    own = attribute_rows(scenes, rows, ["hirescam"]).maps["hirescam"]
    other = word_maps.other_word_maps(scenes, rows, rows["predicted"].tolist(), ["hirescam"]).maps["hirescam"]
    assert np.abs(own - other).max() <= 1e-4 * np.abs(own).max()


def test_lime_of_a_word_is_signed_and_seeded(scenes):
    rows = scenes.predictions.head(2)
    first, again, other = (word_maps.lime_maps(scenes, rows, 20, 4, seed) for seed in (0, 0, 1))
    assert first.shape == (2, 4, 4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_swapped_are_words_whose_opposite_the_reference_names():
    rows = pd.DataFrame({"image": list("abc"), "predicted": ["left", "left", "top"], "confidence": [0.5, 0.6, 0.7]})
    rows = rows.assign(caption=["on the right", "at the top", "At the bottom."], correct=[False, False, False])
    found = caption_errors.swapped_words(rows)
    assert found[["image", "opposite"]].to_numpy().tolist() == [["c", "bottom"], ["a", "right"]]


def test_a_checkpoint_without_a_vocabulary_is_told(scenes):
    torch.save({"model_state_dict": cnn_lstm().state_dict()}, scenes.root / "theirs.pth")
    from seewhy import open_study

    with pytest.raises(SeewhyError, match=r"studies\.scenes\.checkpoint: no vocabulary in 'theirs.pth'"):
        _ = open_study("scenes").model


def test_without_references_no_side_is_swapped():
    names = ["image", "predicted", "caption", "correct", "confidence"]
    assert list(caption_errors.swapped_words(pd.DataFrame(columns=names))) == [*names, "opposite"]
