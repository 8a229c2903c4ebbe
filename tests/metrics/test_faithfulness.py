"""The sweep on a model whose score is the sum of a patch, so that every curve can be written down; and peers."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.peers import Extractor
from seewhy.engine.targets import of_class
from seewhy.metrics import faithfulness, perturbed_images
from seewhy.metrics.faithfulness import Sweep, step_counts, sweep_maps
from tests.methods.nets import small

PATCH = np.zeros((4, 4))
PATCH[1:3, 1:3] = [[4, 3], [2, 1]]


class Sum(nn.Module):
    """logit 0: the mean of the image weighted by PATCH, cells of `cell` pixels. logit 1: its negative."""

    def __init__(self, cell: int = 2):
        super().__init__()
        self.register_buffer("weight", torch.from_numpy(np.kron(PATCH, np.ones((cell, cell)))).float())

    def forward(self, x: Tensor) -> Tensor:
        found = (x.mean(1) * self.weight).mean((1, 2))
        return torch.stack([found, -found], 1)


def bright(cell: int = 2) -> Tensor:
    """Ones where PATCH is, minus a third elsewhere: the mean is 0, so hiding a cell takes its whole worth away."""
    inside = np.kron(PATCH > 0, np.ones((cell, cell)))
    image = torch.from_numpy(np.where(inside > 0, 1.0, -1 / 3)).float()
    return image.expand(1, 3, *image.shape)


def swept(*maps: np.ndarray, steps: int = 16, cell: int = 2) -> Sweep:
    named = {str(k): one[None] for k, one in enumerate(maps)}
    return sweep_maps(Sum(cell), bright(cell), of_class, [0], named, steps, seed=0)


def test_the_right_order_gives_the_curve_written_by_hand():
    found = swept(PATCH)
    whole = 10 / 16
    np.testing.assert_allclose(found.scores, [whole], atol=1e-6)
    np.testing.assert_allclose(found.deletion["0"][0, :6] * 16, [10, 6, 3, 1, 0, 0], atol=1e-5)
    np.testing.assert_allclose(found.deletion["0"][0, 6:], 0, atol=1e-6)
    # trapezia of width 1/16 over 10 6 3 1 0, in sixteenths
    np.testing.assert_allclose(found.curve_area(found.deletion["0"]), [(10 / 2 + 6 + 3 + 1) / 256], atol=1e-6)
    assert found.insertion["0"][0, -1] == pytest.approx(whole)


def test_the_wrong_order_keeps_the_score_until_the_end():
    right, wrong = (swept(PATCH, -PATCH).deletion[name][0] for name in "01")
    np.testing.assert_allclose(wrong[:13], 10 / 16, atol=1e-6)
    assert (wrong >= right - 1e-6).all()


def test_maps_that_rank_nothing_have_no_curve_and_no_road():
    found = swept(np.zeros((4, 4)), np.ones((4, 4)), np.full((4, 4), np.nan))
    for name in "012":
        assert np.isnan(found.curve_area(found.deletion[name])).all()
        assert np.isnan(found.curve_area(found.insertion[name])).all()
        assert np.isnan(found.road[name]).all()
    assert np.isnan(found.score_drop("0")).all()  # nothing to be seen through
    assert np.isnan(found.score_increase("2")).all()
    assert found.score_drop("1") == [0]  # a constant map shows all of the image
    assert found.score_increase("1") == [0]
    assert found.passes == 2  # the image itself, and as seen through the constant map


def test_average_drop_is_what_the_map_does_not_show():
    inside = (PATCH > 0).astype(float)
    # seen through a map of the patch alone nothing is lost, seen through its complement everything
    found = sweep_maps(Sum(1), bright(1), of_class, [0], {"on": inside[None], "off": 1 - inside[None]}, 4, 0)
    np.testing.assert_allclose(found.score_drop("on"), 0, atol=1e-6)
    np.testing.assert_allclose(found.score_drop("off"), 1, atol=1e-6)
    assert found.score_increase("off") == [0]


def test_the_score_of_another_target_is_followed():
    found = sweep_maps(Sum(), bright(), of_class, [1], {"map": PATCH[None]}, 16, 0)
    np.testing.assert_allclose(found.deletion["map"][0, :3] * 16, [-10, -6, -3], atol=1e-5)
    assert np.isnan(found.score_drop("map")).all()  # a share of a negative score is none


def test_road_is_half_of_what_least_relevant_keeps_over_most_relevant(monkeypatch):
    monkeypatch.setattr(perturbed_images, "NOISE", 0.0)
    monkeypatch.setattr(perturbed_images, "REMOVED", (0.25,))
    found = swept(PATCH, -PATCH)
    # without a quarter of the cells, the patch: what its dark surroundings impute; without four others: all of it
    np.testing.assert_allclose(found.road["0"], (10 / 16 - -10 / 48) / 2, atol=1e-5)
    np.testing.assert_allclose(found.road["0"], -found.road["1"], atol=1e-6)


def test_equal_calls_are_equal_and_methods_share_their_images():
    torch.manual_seed(0)
    image, model = torch.randn(1, 3, 8, 8), small()
    ask = lambda maps, seed: sweep_maps(model, image, of_class, [0], maps, 16, seed)  # noqa: E731
    draw = np.random.default_rng(0).random((2, 1, 4, 4))
    with torch.no_grad():
        one, two = (ask({"a": draw[0], "b": 2 * draw[0] + 1, "c": draw[1]}, 0) for _ in range(2))
        alone, other = ask({"a": draw[0]}, 0), ask({"a": draw[0]}, 1)
    np.testing.assert_array_equal(one.road["a"], two.road["a"])
    np.testing.assert_array_equal(one.deletion["a"], one.deletion["b"])
    np.testing.assert_allclose(one.deletion["a"], alone.deletion["a"], atol=1e-6)
    assert one.passes < 3 * alone.passes - 16  # b asks only to be seen through
    assert not np.array_equal(alone.road["a"], other.road["a"])


@pytest.mark.parametrize(
    ("cells", "steps", "counts"), [(4, 99, [0, 1, 2, 3, 4]), (5, 2, [0, 3, 5]), (49, 7, range(0, 50, 7))]
)
def test_no_more_steps_than_cells(cells, steps, counts):
    assert step_counts(cells, steps).tolist() == list(counts)


def test_equal_cells_are_ranked_by_draw():
    values = np.array([[1.0, 0], [0, 0]])
    assert perturbed_images.rank_cells(values, 0)[0, 0] == 0
    assert len({perturbed_images.rank_cells(values, seed).tobytes() for seed in range(9)}) > 1


def test_the_blur_is_the_mean_of_a_neighbourhood():
    flat = torch.full((3, 16, 16), 2.5)
    torch.testing.assert_close(perturbed_images.blur_image(flat), flat)
    spot = torch.zeros(1, 9, 9)
    spot[0, 4, 4] = 81.0
    assert float(perturbed_images.blur_image(spot).max()) < 15


@pytest.fixture
def case() -> tuple[nn.Module, Tensor, np.ndarray]:
    """A random net, two images whose channels have mean 0 (torchcam's filling), and maps at their resolution."""
    torch.manual_seed(3)
    images = torch.randn(2, 3, 8, 8)
    return small(5), images - images.mean((2, 3), keepdim=True), np.random.default_rng(1).random((2, 8, 8))


@pytest.mark.parametrize("steps", [7, 64])
def test_torchcam_agrees_on_the_curves(case, steps):
    from torchcam.metrics import DeletionInsertionMetric

    model, images, maps = case
    with torch.no_grad():
        found = sweep_maps(model, images, of_class, [1, 1], {"map": maps}, steps, 0)
        for kind, baseline in (("deletion", None), ("insertion", perturbed_images.blur_image)):
            metric = DeletionInsertionMetric(Extractor(model, maps), steps=steps, baseline=baseline)
            metric.update(images, 1)
            ours = found.curve_area(getattr(found, kind)["map"]).mean()
            assert ours == pytest.approx(metric.summary()[f"{kind}_auc"], abs=1e-5)


def test_quantus_agrees_on_the_deletion_curve(case):
    import quantus

    model, images, maps = case
    metric = quantus.PixelFlipping(features_in_step=8, normalise=False, perturb_baseline=0.0, disable_warnings=True)
    theirs = metric(model, images.numpy(), np.array([1, 1]), maps[:, None], channel_first=True, softmax=True)
    rule = lambda output, targets: of_class(output.softmax(1), targets)  # noqa: E731
    with torch.no_grad():
        found = sweep_maps(model, images, rule, [1, 1], {"map": maps}, 8, 0)
    thirds = np.array(theirs)[:, 2::3]  # it counts the values of a pixel singly: three of its steps are one of ours
    np.testing.assert_allclose(found.deletion["map"][:, 1:], thirds, atol=1e-5)


def test_torchcam_agrees_on_the_drop(case):
    from torchcam.metrics import ClassificationMetric

    model, images, maps = case
    maps = maps / maps.max((1, 2), keepdims=True)
    rule = lambda output, targets: of_class(output.softmax(1), targets)  # noqa: E731
    with torch.no_grad():
        found = sweep_maps(model, images, rule, [1, 1], {"map": maps}, 4, 0)
        metric = ClassificationMetric(Extractor(model, maps), lambda output: output.softmax(1))
        metric.update(images, 1)
    assert found.score_drop("map").mean() == pytest.approx(metric.summary()["avg_drop"], abs=1e-5)
    assert found.score_increase("map").mean() == metric.summary()["conf_increase"]


def test_grad_cam_agrees_on_road(case, monkeypatch):
    from pytorch_grad_cam.metrics import road
    from pytorch_grad_cam.metrics.perturbation_confidence import PerturbationConfidenceMetric

    monkeypatch.setattr(perturbed_images, "NOISE", 0.0)
    model, images, maps = case
    with torch.no_grad():
        found = sweep_maps(model, images, of_class, [1, 1], {"map": maps}, 4, 0)
    removed = {}
    for kind in (road.RemoveMostRelevantFirst, road.RemoveLeastRelevantFirst):
        each = [
            PerturbationConfidenceMetric(kind(100 - 100 * share, road.NoisyLinearImputer(noise=0)))(
                images, maps, [lambda output: output[1]] * 2, model, return_diff=False
            )
            for share in perturbed_images.REMOVED
        ]
        removed[kind] = np.mean(each, axis=0)
    theirs = (removed[road.RemoveLeastRelevantFirst] - removed[road.RemoveMostRelevantFirst]) / 2
    np.testing.assert_allclose(found.road["map"], theirs, atol=1e-4)


def test_sweeps_of_batches_are_one(case):
    model, images, maps = case
    with torch.no_grad():
        whole = sweep_maps(model, images, of_class, [0, 1], {"map": maps}, 8, 0)
        parts = [sweep_maps(model, images[[k]], of_class, [k], {"map": maps[[k]]}, 8, 0) for k in (0, 1)]
    both = faithfulness.join_sweeps(parts)
    np.testing.assert_allclose(both.deletion["map"], whole.deletion["map"], atol=1e-6)
    assert both.passes == whole.passes


def test_an_image_that_its_cover_beats_says_nothing_about_a_curve():
    curves = {"map": np.array([[0.9, 0.5, 0.2], [0.1, 0.3, 0.4]])}  # the second rises as it is covered
    none = np.zeros(2)
    back = {"map": curves["map"][:, ::-1]}
    found = Sweep(np.array([0, 0.5, 1]), curves, back, {"map": none}, {"map": none}, none, 0)
    for kind in ("deletion", "insertion"):
        assert found.is_meaningful(kind).tolist() == [True, False]
        np.testing.assert_array_equal(np.isnan(found.meaningful_curves(kind)["map"]).all(1), [False, True])
    flat = {name: {"flat": np.full((2, 3), np.nan)} | some for name, some in (("a", curves), ("b", back))}
    assert Sweep(found.shares, flat["a"], flat["b"], {}, {}, none, 0).is_meaningful("deletion").tolist() == [
        True,
        False,
    ]
