"""The findings of pages 01, 03 and 04: words follow the figures, and none is longer than a reader has patience for."""

import numpy as np
import pytest

from seewhy.report.pages.shap import is_noise, judge_confirmation
from seewhy.report.pages.signed import scale_limit
from seewhy.report.pages.variants import judge_agreement
from seewhy.report.text.sentences import sentences
from seewhy.stats import NOTHING, Estimate

HIGH, MIDDLE, LOW = Estimate(0.85, 0.8, 0.9, 50), Estimate(0.5, 0.4, 0.6, 50), Estimate(0.1, 0.05, 0.2, 50)
BELOW = Estimate(-0.2, -0.3, -0.1, 50)
MODEL = {"worst": None, "task": "classification", "accuracy": HIGH, "best": 0.54, "always": "always predicting *tree*"}
MODEL |= {"predicted": "no tree"}
MODEL |= {"given": 0, "images": 50, "claim": None}
METHODS = {"alike": HIGH, "centre": LOW, "over": HIGH, "lowest": MIDDLE, "pair": ["Grad-CAM", "Eigen-CAM"]}
METHODS |= {"same": [], "images": 50}
VALUES = {"method": "SHAP", "heat_map": "Grad-CAM", "alike": LOW, "error": LOW, "is_noise": False, "seeds": HIGH}
VALUES |= {"tried": LOW, "partition": NOTHING, "unreadable": [], "samples": 22}
SHADOW = {"class": "shadow", "method": "LIME", "count": 6, "total": 8}


def model_finding(answer: str, severity: str, **values: object) -> dict[str, str]:
    return sentences("01_model").finding("works", answer, severity, **{**MODEL, **values})


def test_below_the_baseline_is_never_understated() -> None:
    said = model_finding("No", "broken", accuracy=Estimate(0.098, 0.06, 0.15, 173), best=0.908, given=170, images=173)
    assert "**worse than always predicting *tree*** (9.8 % against 90.8 %)" in said["sentence"]
    assert "It predicts *no tree* for 170 of 173 images." in said["sentence"]
    assert said["so"].startswith("do not use this model")


@pytest.mark.parametrize(
    ("answer", "values", "told"),
    [
        ("Yes", {}, "**85.0 %** of the images are classified correctly. Always predicting *tree* would reach 54.0 %."),
        ("Yes", {"task": "segmentation"}, "of the pixels are classified correctly"),
        (
            "Partly",
            {"task": "captioning", "always": "always writing *tree*"},
            "Only **85.0 %** of the captions match the reference. Always writing *tree*",
        ),
        ("Undecided", {}, "**not clearly better than always predicting *tree*** (85.0 % against 54.0 %)"),
        ("Not tested", {"accuracy": NOTHING}, "No image has a label."),
        ("Not tested", {"accuracy": NOTHING, "task": "segmentation"}, "No image has a mask."),
    ],
)
def test_the_model_stands_beside_the_majority_baseline(answer: str, values: dict[str, object], told: str) -> None:
    assert told in model_finding(answer, "unknown", **values)["sentence"]


@pytest.mark.parametrize(("claim", "told"), [(0.95, "more than here"), (0.7, "less than here"), (0.85, "compatible")])
def test_the_checkpoints_claim_is_compared(claim: float, told: str) -> None:
    detail = model_finding("Yes", "fine", claim=claim)["detail"]
    assert told in detail
    assert "claims" not in model_finding("Yes", "fine")["detail"]


@pytest.mark.parametrize(
    ("alike", "over", "answer"),
    [
        (HIGH, HIGH, "Yes"),
        (HIGH, BELOW, "Partly"),
        (MIDDLE, HIGH, "Partly"),
        (LOW, HIGH, "No"),
        (NOTHING, LOW, "Not tested"),
    ],
)
def test_methods_agree_only_beyond_the_centre_baseline(alike: Estimate, over: Estimate, answer: str) -> None:
    assert judge_agreement(alike, over) == answer
    said = sentences("03_cam_variants").finding("agreement", answer, **{**METHODS, "alike": alike, "over": over})
    if answer != "Not tested":
        assert ("no more alike than they are to the centre baseline" in said["sentence"]) == (over.low <= 0)


def test_methods_that_are_one_map_are_named() -> None:
    given = {**METHODS, "same": [["Grad-CAM", "HiResCAM"]]}
    assert "Grad-CAM and HiResCAM are the same map" in sentences("03_cam_variants")("agreement_detail", **given)
    alone = {**METHODS, "pair": [], "answer": "Not tested"}
    assert "nothing to compare" in sentences("03_cam_variants")("agreement", **alone)


@pytest.mark.parametrize(
    ("alike", "error", "unreadable", "answer"),
    [
        (LOW, LOW, False, "No"),
        (HIGH, LOW, False, "Yes"),
        (HIGH, LOW, True, "Partly"),
        (MIDDLE, NOTHING, False, "Undecided"),
        (LOW, MIDDLE, False, "Undecided"),
        (HIGH, HIGH, False, "Not tested"),
        (NOTHING, LOW, False, "Not tested"),
    ],
)
def test_values_that_are_noise_confirm_nothing(alike: Estimate, error: Estimate, unreadable: bool, answer: str) -> None:
    assert judge_confirmation(alike, error, unreadable) == answer
    given = {**VALUES, "alike": alike, "error": error, "is_noise": is_noise(error)}
    said = sentences("04_shap").finding("confirmed", answer, **given)
    assert ("mostly noise" in said["sentence"]) == (error is HIGH)
    assert ("may be noise" in said["sentence"]) == (error is MIDDLE)


def test_a_class_that_cannot_be_read_is_named() -> None:
    given = {**VALUES, "answer": "No", "unreadable": [SHADOW]}
    assert "For shadow the values cannot be read" in sentences("04_shap")("confirmed", **given)
    assert "do not read the maps for shadow" in sentences("04_shap")("confirmed_so", **given)
    assert "6 of 8 cases" in sentences("04_shap")("confirmed_detail", **given)


@pytest.mark.parametrize(
    "said", [model_finding("Yes", "fine"), sentences("04_shap").finding("confirmed", "No", **VALUES)]
)
def test_a_finding_has_two_sentences_and_forty_words(said: dict[str, str]) -> None:
    assert len(said["sentence"].split()) <= 40
    assert said["sentence"].count(". ") <= 1


def test_one_scale_is_of_all_maps() -> None:
    assert scale_limit(np.zeros((1, 2, 2))) == 1.0
    assert scale_limit(np.full((1, 2, 2), 3.0), np.full((1, 2, 2), -3.0)) == pytest.approx(3.0)


def test_page_01_names_the_worst_class_and_points_to_the_shortcut():
    said = model_finding("Yes", "shortcut", worst=("tree", LOW))
    assert "Least often *tree*: 10.0 %" in said["detail"]
    assert said["so"].startswith("do not go by accuracy alone")
