import json
import math

import pytest

from seewhy.checks import verdict
from seewhy.checks.verdict import MINDS, Gate
from seewhy.measure.against_baselines import Versus
from seewhy.report.text import method_sentences, verdict_sentences
from seewhy.stats import NAN, NOTHING, Estimate

LIMITS = {"lift": 1.0, "control": 0.0, "kept": 0.5, "target": 0.5, "stability": 0.7}
LIMITS |= {"object": 0.1, "background": 0.5, "suspect": 0.1, "flipped": 0.1}
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
    assert row == {
        "gate": "a.b",
        "value": 0.3333333333,
        "low": 0.2,
        "high": 0.5,
        "limit": 1.0,
        "n": 7,
        "status": "fail",
    }
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
    return {gate.gate: gate.status for gate in gates}, method_sentences.method("gradcam", "Grad-CAM", gates, against)


def test_the_sentence_of_a_method_says_what_holds_and_what_does_not():
    statuses, said = judged()
    assert statuses["gradcam.deletion_auc_over_control"] == "unsure"
    assert list(statuses.values()).count("pass") == 7
    assert said == (
        "Grad-CAM puts **2.10× (95 % interval 2.05 to 2.15×, n = 40)** as much of the evidence for what is there on "
        "the object as chance would, better than a blob in the middle (p < 0.01); "
        "**do not rank cells by it**: it does not clearly beat the controls (deletion)."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gradcam.kept": near(0.9)}, "**it stays when the weights are redrawn**"),
        ({"gradcam.target_spearman": near(1, 0)}, "**it hardly knows what it explains**"),
        ({"gradcam.stability_spearman": near(0.3)}, "**it moves when the image changes unnoticed**"),
        (
            {"gradcam.localisation_lift": near(0.8)},
            "puts **only 0.80× (95 % interval 0.75 to 0.85×, n = 40)** as much",
        ),
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
    assert "its ranking of cells beats the controls (deletion, insertion, ROAD)" in judged(against=good)[1]
    bad = AGAINST | {"gradcam.road": Versus("random", near(-0.3), 0.001)}
    assert "**do not rank cells by it**: a map that knows nothing does better (ROAD)" in judged(against=bad)[1]


def test_interventions_have_a_gate_for_every_suspect():
    figures = {"reliance.background_swap": near(0.2), "reliance.shadow_paste_over_control": near(0.4)}
    figures |= {"reliance.shadow_paste": near(0.5, n=60), "reliance.shadow_lift": Estimate(0.84, 0.7, 0.95, 30)}
    gates = verdict.reliance(figures, ["shadow"], LIMITS)
    assert [gate.status for gate in gates] == ["not run", "pass", "fail", "not run"]
    assert verdict_sentences.finding(gates, figures, []) == (
        "**It takes shortcuts**: the shadow alone, pasted into an image that is answered otherwise, wins 50.0 % of 60 "
        "answers, +40 points (95 % interval +35 to +45 points, n = 40) against as much of another image; **the maps do "
        "not show it**: in the images as they are, the evidence on the shadow is 0.84× (95 % interval 0.70 to 0.95×, "
        "n = 30) what chance would put there."
    )
    assert all(math.isfinite(gate.limit) for gate in gates)


def test_an_answer_that_does_not_mind_the_object_is_said_so_and_not_called_a_shortcut():
    figures = {"reliance.object_swap": near(0.2), "reliance.object_swap_over_control": near(-0.04)}
    said = verdict_sentences.finding(verdict.reliance(figures, [], LIMITS), figures, [])
    assert said == (
        "**The answers hardly hang on the object**: replacing the object changes 20.0 % of 40 answers, "
        "\N{MINUS SIGN}4 points (95 % interval \N{MINUS SIGN}9 to +1 points, n = 40) against replacing as much "
        "elsewhere."
    )


def test_a_background_that_decides_is_no_shortcut_by_itself():
    figures = {"reliance.background_swap": near(0.9)}
    said = verdict_sentences.finding(verdict.reliance(figures, [], LIMITS), figures, [])
    assert said.startswith("**The answers hang on what is around the object**: replacing all but the object changes ")
    figures["reliance.shadow_paste_over_control"] = near(0.4)
    assert verdict_sentences.finding(verdict.reliance(figures, ["shadow"], LIMITS), figures, []).startswith(
        "**It takes shortcuts**"
    )


def test_answers_that_anything_changes_do_not_say_what_they_hang_on():
    figures = {"reliance.background_swap": near(0.9), "reliance.object_swap": near(0.8)}
    said = verdict_sentences.finding(verdict.reliance(figures, [], LIMITS), figures, [])
    assert said.startswith("**The answers change whatever is replaced, so what they hang on is not shown**: ")
    assert said.endswith("; replacing the object itself, 80.0 % (95 % interval 75.0 to 85.0 %, n = 40).")
    figures[f"reliance.{MINDS}"] = near(0.5)  # more than elsewhere: they hang on both
    said = verdict_sentences.finding(verdict.reliance(figures, [], LIMITS), figures, [])
    assert said.startswith("**The answers hang on what is around the object**")


def test_what_was_not_looked_for_is_not_called_absent():
    figures = {"reliance.object_swap": near(0.6), "reliance.object_swap_over_control": near(0.5)}
    figures["reliance.background_swap"] = near(0.2)
    gates = verdict.reliance(figures, [], LIMITS)
    said = verdict_sentences.finding(gates, figures, [])
    assert said.startswith(
        "**The answers hang on the object**: replacing the object changes 60.0 % of 40 answers, +50 "
    )
    assert "replacing all but the object changes answers: 20.0 % (95 % interval 15.0 to 25.0 %, n = 40)" in said
    assert verdict_sentences.untested(gates) == "No suspect shortcut is named, so none was looked for."
    figures |= {f"reliance.shadow_{kind}": near(0.1) for kind in ("paste", "swap")}
    figures |= {f"reliance.shadow_{kind}_over_control": near(0.0) for kind in ("paste", "swap")}
    gates = verdict.reliance(figures, ["shadow"], LIMITS)
    assert verdict_sentences.finding(gates, figures, []).startswith("**No shortcut was found among the suspects**")
    assert verdict_sentences.untested(gates) == ""
    figures["reliance.shadow_paste_over_control"] = near(0.9)
    assert (
        verdict_sentences.untested(verdict.reliance(figures, ["shadow", "snow"], LIMITS)) == ""
    )  # it is not cleared anyway


def test_the_finding_of_an_audit_has_what_weighs_most_on_top():
    assert (
        verdict_sentences.together("", "It hangs.", "It flips.", "", "CAM is so.")
        == "It hangs. It flips.\n\nCAM is so."
    )
    assert (
        verdict_sentences.together("Worth nothing.", "It hangs.", "It flips.")
        == "Worth nothing. It hangs.\n\nIt flips."
    )
    assert verdict_sentences.together("", "It hangs.", "") == "It hangs."


def test_a_suspect_that_hardly_any_image_has_is_not_cleared_and_hides_nothing():
    figures = {f"reliance.{MINDS}": near(0.5), "reliance.object_swap": near(0.6), "reliance.background_swap": near(0.2)}
    for few in ({}, {f"reliance.shadow_{kind}_over_control": Estimate(0, -0.5, 0.5, 3) for kind in ("paste", "swap")}):
        gates = verdict.reliance(figures | few, ["shadow"], LIMITS)
        said = verdict_sentences.finding(gates, figures | few, [])
        assert said.startswith("**The answers hang on the object**: replacing the object changes 60.0 % of 40 answers")
        assert verdict_sentences.untested(gates) == "**Not tested**: the shadow, seen in too few images."


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(1.1, 2.3, "; the maps show it"), (0.95, 2.3, "it is not clear that"), (0.9, 1.1, "**the maps do not show it**")],
)
def test_maps_are_said_to_hide_a_suspect_only_where_that_is_clear(low, high, said):
    figures = {"reliance.shadow_paste_over_control": near(0.4), "reliance.shadow_paste": near(0.5)}
    figures["reliance.shadow_lift"] = Estimate((low + high) / 2, low, high, 30)
    assert said in verdict_sentences.finding(verdict.reliance(figures, ["shadow"], LIMITS), figures, [])


@pytest.mark.parametrize(
    ("found", "said"),
    [(near(0.5), "decides nothing"), (Estimate(1, 0.2, 1, 1), "label can say so (n = 1)")],
)
def test_what_is_open_is_told_with_its_figure_and_what_rests_on_one_image_is_not(found, said):
    figures = {"reliance.background_swap": found}
    assert said in verdict_sentences.finding(verdict.reliance(figures, [], LIMITS), figures, [])


def test_without_gates_the_studys_own_regions_are_told():
    figures = {
        "reliance.mouth_swap_over_control": near(0.34),
        "reliance.mouth_blur_over_control": near(0.2),
        "reliance.mouth_darken_over_control": near(0.01),
        "reliance.eyes_swap_over_control": near(0.02),
        "reliance.nose_swap_over_control": Estimate(math.nan, math.nan, math.nan, 3),
    }
    said = verdict_sentences.finding([], figures, ["eyes", "mouth", "nose"])
    assert said == (
        "**The answers hang on the mouth**: more of them change than with as much elsewhere by replacing and blurring "
        "the mouth, +34 points (95 % interval +29 to +39 points, n = 40)."
    )
    nothing = verdict_sentences.finding([], {}, ["eyes"])
    assert nothing.startswith("**What the answers hang on was not tested**")


def test_answers_that_flip_unnoticed_are_told():
    assert verdict_sentences.fragile(verdict.steady(near(0.05, 0.01), LIMITS), "jpeg") == ""
    told = verdict_sentences.fragile(verdict.steady(near(0.2), LIMITS), "jpeg")
    assert told == (
        "**An unnoticed change flips answers**: JPEG of quality 75, 20.0 % (95 % interval 15.0 to 25.0 %, n = 40)."
    )


def test_a_method_that_passes_more_gates_is_named():
    found = [Gate(f"{name}.road", "", near(value), 0, True) for name, value in (("a", -0.3), ("b", 0.3), ("c", 0.0))]
    titles = {"a": "A", "b": "B", "c": "C"}
    assert method_sentences.ahead(titles, found) == "B passes more of these gates than A: 1 against 0. "
    assert method_sentences.ahead({"b": "B", "c": "C"}, found) == ""
