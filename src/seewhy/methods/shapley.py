"""SHAP values of pixels by expected gradients (the library shap), signed, with the additivity gap beside them."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seewhy.errors import SeewhyError
from seewhy.methods.evidence import untouched
from seewhy.methods.targets import output_of
from seewhy.progress import progress


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

    def pooled(self, cells: int) -> Float[np.ndarray, "n t h w"]:
        """Values summed over channels and over squares, at most `cells` along the longer side; sums are kept."""
        values = torch.from_numpy(self.values.sum(2))
        step = max(1, -(-max(values.shape[-2:]) // cells))
        pooled = functional.avg_pool2d(values, step, ceil_mode=True, count_include_pad=False, divisor_override=1)
        return pooled.numpy()


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
    with untouched(model), _numpy_state():
        parts = [
            _one(model, image[None], background, list(chosen), samples, seed)
            for image, chosen in progress(zip(images, classes, strict=True), len(images), label)
        ]
    values, expected = np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts])
    return Shapley(values, expected, values.sum((2, 3, 4)) - expected)


def _one(
    model: nn.Module, image: Tensor, background: Tensor, classes: list[int], samples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    import shap

    chosen = _Chosen(model, classes)
    with torch.no_grad():
        expected = (chosen(image)[0] - chosen(background).mean(0)).float().cpu().numpy()
    values = shap.GradientExplainer(chosen, background).shap_values(
        image, nsamples=samples, rseed=image_seed(image, seed)
    )
    return np.moveaxis(np.asarray(values, dtype=np.float32)[0], -1, 0), expected


class _Chosen(nn.Module):
    """The model with a few classes as its output.

    It holds the model outside nn.Module's bookkeeping: shap calls `zero_grad` and `eval`, which must not reach it.
    """

    def __init__(self, model: nn.Module, classes: list[int]):
        super().__init__()
        self.inner = (model,)
        self.classes = classes

    def forward(self, images: Tensor) -> Tensor:
        return output_of(self.inner[0](images))[:, self.classes]


def image_seed(image: Tensor, seed: int) -> int:
    """A seed of the image's own, from its bytes and the run's seed: order and batches make no difference."""
    digest = hashlib.sha256(image.detach().cpu().numpy().tobytes() + str(seed).encode()).digest()
    return int.from_bytes(digest[:4], "big")


@contextmanager
def _numpy_state() -> Iterator[None]:
    """shap seeds numpy's global generator; the caller's is put back."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
