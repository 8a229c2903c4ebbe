"""What the doctor says of networks: choices that were made, and predictions that look like a mix-up."""

from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from seewhy.doctor.network_checks import better_order, choices_made, class_order, odd_predictions
from seewhy.engine.outputs import Choice
from seewhy.inputs.built import Built
from tests.conftest import checkpoint

CLASSES = ["a", "b", "c"]


def rows(predicted, labels):
    frame = pd.DataFrame({"predicted": list(predicted), "label": list(labels)})
    return frame.assign(correct=frame["predicted"] == frame["label"])


def test_all_images_as_one_class():
    ((mark, text),) = odd_predictions(rows("a" * 9, "aaabbbccc"), CLASSES)
    assert (mark, text[:40]) == ("warning", "all 9 images are predicted as 'a': are s")
    ((mark, _),) = odd_predictions(rows("a" * 9, "a" * 9), CLASSES)
    assert mark == "ok"
    assert not list(odd_predictions(rows("ab" * 5, "ab" * 5), CLASSES))
    assert not list(odd_predictions(rows("aaa", "abc"), CLASSES))  # too few


def test_an_accuracy_that_another_order_of_the_classes_would_mend():
    mixed = rows("bca" * 6, "abc" * 6)
    assert better_order(mixed, CLASSES) == (["c", "a", "b"], 1.0)
    ((mark, text),) = odd_predictions(mixed, CLASSES)
    assert mark == "warning"
    assert (
        "no better than chance (33%); were 'a' is called 'c', 'b' is called 'a', 'c' is called 'b', it would be" in text
    )
    assert not list(odd_predictions(rows("abcabcabcb", "abcabcabca"), CLASSES))


def test_what_was_chosen_between_file_and_network():
    note = "EMA weights are used (key 'ema')"
    built = Built(torch.nn.Identity(), 3, Choice(1), ["the head `fc` is made as the weights are: x"])
    study = SimpleNamespace(checkpoint=SimpleNamespace(notes=(note,), classes=["b", "a"]), built_network=built)
    assert list(choices_made(study)) == [
        ("warning", note),
        ("ok", built.notes[0]),
        ("ok", "of several outputs '1' is the one with a value for each class"),
    ]
    assert "the checkpoint names other classes: b, a" in next(class_order(study, ["x", "y"]))[1]
    assert not list(class_order(study, ["b", "a"]))


TWO = """
from torch import nn
class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
        self.side, self.head = nn.Linear(8, 2), nn.Linear(8, 2)
    def forward(self, x):
        x = self.features(x).mean((2, 3))
        return x, self.side(x), self.head(x)
"""


def test_of_several_outputs_the_study_picks_one_and_takes_another_if_asked(project, study):
    from seewhy import SeewhyError, open_study

    plain = study.predict()["predicted"].tolist()
    (project.root / "two.py").write_text(TWO)
    project.set("studies.tiny.architecture", "two.py:Two")
    own = checkpoint()["model_state_dict"]
    weights = own | {"side.weight": -own["head.weight"], "side.bias": -own["head.bias"]}
    project.save(model_state_dict=weights)
    project.set("studies.tiny.output_index", 2)
    assert open_study("tiny").predict()["predicted"].tolist() == plain
    project.set("studies.tiny.output_index", None)
    first = open_study("tiny")
    assert first.predict()["predicted"].tolist() != plain
    assert "several outputs fit: 1, 2; '1' is used; `output_index: 2` picks another" in first.built_network.notes
    project.set("studies.tiny.output_key", "logits")
    with pytest.raises(SeewhyError, match="no output 'logits'; allowed: 0, 1, 2"):
        open_study("tiny").predict()


ONE = """
from torch import nn
class One(nn.Module):
    def __init__(self, num_classes=2):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4))
        self.head = nn.Linear(8, num_classes)
    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))
"""


def test_one_output_gives_the_predictions_of_two(project, study):
    from seewhy import open_study

    two = study.predict()
    (project.root / "one.py").write_text(ONE)
    project.set("studies.tiny.architecture", "one.py:One")
    own = checkpoint()["model_state_dict"]
    difference = {f"head.{key}": (own[f"head.{key}"][1:] - own[f"head.{key}"][:1]) for key in ("weight", "bias")}
    project.save(model_state_dict=own | difference)
    single = open_study("tiny")
    found = single.predict()
    assert found["predicted"].tolist() == two["predicted"].tolist()
    assert abs(found["confidence"] - two["confidence"]).max() < 1e-6  # sigmoid of the difference is the softmax
    assert single.is_single
    assert "one output: its value speaks for the second class" in single.built_network.notes[0]
