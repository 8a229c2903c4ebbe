"""The keys of the first edition and the fields they stand for, both ways."""

import json

import pytest

from seewhy.checks.figure import Figure
from seewhy.checks.old_keys import WORDS, find_figure, is_old_key, old_key
from tests.conftest import ROOT

CHANGED = {"region": "shadow", "kind": "paste"}
PAIRS = {
    "model.accuracy": Figure("accuracy"),
    "audit.gradcam.localisation_lift": Figure("lift", "gradcam"),
    "audit.gradcam_pp.deletion_auc_over_control": Figure("deletion", "gradcam_pp", "best_baseline"),
    "audit.centre.road": Figure("road", "centre"),
    "audit.gradcam.kept": Figure("similarity_after_randomisation", "gradcam"),
    "audit.gradcam.stability_spearman": Figure("stability", "gradcam", facets={"change": "worst"}),
    "audit.stability.flipped": Figure("label_flip", facets={"change": "worst"}),
    "audit.reliance.shadow_paste": Figure("prediction_change", facets=CHANGED),
    "audit.reliance.shadow_paste_control": Figure("prediction_change", facets=CHANGED | {"control": True}),
    "audit.reliance.shadow_paste_over_control": Figure("prediction_change", "", "control", CHANGED),
    "audit.reliance.shadow_paste_change": Figure("probability_change", facets=CHANGED),
    "audit.reliance.eyes and brows_blur": Figure(
        "prediction_change", facets={"region": "eyes and brows", "kind": "blur"}
    ),
}


@pytest.mark.parametrize("key", PAIRS)
def test_a_key_and_its_fields_stand_for_each_other(key):
    assert find_figure(key) == PAIRS[key]
    assert old_key(PAIRS[key]) == key


def test_words_stand_for_keys():
    assert find_figure("faithfulness") == Figure("deletion", "gradcam", "best_baseline")
    assert {word for word in WORDS if find_figure(word) is None} == {"background"}
    assert find_figure("similarity") == Figure("map_likeness", "gradcam")


def test_what_has_no_key_or_no_fields():
    assert old_key(Figure("lift", "gradcam", label="jay")) == ""
    assert old_key(Figure("lift", "gradcam", "centre")) == ""
    assert find_figure("model.iou.crown") is None
    assert is_old_key("model.iou.crown")
    assert not is_old_key("lift")


def test_every_key_of_the_audit_has_fields():
    """Of committed figures; counts are no figures of a table, the complement of one is none that a check may ask."""
    own = json.loads((ROOT / "reports/trees-lite0/metrics/audit.json").read_text())
    keys = {key.removesuffix("_n") for key in own if key.endswith("_n")}
    assert {key for key in keys if find_figure(f"audit.{key}") is None} == {"reliance.background"}
