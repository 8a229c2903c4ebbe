import base64
import io
import re

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from seewhy.errors import SeewhyError
from seewhy.report import figures
from seewhy.report.plots.overlay import has_evidence, map_layer, outline_path, resize_map, stored_map
from seewhy.report.plots.pictures import draw_picture
from seewhy.report.plots.sheet import shorten_text, wrap_text
from tests.report.samples import HOSTILE, blob, photo


def texts(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts] + [text.get_text() for text in fig.texts]


def test_overlay_leaves_the_photo_where_there_is_no_evidence():
    image = photo()
    assert np.array_equal(figures.overlay_map(image, np.full((7, 7), np.nan)), image)
    assert np.array_equal(figures.overlay_map(image, np.zeros((7, 7))), image)


def test_overlay_has_the_opacity_times_the_root_of_the_value():
    grey, colour = np.full((8, 8, 3), 100, np.uint8), np.array(matplotlib.colormaps["viridis"](0.25)[:3]) * 255
    seen = figures.overlay_map(grey, np.full((8, 8), 0.25, np.float32), opacity=0.6)[4, 4]
    assert np.abs(seen - (100 * 0.7 + colour * 0.3)).max() <= 1


def test_overlay_keeps_the_place_of_the_heat():
    black = np.zeros((64, 64, 3), np.uint8)
    bright = figures.overlay_map(black, blob(0.0, 1.0)).sum(2)
    assert np.unravel_index(bright.argmax(), bright.shape)[0] < 12
    assert np.unravel_index(bright.argmax(), bright.shape)[1] > 52


@pytest.mark.parametrize("cam", [np.zeros((7, 7)), np.ones((7, 7)), np.full((7, 7), np.nan)])
def test_a_constant_map_is_no_evidence(cam):
    assert not has_evidence(cam)
    fig = figures.explanation_steps([photo()], [cam], ["cat 0.90"])
    assert texts(fig).count("no evidence") == 2


def test_the_outline_runs_at_half_of_the_maximum_and_is_closed():
    cam = resize_map(blob(), 28, 28)
    path = outline_path(cam, 400)
    assert path.startswith("M")
    assert path.endswith("z")
    x, y = map(int, path[1 : path.index("l")].split())
    assert cam[min(int(y / 400 * 28), 27), min(int(x / 400 * 28), 27)] == pytest.approx(0.5, abs=0.15)


def test_an_outline_ends_at_the_border_and_does_not_run_along_it():
    cam = np.zeros((28, 28), np.float32)
    cam[:, :14] = 1
    assert outline_path(cam, 400) == "M200 0l0 400"
    cam[14:] = 1
    assert outline_path(cam, 400).count("M") == 1
    assert not outline_path(cam, 400).endswith("z")
    assert outline_path(np.maximum(cam, 0.6), 400) == ""  # all of it lies above


def test_an_outline_smaller_than_a_unit_is_left_out():
    cam = np.zeros((800, 800), np.float32)
    cam[100:400, 100:400], cam[700, 700] = 1, 1
    assert outline_path(cam, 400).count("M") == 1
    assert "lz" not in outline_path(cam, 400)


def test_each_of_two_outlines_lies_around_its_own_blob():
    cam = np.maximum(blob(0.1, 0.1, 28), blob(0.9, 0.9, 28))
    starts = [tuple(map(int, part.split("l")[0].split())) for part in outline_path(cam, 400).split("M")[1:]]
    assert len(starts) == 2
    assert sorted(x < 200 and y < 200 for x, y in starts) == [False, True]


def test_a_stored_map_is_about_a_kilobyte():
    assert len(map_layer(stored_map(blob(side=224)))) < 2000


@pytest.mark.parametrize("count", [1, 3, 8])
def test_marks_say_right_and_wrong_without_colour(count):
    fig = figures.explanation_steps(
        [photo()] * count, [blob()] * count, ["cat"] * count, [True, False, None, *[True] * 5][:count]
    )
    assert "✓ cat" in texts(fig)
    assert ("✗ cat" in texts(fig)) == (count > 1)


@pytest.mark.filterwarnings("ignore:Glyph")
def test_titles_stay_within_their_panels():
    photos, cams = [photo()] * 6, [blob()] * 6
    for fig in (figures.explanation_steps(photos, cams, [HOSTILE] * 6), figures.input_sheet(photos, [HOSTILE] * 6)):
        renderer = fig.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in fig.texts]
        panels = [ax.get_window_extent(renderer) for ax in fig.axes]
        assert all(not (a is not b and a.overlaps(b)) for a in boxes for b in boxes)
        assert all(not text.overlaps(panel) for text in boxes for panel in panels)


def test_grids_have_a_column_for_each_name_and_one_scale():
    maps = {"Grad-CAM": np.stack([blob()] * 2), "Eigen-CAM": np.stack([blob()] * 2)}
    fig = figures.map_grid([photo()] * 2, maps, ["a", HOSTILE], correct=[True, False])
    assert {"photo", "Grad-CAM", "Eigen-CAM", "✓ a"} <= set(texts(fig))
    assert len(fig.axes) == 2 * 3 + 1
    signed = figures.signed_grid([photo()] * 2, {"for cat": maps["Grad-CAM"] - 0.5}, 0.4, ["a", "b"])
    assert signed.axes[-1].get_ylim() == (-0.4, 0.4)


def test_means_stand_in_columns_on_one_scale_for_all_classes():
    maps = np.stack([blob() * 0.2, blob() * 0.4, blob(0.1, 0.1) * 0.1])
    fig = figures.class_means([photo()] * 3, maps, maps - maps.mean(0), ["a\nn = 5", "b\nn = 9", HOSTILE])
    assert {"mean photo", "mean map", "apart", "a", "n = 5"} <= set(texts(fig))
    assert len(fig.axes) == 3 * 3 + 2
    assert fig.axes[-2].get_ylim() == pytest.approx((0, 0.4))
    alone = figures.class_means([photo()], maps[:1], np.full((1, 7, 7), np.nan), ["only"])  # nothing to compare with
    assert "apart" not in texts(alone)
    assert len(alone.axes) == 2 + 1
    apart = np.stack([maps[0] - maps[1], np.full((7, 7), np.nan)])
    assert len(figures.class_means([photo()] * 2, maps[:2], apart, ["a", "b"]).axes) == 2 + 2 + 1 + 2


def test_the_file_stands_beside_the_input_in_its_own_shape():
    fig = figures.explanation_steps([photo()] * 2, [blob()] * 2, ["a", "b"], originals=[photo()[:20], photo()])
    assert {"file", "input", "map 7 × 7", "overlay"} <= set(texts(fig))
    assert len(fig.axes) == 2 * 4 + 1
    fig.canvas.draw()
    wide = fig.axes[3].get_window_extent(fig.canvas.get_renderer())
    assert wide.width > 2 * wide.height
    assert len(figures.explanation_steps([photo()], [blob()], ["a"]).axes) == 3 + 1


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(SeewhyError, match="2 photos, 1 cams"):
        figures.explanation_steps([photo()] * 2, [blob()], ["a", "b"])
    with pytest.raises(SeewhyError, match="at least one"):
        figures.input_sheet([], [])
    with pytest.raises(SeewhyError, match="above 0"):
        figures.signed_grid([photo()], {"a": blob()[None]}, 0, ["a"])


@pytest.mark.filterwarnings("ignore:Glyph")
def test_charts_take_hostile_names_and_many_classes():
    names = [HOSTILE, "$", "a_b^c", "\\frac"]
    counts = np.diag([3, 4, 5, 0])
    drawn = [
        figures.confusion_matrix(counts, names),
        figures.confusion_matrix(np.eye(100, dtype=int), [str(i) for i in range(100)]),
        figures.heat_matrix(pd.DataFrame(np.eye(4), names, names), -1, 1, "correlation"),
        figures.interval_chart(names, [0.5] * 4, [0.4] * 4, [0.6] * 4, [3] * 4, reference=0.5, xlabel="accuracy"),
        figures.curve_chart(names, {HOSTILE: ([1, 2, 3, 4], [0, 1, 2, 3], [2, 3, 4, 5])}, "lift"),
        figures.reliability_diagram([0.5, 0.9, np.nan], [0.4, 1, np.nan], [0.3, 0.8, 0], [0.5, 1, 1], [3, 9, 0]),
    ]
    for fig in drawn:
        fig.canvas.draw()
    assert "4" in texts(drawn[0])
    assert not texts(drawn[1])[1:]


def test_of_a_thousand_classes_the_extremes_are_shown():
    values = list(np.linspace(0, 1, 1000))
    fig = figures.interval_chart(
        [f"class {i}" for i in range(1000)], values, values, values, [5] * 1000, xlabel="accuracy"
    )
    labels = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert (len(labels), labels[0], labels[-1]) == (60, "class 0", "class 999")
    assert "30 lowest and 30 highest of 1000" in fig.axes[0].get_xlabel()


def test_nothing_is_cut_at_the_edge_of_a_figure_and_its_panels_are_told():
    fig = figures.signed_grid([photo()], {"for cat": np.stack([blob() - 0.5])}, 0.17, ["a"], label="a long label " * 5)
    kind, content, about = draw_picture(fig)
    assert kind == "image/webp"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGB"), int)
    assert all((edge > 250).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))
    assert about["panels"].count("M") == 3
    assert about["width"] == pytest.approx(pixels.shape[1] / 2, abs=1)


def test_charts_are_svg_without_fonts_or_dates_and_the_same_bytes_twice():
    made = [
        draw_picture(
            figures.interval_chart(["a"], [0.5], [0.4], [0.6], [9], xlabel="a label that is longer than the bar")
        )
        for _ in range(2)
    ]
    kind, content, about = made[0]
    assert made[0] == made[1]
    assert (kind, about["panels"]) == ("image/svg+xml", "")
    assert content.startswith("<svg")
    assert "<text" not in content
    assert "date" not in content
    width = float(re.search(r'width="([\d.]+)pt"', content)[1])
    assert about["width"] == pytest.approx(width / 72 * 100, abs=1)
    matrix = draw_picture(figures.confusion_matrix(np.eye(2, dtype=int), ["cat", "dog"]))
    assert (matrix[0], matrix[2]["panels"].count("M")) == ("image/svg+xml", 2)


def test_the_object_is_outlined_wherever_a_photo_or_a_map_over_it_is_shown():
    region = np.zeros((64, 64), bool)
    region[10:30, 10:40] = True
    maps = {"Grad-CAM": np.stack([blob()] * 2)}
    for make in (
        lambda some: figures.map_grid([photo()] * 2, maps, ["a", "b"], outlines=some),
        lambda some: figures.signed_grid([photo()] * 2, maps, 1.0, ["a", "b"], outlines=some),
        lambda some: figures.explanation_steps([photo()] * 2, [blob()] * 2, ["a", "b"], outlines=some),
    ):
        counts = [sum(len(ax.collections) for ax in make(some).axes) for some in (None, [None, None], [region, None])]
        assert counts[0] == counts[1]
        assert counts[2] == counts[0] + 2 * 2  # two panels, dark under bright


def test_no_line_is_drawn_where_it_would_be_a_web_or_for_a_control():
    noise = np.random.default_rng(0).random((14, 14))
    fig = figures.map_grid(
        [photo()], {name: [noise] for name in "abcdefg"} | {"centre": [blob()], "h": [blob()]}, ["a"]
    )
    panels = [ax for ax in fig.axes if ax.images][1:]  # after the photo
    assert [bool(ax.collections) for ax in panels] == [False] * 8 + [True]


def test_long_names_are_cut_where_it_shows_least():
    assert shorten_text("space suit, worn by astronauts", 13) == "space…ronauts"[:5] + "…" + "onauts"
    assert shorten_text("decoder.blocks.0.block", 18) == "decoder…0.block"
    assert len(wrap_text("word " * 90, 1.5).split("\n")) == 2
    assert wrap_text("", 1) == ""


def test_each_item_of_a_title_starts_a_line_or_is_parted_by_a_dot():
    title = "moped 0.63\ntrue: disk brake"
    assert wrap_text(title, 9) == title
    assert wrap_text(title, 9, lines=1) == "moped 0.63 · true: disk brake"
    told = wrap_text("a " * 60 + "\n" + "b " * 60, 1, lines=4).split("\n")
    assert [line[0] for line in told] == ["a", "a", "b", "b"]


def test_a_matrix_has_true_minus_signs_and_no_negative_zero():
    fig = figures.heat_matrix(
        pd.DataFrame([[1, -0.25], [-0.001, np.nan]], list("ab"), list("ab")), -1, 1, "correlation"
    )
    assert [told for told in texts(fig) if told] == ["1.00", "−0.25", "0.00"]


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.5), (0.06, 0.08), (0.0, 0.008)])
def test_ticks_in_percent_say_what_they_are_with_no_more_decimals_than_that_takes(low, high):
    fig = figures.interval_chart(["a"], [low], [low], [high], [9], percent=True)
    fig.canvas.draw()
    ax = fig.axes[0]
    told = [label.get_text().removesuffix(" %").replace("\N{MINUS SIGN}", "-") for label in ax.get_xticklabels()]
    assert [float(one) for one in told] == pytest.approx(list(100 * ax.get_xticks()), abs=1e-6)
    assert any(not one.endswith("0") or "." not in one for one in told)


def test_shares_are_drawn_in_percent():
    fig = figures.interval_chart(["a"], [0.25], [0.1], [0.5], [9], reference=0.375, percent=True)
    fig.canvas.draw()
    assert "37.5 %" in texts(fig)
    assert "30 %" in [label.get_text() for label in fig.axes[0].get_xticklabels()]


def test_a_signed_map_has_the_colours_of_its_bar():
    white = np.full((8, 8, 3), 255, np.uint8)
    cams = np.stack([np.linspace(-1, 1, 64).reshape(8, 8)])
    fig = figures.signed_grid([white], {"a": cams}, 1.0, ["a"])
    drawn = fig.axes[1].images[0].get_array()
    assert np.allclose(drawn, matplotlib.colormaps["coolwarm"]((cams[0] + 1) / 2)[..., :3], atol=0.02)


def test_a_chart_of_nothing_is_a_sentence():
    nothing = ([np.nan] * 2, [np.nan] * 2, [np.nan] * 2)
    for fig in (
        figures.interval_chart([], [], [], [], [], reference=1.0),
        figures.curve_chart(["a", "b"], {"roof": nothing}),
    ):
        assert texts(fig) == ["Not measured: too few images."]
    known = ([0.5, np.nan], [0.4, np.nan], [0.6, np.nan])
    assert "Not measured: too few images." not in texts(
        figures.curve_chart(["a", "b"], {"roof": nothing, "road": known})
    )
