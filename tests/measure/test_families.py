"""The tables hold what the first edition's functions find: the same values, estimates and differences."""

import numpy as np
import pandas as pd
import pytest

from seewhy import open_study, stats
from seewhy.measure import driver, robustness
from seewhy.measure.audit_rows import METHODS
from seewhy.measure.budget import Budget
from seewhy.measure.donors import DONORS
from seewhy.measure.families.class_sensitivity import TWO_CLASSES
from seewhy.measure.families.faithfulness import sweep_passes
from seewhy.measure.families.randomisation import DRAWS
from seewhy.measure.forward import photo_outputs
from seewhy.methods.cam import TITLES
from seewhy.metrics import diagnosis, localisation, randomisation
from seewhy.metrics.interventions import change_region
from seewhy.metrics.registry import BEST
from tests.measure import first_edition

OLD = {  # figure of the first edition -> metric, and the facet that picks it
    "localisation_lift": ("lift", {"class_is": "true"}),
    "pointing": ("pointing_game", {"class_is": "true"}),
    "deletion_auc": ("deletion", {}),
    "insertion_auc": ("insertion", {}),
    "road": ("road", {}),
    "average_drop": ("average_drop", {}),
    "average_increase": ("average_increase", {}),
}
METHOD = ["gradcam", "activation"]


@pytest.fixture
def ready(project, study):
    project.set("audit", {"methods": METHOD, "steps": 4, "depths": 2, "work": 100})
    assert study.name == "tiny"
    return open_study("tiny")


def close(row, estimate):
    found = row[["estimate", "low", "high"]].to_numpy(float)
    np.testing.assert_allclose(found, [estimate.value, estimate.low, estimate.high], rtol=1e-6, atol=1e-9)
    assert row["n"] == estimate.n


def one(frame, **chosen):
    for name, value in chosen.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def test_estimates_and_differences_of_localisation_and_faithfulness_are_those_of_before(ready):
    rows = Budget(ready, 100).sample_rows(sweep_passes(METHOD, 4))
    tables = {
        **first_edition.located(ready, METHOD),
        **first_edition.faithful(first_edition.swept(ready, rows, METHOD, 4)),
    }
    measured = first_edition.measured(tables, 0)
    against = first_edition.compared(tables, METHOD, 0)
    for old, (name, facets) in OLD.items():
        summary = ready.measure(name).summary(versus=[BEST])
        for method in [*METHOD, "random", "centre", "edges"]:
            close(one(summary, method=method, versus="", **facets), measured[f"{method}.{old}"])
        for method in METHOD:
            row, before = one(summary, method=method, versus=BEST, **facets), against[f"{method}.{old}"]
            close(row, before.difference)
            assert row["against"] == before.control
            assert row["p"] == pytest.approx(before.p, nan_ok=True)


def test_curves_are_those_of_the_sweep(ready):
    rows = Budget(ready, 100).sample_rows(sweep_passes(METHOD, 4))
    sweep = first_edition.swept(ready, rows, METHOD, 4)
    for kind in ("deletion", "insertion"):
        table = ready.measure(f"{kind}_curve").table
        for method in [*METHOD, "edges"]:
            own = table[table["method"] == method].pivot(index="image", columns="share", values="value")
            assert own.columns.tolist() == sweep.shares.tolist()
            wanted = sweep.meaningful_curves(kind)[method]
            np.testing.assert_allclose(own.loc[rows["image"]].to_numpy(), wanted, atol=1e-6)


def test_maps_under_changes_are_those_of_before(ready):
    probed = Budget(ready, 100).sample_rows(robustness.most_passes(2, DRAWS))
    moved, after = first_edition.moved(ready, probed, METHOD), ready.measure("randomisation").summary()
    flips = ready.measure("label_flip").summary()
    stays = ready.measure("stability").summary()
    for method in METHOD:
        likeness, others, deep = first_edition.redrawn(ready, probed, method, 2)
        kept = np.stack([randomisation.kept_share(*pair) for pair in zip(likeness.T, others.T, strict=True)], 1)
        for metric, values in (
            ("correlation_after_randomisation", likeness),
            ("correlation_with_other_images", others),
            ("similarity_after_randomisation", kept),
        ):
            close(one(after, metric=metric, method=method, depth=1.0), stats.crossed_mean(values, 0))
        first = min(deep)
        close(
            one(after, metric="similarity_after_randomisation", method=method, depth=first),
            stats.mean(randomisation.kept_share(*deep[first]), 0),
        )
        reasons = ready.measure("class_sensitivity", methods=[method]).table["reason"]
        assert set(reasons) == {TWO_CLASSES}
        for kind, likeness in moved.likeness.items():
            close(one(stays, method=method, change=kind), stats.mean(likeness[method], 0))
    for kind, flipped in moved.flipped.items():
        close(one(flips, method="", change=kind), stats.proportion(flipped))


def test_every_intervention_has_a_row_for_each_donor_and_its_control(ready):
    table = ready.measure("prediction_change").table
    there = table[table["value"].notna()]
    swaps = there[(there["region"] == "background") & (there["kind"] == "swap")]
    counts = swaps.groupby(["image", "control"])["donor"].nunique()
    assert counts.max() == DONORS
    predicted = ready.predictions.set_index("image")["predicted"]
    same = predicted.loc[swaps["donor"]].to_numpy() == predicted.loc[swaps["image"]].to_numpy()
    assert (same == swaps["control"].to_numpy(bool)).all()  # of the background: an image with the same prediction
    assert (swaps["donor"] != swaps["image"]).all()
    lifts = first_edition.marked(ready, ready.predictions, "gradcam")
    found = ready.measure("region_lift").table
    found = found[(found["method"] == "gradcam") & (found["region"] == "object")]
    np.testing.assert_allclose(np.sort(found["value"]), np.sort(lifts["object"]))


def test_log_odds_are_those_of_the_network(ready):
    """A blurred object: the model is asked for it by hand."""
    table = ready.measure("log_odds_change").table
    rows = table[(table["region"] == "object") & (table["kind"] == "blur") & ~table["control"].astype(bool)]
    first = ready.predictions[ready.predictions["image"] == rows["image"].iloc[0]]
    photo, mask = ready.photos(first), ready.object_masks(first)
    blurred = change_region("blur", photo[0], mask[0], photo[0])[None]
    odds = []
    for one in (photo, blurred):
        logits = photo_outputs(ready, ready.model, one)[0].double()
        odds.append(float(logits[first["target"].iloc[0]] - logits[1 - first["target"].iloc[0]]))
    assert rows["value"].iloc[0] == pytest.approx(odds[1] - odds[0], abs=1e-5)


def test_what_lies_outside_the_object_is_that_of_before(ready):
    before = stats.mean(first_edition.outside(ready, "gradcam")["outside"].to_numpy(), 0)
    row = one(ready.measure("object_share").summary(), method="gradcam", class_is="predicted")
    found = np.array([row["estimate"], row["high"], row["low"]])
    np.testing.assert_allclose(1 - found, [before.value, before.low, before.high], rtol=1e-6)


def test_every_map_has_the_word_of_before(ready):
    from seewhy.maps.attributions import attribute_rows
    from seewhy.measure.families.object_shares import object_shares

    rule, maps = diagnosis.Rule(0.5, 0.26, 0.1, 0.5), attribute_rows(ready, ready.predictions, ["gradcam"])
    found = diagnosis.diagnose_maps(maps.maps["gradcam"], *object_shares(ready, maps, "gradcam"), rule)
    table = ready.measure("diagnosis").table
    words = table[(table["metric"] == "diagnosis") & (table["method"] == "gradcam")]
    assert words["word"].tolist() == found["word"].tolist()
    assert [diagnosis.WORDS[int(value)] for value in words["value"]] == found["word"].tolist()
    spread = ready.measure("spread").table
    np.testing.assert_allclose(spread.loc[spread["method"] == "gradcam", "value"], found["spread"])


def test_page_02_compares_the_same_lifts(ready):
    from seewhy.maps.attributions import attribute_rows
    from seewhy.samples import with_objects

    boxed = with_objects(ready.predictions)
    held = attribute_rows(ready, boxed, METHOD, names=boxed["label"])
    lifts = localisation.method_lifts(
        {TITLES[name]: held.upsampled(name) for name in held.maps}, ready.object_masks(boxed), held.grid, 0
    )
    before = first_edition.paired(lifts, [("Grad-CAM", "centre"), ("Grad-CAM", "Activation")], 0)
    summary = ready.measure("lift").summary(versus=["centre", "activation"])
    own = {"class_is": "true", "method": "gradcam"}
    close(one(summary, versus="centre", **own), before["Grad-CAM minus centre"])
    close(one(summary, versus="activation", **own), before["Grad-CAM minus Activation"])


def test_a_study_is_measured_and_read_again(ready, project):
    files = driver.measure_study(ready)
    names = [path.stem for path in files if path.suffix == ".parquet"]
    assert {"localisation", "faithfulness", "interventions", "regions", "stability", "diagnosis"} <= set(names)
    contents = {path.name: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    old = [project.root / "data/measurements" / place / "old.parquet" for place in ("tiny", ".kept/tiny")]
    for path in old:
        path.write_bytes(b"")
    assert {path.name: path.read_bytes() for path in driver.measure_study(open_study("tiny"))} == contents
    assert not any(path.exists() for path in old)


def test_one_method_more_leaves_the_others_as_they_were(ready, project):
    driver.store_family(ready, "randomisation")
    project.set("audit.methods", [*METHOD, "hirescam"])
    (path,) = driver.store_family(open_study("tiny"), "randomisation")
    table = pd.read_parquet(path)
    assert table["method"].drop_duplicates().tolist() == [*METHOD, "hirescam"]
    assert table.groupby("method").size().nunique() == 1
    assert not table.duplicated(["image", "target", "method", "metric", "depth", "draw"]).any()


def test_the_methods_of_the_audit_are_those_of_params():
    assert METHODS == ["gradcam", "gradcam_pp", "hirescam", "layercam", "eigencam", "activation"]
