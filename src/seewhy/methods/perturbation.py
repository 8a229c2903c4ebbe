"""Methods that cover parts of the image and watch the score: forward passes only, no gradient.

What is covered becomes `baseline`, as the model takes it: 0 is the mean colour where images are normalised. None tells
the channels apart: the maps are (n, t, 1, H, W). All scores share all passes. `fast` asks a tuned copy of the model
(see `tuned_copy`), whose scores are equal to 1e-4.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.targets import Score
from seewhy.engine.tuned import fast_model
from seewhy.errors import SeewhyError
from seewhy.methods.pixels import ask_scores, each_image, image_generator, index_chunks, rough_greys, shared_method

Image = Float[Tensor, "1 c H W"]
Maps = Float[Tensor, "n t 1 H W"]


@shared_method("occlusion", title="Occlusion", paper="arXiv:1311.2901")
def occlusion(
    model: nn.Module,
    images: Tensor,
    scores: Sequence[Score],
    _layer: str | None,
    patch: int | None = None,
    stride: int | None = None,
    baseline: float | Tensor = 0.0,
    fast: bool = False,
) -> Maps:
    """score(x) - score(x with a patch covered), averaged over the patches on a pixel. Zeiler & Fergus 2014, sec. 4.2.

    The drop where the paper shows what is left. `patch` is an eighth of the shorter side, `stride` half a patch, unless
    given; a stride beyond the patch would leave pixels unseen and is refused.
    """
    patch = patch or max(1, min(images.shape[-2:]) // 8)
    stride = stride or max(1, patch // 2)
    if not 0 < stride <= patch:
        raise SeewhyError(f"patch={patch}, stride={stride}; allowed: 0 < stride <= patch, so that no pixel is left out")
    with fast_model(model, images[:1], fast) as asked:
        maps = [
            _occlude_image(asked, image, chosen, patch, stride, baseline)
            for image, chosen in each_image(images, scores)
        ]
    return torch.stack(maps)


def _occlude_image(
    model: nn.Module, image: Image, scores: list[Score], patch: int, stride: int, baseline: float | Tensor
) -> Float[Tensor, "t 1 H W"]:
    height, width = image.shape[2:]
    corners = [(y, x) for y in _patch_starts(height, patch, stride) for x in _patch_starts(width, patch, stride)]
    whole, visits = ask_scores(model, image, scores), torch.zeros_like(image[:, :1])
    drops = visits.repeat(len(scores), 1, 1, 1)
    for part in index_chunks(len(corners)):
        shown = torch.ones(len(part), 1, height, width).to(image)
        for mask, (y, x) in zip(shown, [corners[index] for index in part], strict=True):
            mask[:, y : y + patch, x : x + patch] = 0
        drops += _weigh_masks(whole - ask_scores(model, _cover_image(image, shown, baseline), scores), 1 - shown)
        visits += (1 - shown).sum(0)
    return drops / visits


def _patch_starts(size: int, patch: int, stride: int) -> range:
    """Where patches begin along one side: every `stride`, until one reaches the edge, which may cut it."""
    return range(0, max(size - patch, 0) + stride, stride)


def _weigh_masks(found: Float[Tensor, "t m"], masks: Float[Tensor, "m 1 H W"]) -> Float[Tensor, "t 1 H W"]:
    return torch.einsum("tm,mchw->tchw", found, masks)


def _cover_image(image: Image, shown: Float[Tensor, "m 1 H W"], baseline: float | Tensor) -> Float[Tensor, "m c H W"]:
    return image * shown + baseline * (1 - shown)


@shared_method("rise", title="RISE", paper="arXiv:1806.07421")
def rise(
    model: nn.Module,
    images: Tensor,
    scores: Sequence[Score],
    _layer: str | None,
    samples: int = 1024,
    cells: int = 7,
    share: float = 0.5,
    seed: int = 0,
    baseline: float | Tensor = 0.0,
    fast: bool = False,
) -> Maps:
    """1 / (E[M] N) * sum_i score(x * M_i) M_i, for random soft masks M_i. Petsiuk et al. 2018, equation 6, section 3.2.

    Masks: a grid of `cells` x `cells`, each shown with probability `share`, enlarged bilinearly by one cell more than
    the image and cropped at random. 1024 masks where the paper has 4000 to 8000. The score is the target's, a class's
    logit, where the paper takes its probability: a score that no mask changes gives a map that is all but constant.
    """
    if samples < 1 or cells < 1 or not 0 < share <= 1:
        raise SeewhyError(
            f"samples={samples}, cells={cells}, share={share}; allowed: samples and cells 1 or more, 0 < share <= 1"
        )
    maps = []
    with fast_model(model, images[:1], fast) as asked:
        for image, chosen in each_image(images, scores):
            exact = torch.promote_types(image.dtype, torch.float32)  # sums of many masks lose all in half precision
            total = torch.zeros_like(image[:, :1], dtype=exact).repeat(len(scores), 1, 1, 1)
            draw = image_generator(rough_greys(image), seed)
            for shown in _random_masks(image, samples, cells, share, draw):
                total += _weigh_masks(
                    ask_scores(asked, _cover_image(image, shown, baseline), chosen).to(exact), shown.to(exact)
                )
            maps.append(total / (share * samples))
    return torch.stack(maps)


def _random_masks(
    image: Image, samples: int, cells: int, share: float, draw: torch.Generator
) -> Iterator[Float[Tensor, "m 1 H W"]]:
    """At most INNER masks at a time; a mask depends on the draws before it, not on the device or the batch."""
    height, width = image.shape[2:]
    cell_h, cell_w = -(-height // cells), -(-width // cells)
    for part in index_chunks(samples):
        grids = (torch.rand(len(part), 1, cells, cells, generator=draw) < share).float()
        large = functional.interpolate(grids, ((cells + 1) * cell_h, (cells + 1) * cell_w), mode="bilinear")
        top = torch.randint(0, cell_h, (len(part),), generator=draw).tolist()
        left = torch.randint(0, cell_w, (len(part),), generator=draw).tolist()
        cut = [mask[:, y : y + height, x : x + width] for mask, y, x in zip(large, top, left, strict=True)]
        yield torch.stack(cut).to(image)


@shared_method("lime", title="LIME", paper="arXiv:1602.04938")
def lime(
    model: nn.Module,
    images: Tensor,
    scores: Sequence[Score],
    _layer: str | None,
    samples: int = 1000,
    segments: int = 50,
    kernel: float = 0.25,
    ridge: float = 1.0,
    seed: int = 0,
    baseline: float | Tensor = 0.0,
    fast: bool = False,
) -> Maps:
    """Weights of a linear model of the score in which segments are shown. Ribeiro et al. 2016, equations 1 and 2.

    z: segment shown or not, each with probability 1/2; the score of image z is fitted by ridge regression with weights
    exp(-d^2 / (2 kernel^2)), d the cosine distance of z from all ones, as in the authors' code. All segments keep their
    weight, where the paper selects K. Segments are SLIC's. A pixel shows its segment's weight, whatever its size.
    """
    if samples < 2 or segments < 2 or ridge <= 0 or kernel <= 0:
        raise SeewhyError(
            f"samples={samples}, segments={segments}, ridge={ridge}, kernel={kernel}; "
            "allowed: samples and segments 2 or more, ridge and kernel above 0"
        )
    maps = []
    with fast_model(model, images[:1], fast) as asked:
        for image, chosen in each_image(images, scores):
            label = _slic_segments(image, segments)
            draw = torch.rand(samples, int(label.max()) + 1, generator=image_generator(image, seed))
            kept = (draw < 0.5).to(image)
            kept[0] = 1  # the image itself, as in the authors' code
            shown = (kept[list(part)][:, label][:, None] for part in index_chunks(samples))
            found = torch.cat([ask_scores(asked, _cover_image(image, masks, baseline), chosen) for masks in shown], 1)
            maps.append(_ridge_weights(kept, found, kernel, ridge).to(image)[:, None, label])
    return torch.stack(maps)


def _slic_segments(image: Image, count: int) -> Int[Tensor, "H W"]:
    """SLIC superpixels of the image stretched to 0..1: in Lab where it has three channels, as it is elsewhere.

    In a noisy image colour wins over place, the shreds are merged, and one segment may be left: more weight is then put
    on place, until at least half of `count` segments remain or they are a grid.
    """
    from skimage.segmentation import slic

    pixels = image[0].permute(1, 2, 0).cpu().double().numpy()
    scaled = (pixels - pixels.min()) / (np.ptp(pixels) or 1.0)
    for compactness in (10, 100, 1000):
        labels = slic(scaled, n_segments=count, compactness=compactness, channel_axis=-1, start_label=0)
        if 2 * (labels.max() + 1) >= count:
            break
    return torch.from_numpy(labels).long().to(image.device)


def _ridge_weights(
    kept: Float[Tensor, "m k"], found: Float[Tensor, "t m"], kernel: float, ridge: float
) -> Float[Tensor, "t k"]:
    """Weighted ridge regression in double precision; the intercept is not shrunk."""
    z, y = kept.cpu().double(), found.T.cpu().double()
    weight = torch.exp(-((1 - z.mean(1).sqrt()) ** 2) / (2 * kernel**2))[:, None]
    z, y = (values - (weight * values).sum(0) / weight.sum() for values in (z, y))
    return torch.linalg.solve(z.T @ (weight * z) + ridge * torch.eye(z.shape[1]).double(), z.T @ (weight * y)).T
