"""SHAP values of pixels by expected gradients (the library shap), signed, with the additivity gap beside them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.evidence import check_device_and_type, eval_mode
from seewhy.engine.targets import Score, output_of
from seewhy.errors import SeewhyError
from seewhy.methods.pixels import INNER, ask_scores, each_image, image_seed, pixel_method
from seewhy.progress import show_progress


@dataclass(frozen=True)
class Shapley:
    """`values` (n, t, c, H, W): signed contribution of each input value to each class score, against the background.

    `expected` (n, t) is score(image) minus the mean score of the background: what the values should sum to. `gap`
    (n, t) is what is missing, sum(values) - expected: sampling error, to be read as a share of `expected`.
    """

    values: Float[np.ndarray, "n t c h w"]
    expected: Float[np.ndarray, "n t"]
    gap: Float[np.ndarray, "n t"]

    @property
    def relative_gap(self) -> Float[np.ndarray, "n t"]:
        """|gap| as a share of the mean |expected|, since a single one may be near 0; NaN where all are."""
        return np.abs(self.gap) / (np.abs(self.expected).mean() or np.nan)

    def pool_values(self, cells: int) -> Float[np.ndarray, "n t h w"]:
        """Values summed over channels and over squares: see `pool_squares`."""
        return pool_squares(torch.from_numpy(self.values.sum(2)), cells)


def pool_squares(values: Float[Tensor, "n t H W"], cells: int) -> Float[np.ndarray, "n t h w"]:
    """Signed values summed over squares, at most `cells` along the longer side; sums are kept."""
    step = max(1, -(-max(values.shape[-2:]) // cells))
    values = values.to(torch.promote_types(values.dtype, torch.float32))  # numpy has no bfloat16
    return functional.avg_pool2d(values, step, ceil_mode=True, count_include_pad=False, divisor_override=1).numpy()


def expected_gradients(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    background: Float[Tensor, "b c h w"],
    classes: Sequence[Sequence[int]],
    samples: int,
    seed: int,
    label: str = "SHAP",
) -> Shapley:
    """Expected gradients (Erion et al. 2021) of `classes[i]` for image i, by `samples` draws from the background.

    The draws depend on the image and the seed only, not on its place in the batch. Raises SeewhyError where images,
    classes and background do not fit.
    """
    if len(classes) != len(images) or len({len(some) for some in classes}) != 1 or not len(background):
        raise SeewhyError(
            f"{len(classes)} class lists for {len(images)} images; allowed: one for each, all of one length"
        )
    check_device_and_type(model, images)
    with eval_mode(model), numpy_state(), torch.inference_mode(False):
        parts = [
            _explain_image(model, image[None], background, [Score((index,)) for index in chosen], samples, seed)
            for image, chosen in show_progress(zip(images, classes, strict=True), len(images), label)
        ]
    values, expected = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    return Shapley(values, expected, values.sum((2, 3, 4)) - expected)


@pixel_method("shap_gradient", title="SHAP (expected gradients)", paper="arXiv:1906.10670")
def shap_gradient(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    score: Score,
    _layer: str | None = None,
    background: Float[Tensor, "b c h w"] | None = None,
    samples: int = 100,
    seed: int = 0,
) -> Float[Tensor, "n c h w"]:
    """E[(x - x') grad s(x' + a (x - x'))] over backgrounds x' and a in [0, 1]. Erion et al. 2021, equation 4.

    Without `background` that is one image of zeros: the data set's mean colour in normalised images. `explain` tells in
    its provenance what the values miss to add up to the score's gain over the background (`additivity`).
    """
    against = torch.zeros_like(images[:1]) if background is None else background.to(images)
    with numpy_state():
        parts = [
            _explain_image(model, image, against, one, samples, seed)[0][0]
            for image, one in each_image(images, [score])
        ]
    return torch.from_numpy(np.stack(parts)).to(images.device)


def _gradient_baseline(model: nn.Module, image: Tensor, scores: list[Score], options: dict[str, Any]) -> Tensor:
    background = options.get("background")
    return ask_scores(model, torch.zeros_like(image) if background is None else background.to(image), scores).mean(1)


# what each SHAP method holds an image against: (model, image, scores, options) -> the scores there, (t,)
BASELINES: dict[str, Callable[..., Tensor]] = {"shap_gradient": _gradient_baseline}


def additivity_residual(
    method: str, model: nn.Module, images: Tensor, scores: Sequence[Score], maps: Tensor, **options: Any
) -> tuple[Float[Tensor, "n t"], Float[Tensor, "n t"]]:
    """What the maps of a SHAP `method` miss to add up, sum(map) - gain; and the gain, score(image) - its baseline's."""
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        clean = images.clone() if images.is_inference() else images
        gains = [
            ask_scores(model, image, one)[:, 0] - BASELINES[method](model, image, one, options)
            for image, one in each_image(clean, scores)
        ]
    gain = torch.stack(gains).float()
    return maps.sum((2, 3, 4)).to(gain) - gain, gain


def additivity_errors(method: str, *given: Any, **options: Any) -> dict[str, float]:
    """Mean and largest |residual| as shares of the mean |gain|, since a single gain may be near 0; NaN if all are 0."""
    missing, gain = additivity_residual(method, *given, **options)
    share = missing.abs() / gain.abs().mean()
    return {"mean": float(share.mean()), "max": float(share.max())}


def _explain_image(
    model: nn.Module, image: Tensor, background: Tensor, targets: list[Score], samples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    import shap

    chosen = _Chosen(model, targets, image.dtype)
    with torch.no_grad():
        against = torch.cat([chosen(part) for part in background.split(INNER)]).mean(0)
        expected = (chosen(image)[0] - against).float().cpu().numpy()
    exact = torch.promote_types(image.dtype, torch.float32)  # numpy has no bfloat16
    with torch.enable_grad():
        values = shap.GradientExplainer(chosen, background.to(exact), batch_size=INNER).shap_values(
            image.to(exact), nsamples=samples, rseed=image_seed(image, seed)
        )
    return np.moveaxis(np.asarray(values, dtype=np.float32)[0], -1, 0), expected


class _Chosen(nn.Module):
    """The model with a few scores of one image as its output.

    It holds the model outside nn.Module's bookkeeping: shap calls `zero_grad` and `eval`, which must not reach it.
    """

    def __init__(self, model: nn.Module, targets: list[Score], dtype: torch.dtype):
        super().__init__()
        self.inner = (model,)
        self.targets = targets
        self.dtype = dtype  # shap itself works in single precision

    def forward(self, images: Tensor) -> Tensor:
        output = output_of(self.inner[0](images.to(self.dtype, copy=True)))
        return torch.stack([target.repeat_images(len(images))(output) for target in self.targets], 1)


@contextmanager
def numpy_state() -> Iterator[None]:
    """shap seeds and draws from numpy's global generator; the caller's is put back."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
