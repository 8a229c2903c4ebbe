"""Figures from small measurement tables, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from seewhy import stats
from seewhy.checks.figure import Figure
from seewhy.checks.tables import StudyTables
from seewhy.checks.verdict import LIMITS, map_checks
from seewhy.errors import SeewhyError
from seewhy.measure.family import tidy_rows, tidy_table
from seewhy.measure.own_metrics import load_metrics
from seewhy.metrics.registry import METRICS, Metric
from tests.conftest import ROOT

N = 12
IMAGES = pd.DataFrame(
    {
        "image": [f"{k}.png" for k in range(N)],
        "target": [k % 2 for k in range(N)],
        "label": ["jay", "owl"] * 6,
        "predicted": ["jay", "owl"] * 5 + ["owl", "jay"],
        "site": ["north"] * 6 + ["south"] * 6,
    }
)
DRAW = np.random.default_rng(0)
LIFT = {
    name: DRAW.normal(mean, 0.2, N) for name, mean in (("gradcam", 2), ("random", 1), ("centre", 1.4), ("edges", 1.1))
}
CHANGED = {False: [1] * 8 + [0] * 4, True: [1] * 2 + [0] * 10}


@pytest.fixture(scope="module", autouse=True)
def metrics():
    load_metrics(ROOT)
    METRICS.setdefault("correct", Metric("correct", "predictions", "Accuracy", better="higher", is_share=True))


@pytest.fixture
def tables():
    lifts = [tidy_rows(IMAGES, name, "lift", LIFT[name], class_is="true") for name in LIFT]
    lifts += [tidy_rows(IMAGES, name, "lift", LIFT[name] / 2, class_is="predicted") for name in LIFT]
    changes = [
        tidy_rows(IMAGES, "", "prediction_change", CHANGED[control], region="shadow", kind="paste", control=control)
        for control in (False, True)
    ]
    moved = {"noise": 0.9, "shift": 0.2, "jpeg": 0.5}
    stable = [
        tidy_rows(IMAGES, "gradcam", "stability", np.full(N, value), change=kind) for kind, value in moved.items()
    ]
    depths = [
        tidy_rows(IMAGES, "gradcam", "similarity_after_randomisation", np.full(N, 1 - d), depth=d) for d in (0.5, 1.0)
    ]
    right = tidy_rows(IMAGES, "", "correct", (IMAGES["label"] == IMAGES["predicted"]).astype(float))
    parts = {"localisation": lifts, "interventions": changes, "stability": stable, "randomisation": depths}
    return StudyTables({name: tidy_table(some) for name, some in (parts | {"predictions": [right]}).items()}, IMAGES, 0)


def test_a_mean_is_that_of_the_true_class_unless_another_is_named(tables):
    assert tables.estimate_figure(Figure("lift", "gradcam")) == stats.mean(LIFT["gradcam"], 0)
    other = tables.estimate_figure(Figure("lift", "gradcam", facets={"class_is": "predicted"}))
    assert other == stats.mean(LIFT["gradcam"] / 2, 0)


def test_a_method_is_compared_image_by_image_with_the_best_baseline_or_a_named_one(tables):
    best, centre = (Figure("lift", "gradcam", name) for name in ("best_baseline", "centre"))
    assert tables.strongest_baseline(best) == "centre"
    every = [stats.mean(LIFT["gradcam"] - LIFT[name], 0) for name in ("random", "centre", "edges")]
    assert tables.estimate_figure(centre) == every[1]
    assert tables.estimate_figure(best) == stats.worst_estimate(every)


def test_images_of_a_group_and_equal_files_are_resampled_together(tables):
    images = IMAGES.assign(image_group=[f"p{k // 2}" for k in range(N)])
    grouped = StudyTables(tables.tables, images, 0)
    codes = np.arange(N) // 2
    assert grouped.estimate_figure(Figure("lift", "gradcam")) == stats.mean(LIFT["gradcam"], 0, codes)
    changed = Figure("prediction_change", facets={"region": "shadow", "kind": "paste"})
    assert grouped.estimate_figure(changed) == stats.proportion(np.array(CHANGED[False], bool), codes)
    copies = IMAGES.assign(sha256=[f"{k // 3}" for k in range(N)])
    few = StudyTables(tables.tables, copies, 0).estimate_figure(Figure("lift", "gradcam"))
    assert (few.measured, few.n, few.groups) == (False, N, 4)


def test_an_intervention_is_compared_with_its_control(tables):
    facets = {"region": "shadow", "kind": "paste"}
    assert tables.estimate_figure(Figure("prediction_change", facets=facets)) == stats.proportion(
        np.array(CHANGED[False], bool)
    )
    pair = (np.array(CHANGED[control], float) for control in (False, True))
    assert tables.estimate_figure(Figure("prediction_change", "", "control", facets)) == stats.paired_shares(*pair)
    assert tables.estimate_figure(
        Figure("prediction_change", facets=facets | {"control": True})
    ).value == pytest.approx(1 / 6)


def test_the_worst_change_and_all_weights_are_found(tables):
    assert tables.estimate_figure(Figure("stability", "gradcam", facets={"change": "worst"})).value == pytest.approx(
        0.2
    )
    assert tables.estimate_figure(Figure("similarity_after_randomisation", "gradcam")).value == 0
    half = Figure("similarity_after_randomisation", "gradcam", facets={"depth": 0.5})
    assert tables.estimate_figure(half).value == pytest.approx(0.5)


def test_any_metric_by_class_and_by_slice(tables):
    jays = (IMAGES["label"] == "jay").to_numpy()
    north = (IMAGES["site"] == "north").to_numpy()
    assert tables.estimate_figure(Figure("lift", "gradcam", label="jay")) == stats.mean(LIFT["gradcam"][jays], 0)
    both = Figure("lift", "gradcam", "centre", label="jay", images={"site": "north"})
    assert tables.estimate_figure(both).n == 3
    assert tables.estimate_figure(Figure("lift", "gradcam", images={"site": "north"})) == stats.mean(
        LIFT["gradcam"][north], 0
    )
    assert tables.estimate_figure(Figure("accuracy", label="owl")).n == 6


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (
            Figure("lift", "gradcam", label="jai"),
            "unknown class 'jai' in lift, gradcam, class jai; did you mean 'jay'?",
        ),
        (
            Figure("lift", "gradcam", images={"sit": "a"}),
            "unknown column 'sit' in slice of lift, gradcam, sit a; did you",
        ),
        (
            Figure("lift", "gradcam", images={"site": "norht"}),
            "unknown site 'norht' in lift, gradcam, site norht; did you",
        ),
        (Figure("stability", "gradcam"), "stability, gradcam: found no change; allowed: noise, shift, jpeg"),
    ],
)
def test_what_the_study_does_not_have_is_one_line(tables, figure, said):
    with pytest.raises(SeewhyError) as error:
        tables.estimate_figure(figure)
    assert str(error.value).startswith(said)


def test_what_has_no_value_says_why():
    none = tidy_rows(IMAGES, "gradcam", "class_sensitivity", np.full(N, np.nan), "not informative for two classes")
    tables = StudyTables({"class_sensitivity": tidy_table([none])}, IMAGES, 0)
    figure = Figure("class_sensitivity", "gradcam")
    assert (tables.estimate_figure(figure).n, [*tables.missing_reasons(figure)]) == (
        0,
        ["not informative for two classes"],
    )
    [check] = [one for one in map_checks(tables, {"gradcam": "Grad-CAM"}, LIMITS) if one.figure == figure]
    assert (check.status, check.missing) == ("not run", "not informative for two classes")


def test_what_was_not_measured_has_no_image(tables):
    assert tables.estimate_figure(Figure("road", "gradcam")).n == 0
    assert tables.strongest_baseline(Figure("road", "gradcam", "best_baseline")) == ""
