import numpy as np
import pytest
import torch

from seewhy.measure import families
from seewhy.measure.families.channels import ChannelWorth, channel_worth, choose_images, cut_patch, exciting_patches
from seewhy.measure.families.layers import layer_losses, leading_layer
from seewhy.measure.family import tidy_rows, tidy_table
from seewhy.measure.measurement import Measurement
from seewhy.report import figures
from seewhy.report.pages import features
from seewhy.report.text.sentences import sentences
from seewhy.stats import FEWEST, NOTHING, Estimate
from tests.report.measuring import measured


def test_half_of_the_answer_is_counted_from_the_largest_gain_down():
    worth = np.array([[1.0, 5, 2, -9], [1, 1, 1, 1], [-1, 0, -2, 0]])
    found = ChannelWorth(worth, worth)
    np.testing.assert_array_equal(found.channels_needed(), [1, 2, np.nan])  # 5 of 8; 2 of 4; nothing speaks for it
    assert found.top_channels(2).tolist() == [1, 0]


def test_channels_are_worth_what_the_linear_head_makes_of_their_means(study):
    rows = study.predictions
    found = channel_worth(study, rows)
    with torch.no_grad():
        means = study.model.features(study.inputs(rows)).mean((2, 3))
        by_hand = study.model.head.weight[study.classes_of(rows["predicted"])] * means
    np.testing.assert_allclose(found.ablation, by_hand.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.gradient, by_hand.numpy(), atol=1e-5)


def test_depth_ends_where_place_no_longer_matters(study):
    layers, width, place = layer_losses(study, study.predictions, 3)
    assert place.shape == width.shape == (len(layers), 12)
    np.testing.assert_allclose(place[-1], 0, atol=1e-5)  # the head pools: the last maps may be flat
    assert np.abs(place[0]).max() > 1e-3


def test_the_layer_that_loses_most_is_held_against_the_next_row_by_row():
    place = np.array([[0, 1.0, 0, 1, 0, 1], [3, 4, 3, 4, 3, 4], [2, 3.5, 2, 3.5, 2, 3.5]])
    ahead = leading_layer(place, 0)
    assert (ahead.value, ahead.n) == (0.75, 6)
    assert leading_layer(place[:1], 0).value == 0.5  # nothing else was tried


def test_patches_surround_the_strongest_cell(study):
    rows = study.predictions
    pictures, best_rows = exciting_patches(study, rows, [3, 0], 4)
    with torch.no_grad():
        maps = study.model.features(study.inputs(rows))[:, 3].numpy()
    best = np.argsort(-maps.reshape(12, -1).max(1), kind="stable")[:4]
    assert best_rows[0].tolist() == best.tolist()
    names = features.patch_names(study, rows["image"].to_numpy()[best_rows[0]])
    assert names == [rows["label"].fillna(rows["predicted"])[k] for k in best]
    row, column = np.unravel_index(maps[best[0]].argmax(), maps.shape[1:])
    photo = study.photos(rows.iloc[[best[0]]])[0]
    top, left = (min(max(0, place * 4 + 2 - 6), 32 - 12) for place in (row, column))  # cells of 4 pixels, three wide
    np.testing.assert_array_equal(pictures[0][0], photo[top : top + 12, left : left + 12])


def test_patches_of_a_segmentation_name_their_file(study, monkeypatch):
    monkeypatch.setattr(features, "segmentation", study.task)
    assert features.patch_names(study, np.array(["things/cup-0.png"])) == ["cup-0.png"]


def losses(study, **layers):
    """A measurement of `place_loss`: for each layer a value an image."""
    rows = study.predictions
    parts = [tidy_rows(rows, "", "place_loss", values, layer=name) for name, values in layers.items()]
    return Measurement(study, "layers", tidy_table(parts), {})


def test_the_layer_where_place_matters_most_is_named_and_what_ties_with_it(study):
    few, more = np.linspace(0.9, 1.1, 12), np.linspace(2.9, 3.1, 12)
    found = features.place_loss(losses(study, a=few, b=more, c=-few))
    assert (found.most, found.tied, found.lost, found.tested, found.gained) == ("b", "", 2, 3, ["c"])
    assert features.place_loss(losses(study, a=few, b=few)).tied == "b"
    assert features.place_loss(losses(study, a=np.zeros(12))).most == ""


def test_the_page_answers_from_its_measurements(study):
    channels, layers = measured(study, "channels"), measured(study, "layers")
    values, text = features.channel_values(channels, layers), sentences("05_features")
    answer = features.rests_on_few(values["needed"], values["channels"])
    told = text.finding("finding", answer, **values)
    assert answer == "No"  # eight channels
    assert f"comes from {round(values['needed'].value)} of the layer's 8 feature detectors" in told["sentence"]
    assert len(told["sentence"].split()) <= 40
    assert "exactly as switching them off" in text("gradient", **values)
    assert f"At `{study.layer}` place is not used" in text("depth", **values)
    assert list(features.channel_losses(channels, 2)) == [f"channel {k}" for k in channels.arrays["channels"][:2]]
    fig, alt = features.patch_figure(channels, 2, 3)
    assert len(fig.axes) == 6
    assert "Patches that excite the top channels: channel" in alt


@pytest.mark.parametrize(
    ("needed", "answer"),
    [
        (Estimate(3, 2, 4, 9), "Yes"),
        (Estimate(30, 20, 40, 9), "No"),
        (Estimate(10, 9, 11, 9), "Undecided"),
        (NOTHING, "Not tested"),
    ],
)
def test_few_are_fewer_than_a_tenth(needed, answer):
    assert features.rests_on_few(needed, 100) == answer


@pytest.mark.parametrize(("cell", "top", "left"), [(0, 0, 0), (7, 0, 0), (35, 5, 5), (5, 0, 5)])
def test_a_patch_stays_inside_the_picture(cell, top, left):
    photo = np.arange(10 * 10 * 3, dtype=np.uint16).reshape(10, 10, 3)
    found = cut_patch(photo, cell, (6, 6))  # cells of 5/3 pixels: three are 5 wide
    np.testing.assert_array_equal(found, photo[top : top + 5, left : left + 5])


def test_a_patch_is_one_cell_where_three_would_be_most_of_the_picture():
    photo = np.arange(20 * 20 * 3, dtype=np.uint16).reshape(20, 20, 3)
    np.testing.assert_array_equal(cut_patch(photo, 6, (4, 4)), photo[5:10, 10:15])


def test_a_row_of_patches_for_each_channel():
    picture = np.zeros((6, 6, 3), np.uint8)
    fig = figures.patch_rows([[picture] * 3, [picture] * 2], ["channel 1", "channel 2"], [["a"] * 3, ["<b>"] * 2])
    assert len(fig.axes) == 5
    assert "<b>" in [text.get_text() for text in fig.texts]


def test_fewer_images_where_every_channel_costs_a_pass(study, monkeypatch):
    rows = study.predictions
    assert len(choose_images(study, rows, 10, 16)) == 10  # pooling and a linear head: a closed form
    monkeypatch.setattr(families.channels, "closed_form", lambda *_: None)
    assert len(choose_images(study, rows, 10, 8 * 7)) == 7  # eight channels
    assert len(choose_images(study, rows, 10, 1)) == FEWEST
    assert len(choose_images(study, rows, 6, 8000)) == 6
