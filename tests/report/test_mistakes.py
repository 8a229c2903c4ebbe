"""A user's small project with chosen labels: what is near, what is grouped, which labels are doubted."""

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy.maps.attributions import Attributions, attribute
from seewhy.measure import families
from seewhy.measure.families.neighbours import pooled_features
from seewhy.metrics.localisation import energy_inside
from seewhy.report.pages import labels, mistake_groups, mistakes, signed
from seewhy.stats import FEWEST
from seewhy.study import Study

CLASSES = ["cup", "cat"]


def labelled(study: Study, wrong: list[int], none: list[int] | None = None, sure: list[float] | None = None) -> Study:
    """The study as if its model had answered every other image `cup` and `cat`, and been wrong about some."""
    rows = study.predictions.copy()
    rows["predicted"] = [CLASSES[k % 2] for k in range(len(rows))]
    rows["label"] = [CLASSES[(k + (k in wrong)) % 2] for k in range(len(rows))]
    rows.loc[none or [], "label"] = None
    rows["correct"] = pd.array((rows["label"] == rows["predicted"]).where(rows["label"].notna()), dtype="boolean")
    rows["confidence"] = sure or [0.9 - k / 100 for k in range(len(rows))]
    rows["probabilities"] = [
        np.array([one, 1 - one][:: 1 - 2 * (k % 2)], np.float32) for k, one in enumerate(rows["confidence"])
    ]
    study.__dict__["predictions"] = rows
    return study


def test_features_are_the_channels_means(study):
    found = pooled_features(study, study.predictions)
    with torch.no_grad():
        by_hand = study.model.features(study.inputs(study.predictions)).mean((2, 3)).numpy()
    np.testing.assert_allclose(found, by_hand, atol=1e-6)


def test_neighbours_are_right_images_and_stand_beside_their_mistake(study):
    this = labelled(study, wrong=[1, 4], none=[11])
    found = mistakes.nearest(this, 3)
    assert found.wrong["image"].tolist() == this.predictions["image"][[1, 4]].tolist()  # the surest first
    assert found.index.shape == found.alike.shape == (2, 3)
    assert len(found.right) == 9
    with torch.no_grad():
        every = study.model.features(study.inputs(this.predictions)).mean((2, 3)).numpy()
    unit = every / np.linalg.norm(every, axis=1, keepdims=True)
    alike = (unit @ unit[1])[found.right.index]
    np.testing.assert_allclose(found.alike[0], np.sort(alike)[::-1][:3], atol=1e-5)
    np.testing.assert_allclose(alike[found.index[0]], found.alike[0], atol=1e-5)
    fig, alt = mistakes.beside(this, found, 1)
    assert len(fig.axes) == 4
    assert "cat 0.89, true: cup beside" in alt
    assert alt.count("class, ") + alt.count("answer, ") == 3
    texts = [text.get_text() for text in fig.texts]
    assert [text for text in texts if "…" in text] == []
    assert {f"{alike:.3f}" for alike in found.alike[0]} <= set(texts)
    metrics = found.metrics()
    assert metrics["nearest_answer"] + metrics["nearest_true"] == 1
    assert metrics["nearest_answer_n"] == 2
    assert metrics["nearest_answer_chance"] == pytest.approx((4 / 9 + 5 / 9) / 2)


def test_nothing_wrong_or_nothing_right_is_said(study):
    assert "classified wrongly" in mistakes.nearest(labelled(study, wrong=[]), 3).refused
    every = mistakes.nearest(labelled(study, wrong=list(range(12))), 3)
    assert "classified correctly" in every.refused
    few = mistakes.nearest(labelled(study, wrong=list(range(8))), 3)
    assert few.refused == "Not run: it takes 9 images that are classified correctly to find the 3 nearest (n = 4)."
    assert every.metrics() == {}


def test_evidence_on_the_object_is_counted_by_right_and_wrong(study):
    this = labelled(study, wrong=[1])
    boxed = this.predictions[this.predictions["boxes"] != "[]"].reset_index(drop=True)
    maps = [attribute(this, boxed, ["gradcam"], boxed[of]).upsampled("gradcam") for of in ("predicted", "label")]
    answer, truth = (energy_inside(some, this.objects(boxed)) for some in maps)
    right = boxed["correct"].to_numpy(bool)
    parts = [answer[right], answer[~right], truth[~right]]
    assert [one.n for one in mistakes.on_object(this).values()] == [np.isfinite(some).sum() for some in parts]
    assert right.tolist() == [False] + [True] * 5


def test_right_and_wrong_are_compared_where_they_share_an_answer(study, monkeypatch):
    every = study.predictions.assign(boxes="[[4, 4, 20, 24]]", correct=pd.array([True, False] * 6, dtype="boolean"))
    every["label"] = every["predicted"] = "cup"
    every["target"] = 0
    study.__dict__["predictions"] = every
    inside = np.arange(12) / 12
    monkeypatch.setattr(families.mistakes, "object_shares", lambda _study, some, *_: (inside[some.rows.index],) * 2)
    found = mistakes.same_answer(study)
    assert found.value == pytest.approx(inside[1::2].mean() - inside[::2].mean())
    assert found.n == 12 >= 2 * FEWEST
    study.__dict__["predictions"] = every.assign(predicted=["cup", "cat"] * 6, target=[0, 1] * 6)
    assert not mistakes.same_answer(study).measured


@pytest.fixture
def planted(study: Study, monkeypatch: pytest.MonkeyPatch) -> Study:
    """All wrong; the evidence of even images in one corner, of odd ones in the opposite one, of one nowhere."""

    def maps(_study, rows, methods):
        number = [int(name.rpartition("-")[2][0]) for name in rows["image"]]
        found = 0.05 * np.random.default_rng(0).random((len(rows), 8, 8)).astype(np.float32)
        for one, k in zip(found, number, strict=True):
            one[(slice(0, 3), slice(5, 8))[k % 2], (slice(0, 3), slice(5, 8))[k % 2]] += 1
        found[rows["image"].str.endswith("cat-0.png").to_numpy()] = 0
        return Attributions(rows, {methods[0]: found}, (32, 32))

    monkeypatch.setattr(families.mistake_groups, "attribute", maps)
    return labelled(study, wrong=list(range(12)))


def test_groups_follow_the_maps_and_leave_out_those_without_evidence(planted):
    found = mistake_groups.grouped(planted, 4)
    assert (found.refused, found.count, [found.size(k) for k in range(2)]) == ("", 2, [6, 5])
    odd = [int(name[-5]) % 2 for name in found.rows(0)["image"]]
    assert odd == [1] * 6
    assert found.metrics()["groups_n"] == 11
    assert found.metrics()["groups_distinct"] == 1
    first, second = mistake_groups.described(planted, found)
    assert "densest in the lower right" in first
    assert "densest in the upper left" in second
    assert "object" in first  # odd images have boxes
    assert "object" not in second


def test_groups_are_shown_by_their_middle_and_their_mix(planted):
    found = mistake_groups.grouped(planted, 4)
    fig, alt = mistake_groups.typical(planted, found)
    assert len(fig.axes) == 2 * 3 + 1
    assert "group 1, n = 6, cup → cat: 6, strongest in the lower right (its map, mean map of the group)" in alt
    assert "here:" not in alt
    rows = found.found.rows
    rows.loc[found.medoids[0], ["label", "predicted"]] = "cat", "cup"  # the one in the middle is of another pair
    assert "group 1, n = 6, cup → cat: 5, here: cat → cup" in mistake_groups.typical(planted, found)[1]
    rows.loc[found.medoids[0], ["label", "predicted"]] = "cup", "cat"
    table = mistake_groups.mixes(planted, found)
    assert table["images"].tolist() == [6, 5]
    assert table["n"].tolist() == [6, 0]
    assert table["true → predicted"].tolist() == ["cup → cat 6", "cat → cup 5"]


def test_two_maps_of_a_mistake_are_taken_apart_only_where_there_are_both(study):
    rows = labelled(study, wrong=[0, 1]).predictions.head(2)
    first, second = np.zeros((2, 2, 6, 6))
    first[:, 0, 0], second[:, 5, 5] = 1.0, 0.5
    second[0] = np.nan
    ((figure, alt),) = signed.apart(study, rows, {"answer": first, "true": second})
    assert len(figure.axes) == 2 + 1  # one row, and the scale
    assert alt.count("true: ") == 1
    assert "strongest in the upper left (predicted minus true)" in alt
    assert not [*signed.apart(study, rows.head(1), {"answer": first[:1], "true": second[:1]})]


def test_many_pairs_are_cut():
    found = mistake_groups._mix([("a", "b", 4), ("b", "a", 3), ("c", "a", 2), ("c", "b", 1)])
    assert found == "a → b 4, b → a 3, c → a 2, and 1 more pair"


def test_few_mistakes_are_not_grouped_and_many_are_drawn(planted, monkeypatch):
    assert mistake_groups.grouped(planted, 4).told.startswith("Grouped are 11 of 12 mistakes: those with evidence")
    monkeypatch.setattr(families.mistake_groups, "GROUPED", 9)
    assert "(n = " in mistake_groups.grouped(planted, 4).refused
    few = mistake_groups.grouped(labelled(planted, wrong=[0, 1]), 4)
    assert few.refused == "Not run: it takes 10 mistakes with a map to look for groups (n = 2)."
    assert (few.count, mistake_groups.described(planted, few), few.metrics()) == (0, [], {})


def test_labels_that_the_model_is_sure_against_are_listed_the_surest_first(study):
    sure = [0.8] * 12
    sure[4], sure[7] = 0.95, 0.99
    this = labelled(study, wrong=[4, 7], sure=sure)
    found = labels.doubted(this)
    assert found.rows["image"].tolist() == this.predictions["image"][[7, 4]].tolist()
    assert found.rows["suggested"].tolist() == ["cat", "cup"]
    np.testing.assert_allclose(found.rows["margin"], [0.98, 0.9], atol=1e-6)
    assert "**2 of 12** labelled images" in found.told
    assert found.metrics()["labels_doubted"] == pytest.approx(2 / 12)
    fig, alt = labels.sheet(this, found.rows)
    assert "label: cup, rather: cat, margin +0.98" in alt
    assert len(fig.axes) == 2
    assert labels.table(found.rows)["named"].tolist() == ["cat", "cup"]


def test_a_model_that_guesses_doubts_no_label(study):
    guess = labels.doubted(labelled(study, wrong=[0, 1, 2, 3, 4]))
    assert "not clearly more than the 58.3 % of always" in guess.refused or "always" in guess.refused
    assert (guess.metrics(), len(guess.rows)) == ({}, 0)
    few = labels.doubted(labelled(study, wrong=[], none=[1, 3, 5]))
    assert few.refused == f"Not run: it takes two classes with {FEWEST} labelled images each."
    assert "two classes" in labels.doubted(labelled(study, wrong=[], none=list(range(12)))).refused
