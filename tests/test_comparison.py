"""Two checkpoints of one small network on the same images, and the page that compares them."""

import json
import os
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy import explain, open_comparison, open_study
from seewhy.checks.majority_baseline import MajorityBaseline
from seewhy.comparison import ordered
from seewhy.config import artifacts
from seewhy.config.project import find_project
from seewhy.metrics.agreement import spearman
from seewhy.report.pages import audit_comparison, pairs
from seewhy.report.plots.overlay import resized
from seewhy.stats import proportion
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


def gate(name, value, status, low=None, high=None):
    low, high = (value - 0.1 if low is None else low), (value + 0.1 if high is None else high)
    return {
        "gate": name,
        "claim": f"claim of {name}",
        "denial": f"denial of {name}",
        "value": value,
        "low": low,
        "high": high,
        "n": 9,
        "passes": "below" if name.endswith(("kept", "flipped", "shadow_swap_over_control")) else "above",
        "status": status,
    }


def audit(shop, study, *gates):
    artifacts.write_json(artifacts.reports(shop.root, study) / "verdict.json", list(gates))


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
    named = both.right()
    assert [len(one) for one in named] == [11, 11]
    assert (named[0] != named[1]).all()
    table = pairs.outcomes(both)
    assert table["images"].tolist() == [0, (named[1]).sum(), named[0].sum(), 0]
    assert table[""].tolist()[1:3] == ["fixed: only other right", "broken: only tiny right"]


def test_evidence_is_of_the_class_explained_in_either_model(both):
    pair = both.evidence("gradcam")
    assert [maps.shape for maps in pair.maps] == [(12, 8, 8)] * 2
    wanted = both.first.classes_of(both.rows["explained"])
    for study, maps in zip(both.studies, pair.maps, strict=True):
        for position, target in enumerate(wanted):
            batch = study.inputs(both.rows.iloc[[position]])
            own = explain(study.model, batch, methods=["gradcam"], targets=[target], layer=study.layer)["gradcam"]
            np.testing.assert_allclose(maps[position], own[0, 0].clamp(min=0).numpy(), atol=1e-6)
    found = pair.likeness(both.rows["explained"])
    np.testing.assert_allclose(found["same"], spearman(*pair.maps))


def test_models_that_are_fed_differently_are_compared_on_what_both_saw(predicted):
    predicted.set("studies.other.preprocessing", {"size": 16, "resize": "crop", "crop": 0.5})
    this = open_study("other")
    this.save_predictions(this.predict())
    both = open_comparison("both")
    pair = both.evidence("gradcam")
    np.testing.assert_allclose(pair.shared, [[0.25, 0.25, 0.75, 0.75]] * 12)
    assert pair.shape == (4, 4)
    np.testing.assert_allclose(pair.common()[0], pair.maps[0][:, 2:6, 2:6], atol=1e-6)
    photo = both.photos(both.rows.head(1), pair.take([0]))[0]
    whole = both.first.photos(both.rows.head(1))[0]
    assert photo.shape == (32, 32, 3)
    middle = resized(whole[8:24, 8:24].mean(2), 32, 32)
    assert np.abs(photo.mean(2) - middle).mean() < 4


def test_a_model_beside_itself_agrees_wholly(predicted):
    predicted.set("studies.other", PARAMS["studies"]["tiny"])
    this = open_study("other")
    this.save_predictions(this.predict())
    both = open_comparison("both")
    assert both.rows["same"].all()
    assert set(both.rows["outcome"].dropna()) <= {"both right", "both wrong"}
    alike = both.evidence("gradcam").likeness(both.rows["explained"])
    found = pairs.likeness(both, alike, 3)["all images"]
    assert found["same"].value == pytest.approx(1)
    assert found["over"].low > 0
    assert list(pairs.dots({"all": found})) == ["all", "all, different images"]


def test_the_most_apart_come_first_whatever_their_order():
    rows = pd.DataFrame({"image": ["b", "a", "c"], "x": [0.5, 0.5, -1]}, index=[4, 7, 9])
    assert ordered(rows, ["x"], False, 2) == [9, 7]
    assert ordered(rows, ["x"], True, 3) == [7, 4, 9]


def test_titles_say_what_each_model_said(both):
    rows = both.rows.assign(likeness=[0.25] + [np.nan] * 11)
    first = pairs.titles(rows)[0].split("\n")
    assert first[0] == "true: cup"
    mark = "✓" if rows["predicted_first"][0] == "cup" else "✗"
    assert first[1] == f"1: {mark} {rows['predicted_first'][0]} {rows['confidence_first'][0]:.2f}"
    assert first[3] == "maps: +0.25"
    assert pairs.titles(rows)[11].startswith("true: unknown\n")
    assert pairs.titles(rows)[11].endswith("maps: no evidence")


def test_audits_stand_side_by_side(both, predicted):
    audit(
        predicted, "tiny", gate("reliance.shadow_swap_over_control", 0.65, "fail"), gate("gradcam.kept", 0.1, "pass"),
        gate("gradcam.road_over_control", 0.0, "unsure"), gate("layercam.kept", 0.1, "pass"),
        gate("gradcam.stability_spearman", 0.75, "pass"),
    )  # fmt: skip
    audit(
        predicted, "other", gate("reliance.shadow_swap_over_control", 0.6, "fail"), gate("gradcam.kept", 0.5, "unsure"),
        gate("gradcam.road_over_control", 0.1, "pass", 0.05), gate("gradcam.stability_spearman", 0.5, "fail"),
    )  # fmt: skip
    table = audit_comparison.audits(both, "gradcam")
    assert list(table) == ["", "tiny", "other", "clearly better"]
    assert table["clearly better"].tolist() == ["tested above", "neither", "tiny", "neither", "tiny"]
    assert table["tiny"].tolist()[1] == "fail +65 points change (+55 to +75, n\u00a0=\u00a09)"
    assert table["tiny"].tolist()[2] == "pass 0.10 (0.00 to 0.20, n\u00a0=\u00a09)"
    assert table[""].tolist()[3].startswith("Grad-CAM: imputing its strongest squares")
    assert table[""].tolist()[3].endswith("than with the best baseline")
    said = audit_comparison.judged(both, "gradcam")
    assert said.startswith("**Failed by both**: claim of reliance.shadow_swap_over_control. ")
    assert "**Met by tiny alone**: claim of gradcam.kept (unsure for other); " in said
    assert "**Met by other alone**: Grad-CAM: imputing" in said
    assert audit_comparison.steady(both, "gradcam").endswith("correlate by 0.75 and 0.50 (page 07).")


def test_all_gates_of_the_models_are_compared_and_two_that_forget_are_alike(predicted):
    for study, flips, kept in (("tiny", 0.5, -0.4), ("other", 0.02, -0.1)):
        status = "fail" if flips > 0.1 else "pass"
        steady = gate("stability.flipped", flips, status, flips - 0.01, flips + 0.01)
        audit(predicted, study, steady, gate("gradcam.kept", kept, "pass"))
    this = open_comparison("both")
    table = audit_comparison.audits(this, "gradcam").set_index("")["clearly better"]
    assert table["claim of stability.flipped"] == "other"
    assert table["claim of gradcam.kept"] == "–"
    assert "**Met by other alone**: claim of stability.flipped (fail for tiny)" in audit_comparison.judged(
        this, "gradcam"
    )
    assert audit_comparison.failed(this) == "**tiny is not steady**: denial of stability.flipped"


def test_one_image_is_too_few_for_a_figure_and_for_a_better_one(predicted):
    few = "reliance.background_swap"
    audit(predicted, "tiny", gate(few, 1.0, "unsure", 0.6) | {"n": 1})
    audit(predicted, "other", gate(few, 0.1, "pass"))
    last = audit_comparison.audits(open_comparison("both"), "gradcam").iloc[-1].tolist()
    assert (last[1], last[3]) == ("unsure too few (n\u00a0=\u00a01)", "–")


def test_a_difference_to_a_control_is_followed_by_the_share_over_all_answers(predicted):
    for study, value in (("tiny", 0.4), ("other", 0.7)):
        audit(predicted, study, gate("reliance.shadow_swap_over_control", 0.5, "fail"))
        share = {"reliance.shadow_swap": value, "reliance.shadow_swap_low": value - 0.1}
        share |= {"reliance.shadow_swap_high": value + 0.1, "reliance.shadow_swap_n": 40}
        artifacts.write_json(artifacts.metrics(predicted.root, study, "audit"), share)
    last = audit_comparison.audits(open_comparison("both"), "gradcam").iloc[-1].tolist()
    wanted = ["40.0 % (30.0 to 50.0, n\u00a0=\u00a040)", "70.0 % (60.0 to 80.0, n\u00a0=\u00a040)"]
    assert last == ["the same change over all answers, no control taken off", *wanted, "tiny"]


def test_a_model_worse_than_the_majority_baseline_is_told_first(both, monkeypatch):
    good = MajorityBaseline(proportion(np.ones(40, bool)), 0.5, "dog", "cat", 20, 40)
    bad = MajorityBaseline(proportion(np.arange(40) < 4), 0.9, "dog", "cat", 40, 40)
    found = {"tiny": bad, "other": good}
    monkeypatch.setattr(audit_comparison.facts, "majority_baseline", lambda study: found[study.name])
    told = "The model is worse than always predicting *dog* (10.0 % against 90.0 %)."
    assert audit_comparison.worthless(both).startswith(f"**tiny does not work.** **{told}")
    found["other"] = bad
    assert audit_comparison.worthless(both).startswith(f"**Neither model works.** tiny: **{told}")
    found |= {"tiny": good, "other": good}
    assert audit_comparison.worthless(both) == ""


def test_shortcuts_are_told_of_whoever_takes_them(predicted):
    predicted.set("studies.other.suspects", {"shadow": "shadow_mask"})
    swap, background = "reliance.shadow_swap_over_control", "reliance.background_swap"
    audit(predicted, "tiny", gate(background, 0.9, "fail"), gate(swap, 0.5, "fail"))
    audit(predicted, "other", gate(background, 0.1, "pass"), gate(swap, 0.6, "fail"))
    told = audit_comparison.failed(open_comparison("both"))
    around = f"**tiny hangs on what is around the object**: denial of {background}"
    assert told == f"{around}; **both take shortcuts**: denial of {swap}"


def test_a_missing_audit_is_said(both, predicted):
    audit(predicted, "tiny", gate("gradcam.kept", 0.1, "pass"))
    assert audit_comparison.judged(both, "gradcam") == "Not run: the audit of other (page 07)."
    assert audit_comparison.audits(both, "gradcam")["other"].tolist()[1:] == ["not run"]
    assert audit_comparison.steady(both, "gradcam") == audit_comparison.failed(both) == ""


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
    assert [one.stem for one in find_project().serving("both")] == ["08_comparison"]
    assert "08_comparison" not in [one.stem for one in find_project().serving("tiny")]
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
    assert "Not run: there is no image with the same answer" in page
    figures = json.loads((ready.root / "reports/both/metrics/comparison.json").read_text())
    assert figures["fixed"] + figures["broken"] == figures["accuracy_difference_n"] == 11
    assert figures["likeness_n"] + figures["no_evidence"] == 12
    table = pd.read_csv(ready.root / "reports/both/images.csv")
    assert len(table) == 12
    assert {"image", "label", "predicted_first", "correct_second", "outcome", "likeness_same"} <= set(table)
