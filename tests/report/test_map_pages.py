"""Pages 02 and 07: answers follow from intervals, sentences are short, tables come from measurements."""

import numpy as np
import pandas as pd
import pytest

import seewhy
from seewhy.report.pages import audit_views, facts, mean_maps, object_maps, segment_views, word_views
from seewhy.report.pages.estimates import method_differences, named_estimates, read_estimate
from seewhy.stats import NOTHING, Estimate, smallest_share

HIGH, LOW, AROUND = Estimate(1.7, 1.4, 2.2, 7), Estimate(0.6, 0.4, 0.8, 7), Estimate(1.1, 0.8, 1.4, 7)
MORE, SAME = Estimate(0.3, 0.1, 0.5, 7), Estimate(0.1, -0.2, 0.4, 7)
ANSWERS = ("Yes", "Partly", "No", "Undecided", "Not tested")


@pytest.fixture
def this(project, study):
    project.set("audit", {"methods": ["gradcam", "hirescam"], "steps": 2, "depths": 1, "work": 1})
    assert study.name == "tiny"
    return seewhy.open_study("tiny")


@pytest.mark.parametrize(
    ("lift", "apart", "answer"),
    [
        (HIGH, MORE, "Yes"),
        (HIGH, SAME, "Partly"),
        (LOW, MORE, "No"),
        (AROUND, MORE, "Undecided"),
        (NOTHING, NOTHING, "Not tested"),
    ],
)
def test_the_object_page_answers_by_intervals(lift, apart, answer):
    assert object_maps.judge_object(lift, apart) == answer


def test_several_classes_have_one_answer():
    assert segment_views.joint_answer(["Yes", "Not tested"]) == "Yes"
    assert segment_views.joint_answer(["No", "Undecided"]) == "Undecided"
    assert segment_views.joint_answer([]) == "Not tested"


def test_a_word_that_repeats_itself_does_not_look():
    side, gain = Estimate(0.9, 0.8, 0.95, 60), Estimate(0.2, 0.15, 0.3, 60)
    assert word_views.judge_words(side, Estimate(0.01, -0.02, 0.05, 60), NOTHING) == "No"
    assert word_views.judge_words(side, gain, NOTHING) == "Yes"
    assert word_views.judge_words(side, gain, LOW) == "Partly"
    assert word_views.judge_words(side, NOTHING, NOTHING) == "Not tested"


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("severity", ["fine", "shortcut", "unknown"])
def test_findings_are_at_most_two_sentences_and_40_words(answer, severity):
    text = seewhy.sentences("02_grad_cam")
    values = {"side": HIGH, "opposite": HIGH, "over": MORE, "lift": LOW, "title": "HiResCAM", "naming": 61}
    lifts, apart = {"crown": HIGH, "shadow": HIGH}, {"crown": MORE, "shadow": SAME}
    both = {"answers": {"crown": "Yes", "shadow": "Partly"}, "lifts": lifts, "apart": apart}
    found = [
        text.finding("object", answer, severity, lift=HIGH, centre=LOW, apart={"Grad-CAM minus centre baseline": MORE}),
        text.finding("words", answer, severity, **values),
        text.finding("classes", answer, severity, **both),
    ]
    for one in found:
        assert 0 < len(one["sentence"].split()) <= 40
        assert one["sentence"].count(". ") <= 1
        assert ";" not in one["sentence"]
        assert one["so"].endswith(".")


def test_no_page_reassures_where_the_verdict_convicts(this):
    assert facts.answer_beside_verdict(this, "Yes") == ("Yes", "fine")
    [path] = this.files("summary.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"verdict": {"severity": "shortcut"}}')
    assert facts.answer_beside_verdict(this, "Yes") == ("Partly", "shortcut")
    assert facts.answer_beside_verdict(this, "No") == ("No", "unknown")


def test_summaries_give_estimates_by_title(this):
    summary = this.measure("lift", methods=["gradcam"]).summary(versus=["centre"])
    true = summary[summary["class_is"] == "true"]
    assert list(named_estimates(true)) == ["Grad-CAM", "random baseline", "centre baseline", "edge baseline"]
    assert read_estimate(true, method="centre").n == named_estimates(true)["centre baseline"].n > 0
    assert read_estimate(true, method="layercam").n == 0
    assert list(method_differences(true, "gradcam")) == ["Grad-CAM minus centre baseline"]


def test_shapes_are_counted_and_named_neutrally(this):
    rows = object_maps.map_shapes(this)
    table = object_maps.shape_table(this, this.measure("diagnosis")).set_index("the map is")
    assert table.filter(like="Grad-CAM, all").sum().tolist() == [12]
    assert set(table.index) <= set(object_maps.SHAPES.values())
    assert table.filter(like="Grad-CAM, all").iloc[:, 0].to_dict() == {
        word: int((rows["word"] == word).sum()) for word in table.index
    }
    assert {"centre baseline (n = 12)", "random baseline (n = 12)"} <= {*table}
    assert object_maps.one_each(rows, 0)["word"].is_unique


def test_means_are_of_classes_with_enough_maps(this, monkeypatch):
    rows = this.predictions.assign(predicted=["cup"] * 8 + ["cat"] * 4)
    monkeypatch.setitem(this.__dict__, "predictions", rows)
    means = mean_maps.mean_maps(this, 8)
    assert [*means.counts] == ["cup"]
    assert set(means.few) == {"cat"}
    assert set(means.alone) == {"cup"}
    assert np.isnan(means.apart).all()


def test_interventions_stand_beside_their_control():
    columns = ["versus", "region", "kind", "control", "estimate", "low", "high", "n"]
    rows = [
        ("", "shadow", "paste", False, 0.5, 0.4, 0.6, 20),
        ("", "shadow", "paste", True, 0.1, 0.0, 0.2, 20),
        ("", "object", "swap", False, 0.9, 0.5, 1.0, 4),
    ]
    shares = audit_views.changed_predictions(pd.DataFrame(rows, columns=columns))
    assert [*shares] == ["shadow, paste", "shadow, paste, control"]  # too few objects


def test_the_table_of_interventions_says_what_would_have_been_seen(this):
    changes, odds = (this.measure(name) for name in ("prediction_change", "log_odds_change"))
    table = audit_views.effect_table(changes, odds)
    assert [*table] == ["", "points", "low", "high", "log-odds", "from", "to", "n", "smallest visible"]
    assert {"object, swap", "background, swap"} <= {*table[""]}
    least = 100 * np.array([smallest_share(n) for n in table["n"]])
    assert (table["smallest visible"] >= least - 1e-9).all()  # few donors make it larger
    drawn, told = audit_views.composite_figure(this, changes.table)
    assert told.startswith("An image and what was made of it: as it is; the other image; object, swap")
    assert drawn.axes


def test_methods_on_one_line_share_it():
    rows = [(method, "", depth, value) for method in ("gradcam", "hirescam") for depth, value in ((0.5, 0.4), (1, 0.1))]
    summary = pd.DataFrame(rows, columns=["method", "versus", "depth", "estimate"]).assign(low=0.0, high=1.0)
    labels, lines = audit_views.randomisation_lines(summary)
    assert labels == ["0 %", "50 %", "100 %"]
    assert lines["Grad-CAM = HiResCAM"][0] == [1.0, 0.4, 0.1]
