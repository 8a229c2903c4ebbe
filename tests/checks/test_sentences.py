"""The verdict in words: what each status allows to say, and how long a sentence may be."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from seewhy.checks import verdict
from seewhy.checks.answer import ANSWERS, SEVERITIES
from seewhy.checks.check import Check, Subject
from seewhy.checks.figure import Figure
from seewhy.checks.majority_baseline import MajorityBaseline
from seewhy.checks.old_keys import old_key
from seewhy.metrics import stability
from seewhy.report.text import method_sentences, shortcut_sentences, verdict_sentences
from seewhy.report.text.intervention_sentences import Evidence
from seewhy.stats import NAN, NOTHING, Estimate

LIMITS = {"lift": 1.0, "control": 0.0, "kept": 0.5, "target": 0.5, "stability": 0.7}
LIMITS |= {"object": 0.1, "background": 0.1, "suspect": 0.1, "flipped": 0.1}


def near(value: float, half: float = 0.05, n: int = 40) -> Estimate:
    return Estimate(value, value - half, value + half, n)


class Known(dict):
    """Figures by their old keys."""

    def estimate_figure(self, figure):
        return self.get(old_key(figure).removeprefix("audit."), NOTHING)

    def missing_reasons(self, _figure):
        return {}

    def strongest_baseline(self, figure):
        return "centre" if self.estimate_figure(figure).n else ""


SHADOW = {
    "reliance.shadow_paste_over_control": near(0.4),
    "reliance.shadow_paste": near(0.516, n=122),
    "reliance.shadow_paste_control": near(0.09, n=122),
    "reliance.shadow_lift": Estimate(0.84, 0.7, 0.95, 30),
}
OBJECT = {
    "reliance.object_swap_over_control": near(0.5),
    "reliance.object_swap": near(0.6),
    "reliance.object_swap_control": near(0.1),
    "reliance.background_swap": near(0.2),
    "reliance.background_swap_control": near(0.2),
    "reliance.background_swap_over_control": near(0.0),
}
MAP = {
    "gradcam.localisation_lift": near(2.1),
    "gradcam.localisation_lift_over_control": near(0.8),
    "gradcam.kept": near(0.1),
    "gradcam.target_spearman": near(-0.9),
    "gradcam.stability_spearman": near(0.9),
    "gradcam.deletion_auc_over_control": near(0.2),
    "gradcam.insertion_auc_over_control": near(0.2),
    "gradcam.road_over_control": near(0.2),
}


def shortcut(figures, suspects=(), **evidence):
    known = Known(figures)
    return shortcut_sentences.shortcut_answer(
        verdict.model_checks(known, suspects, LIMITS), Evidence(known, **evidence)
    )


def test_a_suspect_that_brings_the_prediction_along_is_a_shortcut():
    found = shortcut(SHADOW, ["shadow"], won={"shadow": "tree"})
    assert (found.answer, found.severity, found.figure) == ("Yes", "shortcut", "51.6 % by the shadow alone")
    assert found.sentence == (
        "Pasting only the shadow into other images makes the model predict *tree* in 51.6 % of cases. "
        "Pasting an equal area of another image does so in 9.0 %."
    )
    assert found.short == "A pasted shadow alone makes the model predict *tree* (51.6 %), and heat maps do not mark it."
    assert "+40 points (95 % interval +35 to +45 points, n = 40)" in found.detail


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.6, 2.3, ", and heat maps mark it."),
        (1.01, 2.3, "is not clear."),
        (0.9, 1.1, ", and heat maps do not mark it."),
        (1.01, 1.3, ", and heat maps do not mark it."),  # more than chance, and hardly so
    ],
)
def test_maps_are_said_to_hide_a_suspect_only_where_that_is_clear(low, high, said):
    found = shortcut(SHADOW | {"reliance.shadow_lift": Estimate((low + high) / 2, low, high, 30)}, ["shadow"])
    assert found.short.endswith(said)


def test_predictions_that_hardly_depend_on_the_object():
    figures = {"reliance.object_swap": near(0.2), "reliance.object_swap_control": near(0.24)}
    found = shortcut(figures | {"reliance.object_swap_over_control": near(-0.04)})
    assert (found.answer, found.severity) == ("Yes", "shortcut")
    assert found.sentence == (
        "Replacing the object changes 20.0 % of predictions. Replacing an equal area elsewhere changes 24.0 %."
    )


BACKGROUND = {
    "reliance.background_swap": near(0.35),
    "reliance.background_swap_control": near(0.02),
    "reliance.background_swap_over_control": near(0.33),
}
UNTOUCHED = {f"reliance.shadow_{kind}_over_control": near(0.0) for kind in ("paste", "swap")}


def test_a_background_that_decides_beyond_its_control():
    found = shortcut(BACKGROUND)
    assert (found.answer, found.short) == ("Yes", "The predictions depend on what surrounds the object.")
    assert found.sentence == (
        "Replacing everything but the object changes 35.0 % of predictions. "
        "Replacing it by that of images with the same prediction changes 2.0 %."
    )
    assert shortcut(BACKGROUND | SHADOW, ["shadow"]).short.startswith("A pasted shadow alone")


def test_a_control_that_changes_most_predictions_lets_nothing_pass():
    blind = OBJECT | {"reliance.background_swap_control": near(0.8), "reliance.background_swap": near(0.8)}
    found = shortcut(blind)
    assert (found.answer, found.severity) == ("Undecided", "unknown")
    assert "the background, since the control alone changes most predictions (80.0 %)" in found.detail


def test_what_was_not_looked_for_is_not_called_absent():
    found = shortcut(OBJECT)
    assert (found.answer, found.short) == ("No", "The predictions depend on the object.")
    assert found.detail.startswith("No suspect is named, so no particular shortcut was looked for.")
    assert shortcut(OBJECT | UNTOUCHED, ["shadow"]).short == "No shortcut was found."


@pytest.mark.parametrize(
    "few", [{}, {f"reliance.shadow_{kind}_over_control": Estimate(0, -1, 1, 3) for kind in ("paste", "swap")}]
)
@pytest.mark.parametrize("one", ["paste", "swap"])
def test_a_suspect_that_was_not_tested_in_both_ways_is_not_cleared(few, one):
    for figures in (few, few | {f"reliance.shadow_{one}_over_control": near(0.0)}):
        found = shortcut(OBJECT | figures, ["shadow"])
        assert (found.answer, found.severity) == ("Undecided", "unknown")
        assert found.short == "No shortcut was found, but the shadow could not be tested."
        assert found.detail.startswith("Not tested: the shadow, since too few images show it.")


def test_what_is_inside_a_box_is_not_told_from_its_object():
    found = shortcut(OBJECT, boxed=True)
    assert (found.answer, found.severity) == ("Undecided", "unknown")
    assert found.short == "The predictions depend on what is inside the boxes."
    assert shortcut(BACKGROUND, boxed=True).answer == "Yes"


def test_open_and_untested():
    found = shortcut({"reliance.background_swap_over_control": near(0.1, n=30)})
    assert found.answer == "Undecided"
    assert "Less than 11.4 % of predictions cannot be told from none with 30 images." in found.detail
    found = shortcut({"reliance.background_swap_over_control": Estimate(1, 0.2, 1, 1)})
    assert (found.answer, found.sentence[:12], found.detail) == ("Not tested", "Fewer than 5", "Images: 1.")
    assert shortcut({}).answer == "Not tested"


def test_without_objects_the_studys_own_regions_are_told():
    figures = {
        "reliance.mouth_swap": near(0.44),
        "reliance.mouth_swap_control": near(0.1),
        "reliance.mouth_swap_over_control": near(0.34),
        "reliance.mouth_blur_over_control": near(0.2),
        "reliance.eyes_swap_over_control": near(0.02),
    }
    found = shortcut(figures, regions=["eyes", "mouth"])
    assert found.short == "The predictions depend on the mouth."
    assert found.sentence.startswith("Replacing the mouth changes 44.0 % of predictions.")
    assert found.answer == "Undecided"


def model(accuracy, best=0.9, given=40):
    return MajorityBaseline(accuracy, best, "tree", "no tree", given, 40)


def test_a_model_below_the_majority_baseline_does_not_work():
    found = verdict_sentences.works_answer(model(near(0.1)))
    assert (found.answer, found.severity) == ("No", "broken")
    assert found.sentence == (
        "The model is worse than always predicting *tree* (10.0 % against 90.0 %). "
        "It predicts *no tree* for 40 of 40 images."
    )
    assert "It predicts" not in verdict_sentences.works_answer(model(near(0.1), given=20)).sentence
    assert verdict_sentences.works_answer(model(near(0.9))).answer == "Undecided"
    assert verdict_sentences.works_answer(model(near(0.98, 0.01))).answer == "Yes"
    rarely = verdict_sentences.works_answer(model(near(0.375), best=0.125))
    assert (rarely.answer, rarely.short) == ("Partly", "Only 37.5 % of the images are classified correctly.")
    assert verdict_sentences.works_answer(model(NOTHING)).answer == "Not tested"


def own(value, limit=0.4):
    figure = Figure("iou", facets={"region": "crown"})
    return Check(Subject("own"), figure, "the overlap is above 0.4", "the overlap is not above 0.4", limit, True, value)


def test_without_labels_the_projects_own_checks_say_whether_it_works():
    answers = [
        verdict_sentences.works_answer(model(NOTHING), [own(one)]) for one in (near(0.6), near(0.2), near(0.4), NOTHING)
    ]
    assert [one.answer for one in answers] == ["Yes", "No", "Undecided", "Not tested"]
    assert answers[1].sentence == "The overlap is not above 0.4."


def stable(value):
    known = Known({"stability.flipped": value})
    return verdict_sentences.stability_answer(verdict.model_checks(known, [], LIMITS), Evidence(known, change="jpeg"))


def test_stability_names_the_change():
    assert stable(near(0.2)).sentence == "JPEG compression changes 20.0 % of predictions."
    assert {*verdict_sentences.CHANGES} == {*stability.CHANGES}
    answers = [stable(one).answer for one in (near(0.2), near(0.02, 0.01), near(0.1), NOTHING)]
    assert answers == ["No", "Yes", "Undecided", "Not tested"]


def maps(changes, figures=MAP, suspects=()):
    known = Known(figures | changes)
    checks = [
        *verdict.model_checks(known, suspects, LIMITS),
        *verdict.map_checks(known, {"gradcam": "Grad-CAM"}, LIMITS),
    ]
    return method_sentences.maps_answer(checks, "Grad-CAM", Evidence(known))


def test_maps_that_pass_everything_and_maps_that_hide_a_shortcut():
    found = maps({})
    assert (found.answer, found.sentence) == ("Yes", "Grad-CAM passes all 6 checks.")
    assert maps({"gradcam.localisation_lift": near(0.2)}) == found  # plausible or not: that is no trust
    found = maps(SHADOW, suspects=["shadow"])
    assert (found.answer, found.sentence) == ("No", "Heat maps do not mark the shadow, which the model relies on.")


@pytest.mark.parametrize(
    ("changes", "answer", "severity", "said"),
    [
        ({"gradcam.kept": near(0.9)}, "No", "misleading", "survives when all weights are randomised"),
        ({"gradcam.target_spearman": near(0.99, 0.01)}, "Partly", "misleading", "nearly the same for another class"),
        (
            {"gradcam.stability_spearman": near(0.3)},
            "Partly",
            "unstable",
            "changes under an imperceptible perturbation",
        ),
        (
            {"gradcam.road_over_control": near(-0.3)},
            "Partly",
            "misleading",
            "A baseline ranks the squares of the image better",
        ),
        (
            {"gradcam.road_over_control": near(0.0)},
            "Undecided",
            "unknown",
            "passes 5 of 6 checks, and the others are undecided",
        ),
    ],
)
def test_what_fails_is_said(changes, answer, severity, said):
    found = maps(changes)
    assert (found.answer, found.severity) == (answer, severity)
    assert said in found.sentence


def test_a_method_that_passes_more_checks_is_named():
    known = Known({f"{name}.road_over_control": near(value) for name, value in (("a", -0.3), ("b", 0.3), ("c", 0.0))})
    titles = {"a": "A", "b": "B", "c": "C"}
    checks = verdict.map_checks(known, titles, LIMITS)
    assert method_sentences.better_method(titles, checks) == "B passes 1 checks, A 0."
    assert method_sentences.better_method({"b": "B", "c": "C"}, checks) == ""


WORKS = near(0.98, 0.01)


def judged(figures, accuracy=WORKS, suspects=(), project=()):
    known = Known(figures)
    checks = [*model(accuracy).accuracy_checks, *verdict.model_checks(known, suspects, LIMITS)]
    parts = (
        verdict_sentences.works_answer(model(accuracy)),
        shortcut_sentences.shortcut_answer(checks, Evidence(known)),
        verdict_sentences.stability_answer(checks, Evidence(known)),
    )
    status = verdict_sentences.verdict_status([*checks, *project])
    return status, verdict_sentences.use_answer(status, *parts, maps({}), project)


FINE = OBJECT | {"stability.flipped": near(0.02, 0.01)}


@pytest.mark.parametrize(
    ("figures", "more", "status", "answer", "line"),
    [
        (FINE, {}, "passed", "Yes", "PASSED. No check of the model or its maps failed."),
        (
            FINE | SHADOW,
            {"suspects": ["shadow"]},
            "failed",
            "No",
            "FAILED. A pasted shadow alone makes the model predict the object (51.6 %), and heat maps do not mark it.",
        ),
        (  # what does not work is said first
            FINE | SHADOW,
            {"suspects": ["shadow"], "accuracy": near(0.1)},
            "failed",
            "No",
            "FAILED. The model is worse than always predicting *tree*.",
        ),
        (FINE, {"project": [own(near(0.2))]}, "failed", "No", "FAILED. The overlap is not above 0.4."),
        (
            FINE | {"stability.flipped": near(0.3)},
            {},
            "failed",
            "With care",
            "USE WITH CARE. Imperceptible changes of an image change the prediction.",
        ),
        (
            {"stability.flipped": near(0.02, 0.01)},
            {},
            "not tested",
            "Not known",
            "NOT DECIDED. What the model relies on was not tested.",
        ),
        (FINE, {"accuracy": near(0.9)}, "undecided", "Not known", "NOT DECIDED. The model is not clearly better than"),
    ],
)
def test_the_verdict_is_what_weighs_most_and_in_one_line(figures, more, status, answer, line):
    found, use = judged(figures, **more)
    assert (found, use.answer) == (status, answer)
    assert use.line.startswith(f"Verdict for this model: {line}")
    assert use.trust.answer == {"No": "No", "With care": "Partly", "Yes": "Yes"}.get(answer, use.lead.answer)


def test_a_check_of_what_predictions_depend_on_is_needed_to_pass():
    assert verdict_sentences.verdict_status(model(near(0.98, 0.01)).accuracy_checks) == "not tested"


PRIVATE = {";", "gate", "blob", "cell", "evidence", "answer", "flip"}  # words that pages no longer use
VALUES = (near(0.02, 0.01), near(0.3), near(0.95, 0.01), NOTHING, Estimate(NAN, NAN, NAN, 3))


@pytest.mark.parametrize(("first", "second"), [*product(VALUES, VALUES)])
def test_every_finding_is_short_and_its_words_are_known(first, second):
    """At most two sentences and 40 words, at most 20 in one."""
    figures = dict.fromkeys((*OBJECT, *SHADOW, "stability.flipped"), first)
    figures |= {"reliance.shadow_paste_over_control": second, "reliance.object_swap_over_control": second}
    known = Known(figures | dict.fromkeys(MAP, second))
    checks = [
        *verdict.model_checks(known, ["shadow"], LIMITS),
        *verdict.map_checks(known, {"gradcam": "Grad-CAM"}, LIMITS),
    ]
    evidence = Evidence(known, won={"shadow": "no tree"}, change="noise")
    answers = [
        verdict_sentences.works_answer(model(first), [own(second)]),
        shortcut_sentences.shortcut_answer(checks, evidence),
        verdict_sentences.stability_answer(checks, evidence),
        method_sentences.maps_answer(checks, "Grad-CAM", evidence),
    ]
    for one in answers:
        assert (one.answer in ANSWERS, one.severity in SEVERITIES) == (True, True)
        sentences = re.split(r"(?<=\.) (?=[A-Z0-9])", one.sentence)
        assert len(sentences) <= 2
        assert all(len(sentence.split()) <= 20 for sentence in sentences), sentences
        assert not PRIVATE & {*one.sentence.split()}
        assert one.short.endswith(".")


def test_a_check_that_is_meant_to_fail_convicts_nobody():
    meant = replace(own(near(0.2)), expected="fail")
    assert judged(FINE, project=[meant])[1].answer != "No"


def test_what_is_not_decided_or_waits_has_not_passed():
    use = judged(FINE, project=[own(Estimate(0.4, 0.3, 0.5, 50))])[1]
    assert (use.answer, use.lead.severity) == ("With care", "unknown")
    assert "PASSED" not in use.line
    waiting = shortcut(FINE, waiting="2 candidates wait for your judgement.")
    assert (waiting.answer, waiting.severity) == ("No", "unknown")


def draw_estimate(rng):
    """Any estimate: of none, too few, equal or enough images, and with an end at a limit now and then."""
    kind = rng.integers(8)
    if kind == 0:
        return NOTHING
    if kind == 1:
        return Estimate(NAN, NAN, NAN, int(rng.integers(1, 5)))
    low, value, high = np.sort(rng.choice([*rng.uniform(-0.5, 2.2, 6), 0.0, 0.1, 0.5, 0.7, 1.0, 1.5], 3))
    if kind == 2:
        return Estimate(value, value, value, 40)
    groups = int(rng.integers(2, 9)) if kind == 3 else 0
    return Estimate(value, low, high, int(rng.integers(1, 300)), groups)


def decides(one, limit):
    """1 where the estimate is shown to be above the limit, -1 below, else 0: written out once more."""
    if (one.groups or one.n) < 5 or not one.measured or one.low == one.high:
        return 0
    return 1 if one.low > limit else -1 if one.high < limit else 0


def test_no_sentence_goes_beyond_its_interval():
    """Thousands of studies with any figures: every answer and every claim in words has an interval that shows it."""
    rng, seen = np.random.default_rng(0), set()
    keys = [*OBJECT, *SHADOW, "reliance.shadow_swap_over_control", "reliance.shadow_swap", "stability.flipped", *MAP]
    sound = OBJECT | {f"reliance.shadow_{kind}_over_control": near(0.0) for kind in ("paste", "swap")}
    for number in range(3000):
        known = Known({key: draw_estimate(rng) for key in keys} | (sound if number % 10 == 0 else {}))
        accuracy = draw_estimate(rng)
        of_model = verdict.model_checks(known, ["shadow"], LIMITS)
        of_maps = verdict.map_checks(known, {"gradcam": "Grad-CAM"}, LIMITS)
        evidence = Evidence(known, won={"shadow": "tree"}, change="noise")
        works = verdict_sentences.works_answer(model(accuracy, best=0.5))
        shortcut = shortcut_sentences.shortcut_answer(of_model, evidence)
        stable = verdict_sentences.stability_answer(of_model, evidence)
        maps = method_sentences.maps_answer([*of_model, *of_maps], "Grad-CAM", evidence)
        checks = [*model(accuracy, best=0.5).accuracy_checks, *of_model]
        status = verdict_sentences.verdict_status(checks)
        use = verdict_sentences.use_answer(status, works, shortcut, stable, maps)
        seen |= {works.answer, f"{shortcut.answer} {shortcut.severity}", f"maps {maps.answer}", f"use {use.answer}"}

        side = {key: decides(one, 0.1) for key, one in known.items()}
        shadow = max(side["reliance.shadow_paste_over_control"], side["reliance.shadow_swap_over_control"])
        causes = {
            "depend on the shadow": shadow == 1,
            "pasted shadow": shadow == 1,
            "hardly depend on the object": side["reliance.object_swap_over_control"] == -1,
            "predictions depend on the object": side["reliance.object_swap_over_control"] == 1,
            "surrounds the object": side["reliance.background_swap_over_control"] == 1,
        }
        for words, shown in causes.items():
            assert shown or words not in shortcut.short or "relies on a shortcut" in shortcut.short, shortcut
        assert works.answer not in ("Yes", "Partly") or decides(accuracy, 0.5) == 1
        assert works.answer != "No" or decides(accuracy, 0.5) == -1
        assert (
            shortcut.answer != "Yes"
            or shadow == 1
            or causes["hardly depend on the object"]
            or causes["surrounds the object"]
        )
        assert stable.answer != "Yes" or side["stability.flipped"] == -1
        assert stable.answer != "No" or side["stability.flipped"] == 1
        lift = decides(known["reliance.shadow_lift"], 1.5)
        assert lift == 1 or "and heat maps mark it" not in shortcut.short
        assert lift == -1 or "maps do not mark" not in shortcut.short + maps.sentence
        assert lift == -1 or maps.answer != "No" or decides(known["gradcam.kept"], 0.5) == 1
        ranked = [
            decides(known[f"gradcam.{name}_over_control"], 0) for name in ("deletion_auc", "insertion_auc", "road")
        ]
        assert min(ranked) == -1 or "ranks the squares" not in maps.sentence
        assert use.answer != "Yes" or (status == "passed" and shortcut.answer == "No" and maps.answer == "Yes")
        assert use.answer != "No" or works.answer == "No" or shortcut.answer == "Yes"
    wanted = {"Yes", "No", "Undecided", "Yes shortcut", "No fine", "maps No", "maps Partly", "maps Undecided"}
    assert wanted | {"use No", "use Not known", "use With care"} <= seen
