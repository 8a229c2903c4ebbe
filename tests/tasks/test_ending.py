"""A network that ends in a sigmoid or softmax: its scores are explained, its confidence is its own."""

import copy

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
    def __init__(self, *end, bare=None):
        super().__init__()
        torch.manual_seed(0)
        self.gate = nn.Sigmoid()  # not the last step: stays
        self.features = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), *end)
        self.bare = bare

    def forward(self, x):
        out = self.head(self.gate(self.features(x)))
        return out if not self.bare else self.bare(out)


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


FUNCTIONS = {
    "sigmoid": [torch.sigmoid, lambda z: z.sigmoid(), nn.functional.sigmoid, torch.special.expit],
    "softmax": [
        lambda z: torch.softmax(z, 1),
        lambda z: z.softmax(dim=-1),
        lambda z: nn.functional.softmax(z, dim=1),
        lambda z: nn.functional.softmax(z.sigmoid(), 1),
    ],
}


@pytest.mark.parametrize(("ending", "number"), [(ending, k) for ending in FUNCTIONS for k in range(4)])
def test_a_function_at_the_end_is_taken_off_in_every_pass(ending, number):
    function = FUNCTIONS[ending][number]
    last = [lambda z: z.sigmoid()] if (ending, number) == ("softmax", 3) else [lambda z: z]
    scores = last[0](Net()(IMAGE)).detach()
    model = copy.deepcopy(remove_activation(Net(bare=function), ending, IMAGE, "here"))
    torch.testing.assert_close(model(IMAGE).detach(), scores)
    torch.testing.assert_close(model(IMAGE * 2).detach(), last[0](Net()(IMAGE * 2)).detach())
    found = explain(model, IMAGE, methods=["gradcam", "occlusion"], targets=1, layer="features")
    expected = explain(Net(bare=last[0]), IMAGE, methods=["gradcam", "occlusion"], targets=1, layer="features")
    for method in ("gradcam", "occlusion"):
        torch.testing.assert_close(found[method], expected[method])


def test_a_pass_that_fails_leaves_no_watch_behind():
    model = remove_activation(Net(bare=torch.sigmoid), "sigmoid", IMAGE, "here")
    with pytest.raises(RuntimeError):
        model(IMAGE[:, :2])
    torch.testing.assert_close(model(IMAGE).detach(), Net()(IMAGE).detach())
    assert torch.overrides._get_current_function_mode_stack() == []


def test_a_sigmoid_that_torch_does_not_know_is_refused_with_the_way_out():
    by_hand = lambda z: 1 / (1 + (-z).exp())  # noqa: E731
    with pytest.raises(SeewhyError, match=r"here: found 'sigmoid', but no nn.Sigmoid or torch.sigmoid .* before it$"):
        remove_activation(Net(bare=by_hand), "sigmoid", IMAGE, "here")


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
