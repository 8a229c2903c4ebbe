"""A model beside the best fixed answer, counted by hand."""

import pandas as pd
import pytest

from seewhy.checks.majority_baseline import beside_fixed


def rows(labels, predicted):
    right = [a == b for a, b in zip(labels, predicted, strict=True)]
    return pd.DataFrame({"label": labels, "predicted": predicted, "correct": right})


def test_a_model_that_answers_the_rare_class_to_all_is_no_working_model():
    found = beside_fixed(rows(["yes"] * 36 + ["no"] * 4, ["no"] * 40))
    assert (found.accuracy.value, found.best) == (0.1, 0.9)
    assert found.worthless
    assert [gate.status for gate in found.gates] == ["fail"]
    assert found.told == (
        "**This is no working model**: it answers *no* to 40 of 40 images and is 10.0 % right, where one fixed answer "
        "would be 90.0 %."
    )


def test_what_is_only_wrong_is_not_said_to_answer_one_thing():
    found = beside_fixed(rows(["yes"] * 30 + ["no"] * 10, ["no"] * 20 + ["maybe"] * 20))
    assert found.told.startswith("**This is no working model**: it is 0.0 % right")


@pytest.mark.parametrize("predicted", [["yes"] * 36 + ["no"] * 4, ["yes"] * 40])
def test_a_model_as_good_as_the_fixed_answer_or_better_is_not_accused(predicted):
    found = beside_fixed(rows(["yes"] * 36 + ["no"] * 4, predicted))
    assert not found.worthless
    assert found.told == ""


def test_without_labels_there_is_no_gate():
    found = beside_fixed(rows([None] * 5, ["yes"] * 5))
    assert (found.gates, found.told) == ([], "")
