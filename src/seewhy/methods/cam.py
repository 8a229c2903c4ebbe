"""Class activation maps, each a short formula on one evidence. A new variant is a decorated function in this file.

A: activation (n, c, h, w); g: gradient of the target's score with respect to A. All maps are raw and signed: the
papers' final ReLU, upsampling and scaling are `seewhy.relu`, `seewhy.upsample`, `seewhy.normalise`.

Behind a head that pools, g is one number a channel: `_compact_values` makes it (n, c, 1, 1), which spares 48
of 49 cells' work.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from seewhy.engine.evidence import Evidence

Map = Float[Tensor, "n h w"]
CAMS: dict[str, Callable[[Evidence], Map]] = {}
CLASS_FREE: set[str] = set()
TITLES: dict[str, str] = {}
PAPERS: dict[str, str] = {}
TINY = 1e-12


def cam_method(
    name: str, title: str, paper: str, class_free: bool = False
) -> Callable[[Callable[[Evidence], Map]], Callable[[Evidence], Map]]:
    """Registers a variant under `name`, with the `title` that pages show and the `paper` it is from.

    `class_free` where it does not look at gradient and score: it is then worked out once, for whatever targets.
    """

    def register_method(function: Callable[[Evidence], Map]) -> Callable[[Evidence], Map]:
        CAMS[name], TITLES[name], PAPERS[name] = function, title, paper
        if class_free:
            CLASS_FREE.add(name)
        return function

    return register_method


def _compact_values(values: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c ..."]:
    """Values that the evidence holds once for all cells (stride 0), as (n, c, 1, 1): mean them, do not sum them."""
    return values[..., :1, :1] if values.stride()[2:] == (0, 0) else values


def _weigh_channels(weight: Float[Tensor, "n c ..."], activation: Float[Tensor, "n c h w"]) -> Map:
    """sum_k w_k A_k; a matrix product where a channel's weight is one for all cells."""
    n, c, h, w = activation.shape
    if weight.shape[2:] == (1, 1):
        return torch.bmm(weight.reshape(n, 1, c), activation.flatten(2)).reshape(n, h, w)
    return (weight * activation).sum(1)


@cam_method("activation", title="Activation", paper="doi:10.48550/arXiv.1612.03928", class_free=True)
def activation(evidence: Evidence) -> Map:
    """sum_k A_k: how strongly the layer responds, whatever the class. Zagoruyko & Komodakis 2017, F_sum without |.|."""
    return evidence.activation.sum(1)


@cam_method("gradcam", title="Grad-CAM", paper="arXiv:1610.02391")
def gradcam(evidence: Evidence) -> Map:
    """sum_k mean_ij(g_k) A_k. Selvaraju et al. 2017, equations 1 and 2 before the ReLU."""
    return _weigh_channels(_compact_values(evidence.gradient).mean((2, 3), keepdim=True), evidence.activation)


@cam_method("gradcam_pp", title="Grad-CAM++", paper="arXiv:1710.11063")
def gradcam_pp(evidence: Evidence) -> Map:
    """sum_k w_k A_k, w_k = sum_ij a relu(g), a = 1 / (2 + sum_ij(A) g). Chattopadhay et al. 2018, eq. 19, over g^2.

    The equation takes the score through an exponential, whose positive factor cancels but for the scale of the map.
    Cells without gradient weigh nothing.
    """
    g, a = _compact_values(evidence.gradient), evidence.activation
    below = a.sum((2, 3), keepdim=True) * g + 2
    weight = (g.relu() / torch.where(below == 0, 1.0, below)).mean((2, 3), keepdim=True)
    return _weigh_channels(weight * a.shape[2] * a.shape[3], a)


@cam_method("hirescam", title="HiResCAM", paper="arXiv:2011.08891")
def hirescam(evidence: Evidence) -> Map:
    """sum_k g_k A_k: exact where one linear layer follows. Draelos & Carin 2020."""
    return _weigh_channels(_compact_values(evidence.gradient), evidence.activation)


@cam_method("xgradcam", title="XGrad-CAM", paper="arXiv:2008.02312")
def xgradcam(evidence: Evidence) -> Map:
    """sum_k w_k A_k, w_k = sum_ij(g_k A_k) / sum_ij(A_k). Fu et al. 2020, eq. 8; 0 where a channel sums to 0."""
    g, a = _compact_values(evidence.gradient), evidence.activation
    total = a.sum((2, 3), keepdim=True)
    inner = g * total if g.shape[2:] == (1, 1) else (g * a).sum((2, 3), keepdim=True)
    return _weigh_channels(torch.where(total.abs() < TINY, 0.0, inner / torch.where(total == 0, 1.0, total)), a)


@cam_method("layercam", title="LayerCAM", paper="doi:10.1109/TIP.2021.3089943")
def layercam(evidence: Evidence) -> Map:
    """sum_k relu(g_k) A_k. Jiang et al. 2021, equations 5 to 7 before the ReLU."""
    return _weigh_channels(_compact_values(evidence.gradient).relu(), evidence.activation)


@cam_method("eigencam", title="Eigen-CAM", paper="arXiv:2008.00299", class_free=True)
def eigencam(evidence: Evidence) -> Map:
    """The cells of A on A's first right singular vector; needs no class. Muhammad & Yeasin 2020, section II.

    A singular vector has no sign of its own: it is turned so that the map agrees with the summed activation.
    """
    return _first_direction(evidence.activation)


@cam_method("eigengradcam", title="Eigen-Grad-CAM", paper="arXiv:2008.00299")
def eigengradcam(evidence: Evidence) -> Map:
    """Eigen-CAM of g * A, which makes it a class's own: as in the library grad-cam. The sign agrees with HiResCAM."""
    return _first_direction(evidence.gradient * evidence.activation)


def _first_direction(values: Float[Tensor, "n c h w"]) -> Map:
    n, _, h, w = values.shape
    cells = values.flatten(2).transpose(1, 2)  # (n, cells, channels)
    cells = cells.to(torch.promote_types(cells.dtype, torch.float32))  # there is none in half precision
    left, size, _ = torch.linalg.svd(cells, full_matrices=False)
    first = left[..., 0] * size[:, :1]
    turn = (first * cells.sum(2)).sum(1, keepdim=True).sign()
    return (torch.where(turn == 0, 1.0, turn) * first).reshape(n, h, w)
