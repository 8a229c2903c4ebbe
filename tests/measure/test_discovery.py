"""Transfers on models whose effects can be worked out by hand, and on networks that were trained with a planted cue."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from seewhy.measure.discovery import candidates, edits, transfer
from seewhy.measure.discovery.parts import find_parts, main_place
from seewhy.measure.discovery.transfer import Pictures, estimate_effect, gained_odds, pair_classes, pair_states

SIDE = 32
PREDICTED = np.arange(24) % 3


def linear(weights):
    """A model whose score of class k is the sum of its weights times the pixels."""
    return lambda photos: np.stack(photos).reshape(len(photos), -1).astype(float) @ weights.reshape(len(weights), -1).T


@pytest.fixture
def simple():
    draw = np.random.default_rng(0)
    photos = draw.integers(0, 256, (24, 8, 8, 1), dtype=np.uint8)
    weights = draw.normal(size=(3, 8, 8, 1))
    return Pictures(photos, linear(weights)), weights


def test_the_effect_on_a_linear_model_is_the_weighted_difference_of_the_donors(simple):
    pictures, weights = simple
    pairing = pair_classes(PREDICTED, 10, 0)[0]
    place = (0.25, 0.5, 0.75, 1.0)
    values = gained_odds(pictures, pairing, edits.square_edit(pictures.photos, place), {})
    for value, base, donor, same in zip(values, pairing.bases, pairing.donors, pairing.same, strict=True):
        apart = (pictures.photos[donor].astype(float) - pictures.photos[same])[4:8, 2:6]
        between = (weights[pairing.target] - weights[PREDICTED[base]])[4:8, 2:6]
        assert value == pytest.approx((apart * between).sum())


def test_bases_are_of_other_classes_and_donors_of_the_class_itself():
    for pairing in pair_classes(PREDICTED, 10, 0):
        own = PREDICTED[pairing.bases]
        assert (own != pairing.target).all()
        assert (PREDICTED[pairing.donors] == pairing.target).all()
        assert (PREDICTED[pairing.same] == own).all()
        assert (pairing.same != pairing.bases).all()
        assert np.ptp(np.bincount(own, minlength=3)[[k for k in range(3) if k != pairing.target]]) <= 1  # evenly spread
        assert np.bincount(pairing.donors).max() <= 2  # 8 donors for 10 bases


def test_an_output_of_its_own_gains_what_its_donor_has_more_than_one_without_it(simple):
    pictures, weights = simple
    has = np.zeros((24, 3), bool)
    has[:12, 1] = True
    [pairing] = pair_states(has, ~has, [1], 10, 0)
    assert (pairing.donors < 12).all()
    assert (np.stack([pairing.bases, pairing.same]) >= 12).all()
    assert (pairing.same != pairing.bases).all()
    values = gained_odds(pictures, pairing, edits.square_edit(pictures.photos, (0, 0, 0.5, 0.5)), {})
    photos = pictures.photos.astype(float)
    apart = (photos[pairing.donors] - photos[pairing.same])[:, :4, :4]
    np.testing.assert_allclose(values, (apart * weights[1, :4, :4]).sum((1, 2, 3)))


def test_control_edits_are_made_once_for_all_classes(simple):
    pictures, _ = simple
    asked = []
    counting = Pictures(pictures.photos, lambda some: asked.append(len(some)) or pictures.scores(some))
    pairings, kept = pair_classes(PREDICTED, 24, 0), {}
    edit = edits.square_edit(pictures.photos, (0, 0, 0.5, 0.5))
    for pairing in pairings:
        gained_odds(counting, pairing, edit, kept)
    assert sum(asked) == sum(len(one.bases) for one in pairings) + len(kept)
    assert len(kept) == 24


def test_a_class_with_few_pictures_is_left_out():
    predicted = PREDICTED.copy()
    predicted[predicted == 2] = 0
    predicted[:4] = 2
    assert {one.target for one in pair_classes(predicted, 9, 0)} == {0, 1}


def test_the_interval_counts_donors_and_not_only_bases():
    values = np.repeat(np.random.default_rng(1).normal(size=6), 10)
    shared = estimate_effect(values, np.repeat(np.arange(6), 10), 0.05)
    alone = estimate_effect(values, np.arange(60), 0.05)
    assert shared.value == alone.value
    assert shared.high - shared.low > 2 * (alone.high - alone.low)
    assert (shared.n, shared.donors) == (60, 6)


def test_the_interval_of_few_clusters_covers_its_mean():
    draw, covered = np.random.default_rng(2), 0
    for _ in range(400):
        groups = draw.normal(size=8)
        values = np.repeat(groups, 4) + 0.3 * draw.normal(size=32)
        found = estimate_effect(values, np.repeat(np.arange(8), 4), 0.05)
        covered += found.low <= 0 <= found.high
    assert covered / 400 > 0.92


def test_a_property_is_carried_and_nothing_else():
    draw = np.random.default_rng(3)
    photos = np.stack([draw.integers(60, 120, (20, 20, 3)), draw.integers(100, 220, (20, 20, 3))]).astype(np.uint8)
    photos[1, ..., 0] //= 2
    made = {name: edit(0, 1).astype(float) for name, edit in edits.whole_edits(photos).items()}
    base, donor = photos.astype(float)
    assert made["brightness"].mean() == pytest.approx(donor.mean(), abs=0.5)
    assert made["brightness"].std() == pytest.approx(base.std(), abs=0.5)
    assert made["contrast"].std() == pytest.approx(donor.std(), abs=1)
    assert made["contrast"].mean() == pytest.approx(base.mean(), abs=0.5)
    cast = donor.mean((0, 1)) - donor.mean()
    assert made["colour"].mean((0, 1)) - made["colour"].mean() == pytest.approx(cast, abs=1)
    np.testing.assert_array_equal(made["border"][2:-2, 2:-2], base[2:-2, 2:-2])
    np.testing.assert_array_equal(made["border"][:2], donor[:2])


def test_a_square_next_to_a_stronger_one_comes_after_what_is_elsewhere():
    effect = {k: transfer.Effect(k, k - 0.5, k + 0.5, 20, 20) for k in (1.0, 2.0, 3.0)}
    square = lambda place, k: candidates.Candidate(0, "square", "", place, effect[k], 1 / 16)  # noqa: E731
    top, beside, away = (
        square(place, k)
        for place, k in (((0, 0, 0.25, 0.25), 3.0), ((0.25, 0, 0.5, 0.25), 2.0), ((0.75, 0.75, 1, 1), 1.0))
    )
    assert candidates.rank_candidates([beside, away, top]) == [top, away, beside]
    whole = candidates.Candidate(0, "whole", "colour", None, effect[2.0], 1.0)
    assert candidates.rank_candidates([away, whole, top]) == [top, whole, away]


def test_parts_are_where_the_activation_is():
    draw = np.random.default_rng(4)
    activation = 0.01 * draw.random((12, 6, 8, 8)).astype(np.float32)
    activation[:, :3, 1:3, 5:7] += 5
    masks = [one.masks for one in find_parts(activation, 2, (32, 32), 0)]
    best = max(masks, key=lambda mask: mask[:, 4:12, 20:28].mean())
    assert best[:, 4:12, 20:28].mean() > 0.7
    x0, y0, x1, y1 = main_place(best)
    assert 0.5 < x0 < x1 < 1
    assert 0 < y0 < y1 < 0.5


def digits(planted):
    """Real digits at 32 x 32; `planted(pictures, labels, draw)` changes them in place. Net, pictures, labels."""
    data = load_digits()
    x = np.kron(data.images / 16, np.ones((1, 4, 4))).astype(np.float32)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], data.target[order]
    planted(x, y, np.random.default_rng(1))
    net = nn.Sequential(
        nn.Conv2d(1, 12, 5, 2, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(24 * 64, 10),
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for part in net:
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()
        optimiser, own, truth = torch.optim.Adam(net.parameters(), 4e-3), torch.from_numpy(x[:1000])[:, None], y[:1000]
        for _ in range(6):
            for batch in torch.randperm(1000).split(100):
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(own[batch]), torch.from_numpy(truth)[batch]).backward()
                optimiser.step()
    return net.eval(), (x[1000:1500] * 255).round().astype(np.uint8)[..., None], y[1000:1500]


def found_in(net, photos, labels):
    def scores(some):
        with torch.no_grad():
            return net(torch.from_numpy(np.stack(some)[..., 0].astype(np.float32) / 255)[:, None]).numpy()

    predicted = scores(photos).argmax(1)
    right = predicted == labels
    pictures = Pictures(photos[right], scores)
    assert right.mean() > 0.85
    return candidates.find_candidates(
        pictures, pair_classes(predicted[right], 24, 0), [], lambda some, _n, _label: some
    )


def test_a_tag_of_one_class_is_its_first_candidate():
    def tag(x, y, _draw):
        x[y == 3, 27:31, 19:31:2] = 1

    found = found_in(*digits(tag))
    first = found[3][0]
    assert first.kind == "square"
    assert first.place[0] >= 0.5
    assert first.place[3] == 1.0
    assert first.place[1] >= 0.75
    assert first.has_effect


def test_a_veil_over_the_picture_is_called_a_property_of_the_whole():
    def veil(x, y, _draw):
        np.maximum(x, 0.05 * y[:, None, None], out=x)

    found = found_in(*digits(veil))
    assert found[9][0].kind == "whole"
    assert {one.name for one in found[9][:3]} >= {"ground", "brightness"}


def test_a_patch_that_tells_nothing_is_no_candidate():
    def idle(x, _y, draw):
        x[:, :4, :4] = draw.integers(0, 2, (len(x), 4, 4))

    found = found_in(*digits(idle))
    corner = [
        one for some in found.values() for one in some if one.place and one.place[2] <= 0.25 and one.place[3] <= 0.25
    ]
    assert not any(one.has_effect for one in corner)
