from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from seewhy import samples
from seewhy.stats import proportion

NAMES = [f"{number:02}.png" for number in range(20)]


@pytest.fixture
def frame():
    """20 images: 16 predicted cat, 4 predicted cup; three mistakes, one without a label."""
    frame = pd.DataFrame({"image": NAMES, "predicted": ["cat"] * 16 + ["cup"] * 4, "confidence": 0.9, "boxes": "[]"})
    frame["label"] = frame["predicted"].copy()
    frame.loc[[0, 1], "label"] = "cup"
    frame.loc[19, "label"] = "cat"
    frame.loc[5, "label"] = None
    frame.loc[1, "confidence"] = 0.99
    frame.loc[[2, 5], "boxes"] = "[[0, 0, 1, 1]]"
    right = (frame["label"] == frame["predicted"]).astype("boolean")
    right[5] = pd.NA
    return frame.assign(correct=right)


def as_stored(frame):
    """`correct` as it comes back from Parquet where some are null: plain objects."""
    return frame.assign(correct=pd.Series([None if pd.isna(v) else bool(v) for v in frame["correct"]], dtype=object))


def test_a_sample_is_balanced_seeded_and_without_repeats(frame):
    first, again, other = (samples.stratified_sample(frame, 8, seed) for seed in (3, 3, 4))
    assert first["predicted"].value_counts().to_dict() == {"cat": 4, "cup": 4}
    assert first["image"].is_unique
    assert first["image"].tolist() == again["image"].tolist()
    assert first["image"].tolist() != other["image"].tolist()


@pytest.mark.parametrize(("n", "found"), [(0, 0), (20, 20), (99, 20)])
def test_a_sample_holds_at_most_n(frame, n, found):
    assert len(samples.stratified_sample(frame, n, 0)) == found


@pytest.mark.parametrize("store", [lambda frame: frame, as_stored])
def test_mistakes_are_labelled_and_the_surest_come_first(frame, store):
    assert samples.mistaken_rows(store(frame))["image"].tolist() == ["01.png", "00.png", "19.png"]
    assert samples.mistaken_rows(store(frame), 1)["image"].tolist() == ["01.png"]


@pytest.mark.parametrize("store", [lambda frame: frame, as_stored])
def test_one_correct_image_of_each_class_in_class_order(frame, store):
    found = samples.one_correct_each(store(frame), ["dog", "cup", "cat"], 0, 9)
    assert found["label"].tolist() == ["cup", "cat"]
    assert found["correct"].all()
    assert samples.one_correct_each(frame, ["cup", "cat"], 0, 1)["label"].tolist() == ["cup"]


def test_confused_pairs_with_the_images_of_their_class(frame):
    found = samples.confused_pairs(frame)
    assert found.values.tolist() == [["cup", "cat", 2, 5], ["cat", "cup", 1, 14]]
    assert list(found) == ["label", "predicted", "count", "n"]


def test_images_with_objects_are_labelled_too(frame):
    assert samples.with_objects(frame)["image"].tolist() == ["02.png"]


def test_the_background_is_not_what_is_shown(frame):
    shown = frame.head(15)
    found = samples.other_rows(frame, shown, 9, 0)
    assert set(found["image"]) == set(NAMES[15:])


def test_nothing_in_nothing_out(frame):
    none = frame.head(0)
    for found in (
        samples.stratified_sample(none, 3, 0),
        samples.one_correct_each(none, ["cat"], 0, 3),
        samples.mistaken_rows(none),
        samples.confused_pairs(none),
        samples.with_objects(none),
        samples.other_rows(frame, frame, 3, 0),
    ):
        assert found.empty


def test_without_labels_there_are_no_mistakes_and_none_is_right(frame):
    blank = as_stored(frame.assign(label=None, correct=pd.array([pd.NA] * 20, dtype="boolean")))
    assert samples.mistaken_rows(blank).empty
    assert samples.one_correct_each(blank, ["cat"], 0, 3).empty
    assert samples.with_objects(blank).empty


def test_one_row_an_image_in_their_order_drawn_with_the_seed():
    frame = pd.DataFrame({"image": ["b", "b", "a", "c", "c", "c"], "target": range(6)})
    drawn = {tuple(samples.one_each(frame, seed)["target"]) for seed in range(20)}
    assert {row[1] for row in drawn} == {2}
    assert len(drawn) > 2
    assert all(samples.one_each(frame, seed)["image"].tolist() == ["b", "a", "c"] for seed in range(3))
    single = frame.drop_duplicates("image").reset_index(drop=True)
    pd.testing.assert_frame_equal(samples.one_each(single, 3), single)


def test_regions_too_small_to_be_looked_at_are_left_out_where_there_are_larger_ones(frame):
    assert samples.large_regions(frame) is frame  # no regions here
    sized = frame.assign(predicted_share=0.0, true_share=[0.02] * 2 + [0.019] * 18)
    assert samples.large_regions(sized)["image"].tolist() == NAMES[:2]
    assert len(samples.large_regions(sized.assign(true_share=0.01))) == 20


def test_maps_are_held_against_objects_only_of_answers_about_them():
    box = "[[0, 0, 1, 1]]"
    rows = [("a", "the", "the", box), ("a", "tree", "tree", box), ("b", "tree", "tree", "[]"), ("c", "the", "the", box)]
    every = pd.DataFrame(rows, columns=["image", "predicted", "label", "boxes"])
    task = SimpleNamespace(is_about_object=lambda some, _: some["predicted"].eq("tree").to_numpy())
    study = SimpleNamespace(predictions=every, task=task, base=SimpleNamespace(seed=0))
    assert samples.of_objects(study)[["image", "predicted"]].to_numpy().tolist() == [["a", "tree"]]


def test_a_confusion_is_more_than_frequent_classes_alone_come_to():
    """Mistakes at random: with one frequent class the same confusion is most of them in nearly every data set."""
    most, claims = 0, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        label = rng.choice(["a", "b", "c"], 200, p=[0.8, 0.15, 0.05])
        wrong = rng.random(200) < 0.2
        other = {"a": ["b", "c"], "b": ["a", "c"], "c": ["a", "b"]}
        weights = {"a": [0.75, 0.25], "b": [0.94, 0.06], "c": [0.84, 0.16]}
        said = [rng.choice(other[one], p=weights[one]) if miss else one for one, miss in zip(label, wrong, strict=True)]
        frame = pd.DataFrame({"label": label, "predicted": said, "correct": ~wrong, "confidence": 0.9})
        frame["image"] = [str(k) for k in range(200)]
        pair = samples.confused_pairs(frame).loc[0, ["label", "predicted"]]
        hits = ((label == pair["label"]) & (np.array(said) == pair["predicted"]))[wrong]
        expected = samples.expected_share(frame, *pair)
        most += proportion(hits).low > 0.5
        claims += proportion(hits, level=1 - 0.05 / 6).low > max(0.5, expected)
    assert claims <= 10 < most


def test_images_of_a_group_and_equal_files_belong_together():
    frame = pd.DataFrame({"image": ["a", "b", "c", "d"], "image_group": ["p", "q", "r", None]})
    assert samples.image_groups(frame) is None
    assert samples.image_groups(frame.assign(sha256=["1", "2", "3", "1"])).to_dict() == {"a": 0, "b": 1, "c": 2, "d": 0}
    assert samples.image_groups(frame[["image"]]) is None
