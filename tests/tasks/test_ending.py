"""A network that ends in a sigmoid or softmax: its scores are explained, its confidence is its own."""

import pandas as pd
import pytest
import torch
from torch import nn

from seewhy.errors import SeewhyError
from seewhy.methods.explain import explain
from seewhy.tasks.classification import image_predictions
from seewhy.tasks.output_activation import remove_activation

IMAGE = torch.linspace(-1, 1, 48).view(1, 3, 4, 4)
ENDS = {"sigmoid": nn.Sigmoid, "softmax": lambda: nn.Softmax(1)}


class Net(nn.Module):
    def __init__(self, *end, bare=False):
        super().__init__()
        torch.manual_seed(0)
        self.gate = nn.Sigmoid()  # not the last step: stays
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), *end)
        self.bare = bare

    def forward(self, x):
        out = self.head(self.gate(self.features(x)))
        return out if not self.bare else out.sigmoid()


@pytest.mark.parametrize("ending", ENDS)
def test_what_is_left_gives_the_scores_and_they_the_same_probabilities(ending):
    scores, said = Net()(IMAGE).detach(), Net(ENDS[ending]())(IMAGE).detach()
    model = remove_activation(Net(ENDS[ending]()), ending, IMAGE, "here")
    torch.testing.assert_close(model(IMAGE).detach(), scores)
    assert isinstance(model.gate, nn.Sigmoid)
    rows = image_predictions(
        pd.DataFrame({"image": ["a"], "label": [None]}), model(IMAGE).detach(), list("abc"), ending
    )
    assert rows["confidence"][0] == pytest.approx(float(said.max()), rel=1e-5)
    assert rows["probabilities"][0] == pytest.approx(said[0].tolist(), rel=1e-5)


def test_a_network_that_ends_in_scores_stays_as_it_is():
    model = Net()
    with torch.no_grad():
        model.head[1].bias += 5
    assert remove_activation(model, "sigmoid", IMAGE, "here") is model
    assert isinstance(model.head[-1], nn.Linear)


def test_a_sigmoid_that_is_no_module_is_refused_with_the_way_out():
    with pytest.raises(SeewhyError, match=r"here: found 'sigmoid', but no nn.Sigmoid module .* before it$"):
        remove_activation(Net(bare=True), "sigmoid", IMAGE, "here")


def test_a_saturated_sigmoid_has_no_map_and_its_score_has_one():
    def saturated():
        model = Net(nn.Sigmoid())
        with torch.no_grad():
            model.head[1].bias += 40
        return model

    said = explain(saturated(), IMAGE, methods=["hirescam"], targets=0, layer="features")["hirescam"]
    model = remove_activation(saturated(), "sigmoid", IMAGE, "here")
    assert not said.any()
    assert explain(model, IMAGE, methods=["hirescam"], targets=0, layer="features")["hirescam"].any()


def test_with_a_sigmoid_each_class_speaks_for_itself():
    rows = image_predictions(
        pd.DataFrame({"image": ["a", "b"], "label": ["x", None]}),
        torch.tensor([[0.0, -2.0], [50.0, 60.0]]),
        ["x", "y"],
        "sigmoid",
    )
    assert rows["confidence"].tolist() == [0.5, 1.0]
    assert rows["predicted"].tolist() == ["x", "y"]  # the higher score, though both are 1
