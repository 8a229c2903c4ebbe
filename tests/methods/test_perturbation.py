"""Occlusion, RISE and LIME: by hand on linear models, beside captum, seeded by image."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LimeBase, Occlusion
from torch import Tensor, nn

import seewhy
from seewhy.engine.targets import Score, class_score
from seewhy.methods import perturbation, pixels

from .nets import Pooled, close, small

IMAGES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
QUICK: dict[str, dict[str, object]] = {"occlusion": {"patch": 4}, "rise": {"samples": 40}, "lime": {"samples": 40}}


def maps(model: nn.Module, method: str, images: Tensor = IMAGES, targets: object = 1, **options: object) -> Tensor:
    given = {"methods": [method], "targets": targets, "options": {method: {**QUICK[method], **options}}}
    return seewhy.explain(model, images, **given)[method][:, 0]  # type: ignore[arg-type]


class Constant(nn.Module):
    """The same scores for whatever image."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor([[2.0, 3.0]]).expand(len(x), 2)


def linear() -> tuple[nn.Module, Tensor]:
    """score_1 = mean of channel 0 - 2 * mean of channel 1; and what each pixel adds to it."""
    weight = torch.tensor([[0.0, 0.0, 1.0], [1.0, -2.0, 0.0]])
    return Pooled(weight), torch.einsum("k,nkhw->nhw", weight[1], IMAGES)[:, None] / 256


def test_occlusion_of_a_linear_model_is_the_sum_under_the_patch() -> None:
    model, share = linear()
    found = maps(model, "occlusion", patch=4, stride=4)
    under = nn.functional.avg_pool2d(share, 4, divisor_override=1)
    close(found, under.repeat_interleave(4, 2).repeat_interleave(4, 3))
    one = maps(model, "occlusion", patch=1, stride=1)
    close(one, share)


@pytest.mark.parametrize(("patch", "stride", "size"), [(5, 3, (16, 16)), (4, 4, (15, 13)), (8, 2, (9, 20))])
def test_occlusion_agrees_with_captum(patch: int, stride: int, size: tuple[int, int]) -> None:
    """Also where the last patch is cut by the edge. The peer repeats the map for each channel."""
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(2))
    model = small()
    theirs = Occlusion(model).attribute(
        images, (3, patch, patch), (3, stride, stride), baselines=0.2, target=1, perturbations_per_eval=4
    )
    found = maps(model, "occlusion", images, patch=patch, stride=stride, baseline=0.2)
    assert found.shape == (2, 1, *size)
    close(found.expand_as(theirs), theirs)


def drawn(image: Tensor, seed: int) -> torch.Generator:
    return pixels.image_generator(pixels.rough_greys(image), seed)


def test_rise_with_masks_of_ones_is_the_score() -> None:
    """Nothing covered: N equal terms, a constant map."""
    model = small()
    found = maps(model, "rise", share=1.0)
    close(found, model(IMAGES)[:, 1, None, None, None].detach().expand(3, 1, 16, 16))


def test_rise_of_a_constant_model_is_the_score_times_the_mean_mask() -> None:
    masks = torch.cat(list(perturbation._random_masks(IMAGES[:1], 40, 7, 0.5, drawn(IMAGES[:1], 0))))
    close(maps(Constant(), "rise")[0], 3 * masks.mean(0) / 0.5)


def test_rise_by_its_formula() -> None:
    """All masks at once, as the paper writes it."""
    model, image = small(), IMAGES[1:2]
    masks = torch.cat(list(perturbation._random_masks(image, 40, 7, 0.5, drawn(image, 3))))
    assert masks.shape == (40, 1, 16, 16)
    score = model(image * masks + 0.1 * (1 - masks))[:, 2].detach()
    close(maps(model, "rise", image, 2, seed=3, baseline=0.1)[0], torch.einsum("m,mchw->chw", score, masks) / 20)


def test_masks_are_soft_and_shown_as_often_as_asked() -> None:
    image = torch.zeros(1, 3, 30, 45)
    masks = torch.cat(list(perturbation._random_masks(image, 600, 7, 0.3, pixels.image_generator(image, 0))))
    assert masks.shape == (600, 1, 30, 45)
    assert 0 <= masks.min() < masks.max() <= 1
    assert ((masks > 0.1) & (masks < 0.9)).any()
    assert masks.mean() == pytest.approx(0.3, abs=0.02)
    assert (masks.mean(0) - 0.3).abs().max() < 0.1  # no part of the image is favoured
    assert not torch.equal(masks[0], masks[1])


def test_masks_are_cropped_at_random() -> None:
    """A grid of 2 x 2 has 16 states; cropped at random there are more masks than that."""
    image = torch.zeros(1, 3, 16, 16)
    masks = torch.cat(list(perturbation._random_masks(image, 200, 2, 0.5, pixels.image_generator(image, 0))))
    assert len(masks.flatten(1).unique(dim=0)) > 100


def test_rise_finds_the_only_pixels_that_count() -> None:
    class Corner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, :, :8, :8].mean((2, 3))

    found = maps(Corner(), "rise", torch.ones(1, 3, 32, 32), samples=800, cells=4)[0, 0]
    assert found[:8, :8].mean() > 1.3 * found[16:, 16:].mean()


def test_lime_of_a_linear_model_is_the_sum_over_each_segment() -> None:
    model, share = linear()
    found = maps(model, "lime", samples=400, segments=9, ridge=1e-9)
    for index in range(3):
        label = perturbation._slic_segments(IMAGES[index : index + 1], 9)
        assert label.max() >= 3
        for segment in label.unique():
            here = label == segment
            close(found[index, 0][here], share[index, 0][here].sum().expand(int(here.sum())))


def test_lime_agrees_with_captum_on_the_same_draws() -> None:
    """The peer's interpretable model and loop, fed with our masks, our kernel, its own ridge regression."""
    model, image, samples = small(), IMAGES[:1], 60
    label = perturbation._slic_segments(image, 9)
    kept = (torch.rand(samples, int(label.max()) + 1, generator=pixels.image_generator(image, 0)) < 0.5).float()
    kept[0] = 1

    def draws(_image: Tensor, **_: object) -> Iterator[Tensor]:
        yield from kept[:, None]

    with torch.random.fork_rng():
        theirs = LimeBase(
            model,
            SkLearnRidge(alpha=0.5),
            similarity_func=lambda _image, _other, z, **_: torch.exp(-((1 - z.mean().sqrt()) ** 2) / (2 * 0.4**2)),
            perturb_func=draws,
            perturb_interpretable_space=True,
            from_interp_rep_transform=lambda z, image, **_: image * z[0][label],
            to_interp_rep_transform=None,
        ).attribute(image, target=1, n_samples=samples, perturbations_per_eval=16)
    found = maps(model, "lime", image, samples=samples, segments=9, kernel=0.4, ridge=0.5)[0, 0]
    close(found, theirs[0][label], 1e-3)


@pytest.mark.parametrize("image", [IMAGES[:1], torch.zeros(1, 3, 16, 16), torch.full((1, 5, 16, 16), 0.3)])
def test_segments_of_noise_and_of_an_even_image_are_more_than_one(image: Tensor) -> None:
    assert 4 <= perturbation._slic_segments(image, 9).unique().numel() <= 20


@pytest.mark.parametrize("method", QUICK)
def test_order_and_batch_make_no_difference(method: str) -> None:
    model, classes = small(), [0, 1, 2]
    together = maps(model, method, targets=classes)
    assert together.shape == (3, 1, 16, 16)
    close(maps(model, method, IMAGES.flip(0), classes[::-1]).flip(0), together)
    close(maps(model, method, IMAGES[1:2], 1), together[1:2])


@pytest.mark.parametrize("method", QUICK)
def test_inner_batches_make_no_difference_but_to_memory(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    model = small()
    model.stem.register_forward_hook(lambda _module, args, _output: seen.append(len(args[0])))
    whole = maps(model, method)
    assert max(seen) <= pixels.INNER
    if method == "occlusion":  # the draws of the others come in inner batches
        monkeypatch.setattr(pixels, "INNER", 5)
        close(maps(model, method), whole)
        assert max(seen[-9:]) <= 5


@pytest.mark.parametrize("method", QUICK)
def test_targets_from_the_same_runs_equal_each_target_alone(method: str) -> None:
    """Up to the order of sums: a matrix product for all targets is not added up as that for one."""
    model, targets = small(), [class_score([2, 0, 1]), Score(function=lambda output: output[:, 1] - output[:, 2])]
    given = {"methods": [method], "options": {method: QUICK[method]}}
    together = seewhy.explain(model, IMAGES, targets=targets, **given)[method]
    for index, target in enumerate(targets):
        close(together[:, index], maps(model, method, targets=[target]), 1e-6)
    assert not torch.allclose(together[:, 0], together[:, 1])


@pytest.mark.parametrize("method", QUICK)
def test_a_tuned_copy_gives_the_same_maps(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = small(), []
    plain = perturbation.ask_scores
    monkeypatch.setattr(perturbation, "ask_scores", lambda run, *given: asked.append(run) or plain(run, *given))
    close(maps(model, method, fast=True), maps(model, method), 1e-3)
    assert asked[0] is not model  # the copy, then the model itself
    assert asked[-1] is model


@pytest.mark.parametrize("method", ["rise", "lime"])
def test_draws_depend_on_the_seed_alone_and_leave_the_caller_s_generators(method: str) -> None:
    model = small()
    torch.manual_seed(1)
    first = maps(model, method, seed=5)
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    torch.rand(3)
    torch.set_rng_state(before)
    assert torch.equal(maps(model, method, seed=5), first)
    assert not torch.equal(maps(model, method, seed=6), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.random.get_state()[1].tolist() == numpys  # noqa: NPY002


@pytest.mark.parametrize(
    ("method", "options", "line"),
    [
        ("occlusion", {"patch": 4, "stride": 5}, "patch=4, stride=5; allowed: 0 < stride <= patch"),
        ("rise", {"share": 0.0}, "share=0.0; allowed"),
        ("rise", {"samples": 0}, "samples=0"),
        ("lime", {"samples": 1}, "samples=1"),
        ("lime", {"ridge": 0.0}, "ridge=0.0"),
    ],
)
def test_refuses_with_one_line(method: str, options: dict[str, object], line: str) -> None:
    with pytest.raises(seewhy.SeewhyError, match=line):
        maps(small(), method, **options)
