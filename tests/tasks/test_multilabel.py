"""Several labels an image: each asked for itself, missed and invented ones beside those that are right."""

from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.methods.explain import explain
from seewhy.tasks import get_task, multilabel, task_scores

CLASSES = ["a", "b", "c"]
FRAME = pd.DataFrame(
    {
        "image": ["1", "2", "3", "4"],
        "label": ['["a", "b"]', "[]", None, '["c"]'],
        "uncertain": ['["c"]', "[]", None, "[]"],
    }
)
LOGITS = torch.tensor([[2.0, -1.0, 3.0], [-5.0, -4.0, -3.0], [1.0, -1.0, -1.0], [-1.0, -1.0, 4.0]])


def test_a_row_for_each_label_that_is_predicted_or_true():
    rows = multilabel.label_predictions(FRAME, LOGITS, CLASSES)
    assert list(zip(rows["image"], rows["predicted"], strict=True)) == [
        *[("1", "a"), ("1", "b"), ("1", "c"), ("2", "c"), ("3", "a"), ("4", "c")]
    ]
    assert rows["is_predicted"].tolist() == [True, False, True, False, True, True]
    assert rows["is_true"].tolist() == [True, True, pd.NA, False, pd.NA, True]
    assert rows["correct"].tolist() == [True, False, pd.NA, True, pd.NA, True]
    assert rows["label"].fillna("").tolist() == ["a", "b", "", "", "", "c"]
    assert rows["confidence"][0] == pytest.approx(float(torch.sigmoid(torch.tensor(2.0))))


def test_a_table_for_readers():
    found = multilabel.readable_table(multilabel.label_predictions(FRAME, LOGITS, CLASSES), FRAME, CLASSES)
    assert found["label"].tolist() == ["a|b", "", "?", "c"]
    assert found["predicted"].tolist() == ["a|c", "", "a", "c"]
    assert found["score_b"].tolist() == pytest.approx(LOGITS[:, 1].sigmoid().tolist())


def test_what_is_asked_of_a_changed_image():
    rows = multilabel.label_predictions(FRAME, LOGITS, CLASSES)
    after = LOGITS.clone()
    after[0] = torch.tensor([-1.0, -2.0, 1.0])
    place = [["1", "2", "3", "4"].index(name) for name in rows["image"]]
    kept = multilabel.keeps_answer(rows, LOGITS[place], after[place], None)
    assert kept.tolist() == [False, True, True, True, True, True]
    sure = multilabel.answer_certainty(rows, None)(LOGITS[place], torch.arange(6))
    assert sure.tolist() == pytest.approx(rows["confidence"].tolist(), rel=1e-6)


def test_an_output_of_another_width_is_refused():
    with pytest.raises(SeewhyError, match=r"shape \(4, 2\); the dataset has 3 classes"):
        multilabel.label_predictions(FRAME, LOGITS[:, :2], CLASSES)


@pytest.mark.parametrize("end", [nn.Identity, nn.Sigmoid])
def test_its_own_sigmoid_is_taken_off_and_each_label_has_a_map(end):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3), end()).eval()
    image = torch.randn(1, 3, 8, 8)
    with torch.no_grad():
        plain = net[:4](image)
    study = SimpleNamespace(name="s", blank_input=lambda: torch.zeros(1, 3, 8, 8))
    model = multilabel.prepare_network(net, study)
    torch.testing.assert_close(model(image).detach(), plain)
    assert get_task("multilabel") is multilabel
    found = explain(
        model, image, methods=["gradcam"], layer="0", targets=task_scores(multilabel.target_score, [[0, 2]])
    )
    expected = explain(model, image, methods=["gradcam"], layer="0", targets="all")["gradcam"]
    torch.testing.assert_close(found["gradcam"], expected[:, [0, 2]])
