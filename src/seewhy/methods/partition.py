"""SHAP values of squares of pixels by the partition explainer (the library shap); what is hidden is blurred."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seewhy.engine.evidence import check_device_and_type, eval_mode
from seewhy.engine.targets import Score, Targets, output_of, resolve_targets
from seewhy.engine.tuned import fast_model
from seewhy.errors import SeewhyError
from seewhy.methods.pixels import INNER, ask_scores, each_image, pixel_method
from seewhy.methods.shapley import BASELINES, Shapley, numpy_state
from seewhy.progress import show_progress

EVALUATIONS = 500  # masked images for each image, shap's own default


@pixel_method("shap_partition", title="SHAP (partition)", paper="arXiv:1705.07874")
def shap_partition(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    score: Score,
    _layer: str | None = None,
    evaluations: int = EVALUATIONS,
    blur: int = 0,
    fast: bool = False,
) -> Float[Tensor, "n c h w"]:
    """Owen values over a tree of squares, hidden ones blurred. Lundberg & Lee 2017; see `partition_values`."""
    with fast_model(model, images[:1], fast) as asked:
        parts = [
            _image_values(asked, image, one, evaluations, blur)[0] for image, (one,) in each_image(images, [score])
        ]
    return torch.from_numpy(np.stack(parts)).to(images.device)


def partition_values(
    model: nn.Module,
    images: Float[Tensor, "n c h w"],
    targets: Targets = None,
    evaluations: int = EVALUATIONS,
    blur: int = 0,
    label: str = "SHAP partition",
) -> Shapley:
    """Owen values of squares of pixels, `evaluations` masked images each (Lundberg's partition explainer in shap).

    What is hidden is replaced by the image blurred over `blur` pixels (0: an eighth of the image's longer side), and
    squares are split in halves where most is at stake. No draws: equal calls are equal. `gap` is 0 but for rounding.
    """
    check_device_and_type(model, images)
    with eval_mode(model), torch.inference_mode(False), torch.no_grad():
        chosen = resolve_targets(targets, torch.cat([output_of(model(part)) for part in images.clone().split(INNER)]))
        rows = [
            [
                _image_values(model, image, part, evaluations, blur)
                for part in (score.pick_images([index]) for score in chosen)
            ]
            for index, image in enumerate(show_progress(images.clone().split(1), len(images), label))
        ]
    values = np.stack([np.stack([one[0] for one in row]) for row in rows])
    expected = np.array([[one[1] for one in row] for row in rows])
    return Shapley(values, expected, values.sum((2, 3, 4)) - expected)


def _image_values(
    model: nn.Module, image: Float[Tensor, "1 c h w"], score: Score, evaluations: int, blur: int
) -> tuple[Float[np.ndarray, "c h w"], float]:
    """Values for one image, and what they should sum to. Raises SeewhyError where they do not."""
    import shap

    def ask_masked(masked: np.ndarray) -> np.ndarray:
        batch = torch.from_numpy(np.moveaxis(masked, -1, 1).copy()).to(image)
        return ask_scores(model, batch, [score])[0].cpu().double().numpy()  # Apple's GPUs have no double precision

    # a masker of the image's own: shap knows a blurred image again by its address, which another image may inherit
    exact = image.to(torch.promote_types(image.dtype, torch.float32))  # numpy has no bfloat16
    own, hidden = (np.moveaxis(part[0].cpu().numpy(), 0, -1) for part in (exact, blur_input(exact, blur)))
    with numpy_state():
        explainer = shap.explainers.PartitionExplainer(ask_masked, shap.maskers.Image(hidden, own.shape))
        found = explainer(own[None], max_evals=evaluations, batch_size=INNER, silent=True)
    values, gain = np.moveaxis(found.values[0], -1, 0), float(ask_masked(own[None])[0] - ask_masked(hidden[None])[0])
    if abs(values.sum() - gain) > 1e-3 * max(abs(gain), np.abs(values).sum(), 1e-6):
        raise SeewhyError(f"SHAP's values sum to {values.sum():.4g}, not to the score's gain over a blur, {gain:.4g}")
    return values.astype(np.float32), gain


def blur_input(image: Float[Tensor, "n c h w"], blur: int = 0) -> Float[Tensor, "n c h w"]:
    """What hides: each pixel as the mean of a square of about `blur` pixels around it, of those inside the image."""
    side = (blur or max(image.shape[-2:]) // 8) // 2
    return functional.avg_pool2d(image, 2 * side + 1, stride=1, padding=side, count_include_pad=False)


def _partition_baseline(model: nn.Module, image: Tensor, scores: list[Score], options: dict[str, Any]) -> Tensor:
    return ask_scores(model, blur_input(image, options.get("blur", 0)), scores)[:, 0]


BASELINES["shap_partition"] = _partition_baseline
