"""A captioning study of a user, from files to strips."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from seewhy.errors import SeewhyError
from seewhy.maps.attributions import attribute
from seewhy.measure import interventions
from seewhy.metrics import captions
from seewhy.report.pages import caption_views, facts
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
    found = attribute(scenes, rows, ["gradcam"])
    strips = caption_views.strips(scenes, found, "gradcam")
    assert [word.text for one in strips for word in one.words] == rows["predicted"].tolist()
    paths = caption_views.save_strips(scenes, rows, tmp_path / "out")
    assert [path.name for path in paths] == [f"{name[0]}.png" for name in (one.id for one in strips)]
    first = {path: path.read_bytes() for path in paths}
    caption_views.save_strips(scenes, rows, tmp_path / "out")
    assert first == {path: path.read_bytes() for path in paths}


def test_every_image_has_a_written_caption_even_an_empty_one(scenes):
    said = caption_views.written(scenes, scenes.predictions.iloc[:0])
    assert said["written"].tolist() == ["", "", ""]
    assert said["caption"].isna().tolist() == [False, False, True]
    assert len(caption_views.side_by_side(scenes, said, 2)) == 3
    several = caption_views.side_by_side(scenes, said.assign(caption="a tree\nleft"), 2)
    assert several["reference"].tolist() == ["a tree / left"] * 3


def test_captions_stand_beside_the_best_fixed_caption(scenes):
    said = caption_views.written(scenes, scenes.predictions)
    found = facts.fixed(scenes)
    assert found.accuracy == captions.exact(said["written"].head(2), ["a tree", "left"])
    assert (found.accuracy.n, found.best, found.images) == (2, 0.5, 3)
    assert found.given == said["written"].value_counts().max()


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
        base=scenes.base,
        objects=boxed,
        settings=settings,
        model=model,
    )
    assert captioning.of_object(every, study).tolist() == [False, True, False, True, True]
    drawn = interventions.candidates(study, every.iloc[[0, 2, 4]])
    assert drawn[["image", "predicted"]].to_numpy().tolist() == [["a", "tree"]]
    assert captioning.tested(study) == "Only words for a thing or a number are tested."
    settings.object_words = ["left"]
    assert captioning.tested(study) == "Only words for the object are tested: *left*."
    assert captioning.of_object(every, study).tolist() == [False, False, True, False, False]
    assert interventions.candidates(study, every.iloc[[0, 2, 4]])["predicted"].tolist() == ["left"]
    settings.object_words = ["oak"]
    with pytest.raises(SeewhyError, match=r"unknown word 'oak' in studies.scenes.object_words"):
        captioning.of_object(every, study)


def test_what_a_word_for_the_object_is_changed_with_has_none_of_it_said_or_seen():
    rows = [("a", "tree", True), ("b", "trees", True), ("c", "meadow", True), ("d", "meadow", True)]
    every = pd.DataFrame(rows, columns=["image", "predicted", "correct"])
    study = SimpleNamespace(
        predictions=every,
        base=SimpleNamespace(seed=0),
        settings=SimpleNamespace(object_words=["tree", "trees"]),
        objects=lambda some: np.repeat(some["image"].isin(["a", "d"]).to_numpy(), 4).reshape(-1, 2, 2),
    )
    study.alike = partial(Study.alike, study)
    assert study.alike("tree") == {"tree", "trees"}
    assert study.alike("meadow") == {"meadow"}
    chosen, third, pool = interventions.choose_donors(study, every.head(1))
    assert pool["image"].tolist() == ["b", "c"]  # d shows it
    assert chosen == third == [1]  # b says it


def test_the_written_word_instead_of_itself_has_its_own_map(scenes):
    rows = scenes.predictions
    own = attribute(scenes, rows, ["hirescam"]).maps["hirescam"]
    other = caption_views.instead(scenes, rows, rows["predicted"].tolist(), ["hirescam"]).maps["hirescam"]
    assert np.abs(own - other).max() <= 1e-4 * np.abs(own).max()


def test_other_words_of_an_image_share_a_pass_and_keep_their_rows(scenes):
    rows = scenes.predictions
    mixed = rows.iloc[::-1].reset_index(drop=True)
    words = ["tree"] * len(mixed)
    found = caption_views.instead(scenes, mixed, words, ["hirescam", "gradcam"])
    one = caption_views.instead(scenes, mixed.tail(1), ["tree"], ["gradcam"]).maps["gradcam"][0]
    assert np.abs(found.maps["gradcam"][-1] - one).max() <= 1e-4 * np.abs(one).max()
    assert caption_views.instead(scenes, rows.head(0), [], ["gradcam"]).maps["gradcam"].shape[0] == 0
    named = rows.head(1).assign(predicted="left", written="left")
    assert caption_views.opposites(scenes, named).empty == ("right" not in WORDS)


def test_lime_of_a_word_is_signed_and_seeded(scenes):
    rows = scenes.predictions.head(2)
    first, again, other = (caption_views.by_trial(scenes, rows, 20, 4, seed) for seed in (0, 0, 1))
    assert first.shape == (2, 4, 4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_focus_takes_as_many_of_each_word_and_stands_word_after_word():
    rows = pd.DataFrame({"image": list("abcd"), "predicted": ["dog", "dog", "left", "the"]})
    rows = rows.assign(kind=["noun", "noun", "position", "function"], confidence=[0.5, 0.6, 0.7, 0.8])
    assert caption_views.focus(rows, [], 9)["image"].tolist() == ["d", "c", "b", "a"]
    more = pd.concat([rows, rows.assign(image=list("efgh"))], ignore_index=True)
    assert caption_views.focus(more, [], 5)["image"].tolist() == ["d", "h", "c", "g", "b"]
    assert caption_views.focus(rows, ["Dog"], 1)["image"].tolist() == ["b"]
    assert caption_views.example(rows)["image"].tolist() == ["c"]
    assert caption_views.focus(rows, ["cat"], 1).empty


def test_swapped_are_words_whose_opposite_the_reference_names():
    rows = pd.DataFrame({"image": list("abc"), "predicted": ["left", "left", "top"], "confidence": [0.5, 0.6, 0.7]})
    rows = rows.assign(caption=["on the right", "at the top", "At the bottom."], correct=[False, False, False])
    found = caption_views.swapped(rows)
    assert found[["image", "opposite"]].to_numpy().tolist() == [["c", "bottom"], ["a", "right"]]


def test_a_checkpoint_without_a_vocabulary_is_told(scenes):
    torch.save({"model_state_dict": cnn_lstm().state_dict()}, scenes.root / "theirs.pth")
    from seewhy import open_study

    with pytest.raises(SeewhyError, match=r"studies\.scenes\.checkpoint: no vocabulary in 'theirs.pth'"):
        _ = open_study("scenes").model


def test_without_references_no_side_is_swapped():
    names = ["image", "predicted", "caption", "correct", "confidence"]
    assert list(caption_views.swapped(pd.DataFrame(columns=names))) == [*names, "opposite"]
