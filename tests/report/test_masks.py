import numpy as np
import pytest

from seewhy.errors import SeewhyError
from seewhy.report import figures
from seewhy.report.plots import masks
from tests.report.samples import blob, photo

PHOTOS = np.stack([photo(seed) for seed in range(2)])
LABELS = np.zeros((2, 64, 64), np.uint8)
LABELS[0, :32] = 1
LABELS[1, :, 40:] = 2
LEGEND = {"crown": "#e69f00", "shadow": "#56b4e9"}


def texts(fig):
    return [text.get_text() for text in fig.texts]


def test_a_class_keeps_its_colour_whatever_the_number_of_classes():
    assert masks.class_colours(3) == masks.class_colours(40)[:3]
    assert len(set(masks.class_colours(40))) == 40


def test_classes_are_painted_and_the_rest_is_grey():
    found = masks.paint_labels(PHOTOS, LABELS, masks.class_colours(3))
    assert found.dtype == np.uint8
    assert np.ptp(found[0, 32:], axis=-1).max() == 0
    assert np.ptp(found[0, :32], axis=-1).min() > 50
    first, second = found[0, :32].mean((0, 1)), found[1, :, 40:].mean((0, 1))
    assert first[0] > first[2]  # orange
    assert second[2] > second[0]  # blue


def test_what_is_not_known_is_not_painted():
    assert np.ptp(masks.paint_labels(PHOTOS, np.full_like(LABELS, 255), masks.class_colours(3)), axis=-1).max() == 0


def test_pixels_are_right_missed_or_invented():
    predicted, true = np.array([[1, 1, 0, 0]], bool), np.array([[1, 0, 1, 0]], bool)
    names = ["neither", *masks.OUTCOMES]
    assert [names[k] for k in masks.pixel_outcomes(predicted, true)[0]] == ["right", "invented", "missed", "neither"]


def test_outcomes_are_drawn_in_no_class_of_any_size():
    assert not set(masks.OUTCOMES.values()) & set(masks.class_colours(40))


def test_panels_name_columns_and_colours():
    columns = {
        "predicted": masks.paint_labels(PHOTOS, LABELS, masks.class_colours(3)),
        "Grad-CAM": np.stack([blob()] * 2),
    }
    fig = figures.segment_grid(PHOTOS, columns, ["crown 0.90", "shadow 0.80"], LEGEND, LABELS > 0, [*LEGEND.values()])
    assert {"photo", "predicted", "Grad-CAM", "crown", "shadow", "crown 0.90"} <= set(texts(fig))
    assert len(fig.axes) == 2 * 3 + 1  # and the colour bar
    drawn = [[tuple(c.get_edgecolor()[0][:3]) for c in ax.collections] for ax in fig.axes[:6]]
    assert len([some for some in drawn if some]) == 2  # contours on maps only


def test_panels_without_maps_have_no_colour_bar():
    fig = figures.segment_grid(
        PHOTOS, {"true": masks.paint_labels(PHOTOS, LABELS, masks.class_colours(3))}, ["a", "b"], LEGEND
    )
    assert len(fig.axes) == 2 * 2


def test_panels_need_as_many_maps_as_photos():
    with pytest.raises(SeewhyError, match="1 maps of Grad-CAM"):
        figures.segment_grid(PHOTOS, {"Grad-CAM": np.stack([blob()])}, ["a", "b"], LEGEND)


def test_a_scatter_names_its_groups():
    fig = figures.scatter_chart(
        {"crown": ([0.1, 0.2], [0.3, 0.4]), "shadow": ([0.5], [0.6])}, [*LEGEND.values()], "x", "y"
    )
    ax = fig.axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["crown", "shadow"]
    assert [line.get_color() for line in ax.lines] == [*LEGEND.values()]
