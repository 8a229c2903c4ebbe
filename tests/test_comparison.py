"""Two checkpoints of one small network on the same images, and the page that compares them."""

import os
import sys

import numpy as np
import pytest
import torch

from seewhy import explain, open_comparison, open_study
from seewhy.config import artifacts
from seewhy.config.project import find_project
from seewhy.metrics.agreement import spearman
from seewhy.report.pages import audit_comparison, pairs
from seewhy.report.plots.overlay import resize_map
from seewhy.report.text.sentences import sentences
from seewhy.stats import NOTHING, Estimate
from tests.conftest import PARAMS, checkpoint

OTHER = PARAMS["studies"]["tiny"] | {"checkpoint": "other.pth"}


@pytest.fixture
def shop(project, cli):
    """The project with yesterday's checkpoint beside today's, both predicted."""
    weights = {
        name: value.flip(0) if "head" in name else value for name, value in checkpoint()["model_state_dict"].items()
    }
    torch.save(checkpoint() | {"model_state_dict": weights}, project.root / "other.pth")
    project.set("studies.other", OTHER)
    project.set("comparisons.both", {"studies": ["tiny", "other"]})
    assert cli("dataset", "things") == (0, "")
    return project


@pytest.fixture
def predicted(shop):
    for name in ("tiny", "other"):
        this = open_study(name)
        this.save_predictions(this.predict())
    return shop


@pytest.fixture
def both(predicted):
    assert predicted.root.is_dir()
    return open_comparison("both")


def check(metric, value, status, subject="suspect", name="shadow", low=None, high=None, passes="below", **fields):
    """A row of verdict.json."""
    low, high = (value - 0.1 if low is None else low), (value + 0.1 if high is None else high)
    of = {"subject": subject, "name": name, "title": "", "figure": {"metric": metric, **fields}, "limit": 0.1}
    found = {"status": status, "estimate": value, "low": low, "high": high, "n": 9, "passes": passes}
    return of | {"statement": f"statement of {metric}", "denial": f"denial of {metric}"} | found


def audit(shop, study, *checks):
    artifacts.write_json(artifacts.reports_folder(shop.root, study) / "verdict.json", list(checks))


def summary(shop, study, **severities):
    told = {"sentence": f"{study}.", "figure": "52 % by the tag alone"}
    questions = {name: told | {"severity": one} for name, one in severities.items()}
    whole = {"questions": questions, "use": {"answer": "No"}, "verdict": {}}
    artifacts.write_json(artifacts.reports_folder(shop.root, study) / "summary.json", whole)


def test_outcomes_are_those_of_the_two_prediction_tables(both):
    """The other network names the other class of two: what one names right the other names wrong."""
    rows, first = both.rows, open_study("tiny").predictions
    assert rows["image"].tolist() == first["image"].tolist()
    assert not rows["same"].any()
    labelled = rows["label"].notna()
    right = first["correct"].fillna(False).to_numpy(bool)
    assert rows["outcome"][labelled].tolist() == np.where(right, "broken", "fixed")[labelled].tolist()
    assert rows["outcome"][~labelled].isna().all()
    assert rows["explained"][labelled].tolist() == rows["label"][labelled].tolist()
    assert rows["explained"][~labelled].tolist() == rows["predicted_first"][~labelled].tolist()
    named = [rows.loc[labelled, f"correct_{side}"].to_numpy(bool) for side in ("first", "second")]
    assert [len(one) for one in named] == [11, 11]
    assert (named[0] != named[1]).all()
    table = pairs.outcome_table(both)
    assert table["images"].tolist() == [0, (named[1]).sum(), named[0].sum(), 0]
    assert table[""].tolist()[1:3] == ["fixed: only other correct", "broken: only tiny correct"]


def test_evidence_is_of_the_class_explained_in_either_model(both):
    pair = both.positive_evidence("gradcam")
    assert [maps.shape for maps in pair.maps] == [(12, 8, 8)] * 2
    wanted = both.first.classes_of(both.rows["explained"])
    for study, maps in zip(both.studies, pair.maps, strict=True):
        for position, target in enumerate(wanted):
            batch = study.inputs(both.rows.iloc[[position]])
            own = explain(study.model, batch, methods=["gradcam"], targets=[target], layer=study.layer)["gradcam"]
            np.testing.assert_allclose(maps[position], own[0, 0].clamp(min=0).numpy(), atol=1e-6)
    found = pair.rank_likeness(both.rows["explained"])
    np.testing.assert_allclose(found["same"], spearman(*pair.maps))


def test_models_that_are_fed_differently_are_compared_on_what_both_saw(predicted):
    predicted.set("studies.other.preprocessing", {"size": 16, "resize": "crop", "crop": 0.5})
    this = open_study("other")
    this.save_predictions(this.predict())
    both = open_comparison("both")
    pair = both.positive_evidence("gradcam")
    np.testing.assert_allclose(pair.shared_box, [[0.25, 0.25, 0.75, 0.75]] * 12)
    assert pair.common_shape == (4, 4)
    np.testing.assert_allclose(pair.common_maps()[0], pair.maps[0][:, 2:6, 2:6], atol=1e-6)
    photo = pairs.shared_photos(both, both.rows.head(1), pair.shared_box[:1])[0]
    whole = both.first.photos(both.rows.head(1))[0]
    assert photo.shape == (32, 32, 3)
    middle = resize_map(whole[8:24, 8:24].mean(2), 32, 32)
    assert np.abs(photo.mean(2) - middle).mean() < 4


def test_a_model_beside_itself_agrees_wholly(predicted):
    predicted.set("studies.other", PARAMS["studies"]["tiny"])
    this = open_study("other")
    this.save_predictions(this.predict())
    both = open_comparison("both")
    assert both.rows["same"].all()
    assert set(both.rows["outcome"].dropna()) <= {"both right", "both wrong"}
    found = pairs.group_likeness(both, both.measure("paired"), 3)["all images"]
    assert found["same"].value == pytest.approx(1)
    assert found["over"].low > 0
    assert list(pairs.likeness_bars({"all": found})) == ["all", "all, other images"]
    values = pairs.pair_values(both, both.measure("paired"))
    assert "**agree more**" in sentences("08_comparison")("likeness", **values)


def test_the_most_confident_and_the_least_alike_come_first(both, monkeypatch):
    same = np.arange(12.0)[::-1] / 12
    monkeypatch.setattr(pairs, "likeness_pairs", lambda _: (same, same))
    pair = both.measure("paired")
    fixed, total = pairs.chosen_rows(both, pair, "fixed", 2)
    assert (len(fixed), total) == (2, int((both.rows["outcome"] == "fixed").sum()))
    assert fixed["confidence_second"].is_monotonic_decreasing
    assert pairs.chosen_rows(both, pair, "apart", 2)[1] == 0  # the two never predict the same
    both.rows["same"] = True
    assert pairs.chosen_rows(both, pair, "apart", 3)[0]["place"].tolist() == [11, 10, 9]


def test_titles_say_what_each_model_said(both):
    rows = both.rows.assign(likeness=[0.25] + [np.nan] * 11)
    first = pairs.pair_titles(rows)[0].split("\n")
    assert first[0].endswith(", true: cup")
    assert first[0].startswith(rows["image"][0].rpartition("/")[2][:5])
    mark = "✓" if rows["predicted_first"][0] == "cup" else "✗"
    assert first[1] == f"1: {mark} {rows['predicted_first'][0]} {rows['confidence_first'][0]:.2f}"
    assert first[3] == f"maps for {rows['explained'][0]}: +0.25"
    assert ", true: unknown\n" in pairs.pair_titles(rows)[11]
    assert pairs.pair_titles(rows)[11].endswith(": one is empty")


def test_checks_stand_side_by_side(both, predicted):
    of_map = {"subject": "map", "name": "gradcam", "method": "gradcam"}
    swap = {"region": "shadow", "kind": "swap", "versus": "control"}
    lost, stable = "similarity_after_randomisation", {"change": "worst", "passes": "above"}
    audit(
        predicted, "tiny", check("prediction_change", 0.65, "fail", **swap), check(lost, -0.4, "pass", **of_map),
        check("road", 0.0, "unsure", passes="above", versus="best_baseline", **of_map),
        check("stability", 0.75, "pass", **of_map, **stable),
        check("lift", 2.0, "pass", subject="map", name="layercam", method="layercam"),
    )  # fmt: skip
    audit(
        predicted, "other", check("prediction_change", 0.6, "fail", **swap), check(lost, -0.1, "pass", **of_map),
        check("road", 0.3, "pass", passes="above", versus="best_baseline", **of_map),
        check("stability", 0.5, "fail", **of_map, **stable),
    )  # fmt: skip
    table = audit_comparison.check_table(both, "gradcam")
    assert list(table) == ["", "tiny", "other", "clearly better"]
    assert table["clearly better"].tolist() == ["neither", "–", "other", "tiny"]  # of two lost maps neither is better
    assert table["tiny"].tolist()[0] == "fail +65 points (+55 to +75, n\u00a0=\u00a09)"
    assert table[""].tolist()[2] == "imputing its strongest squares costs more than with the best baseline"
    groups = audit_comparison.check_groups(both, "gradcam")
    assert groups["both"] == ["denial of prediction_change"]
    assert groups["tiny"] == ["statement of stability"]
    told = sentences("08_comparison")("checks", groups=groups, names=["tiny", "other"])
    assert told.startswith(
        "Of both models holds: denial of prediction_change. Only tiny passes: statement of stability. Only o"
    )
    assert audit_comparison.own_stability(both, "gradcam") == [0.75, 0.5]


def test_one_image_is_too_few_for_a_figure_and_for_a_better_one(both, predicted):
    audit(predicted, "tiny", check("prediction_change", 1.0, "unsure") | {"n": 1})
    audit(predicted, "other", check("prediction_change", 0.1, "pass"))
    last = audit_comparison.check_table(both, "gradcam").iloc[-1].tolist()
    assert (last[1], last[3]) == ("unsure too few (n\u00a0=\u00a01)", "–")


def test_a_study_that_was_not_measured_is_named(both, predicted):
    audit(predicted, "tiny", check("prediction_change", 0.1, "pass"))
    assert audit_comparison.unmeasured_studies(both) == ["other"]
    assert audit_comparison.check_table(both, "gradcam")["other"].tolist() == ["not run"]
    assert audit_comparison.own_stability(both, "gradcam") == []


BETTER, WORSE = Estimate(0.1, 0.04, 0.16, 100), Estimate(-0.1, -0.16, -0.04, 100)
VALUES = {
    "names": ["old", "new"],
    "accuracy": [Estimate(0.8, 0.7, 0.9, 100), Estimate(0.9, 0.8, 0.95, 100)],
    "useless": [],
    "shortcuts": [],
    "uses": {"old": "No", "new": "With care"},
}
BROKEN = [{"name": "new", "sentence": ""}]


@pytest.mark.parametrize(
    ("difference", "p", "useless", "answer", "severity"),
    [
        (BETTER, 0.001, [], "Yes", ""),
        (BETTER, 0.11, [], "Undecided", "unknown"),
        (Estimate(0.1, -0.01, 0.2, 100), 0.01, [], "Undecided", "unknown"),
        (WORSE, 0.001, [], "No", ""),
        (BETTER, 0.001, BROKEN, "No", "broken"),
        (NOTHING, 1.0, [], "Not tested", "unknown"),
    ],
)
def test_better_is_said_where_interval_and_test_agree_and_the_model_works(difference, p, useless, answer, severity):
    values = VALUES | {"difference": difference, "p": p, "useless": useless}
    found = pairs.better_answer(values)
    assert (found, pairs.pair_severity(values, found)) == (answer, severity)
    told = sentences("08_comparison").finding("finding", found, severity, **values)
    assert len(told["sentence"].split()) <= 40
    assert ("80.0 %" in told["sentence"]) == (not useless and found != "Not tested")
    assert ("new does not work" in told["sentence"]) == bool(useless)


def test_models_that_fail_are_read_from_their_summaries(both, predicted):
    summary(predicted, "tiny", works="broken", shortcut="shortcut")
    summary(predicted, "other", works="fine", shortcut="shortcut")
    values = pairs.pair_values(both, both.measure("paired"))
    assert [one["name"] for one in values["useless"]] == ["tiny"]
    assert [one["name"] for one in values["shortcuts"]] == ["tiny", "other"]
    told = sentences("08_comparison").finding("finding", "Yes", "shortcut", **(values | {"useless": []}))
    assert "Both rely on a shortcut" in told["sentence"]
    assert "(../tiny/07_audit.html)" in told["so"]
    assert "Use it? tiny: no, other: no." in told["detail"]
    assert "Predictions by the shortcut: tiny 52 % by the tag alone, other" in told["detail"]


def test_the_stage_waits_for_both_studies_and_is_not_there_without_a_comparison(shop):
    from dvc.repo import Repo

    with Repo.init(str(shop.root), no_scm=True) as repo:
        (stage,) = (one for one in repo.index.stages if one.addressing.startswith("comparison_pages@"))
        assert stage.addressing == "comparison_pages@both"
        assert stage.cmd == "python -m seewhy pages both"
        needed = {one.def_path for one in stage.deps}
        assert {f"reports/{name}/verdict.json" for name in ("tiny", "other")} <= needed
    shop.set("comparisons", {})
    with Repo(str(shop.root)) as repo:
        assert [one for one in repo.index.stages if one.addressing.startswith("comparison")] == []


@pytest.fixture
def ready(predicted, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    return predicted


def test_the_page_is_made_for_a_comparison_and_for_nothing_else(ready, cli, refused):
    assert [one.stem for one in find_project().notebooks_for("both")] == ["08_comparison"]
    assert "08_comparison" not in [one.stem for one in find_project().notebooks_for("tiny")]
    assert "unknown comparison 'tiny' in params.yaml; allowed: both" in refused("run", "08_comparison", "tiny")
    assert "unknown study 'both' in params.yaml; did you mean 'other'? allowed: tiny, other" in refused(
        "run", "01_model", "both"
    )
    code, said = cli("run", "08_comparison", "both")
    assert code == 0, said
    page = (ready.root / "reports/both/08_comparison.html").read_text()
    assert 'href="../tiny/07_audit.html"' in page
    assert 'href="../other/01_model.html"' in page
    assert 'href="01_model.html"' not in page
    assert "the same prediction for different reasons (needs" in page
