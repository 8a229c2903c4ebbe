import copy

import numpy as np
import pytest
import torch
from torch import nn

from seewhy.metrics import randomisation
from seewhy.metrics.agreement import spearman
from seewhy.stats import crossed_mean
from tests.methods.nets import small


def changed(before, after):
    return [name for name, weight in after.state_dict().items() if not torch.equal(weight, before[name])]


def test_weights_go_from_the_output_to_the_input_and_the_model_stays():
    model = small()
    before = copy.deepcopy(model.state_dict())
    stages = []
    for share, other in randomisation.randomise_cascade(model, torch.zeros(1, 3, 8, 8), 5, 0):
        stages.append((share, {name.partition(".")[0] for name in changed(before, other)}))
    assert [modules for _, modules in stages[:3]] == [{"head"}, {"head", "mix"}, {"head", "mix", "layer"}]
    assert stages[-1][1] == {"head", "mix", "layer", "stem"}
    shares = [share for share, _ in stages]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert changed(before, model) == []


def test_a_network_of_fewer_layers_than_depths_has_fewer_steps():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    shares = [share for share, _ in randomisation.randomise_cascade(model, torch.zeros(1, 3, 8, 8), 4, 0)]
    assert shares == [290 / 402, 1.0]


def test_redrawn_tensors_keep_their_mean_and_spread():
    model = nn.Sequential(nn.Conv2d(3, 32, 5), nn.Flatten(), nn.Linear(32 * 16, 4))
    nn.init.normal_(model[2].weight, 3.0, 0.5)
    (_, other), *_ = randomisation.randomise_cascade(model, torch.zeros(1, 3, 8, 8), 1, 0)
    found, was = other[2].weight.detach(), model[2].weight.detach()
    assert float(found.mean()) == pytest.approx(float(was.mean()), abs=0.05)
    assert float(found.std()) == pytest.approx(float(was.std()), rel=0.1)
    assert float(np.corrcoef(found.flatten(), was.flatten())[0, 1]) < 0.1


def test_parameters_of_modules_that_are_never_called_count_with_those_around_them():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))
            self.attention = nn.MultiheadAttention(4, 2)
            self.last = nn.Linear(4, 2)

        def forward(self, x):
            x = self.scale * x.flatten(2).transpose(1, 2)
            return self.last(self.attention(x, x, x)[0].mean(1))

    model = Odd().eval()
    before = copy.deepcopy(model.state_dict())
    stages = [
        changed(before, other) for _, other in randomisation.randomise_cascade(model, torch.zeros(1, 4, 2, 2), 3, 0)
    ]
    assert stages[0] == ["last.weight", "last.bias"]
    assert "attention.out_proj.weight" in stages[1]
    assert "scale" not in stages[1]
    assert "scale" in stages[2]


def test_draws_are_seeded():
    one, two, other = (
        next(randomisation.randomise_cascade(small(), torch.zeros(1, 3, 8, 8), 1, seed))[1].head.weight
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_likeness_to_other_images_is_worked_by_hand():
    up = np.arange(4.0).reshape(2, 2)
    trained, changed = np.stack([up, -up, 10 * up, np.ones((2, 2))]), np.stack([up, -up, np.ones((2, 2)), up])
    partners = np.array([[1, 2], [2, 3], [0, 1], [-1, -1]])  # the constant map takes no part, nor has it a likeness
    found = randomisation.likeness_to_others(changed, trained, partners)
    np.testing.assert_allclose(found, [0, -1, np.nan, np.nan], atol=1e-12)


def test_what_is_kept_counts_from_what_maps_of_other_images_share():
    found = randomisation.kept_share(np.array([1.0, 0.4, 0.2]), np.array([0.3, 0.4, 0.5]))
    np.testing.assert_allclose(found, [0.7 / 0.6, 0, -0.5])
    assert np.isnan(randomisation.kept_share(np.array([1.0, 0.9]), np.array([0.95, 0.95]))).all()  # all maps are one


def kept_of(maps, networks):
    """The estimate of what is left of maps (n, h, w) in random networks (draws, n, h, w), beside all other images."""
    n = len(maps)
    partners = np.array([[(k + far) % n for far in range(1, n)] for k in range(n)])
    parts = [
        randomisation.kept_share(spearman(maps, some), randomisation.likeness_to_others(some, maps, partners))
        for some in networks
    ]
    return crossed_mean(np.stack(parts, 1), 0)


def test_edges_times_the_sign_of_the_head_are_found_out():
    """A method that draws the picture, with a sign that random weights turn over: one draw in two passed it."""
    rng = np.random.default_rng(0)
    edges = rng.random((30, 6, 6))
    networks = [sign * edges for sign in (-1, -1, 1, -1, 1)]
    assert kept_of(edges, networks[:1]).outcome(0.5) == "excluded"
    assert kept_of(edges, networks).outcome(0.5) == "too few"  # the draws disagree, and the interval says so
    assert kept_of(np.abs(edges), np.abs(networks)).outcome(0.5) == "shown"


def test_maps_that_only_share_where_things_lie_are_lost():
    rng = np.random.default_rng(1)
    middle = np.exp(-((np.mgrid[:6, :6] - 2.5) ** 2).sum(0) / 8)
    maps, networks = middle + 0.3 * rng.random((30, 6, 6)), middle + 0.3 * rng.random((5, 30, 6, 6))
    found = kept_of(maps, networks)
    assert spearman(maps, networks[0]).mean() > 0.5
    assert abs(found.value) < 0.05
    assert found.outcome(0.5) == "excluded"
