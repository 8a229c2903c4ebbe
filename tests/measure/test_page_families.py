"""Families of the pages' measurements: their form, and the figures of the first edition derived from their tables."""

import numpy as np
import pandas as pd
import pytest

from seewhy import stats
from seewhy.engine.layers import rising_layers
from seewhy.maps.attributions import attribute_rows
from seewhy.measure import page_figures, store
from seewhy.measure.driver import measure_family, store_family
from seewhy.measure.families import agreement, mistake_groups, mistakes, segment_errors, words
from seewhy.measure.families.tables import select_rows
from seewhy.measure.family import COLUMNS, FAMILIES, Result
from seewhy.metrics import captions, clusters, segments
from seewhy.metrics.agreement import correlation_pairs, duplicate_methods, spearman
from seewhy.metrics.registry import METRICS
from seewhy.samples import one_each, stratified_sample
from seewhy.tasks import segmentation
from tests.measure import first_edition
from tests.measure.first_edition import agreement as correlations

STUDIES = {"classification": "things", "segmentation": "roofs", "captioning": "told"}


def whole_families(task):
    return [one for one in FAMILIES.values() if task in one.tasks and not one.by_map]


@pytest.mark.parametrize("task", STUDIES)
def test_families_are_tidy_and_come_back_as_they_were_stored(task, request):
    this = request.getfixturevalue(STUDIES[task])
    results = {}
    for family in whole_families(task):
        files = store_family(this, family.name)
        first = [path.read_bytes() for path in files]
        result = results[family.name] = measure_family(this, family.name)
        table = result.table
        assert [*table.columns[: len(COLUMNS)]] == [*COLUMNS], family.name
        assert set(table["metric"]) <= set(METRICS), family.name
        assert ((table["reason"] == "") == np.isfinite(table["value"])).all(), family.name
        facets = [name for name in table if name not in COLUMNS and name != "value"]
        keys = ["image", "target", "method", "metric", *facets]
        assert not table.duplicated(keys).any(), family.name
        assert first == [path.read_bytes() for path in store_family(this, family.name)], family.name
        assert this.measure(family.name).summary()["metric"].isin(table["metric"]).all()
        stored = store.read_family(this.root, this.name, family.name)
        pd.testing.assert_frame_equal(stored.table, table)
    for section in page_figures.SECTIONS:
        told = page_figures.section_figures(section, results, 0)
        assert all(isinstance(value, float | int) for value in told.values())
    assert page_figures.section_figures("model", results, 0)["images"] == this.dataset.frame["image"].nunique()


def test_correlations_of_methods_are_those_of_their_maps(things):
    result = measure_family(things, "agreement")
    every = one_each(things.predictions, 0)
    sample = stratified_sample(every, len(every), 0)
    found = attribute_rows(things, sample, agreement.VARIANTS)
    maps = {**found.control_maps(0), **found.maps}
    matrix = correlations(maps)
    pd.testing.assert_frame_equal(agreement.correlation_matrix(result.table)[[*maps]].loc[[*maps]], matrix)
    assert agreement.coinciding_methods(result.table) == [["gradcam", "hirescam", "xgradcam"]]  # pooling, linear head
    own = correlation_pairs({"centre": maps["centre"], **found.maps}, duplicate_methods(matrix))
    control = own.filter(regex="^centre and ")
    figures = agreement.agreement_figures(result, 0)
    assert figures["blob"] == stats.mean(control.mean(axis=1).to_numpy(), 0)
    assert figures["pairs"] == stats.mean(own.drop(columns=control.columns).mean(axis=1).to_numpy(), 0)
    assert figures["centre.spearman"] == pytest.approx(matrix.loc["gradcam", "centre"])
    assert things.layer in result.arrays["layers"]
    for name in result.arrays["layers"]:
        assert len(result.arrays[f"layer:{name}"]) == len(result.arrays["images"]) == 2
    assert {*result.arrays["refused"]} == {"attention", "attention_rollout"}


def test_shap_is_measured_against_its_sum_and_other_methods(things):
    result = measure_family(things, "shap")
    table, arrays = result.table, result.arrays
    sums = {name: select_rows(table, name)["value"].to_numpy() for name in ("expected_sum", "attribution_sum")}
    error = np.abs(sums["attribution_sum"] - sums["expected_sum"]) / np.abs(sums["expected_sum"]).mean()
    np.testing.assert_allclose(select_rows(table, "additivity_error")["value"], error, rtol=1e-4)
    own = arrays["map:shap_gradient"]
    np.testing.assert_allclose(own.sum((1, 2)), sums["attribution_sum"][: len(own)], atol=1e-4)
    seeds = select_rows(table, "seed_agreement")["value"].to_numpy()
    np.testing.assert_allclose(seeds, spearman(own, arrays["again:shap_gradient"]))
    with_lime = select_rows(table, "method_agreement", method="shap_gradient", other="lime")["value"].to_numpy()
    np.testing.assert_allclose(with_lime, spearman(own, arrays["map:lime"]))
    figures = page_figures.section_figures("shap", {"shap": result}, 0)
    by_image = error.reshape(2, -1).mean(0)
    assert figures["additivity_gap"] == pytest.approx(by_image.mean(), rel=1e-4)
    assert figures["samples"] == arrays["samples"]


def test_channels_and_layers_are_of_the_same_images(things):
    channels, layers = (measure_family(things, name) for name in ("channels", "layers"))
    assert set(channels.table["image"]) == set(layers.table["image"])
    losses = select_rows(channels.table, "channel_loss")
    for channel, rows in losses.groupby("channel", sort=False):
        np.testing.assert_allclose(rows["value"], channels.arrays["ablation"][:, int(channel)])
    assert channels.arrays["patches"].shape[:2] == channels.arrays["patch_images"].shape == (2, 3)
    assert list(select_rows(layers.table, "place_loss")["layer"].unique()) == layers.arrays["layers"].tolist()


def mistaken(study, wrong):
    """The study as if it had taken the first `wrong` images for the other class."""
    rows, classes = study.predictions.copy(), study.dataset.classes
    rows["label"] = [classes[k % 2] for k in range(len(rows))]
    rows["target"] = [(k + (k < wrong)) % 2 for k in range(len(rows))]
    rows["predicted"] = [classes[k] for k in rows["target"]]
    rows["correct"] = pd.array(rows["label"] == rows["predicted"], "boolean")
    study.__dict__["predictions"] = rows
    return study


def test_cases_of_mistakes_are_counted_and_compared(things):
    this = mistaken(things, 6)
    result = FAMILIES["mistakes"].measure(this, {"shown": 2})
    figures = mistakes.mistake_figures(result, 0)
    assert (figures["wrong"], figures["labelled"]) == (6, 12)
    spread = select_rows(result.table, "mistake_spread")
    assert spread["case"].value_counts().to_dict() == {"right": 6, "wrong": 6, "wrong, true class": 6}
    filled = result.table.assign(value=np.random.default_rng(0).random(len(result.table)))
    spread = select_rows(filled, "mistake_spread")
    cells = spread[spread["case"] != "wrong, true class"].groupby(["case", "target"])["value"].mean().unstack()
    apart = (cells.loc["wrong"] - cells.loc["right"]).mean()  # three images in each of two classes and either way
    assert mistakes.class_adjusted_difference(filled, "mistake_spread").value == pytest.approx(apart)
    true = select_rows(result.table, "mistake_object_share", case="wrong, true class")
    own = this.predictions.set_index("image")["target"]
    assert (true["target"].to_numpy() == 1 - own[true["image"]].to_numpy()).all()
    assert result.arrays["map:true"].shape == result.arrays["map:predicted"].shape


def test_neighbours_and_groups_and_labels_say_why_they_are_not_there(things):
    this = mistaken(things, 0)
    for name, metric, word in (
        ("neighbours", "neighbour_similarity", "no labelled image is classified wrongly"),
        ("mistake_groups", "silhouette", "it takes 10 mistakes with a map"),
    ):
        family = FAMILIES[name]
        result = family.measure(this, family.settings_of(this))
        (row,) = result.table.to_dict("records")
        assert (row["image"], row["metric"]) == ("", metric)
        assert row["reason"].startswith(word)
        assert page_figures.section_figures("misclassification", {name: result}, 0) == {}


def test_groups_keep_the_silhouette_of_every_mistake(things, monkeypatch):
    monkeypatch.setattr(clusters, "LEAST", 5)
    this = mistaken(things, 12)
    result = FAMILIES["mistake_groups"].measure(this, {"groups": 3})
    maps, total = mistake_groups.mistake_maps(this)
    shares = maps.shares("hirescam")
    found = clusters.cluster_maps(shares, 3, 0)
    figures = mistake_groups.group_figures(result, 0)
    assert (figures["groups_n"], total) == (len(shares), 12)
    assert figures["groups_silhouette"] == pytest.approx(found.silhouette)
    assert figures["groups_silhouette_control"] == found.control
    np.testing.assert_allclose(result.arrays["map:medoid"], shares[found.medoids])


def test_segments_and_their_errors_are_counted_in_pixels(roofs):
    rows = roofs.predictions
    said, true = segmentation.predict_pixels(roofs, rows).labels, segmentation.true_masks(rows, roofs)
    whole = rows.drop_duplicates("image").index
    counts = segments.confusion_matrices(said[whole], true[whole], 3)
    results = {name: measure_family(roofs, name) for name in ("segments", "segment_errors", "segment_maps")}
    figures = page_figures.section_figures("model", results, 0)
    for name, one in zip(roofs.dataset.classes, segments.class_ious(counts, 0), strict=True):
        assert figures[f"iou.{name}"] == one.value
    table = results["segment_errors"].table
    few = rows["image"].isin(table["image"]).to_numpy()
    assert rows[few]["image"].nunique() == 10  # `images` of misclassification is not set: all
    own = rows["target"].to_numpy() == 1
    shares = first_edition.shares_wrong(said[own] == 1, true[own] == 1, 0)
    assert segment_errors.wrong_shares(table, roofs.dataset.classes, 0)["roof"] == shares


def test_maps_of_segments_are_measured_at_every_layer(roofs):
    result = measure_family(roofs, "segment_maps")
    names = rising_layers(roofs.model, roofs.inputs(roofs.predictions.head(1)), 2)
    lifts = select_rows(result.table, "class_lift", method="gradcam")
    assert set(lifts["layer"]) == {*names, roofs.layer}
    own = lifts[(lifts["layer"] == roofs.layer) & (lifts["region"] == lifts["map_class"])]
    means = own.groupby("map_class")["value"].mean()
    assert (means[["roof", "road"]] > 3).all()  # the network sees the colours
    assert np.isnan(means["sky"])  # the bias that says sky leaves no map
    assert set(lifts["map_class"]) == set(roofs.dataset.classes)
    figures = page_figures.section_figures("grad_cam", {"segment_maps": result}, 0)
    assert figures["images"] == 8
    assert figures["lift.roof"] == pytest.approx(own.loc[own["map_class"] == "roof", "value"].mean())
    assert result.arrays["labels"].shape == (2, 16, 16)


def test_captions_are_compared_with_their_references(told):
    result = measure_family(told, "captions")
    written, references = (result.arrays[name].tolist() for name in ("written", "references"))
    figures = page_figures.section_figures("model", {"captions": result}, 0)
    assert figures["exact"] == captions.exact_share(written[:2], references[:2]).value
    right = told.predictions.dropna(subset="correct")
    assert select_rows(result.table, "word_in_reference")["value"].sum() == right["correct"].sum()
    assert len(result.arrays["beams"]) == len(result.arrays["shown"]) == 2


def word_table(values):
    """Rows of the family `words` from (image, target, method, asked, value)."""
    frame = pd.DataFrame(values, columns=["image", "target", "method", "asked", "value"])
    return frame.assign(is_baseline=False, metric="side_share", reason="", word="left", word_kind="position")


def test_a_word_is_compared_with_its_opposite_in_the_same_caption():
    rows = [(f"{k}.png", 0, "gradcam", "written", 0.5 + k / 10) for k in range(5)]
    rows += [(f"{k}.png", 0, "gradcam", "opposite", 0.5) for k in range(1, 5)]
    table = word_table([*rows, ("1.png", 3, "gradcam", "written", 0.8), ("1.png", 3, "gradcam", "opposite", 0.5)])
    found = words.side_differences(table, "gradcam", "opposite", 0)
    assert not found.measured  # four images have both
    assert found.n == 4
    more = pd.concat([table, word_table([("0.png", 0, "gradcam", "opposite", 0.5)])], ignore_index=True)
    value = words.side_differences(more, "gradcam", "opposite", 0)
    assert (value.n, value.value) == (5, pytest.approx((0 + 0.2 + 0.2 + 0.3 + 0.4) / 5))  # two words of 1.png: 0.1, 0.3


@pytest.mark.parametrize("task", ["segmentation", "captioning"])
def test_a_model_that_predicts_nothing_is_measured_all_the_same(task, request):
    this = request.getfixturevalue(STUDIES[task])
    this.__dict__["predictions"] = this.predictions.head(0)
    results = {}
    for family in whole_families(task):
        result = results[family.name] = family.measure(this, family.settings_of(this))
        assert np.isfinite(result.table["value"]).any() or (result.table["reason"] != "").all(), family.name
    for section in page_figures.SECTIONS:
        page_figures.section_figures(section, results, 0)
    assert page_figures.is_unmeasured(results["agreement"].table)


def test_figures_leave_out_families_that_were_not_measured():
    assert page_figures.section_figures("misclassification", {}, 0) == {}
    assert page_figures.section_figures("audit", {"shap": Result(pd.DataFrame())}, 0) == {}
