"""A model beside always predicting the most common class, counted by hand."""

import pandas as pd
import pytest

from seewhy.checks.majority_baseline import compare_majority


def rows(labels, predicted):
    right = [a == b for a, b in zip(labels, predicted, strict=True)]
    return pd.DataFrame({"label": labels, "predicted": predicted, "correct": right})


def test_a_model_that_always_predicts_the_rare_class_does_not_work():
    found = compare_majority(rows(["yes"] * 36 + ["no"] * 4, ["no"] * 40))
    assert (found.accuracy.value, found.best, found.most_common) == (0.1, 0.9, "yes")
    assert (found.is_constant, found.predicted) == (True, "no")
    assert [check.status for check in found.accuracy_checks] == ["fail"]
    assert found.accuracy_checks[0].row()["gate"] == "model.accuracy"


def test_predictions_that_vary_are_not_constant():
    assert not compare_majority(rows(["yes"] * 30 + ["no"] * 10, ["no"] * 20 + ["maybe"] * 20)).is_constant


@pytest.mark.parametrize("predicted", [["yes"] * 36 + ["no"] * 4, ["yes"] * 40])
def test_a_model_as_good_as_the_baseline_or_better_is_not_accused(predicted):
    (check,) = compare_majority(rows(["yes"] * 36 + ["no"] * 4, predicted)).accuracy_checks
    assert check.status != "fail"


def test_without_labels_there_is_no_check():
    found = compare_majority(rows([None] * 5, ["yes"] * 5))
    assert found.accuracy_checks == []
