"""A user's small project with chosen labels: what is near, what is grouped, which labels are doubted."""

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy.maps.attributions import Attributions
from seewhy.measure import families
from seewhy.measure.families.neighbours import pooled_features
from seewhy.report.pages import mistake_groups, mistakes
from seewhy.report.text.sentences import sentences
from seewhy.stats import FEWEST
from seewhy.study import Study
from tests.report.measuring import measured

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


def pattern(study):
    grouped = mistake_groups.read_groups(measured(study, "mistake_groups"))
    return mistakes.find_pattern(measured(study, "mistakes"), grouped)


def test_neighbours_stand_beside_their_mistake(study):
    this = labelled(study, wrong=[1, 4], none=[11])
    near = measured(this, "neighbours")
    fig, alt = mistakes.neighbour_figure(near, 1)
    assert len(fig.axes) == 4
    assert "cat 0.89, true: cup beside" in alt
    assert alt.count("similarity") == 3
    assert mistakes.neighbour_values(near)["by_chance"] == pytest.approx((4 / 9 + 5 / 9) / 2)
    assert mistakes.neighbour_values(measured(labelled(study, wrong=[]), "neighbours")) == {}


@pytest.mark.parametrize(
    ("wrong", "none", "kind", "answer"),
    [([], range(12), "no label", "Not tested"), ([], [], "none wrong", "Not tested"), ([1, 4], [], "few", "Undecided")],
)
def test_the_page_answers_by_what_the_mistakes_are(study, wrong, none, kind, answer):
    found = pattern(labelled(study, wrong=wrong, none=list(none)))
    assert (found.kind, found.answer, found.wrong) == (kind, answer, len(wrong))
    told = sentences("06_misclassification").finding("finding", **vars(found))
    assert 0 < len(told["sentence"].split()) <= 40


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

    monkeypatch.setattr(families.mistake_groups, "attribute_rows", maps)
    return labelled(study, wrong=list(range(12)))


def test_distinct_groups_are_shown_by_their_middle_and_their_mix(planted):
    groups = mistake_groups.read_groups(measured(planted, "mistake_groups"))
    assert (groups.reason, groups.group_count, groups.grouped_count, groups.total, groups.has_distinct_groups) == (
        "",
        2,
        11,
        12,
        True,
    )
    fig, alt = mistake_groups.group_figure(groups)
    assert len(fig.axes) == 2 * 3 + 1
    assert "cup predicted as cat, strongest in the lower right" in alt
    table = mistake_groups.group_table(groups)
    assert table["images"].tolist() == [6, 5]
    assert table["densest"].tolist() == ["in the lower right", "in the upper left"]
    assert table["true → predicted"].tolist() == ["cup → cat 6", "cat → cup 5"]
    assert "groups are distinct" in sentences("06_misclassification")("groups", groups=groups)


def test_many_pairs_are_cut():
    found = mistake_groups.pairs_text([("a", "b", 4), ("b", "a", 3), ("c", "a", 2), ("c", "b", 1)])
    assert found == "a → b 4, b → a 3, c → a 2, and 1 more pair"


def test_labels_in_doubt_are_listed_the_largest_margin_first(study):
    sure = [0.8] * 12
    sure[4], sure[7] = 0.95, 0.99
    this = labelled(study, wrong=[4, 7], sure=sure)
    issues = measured(this, "label_issues")
    rows = mistakes.doubted_rows(issues)
    assert rows["image"].tolist() == this.predictions["image"][[7, 4]].tolist()
    np.testing.assert_allclose(rows["margin"], [0.98, 0.9], atol=1e-6)
    told = sentences("06_misclassification")("doubts", **mistakes.doubt_values(issues))
    assert told.startswith("The model suggests another class for 2 of 12 labels")
    few = measured(labelled(study, wrong=[], none=[1, 3, 5]), "label_issues")
    assert few.table["reason"].iloc[0] == f"it takes two classes with {FEWEST} labelled images each"
    assert mistakes.doubted_rows(few).empty
