import json
import math

import pytest

from seewhy.audit import sentences, verdict
from seewhy.audit.statistics import NAN, NOTHING, Estimate
from seewhy.audit.verdict import Gate
from seewhy.audit.versus import Versus

LIMITS = {"lift": 1.0, "control": 0.0, "kept": 0.5, "target": 0.5, "stability": 0.7, "background": 0.5, "suspect": 0.1}
TITLES = {"gradcam": "Grad-CAM"}


def near(value: float, half: float = 0.05, n: int = 40) -> Estimate:
    return Estimate(value, value - half, value + half, n)


@pytest.mark.parametrize(
    ("found", "least", "status"),
    [
        (near(0.6), True, "pass"),
        (near(0.6), False, "fail"),
        (near(0.4), True, "fail"),
        (near(0.4), False, "pass"),
        (near(0.52), True, "unsure"),
        (near(0.48), False, "unsure"),
        (Estimate(0.55, 0.5, 0.6, 9), True, "unsure"),  # it touches the limit
        (Estimate(NAN, NAN, NAN, 3), True, "unsure"),
        (NOTHING, True, "not run"),
    ],
)
def test_a_gate_decides_only_when_its_whole_interval_does(found, least, status):
    assert Gate("g", "c", found, 0.5, least).status == status


def test_a_row_of_the_file_is_finite_and_rounded():
    row = Gate("a.b", "claims", Estimate(1 / 3, 0.2, 0.5, 7), 1.0, True).row()
    assert row.pop("claim") == "claims"
    assert (row.pop("passes"), row.pop("denial")) == ("above", "")
    assert row == {"gate": "a.b", "value": 0.3333, "low": 0.2, "high": 0.5, "limit": 1.0, "n": 7, "status": "fail"}
    assert Gate("a.b", "claims", NOTHING, 1.0, False, "denies").row()["passes"] == "below"
    row = Gate("a.b", "claims", NOTHING, 1.0, True).row()
    assert (row["value"], row["low"], row["high"], row["status"]) == (None, None, None, "not run")
    assert "NaN" not in json.dumps(row)


FIGURES = {
    "gradcam.localisation_lift": near(2.1),
    "gradcam.kept": near(0.1),
    "gradcam.target_spearman": near(-0.9),
    "gradcam.stability_spearman": near(0.9),
}
AGAINST = {
    "gradcam.localisation_lift": Versus("centre", near(0.8), 0.001),
    "gradcam.deletion_auc": Versus("random", near(0.01), 0.6),
    "gradcam.insertion_auc": Versus("edges", near(0.2), 0.004),
    "gradcam.road": Versus("edges", near(0.2), 0.004),
}


def judged(figures=FIGURES, against=AGAINST):
    gates = verdict.methods(figures, against, TITLES, LIMITS)
    return {gate.gate: gate.status for gate in gates}, sentences.method("gradcam", "Grad-CAM", gates, against)


def test_the_sentence_of_a_method_says_what_holds_and_what_does_not():
    statuses, said = judged()
    assert statuses["gradcam.deletion_auc_over_control"] == "unsure"
    assert list(statuses.values()).count("pass") == 7
    assert said == (
        "Grad-CAM puts **2.10× as much evidence on the object as chance would**, better than a blob in the middle "
        "(p < 0.01); it is **no better than the best control**, as far as can be told, at deletion: do not use it to "
        "rank cells; it is gone when the weights are redrawn."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gradcam.kept": near(0.9)}, "**it stays when the weights are redrawn**"),
        ({"gradcam.target_spearman": near(1, 0)}, "**it hardly knows what it explains**"),
        ({"gradcam.stability_spearman": near(0.3)}, "**it moves when the image changes unnoticed**"),
        ({"gradcam.localisation_lift": near(0.8)}, "puts **only 0.80× as much evidence"),
        ({"gradcam.localisation_lift": NOTHING}, "was not held against objects"),
        ({"gradcam.localisation_lift": Estimate(NAN, NAN, NAN, 2)}, "too few objects (n = 2)"),
    ],
)
def test_what_fails_is_said(changes, said):
    assert said in judged(FIGURES | changes)[1]


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (Versus("centre", near(0.8), 0.2), "**not clearly better than** a blob in the middle (p = 0.20)"),
        (Versus("edges", near(-0.8), 0.001), "**worse than** the picture's own edges (p < 0.01)"),
    ],
)
def test_interval_and_test_have_to_agree(beside, said):
    assert said in judged(against=AGAINST | {"gradcam.localisation_lift": beside})[1]


def test_ranking_that_beats_the_controls_or_loses_to_them():
    good = AGAINST | {"gradcam.deletion_auc": Versus("random", near(0.3), 0.001)}
    assert "its ranking of cells beats the controls at deletion, insertion and ROAD" in judged(against=good)[1]
    bad = AGAINST | {"gradcam.road": Versus("random", near(-0.3), 0.001)}
    assert "**worse than the best control** at ROAD, **no better" in judged(against=bad)[1]


def test_interventions_have_a_gate_for_every_suspect():
    figures = {"reliance.background_swap": near(0.2), "reliance.shadow_paste_over_control": near(0.4)}
    figures["reliance.shadow_lift"] = Estimate(0.84, 0.7, 0.95, 30)
    gates = verdict.reliance(figures, ["shadow"], LIMITS)
    assert [gate.status for gate in gates] == ["not run", "pass", "fail", "not run"]
    said = sentences.finding(gates, figures, near(0.4), [], "")
    assert "the shadow alone wins the answer" in said
    assert "**the maps do not show it**: 0.84× as much evidence on the shadow" in said
    assert "40.0 % of the evidence lies outside the object" in said
    assert all(math.isfinite(gate.limit) for gate in gates)


def test_without_gates_the_studys_own_regions_are_told():
    figures = {
        "reliance.mouth_swap_over_control": near(0.34),
        "reliance.eyes_swap_over_control": near(0.02),
        "reliance.nose_swap_over_control": Estimate(math.nan, math.nan, math.nan, 3),
    }
    said = sentences.finding([], figures, NOTHING, ["eyes", "mouth", "nose"], "")
    assert said.startswith("**The answers hang on the mouth**: ")
    assert "elsewhere, mouth 34.0 points (95 % interval 29.0 to 39.0 %, n = 40); eyes 2.0 points" in said
    nothing = sentences.finding([], {}, NOTHING, ["eyes"], "")
    assert nothing.startswith("**What the answers hang on was not tested**")


def test_a_method_that_passes_more_gates_is_named():
    found = [Gate(f"{name}.road", "", near(value), 0, True) for name, value in (("a", -0.3), ("b", 0.3), ("c", 0.0))]
    titles = {"a": "A", "b": "B", "c": "C"}
    assert sentences.ahead(titles, found) == " B passes more of these gates: 1, where A passes 0."
    assert sentences.ahead({"b": "B", "c": "C"}, found) == ""
