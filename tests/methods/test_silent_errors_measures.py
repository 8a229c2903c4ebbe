"""Silent errors of leading libraries in what is measured and drawn, by their number in the field notes (section 1).

6 a metric without a seed; 7 Grad-CAM++ without its division; 9 an empty mask counted as a hit; 12 wrong normalisation
that goes unnoticed; 14 a map of zeros that wins. (11, checkpoints, is tested where files are read.)
"""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import ROADMostRelevantFirst
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torchcam.methods import GradCAMpp

import seewhy
from seewhy.config.params import Preprocessing
from seewhy.doctor.sample_steps import compare_claim
from seewhy.engine.evidence import collect_evidence
from seewhy.inputs.images import input_tensor
from seewhy.metrics import baselines, localisation
from seewhy.stats import mean, proportion
from tests.measure import first_edition

from .nets import close, small
from .test_untouched import METHODS, maps

IMAGES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Corner(nn.Module):
    """The score is the brightness of the upper left quarter."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :8, :8].mean((2, 3))


def road(cam: np.ndarray) -> float:
    """The peer's drop of the score without the fifth of the pixels that the map holds most relevant."""
    images = torch.zeros(1, 3, 16, 16)
    images[..., :8, :8] = 1
    return float(ROADMostRelevantFirst(80)(images, cam[None], [ClassifierOutputTarget(0)], Corner())[0])


def test_6_the_peer_gives_another_answer_at_every_call() -> None:
    assert len({road(-np.arange(256.0).reshape(16, 16)) for _ in range(3)}) == 3


@pytest.mark.parametrize("method", METHODS)
def test_6_equal_calls_of_ours_are_equal_to_the_bit(method: str) -> None:
    """Whatever the global generators are at, which no method moves."""
    found, model = [], small()
    for seed in range(3):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        state, numpys = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
        found.append(maps(model, method, IMAGES[:2]))
        assert torch.equal(torch.get_rng_state(), state)
        assert np.random.get_state()[1].tolist() == numpys  # noqa: NPY002
    if found[0] is not None:
        assert all(torch.equal(one, found[0]) for one in found)


def test_6_measures_and_controls_have_a_seed() -> None:
    values = np.random.default_rng(0).random(40)
    assert mean(values, seed=1) == mean(values, seed=1) != mean(values, seed=2)
    noise = [baselines.blind_maps(2, (4, 4), seed)["random"] for seed in (1, 1, 2)]
    assert (noise[0] == noise[1]).all()
    assert (noise[0] != noise[2]).any()


def test_7_the_peer_s_grad_cam_pp_lacks_its_division_and_ours_has_it() -> None:
    """Equation 19 written out: a = g^2 / (2 g^2 + g^3 sum A), weights sum a relu(g). The peer's are sum g^2 relu(g)."""
    model, score = small(), [lambda output: 100 * output[:, 1]]
    nn.init.uniform_(model.head.weight, 0.1, 1)  # several channels speak for the class, and weigh
    seen = collect_evidence(model, IMAGES, ["mix"], score).evidence["mix"][0]
    g, a = seen.gradient, seen.activation
    below = 2 * g**2 + g**3 * a.sum((2, 3), keepdim=True)
    alpha = torch.where(below == 0, 0, g**2 / torch.where(below == 0, 1, below))
    right, undivided = ((part * g.relu()).sum((2, 3), keepdim=True) for part in (alpha, g**2))
    ours = seewhy.explain(model, IMAGES, methods=["gradcam_pp"], targets=score, layer="mix")["gradcam_pp"][:, 0]
    with GradCAMpp(model, "mix") as peer:
        theirs = peer(scores=100 * model(IMAGES), class_idx=1, normalized=False)[0]
    close(ours, (right * a).sum(1))
    close(theirs, (undivided * a).sum(1).relu())
    shares = [one / one.amax((1, 2), keepdim=True) for one in (ours.relu(), theirs)]
    assert (shares[0] - shares[1]).abs().max() > 0.01  # another map, not the same on another scale


def test_9_an_empty_mask_is_neither_a_hit_nor_counted() -> None:
    masks = np.zeros((12, 8, 8), bool)
    masks[:8, 2:4, 2:6] = True
    maps = np.where(masks, 1.0, 0.5)
    found = localisation.method_lifts({"map": maps}, masks, grid=(4, 4), seed=0)
    lift = first_edition.lift_means(found, seed=0)
    assert found["map"].isna().tolist() == [False] * 8 + [True] * 4
    assert lift["map"].n == lift["centre"].n == 8
    assert lift["map"].value == pytest.approx(found["map"][:8].mean())


def test_12_wrong_normalisation_shows_as_accuracy_below_the_claim() -> None:
    """A net that names the brighter half of grey photos rightly, fed with means that are not its own."""
    photos = np.repeat(np.linspace(20, 235, 80).astype(np.uint8), 8 * 8 * 3).reshape(80, 8, 8, 3)
    bright = photos[:, 0, 0, 0] > 127

    def said(mean: float, std: float) -> str:
        given = Preprocessing(size=8, mean=(mean,) * 3, std=(std,) * 3)
        right = (input_tensor(photos, given).mean((1, 2, 3)) > 0).numpy() == bright
        return compare_claim(proportion(right), 0.99)

    assert "claim of 99.0 % is compatible with that" in said(0.5, 0.5)
    assert "falls short of the checkpoint's own claim" in said(0.25, 0.22)


def test_14_the_peer_s_metric_prefers_a_map_of_zeros_to_one_that_is_right() -> None:
    """Every pixel is then as relevant as the rest, and all of them are taken."""
    right = np.zeros((16, 16))
    right[:8, :4] = 1.0  # half of the pixels that count, and nothing else
    right += np.linspace(0, 1e-3, 256).reshape(16, 16)
    assert road(np.zeros((16, 16))) < road(right) < 0


@pytest.mark.parametrize("blank", [0.0, -1.0, np.nan])
def test_14_a_map_without_evidence_has_no_score_and_controls_stand_beside_every_other(blank: float) -> None:
    masks = np.zeros((10, 8, 8), bool)
    masks[:, 2:4, 2:6] = True
    found = localisation.method_lifts(
        {"blank": np.full((10, 8, 8), blank), "right": masks * 1.0}, masks, grid=(4, 4), seed=0
    )
    lift = first_edition.lift_means(found, seed=0)
    assert {"centre", "random"} <= set(lift)
    assert not first_edition.paired(found, [("blank", "centre")], 0)["blank minus centre"].measured
    assert not lift["blank"].measured
    assert lift["right"].value > lift["centre"].value > lift["blank"].n == 0
