"""Numbers: estimates beside labels, and maps for higher and lower."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.methods.explain import explain
from seewhy.tasks import get_task, regression, task_scores

FRAME = pd.DataFrame({"image": ["1", "2", "3"], "label": ["[20.0, 1.0]", "[50.0, 3.0]", None]})
OUTPUT = torch.tensor([[21.0, 1.0], [40.0, 3.3], [30.0, 2.0]])
STUDY = SimpleNamespace(dataset=SimpleNamespace(frame=FRAME, classes=["age", "height"]))


def test_a_row_an_image_and_quantity_with_its_error():
    assert regression.label_spreads(STUDY, OUTPUT).tolist() == [15, 1]
    rows = regression.predict_rows(FRAME, OUTPUT, STUDY)
    assert rows["predicted"].tolist() == ["age", "height"] * 3
    assert rows["error"].tolist()[:4] == pytest.approx([1, 0, -10, 0.3], abs=1e-6)
    assert rows["correct"].tolist() == [True, True, False, False, pd.NA, pd.NA]
    assert rows["label"].isna().tolist() == [False] * 4 + [True] * 2
    assert rows["estimate"].tolist()[-2:] == [30, 2]
    with pytest.raises(SeewhyError, match=r"shape \(3, 1\); the dataset has 2 numbers"):
        regression.predict_rows(FRAME, OUTPUT[:, :1], STUDY)


def test_one_number_is_one_quantity():
    frame = FRAME.assign(label=["20.5", "50.25", None])
    rows = regression.quantity_predictions(frame, OUTPUT[:, :1], ["age"], np.array([10.0]))
    assert rows["value"].tolist()[:2] == [20.5, 50.25]


def test_a_table_for_readers():
    found = regression.readable_table(regression.predict_rows(FRAME, OUTPUT, STUDY), ["age", "height"])
    assert list(found) == ["image", "true_age", "predicted_age", "true_height", "predicted_height"]
    assert found["true_age"].tolist()[:2] == [20, 50]
    assert found["predicted_height"].tolist() == pytest.approx([1, 3.3, 2])


def test_kept_within_a_tenth_of_the_spread_and_certainty_around_the_own_estimate():
    rows = regression.predict_rows(FRAME, OUTPUT, STUDY)
    place = [0, 0, 1, 1, 2, 2]
    after = OUTPUT + torch.tensor([[1.4, 0.11]])
    assert regression.keeps_answer(rows, OUTPUT[place], after[place], STUDY).tolist() == [True, False] * 3
    rule = regression.answer_certainty(rows, STUDY)
    assert rule(OUTPUT[place], torch.arange(6)).tolist() == pytest.approx([0.5] * 6, abs=1e-6)
    higher = rule(OUTPUT[place] + 15, torch.arange(6))
    assert higher[0] == pytest.approx(float(torch.tensor(1.0).sigmoid()), abs=1e-6)


LINEAR = ["gradcam", "hirescam", "xgradcam", "gradient", "input_x_gradient", "integrated_gradients", "smoothgrad"]


@pytest.mark.parametrize("method", LINEAR)
def test_the_only_number_of_a_network_higher_and_lower(method):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)).eval()
    image = torch.randn(2, 3, 12, 12)
    wanted = [lambda output: output[:, 0], lambda output: -output[:, 0]]
    found = explain(net, image, methods=[method], layer="0", targets=wanted)[method]
    assert found.any()
    torch.testing.assert_close(found[:, 0], -found[:, 1], rtol=0, atol=0)


@pytest.mark.parametrize("method", [*LINEAR, "occlusion"])
def test_maps_for_higher_and_lower_are_exact_negatives(method):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
    image = torch.randn(2, 3, 12, 12)
    wanted = task_scores(regression.target_score, [[0, regression.lower_target(0, 2)]] * 2)
    found = explain(net, image, methods=[method], layer="0", targets=wanted)[method]
    assert found.any()
    torch.testing.assert_close(found[:, 0], -found[:, 1])
    assert get_task("regression") is regression
