import numpy as np
import pandas as pd
import pytest
import torch

from seewhy.errors import SeewhyError
from seewhy.tasks.classification import confusion_counts, image_predictions, top_classes

CLASSES = ["cup", "cat", "dog"]
FRAME = pd.DataFrame({"image": ["a", "b", "c"], "label": ["cup", "dog", None]})
LOGITS = torch.tensor([[2.0, 0.0, 0.0], [0.0, 3.0, 1.0], [0.0, 0.0, 5.0]])


def test_one_row_an_image():
    found = image_predictions(FRAME, LOGITS, CLASSES)
    assert found["predicted"].tolist() == ["cup", "cat", "dog"]
    assert found["correct"].tolist() == [True, False, pd.NA]
    assert found["confidence"][0] == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert [sum(row) for row in found["probabilities"]] == pytest.approx([1, 1, 1])


def test_without_labels_nothing_is_right_or_wrong():
    found = image_predictions(FRAME.assign(label=None), LOGITS, CLASSES)
    assert found["correct"].isna().all()
    assert confusion_counts(found, CLASSES).shape == (0, 0)


def test_confusion_counts_true_in_rows_over_the_classes_that_occur():
    found = confusion_counts(image_predictions(FRAME, LOGITS, CLASSES), CLASSES)
    assert list(found.index) == list(found.columns) == CLASSES
    assert found.loc["dog", "cat"] == 1
    assert found.to_numpy().sum() == 2
    assert list(confusion_counts(image_predictions(FRAME.head(1), LOGITS[:1], CLASSES), CLASSES)) == ["cup"]


def test_the_likeliest_classes_come_first():
    ranked, names = top_classes(image_predictions(FRAME, LOGITS, CLASSES), CLASSES, 2)
    assert ranked == [[0, 1], [1, 2], [2, 0]]
    assert names[1] == ["cat", "dog"]
    assert top_classes(image_predictions(FRAME, LOGITS, CLASSES), CLASSES, 9)[0][0] == [0, 1, 2]


@pytest.mark.parametrize("shape", [(3, 2), (3, 3, 4, 4)])
def test_an_output_of_another_shape_is_refused(shape):
    with pytest.raises(SeewhyError, match=r"the model's output has shape .*; the dataset has 3 classes"):
        image_predictions(FRAME, torch.zeros(shape), CLASSES)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_an_output_that_is_not_finite_is_refused(bad):
    spoiled = LOGITS.clone()
    spoiled[1, 1] = bad
    with pytest.raises(SeewhyError, match="the model's output is not finite for 1 of 3 images"):
        image_predictions(FRAME, spoiled, CLASSES)
