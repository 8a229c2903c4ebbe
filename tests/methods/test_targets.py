"""Scores: of classes and of users' functions, for the caller's batch and for those that methods make of it."""

import pytest
import torch

from seewhy.engine.targets import Score, class_score, resolve_targets

OUTPUT = torch.tensor([[1.0, 5.0, 2.0], [7.0, 0.0, 3.0]])


def test_a_score_is_the_output_of_each_image_s_class() -> None:
    assert class_score([1, 2])(OUTPUT).tolist() == [5, 3]


def test_repeat_goes_image_by_image() -> None:
    expanded = OUTPUT.repeat_interleave(3, 0)
    assert class_score([1, 2]).repeat_images(3)(expanded).tolist() == [5, 5, 5, 3, 3, 3]


def test_pick_follows_the_images_given() -> None:
    assert class_score([1, 2]).pick_images([1, 0, 1])(OUTPUT[[1, 0, 1]]).tolist() == [3, 5, 3]


def test_a_user_s_function_stands_for_any_batch() -> None:
    (score,) = resolve_targets([lambda out: out[:, 0] - out[:, 1]], OUTPUT)
    assert isinstance(score, Score)
    assert score.repeat_images(4) is score
    assert score.pick_images([1]) is score
    assert score(OUTPUT).tolist() == [-4, 7]


def test_a_score_is_resolved_to_itself() -> None:
    score = class_score([0, 0])
    assert resolve_targets([score], OUTPUT) == [score]


@pytest.mark.parametrize(
    ("targets", "classes"),
    [(None, [(1, 0)]), (2, [(2, 2)]), ([2, 1], [(2, 1)]), ("all", [(0, 0), (1, 1), (2, 2)])],
)
def test_resolve_names_a_class_for_each_image(targets: object, classes: list[tuple[int, int]]) -> None:
    assert [score.classes for score in resolve_targets(targets, OUTPUT)] == classes  # type: ignore[arg-type]
