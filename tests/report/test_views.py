"""What pages say of their images and classes, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from seewhy.report.pages import views
from seewhy.stats import Estimate

FRAME = pd.DataFrame(
    {
        "image": list("abcdef"),
        "label": ["cup", "cup", "cup", "cat", "cat", None],
        "predicted": ["cat", "cat", "cup", "cat", "dog", "cup"],
        "confidence": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
        "correct": [False, False, True, True, False, None],
    }
)


def test_titles_hold_one_item_a_line_and_keep_the_number_of_long_names():
    named = views.image_titles(FRAME.assign(predicted="word\n" * 20))
    assert views.image_titles(FRAME)[:3] == [
        "a\npredicted cat 0.90\ntrue: cup",
        "b\npredicted cat 0.80\ntrue: cup",
        "c\npredicted cup 0.70",
    ]
    assert named[0].split("\n")[1].endswith(" 0.90")
    assert named[0].count("\n") == 2


def test_those_who_cannot_see_a_figure_are_told_where_its_maps_lie():
    corner, middle, nothing = np.zeros((3, 6, 6))
    corner[0, 5], middle[2, 3] = -1.0, 0.5  # what speaks against a class lies somewhere, too
    maps = {"a": np.stack([corner, middle]), "b": np.stack([corner, nothing])}
    assert views.describe_images(FRAME.iloc[[0, 3]], maps) == (
        "a, predicted cat 0.90, true: cup (wrong), strongest in the upper right (a, b); "
        "d, predicted cat 0.60 (right), strongest in the centre (a), nowhere (b)"
    )
    assert views.describe_images(FRAME.iloc[[3]]) == "d, predicted cat 0.60 (right)"


def test_confused_pairs_stand_with_their_share_and_its_interval():
    table = views.confused_classes(FRAME[FRAME["label"].notna()], 1)
    assert table.iloc[0][["true", "predicted", "images", "of"]].tolist() == ["cup", "cat", 2, 3]
    assert table["share"][0] == pytest.approx(2 / 3)
    assert 0 < table["low"][0] < 2 / 3 < table["high"][0] < 1
    assert len(table) == 1
    assert views.confused_classes(FRAME.head(0), 9).empty


def test_controls_of_a_gallery_are_shares_and_the_noise_is_the_same_for_all():
    photos = np.zeros((3, 32, 32, 3), np.uint8)
    photos[0, :, 16:] = 255
    found = views.displayed_controls(photos, (8, 8), 0)
    assert list(found) == ["random", "centre", "edges"]
    assert {maps.shape for maps in found.values()} == {(3, 8, 8)}
    assert (found["random"] == found["random"][0]).all()
    assert found["random"].max() == found["centre"].max() == found["edges"][0].max() == 1
    assert found["edges"][0].max(0).argmax() in (3, 4)
    assert np.isnan(found["edges"][1]).all()
    assert not np.array_equal(found["random"], views.displayed_controls(photos, (8, 8), 1)["random"])


def test_differences_of_shares_are_points():
    table = views.point_table({"a": Estimate(0.125, -0.05, 0.3, 12), "b": Estimate(float("nan"), 0.0, 0.0, 2)})
    assert table.loc[0].tolist() == pytest.approx(["a", 12.5, -5.0, 30.0, 12])
    assert table["mean"].isna().tolist() == [False, True]
    assert views.point_table({}).empty
