from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from seewhy.engine.tuned import tuned_copy
from seewhy.errors import SeewhyError
from seewhy.measure import forward, robustness
from seewhy.measure.budget import Budget
from seewhy.measure.families.randomisation import DRAWS
from seewhy.metrics.baselines import NAMES
from seewhy.stats import mean
from tests.measure import first_edition

METHODS = ["gradcam", "activation"]


def table(**columns):
    rest = {name: [0.0] * 6 for name in NAMES if name not in columns}
    return pd.DataFrame({**columns, **rest})


def test_a_method_is_held_against_the_best_control_in_the_same_images():
    found = table(gradcam=[3.0, 3, 3, 3, 3, np.nan], centre=[1.0, 1, 1, 1, 1, 99], edges=[2.0, 2, 2, 2, 2, 0])
    one = first_edition.versus(found, "gradcam", 1, 0)
    assert (one.control, one.difference.value, one.difference.n) == ("edges", 1.0, 5)
    assert one.p == pytest.approx(2 / 32, abs=0.015)
    less = first_edition.versus(found, "gradcam", -1, 0)
    assert (less.control, less.difference.value) == ("random", -3.0)
    assert first_edition.versus(table(gradcam=[np.nan] * 6), "gradcam", 1, 0).control == ""


def test_a_budget_is_a_count_of_operations(study):
    # 3x3 convolution of 3 to 8 channels over 32 x 32 pixels, and a linear layer: two operations a product
    cost = 2 * (32 * 32 * 8 * 27 + 8 * 2) / 1e9
    budget = Budget(study, 7 * 10 * cost * 1.001)
    assert budget.image_cost == pytest.approx(cost)
    assert len(budget.sample_rows(10)) == 7
    assert len(budget.sample_rows(1000)) == 5  # fewer say nothing
    assert len(budget.sample_rows(1)) == len(study.predictions)


def test_the_sweep_of_a_study_is_of_its_own_targets_and_probabilities(study):
    rows = study.predictions.head(3)
    found = first_edition.swept(study, rows, METHODS, 4)
    np.testing.assert_allclose(found.scores, rows["confidence"], atol=1e-5)
    tables = first_edition.faithful(found)
    assert set(tables["deletion_auc"]) == {*METHODS, *NAMES}
    assert all(len(one) == 3 for one in tables.values())
    again = first_edition.swept(study, rows, METHODS, 4)
    pd.testing.assert_frame_equal(tables["road"], first_edition.faithful(again)["road"])


def test_objects_are_looked_for_where_they_are_known(study):
    found = first_edition.located(study, METHODS)
    assert len(found["localisation_lift"]) == 5  # six have boxes, one of them no label
    means = first_edition.measured(found, 0)
    assert means["centre.localisation_lift"] == mean(found["localisation_lift"]["centre"].to_numpy(), 0)
    assert set(first_edition.compared(found, METHODS, 0)) == {f"{name}.{what}" for name in METHODS for what in found}


def test_redrawn_weights_leave_the_model_as_it_was(study):
    before = {name: value.clone() for name, value in study.model.state_dict().items()}
    likeness, others, deep = first_edition.redrawn(study, study.predictions, "activation", 2)
    assert max(deep) == 1
    assert likeness.shape == others.shape == (12, DRAWS)
    np.testing.assert_allclose(deep[min(deep)][0], 1)  # only the head is redrawn: no map of the layer moves
    assert likeness.mean() < 1
    assert all(torch.equal(value, before[name]) for name, value in study.model.state_dict().items())


def test_another_class_moves_the_map_of_a_method_that_knows_classes(study):
    found = first_edition.other_target(study, study.predictions, METHODS)
    np.testing.assert_allclose(found["activation"], 1)
    assert found["gradcam"].mean() < 0.9


def test_flipped_predictions_are_counted_apart(study, monkeypatch):
    nothing, inverse = (lambda photo, _seed: photo), (lambda photo, _seed: 255 - photo)
    monkeypatch.setattr(robustness.stability, "CHANGES", {"noise": nothing, "jpeg": inverse})
    found = first_edition.moved(study, study.predictions, METHODS)
    assert not found.flipped["noise"].any()
    np.testing.assert_allclose(found.likeness["noise"], 1)
    flipped = found.flipped["jpeg"]
    np.testing.assert_array_equal(found.likeness["jpeg"]["gradcam"].isna(), flipped)
    pd.testing.assert_frame_equal(found.worst, found.likeness["jpeg"])  # the other change moves nothing
    kind, share = found.flips
    assert (kind, share.value, share.n) == ("jpeg", flipped.mean(), len(flipped))


def test_an_answer_is_the_rows_own(study):
    rows = study.predictions
    output = forward.photo_outputs(study, tuned_copy(study.model, study.inputs(rows.head(1))).model, study.photos(rows))
    assert study.task.keeps_answer(rows, output, output, study).all()
    assert not study.task.keeps_answer(rows, output, -output, study).any()


def test_maps_of_several_sizes_are_refused(study):
    with pytest.raises(SeewhyError, match=r"audit.methods.*one size.*found: gradcam 8 x 8, gradient"):
        first_edition.swept(study, study.predictions, ["gradcam", "gradient"], 1)


def test_shares_of_images_that_are_all_alike_have_a_width():
    table = pd.DataFrame({"gradcam": [1.0] * 5 + [np.nan], **dict.fromkeys(NAMES, [0.0] * 6)})
    found = first_edition.measured({"pointing": table, "road": table}, 0)
    one = found["gradcam.pointing"]
    assert (one.value, one.high, one.n) == (1, 1, 5)
    assert one.low == pytest.approx(0.5655, abs=1e-4)  # Wilson: n / (n + 1.96^2)
    assert found["gradcam.road"].low == 1
    few = first_edition.measured({"pointing": table.head(4)}, 0)["gradcam.pointing"]
    assert (few.measured, few.n) == (False, 4)
    beside = first_edition.compared({"pointing": table}, ["gradcam"], 0)["gradcam.pointing"]
    assert beside.difference.low < 0.5 < beside.difference.high == 1


def test_what_a_method_has_over_the_best_control_is_a_figure():
    table = pd.DataFrame({"gradcam": [0.1] * 6, "random": [0.4] * 6, "centre": [0.3] * 6, "edges": [0.5] * 6})
    found = first_edition.over(first_edition.compared({"deletion_auc": table, "insertion_auc": table}, ["gradcam"], 0))
    assert {name: round(one.value, 6) for name, one in found.items()} == {
        "gradcam.deletion_auc_over_control": 0.2,  # less is better: the best control is the blob
        "gradcam.insertion_auc_over_control": -0.4,  # more is better: the edges
    }


def test_only_an_answer_with_places_is_brought_back_and_only_after_a_shift(study, monkeypatch):
    """What moves with the photo has not flipped; a caption's steps and words are no places."""
    seen = []
    monkeypatch.setattr(robustness.stability, "shift_back", lambda answers: seen.append(answers.shape[2:]) or answers)
    first_edition.moved(study, study.predictions, METHODS)
    assert seen == []  # classes
    for shape in ((2, 4, 4), (3, 4)):
        answers = torch.zeros(len(study.predictions), *shape)
        monkeypatch.setattr(robustness, "photo_outputs", lambda *_given, answers=answers: answers)
        monkeypatch.setattr(
            type(study),
            "task",
            SimpleNamespace(
                target_score=study.task.target_score, keeps_answer=lambda rows, *_: np.ones(len(rows), bool)
            ),
        )
        first_edition.moved(study, study.predictions, METHODS)
    assert seen == [study.size]  # a pixel of the input, whatever the answer's size is
