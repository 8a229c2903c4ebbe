"""Maps with known answers on a user's small project: the object is the box of every second image."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from seewhy.maps.attributions import Attributions, attribute
from seewhy.measure.families import object_shares
from seewhy.metrics.diagnosis import Rule, spread
from seewhy.report.pages import diagnoses, views
from seewhy.study import Study

RULE = Rule(background=0.5, diffuse=0.26, narrow=0.1, on_object=0.5)


@pytest.fixture
def found(study: Study) -> Attributions:
    """Maps of 8 x 8 cells, one cell 4 x 4 pixels: all evidence inside the place of the box, for every image."""
    maps = np.zeros((len(study.predictions), 8, 8), np.float32)
    maps[:, 1:6, 1:5] = 1
    maps[0] = 0
    return Attributions(
        study.predictions, {"gradcam": maps, "hirescam": maps, "activation": np.ones_like(maps)}, study.size
    )


@pytest.fixture
def told(study: Study, found: Attributions) -> Attributions:
    return diagnoses.diagnosed(study, found, RULE)


def test_object_words_stand_where_there_are_boxes_and_focus_words_elsewhere(told):
    boxed = told.rows["boxes"] != "[]"
    assert set(told.rows["word"][boxed]) == {"on the object"}
    assert told.rows["word"][~boxed].tolist() == ["no evidence"] + ["focused"] * 5
    assert diagnoses.boxed(told.rows) == boxed.sum() == 6
    assert told.rows["spread"][1] == pytest.approx(10 / 64)  # half of twenty equal cells


def test_the_order_of_rows_and_the_size_of_a_batch_change_nothing(study, found, told, monkeypatch):
    monkeypatch.setattr(diagnoses, "AT_ONCE", 5)
    monkeypatch.setattr(object_shares, "AT_ONCE", 5)
    pd.testing.assert_frame_equal(diagnoses.diagnosed(study, found, RULE).rows, told.rows)


def test_the_tally_counts_right_and_wrong_and_stands_beside_controls(study, told):
    table = diagnoses.tally(study, told, RULE).set_index("the map is")
    right, wrong = ((told.rows["correct"] == value).sum() for value in (True, False))
    assert [*table] == [
        "all (n = 12)",
        *(f"{name} (n = {n})" for name, n in (("right", right), ("wrong", wrong)) if n),
        "Activation (n = 12)",
        "centre (n = 12)",
        "random (n = 12)",
    ]
    assert table.loc["no evidence", "Activation (n = 12)"].startswith("12 (")  # constant: it points nowhere
    assert table.loc["on the object", "all (n = 12)"].startswith("6 (")


def test_one_image_of_each_word_and_words_in_titles_and_cards(study, told):
    each = diagnoses.one_each(told.rows, seed=0)
    assert each["word"].tolist() == ["on the object", "focused", "no evidence"]
    assert views.titles(each)[0].endswith("\non the object")
    assert views.cards(study, told, [0])[0].word == "no evidence"


def test_means_of_classes_are_of_maps_with_evidence_and_the_rest_is_told(study, told):
    told.rows["predicted"] = ["cup"] * 8 + ["cat"] * 4
    means = diagnoses.means(study, told, most=8)
    assert means.titles == ["cup\nn = 7"]
    np.testing.assert_allclose(means.maps[0], told.maps["gradcam"][1])
    assert np.isnan(means.apart).all()  # the others are too few
    assert means.notes == [
        "No mean map for classes with fewer than 5 maps with evidence: cat (4).",
        "What sets a class apart is not shown where the others have fewer than 5 maps with evidence: cup (4).",
    ]
    assert diagnoses.listed(means) == "cup (n = 7)"
    told.rows["predicted"] = ["cup"] * 7 + ["cat"] * 5
    np.testing.assert_allclose(diagnoses.means(study, told, most=8).apart, 0)  # the others have the same maps
    assert diagnoses.means(study, told, most=1).notes == ["The 1 most frequent of 2 classes are shown."]


def test_regions_are_measured_in_any_number_of_batches(project, study, found, monkeypatch):
    assert diagnoses.region_table(study, found).empty
    project.set("studies.tiny.regions", {"box": [0.125, 0.125, 0.625, 0.75], "far": [0.875, 0.875, 1, 1]})
    named = Study("tiny", type(study.project)(project.root).params.study("tiny"), study.project)
    monkeypatch.setattr(diagnoses, "AT_ONCE", 5)
    monkeypatch.setattr(object_shares, "AT_ONCE", 5)
    table = diagnoses.region_table(named, found).set_index(["region", "class"])
    assert table.loc[("box", "all"), "n"] == 11
    assert table.loc[("box", "all"), "share"] > 0.75  # interpolation carries some over the border
    assert table.loc[("far", "all"), "share"] == 0
    assert diagnoses.region_said(table.reset_index()).startswith("box ")


def test_spread_is_compared_over_right_and_wrong_and_with_confidence(study):
    parts, apart = diagnoses.spreads(study)
    wide = spread(attribute(study, study.predictions, ["gradcam"]).maps["gradcam"])
    assert sum(one.n for name, one in parts.items() if "true class" not in name) == np.isfinite(wide).sum()
    assert set(apart) == {"wrong minus right", "answer minus true class"}
    assert diagnoses.sureness(study).n == np.isfinite(wide).sum()


def test_hirescam_stands_beside_grad_cam_where_they_differ_and_a_page_warns(told):
    assert [*diagnoses.telling(told)] == ["gradcam", "activation"]
    assert diagnoses.cautions(told, seed=0) == []
    other = replace(told, maps=told.maps | {"hirescam": told.maps["gradcam"][:, ::-1]})
    assert [*diagnoses.telling(other)] == ["gradcam", "hirescam", "activation"]
    (line,) = diagnoses.cautions(other, seed=0)
    assert "believe HiResCAM" in line
    assert "n = 11" in line
    nearly = replace(told, maps=told.maps | {"hirescam": told.maps["gradcam"] * 2})
    assert "hirescam" in diagnoses.telling(nearly)
    assert diagnoses.cautions(nearly, seed=0) == []


def test_shares_of_words_are_flat_figures(told):
    assert diagnoses.shares(told.rows) == pytest.approx(
        {"word.on_the_object": 6 / 12, "word.focused": 5 / 12, "word.no_evidence": 1 / 12}
    )
