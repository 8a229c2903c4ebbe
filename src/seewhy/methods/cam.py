"""Class activation maps, each a short formula on one evidence. A new variant is a decorated function in this file.

A: activation (n, c, h, w); g: gradient of the target's score with respect to A. All maps are raw and signed: the
papers' final ReLU, upsampling and scaling are `seewhy.relu`, `seewhy.upsample`, `seewhy.normalise`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from seewhy.methods.evidence import Evidence

Map = Float[Tensor, "n h w"]
CAMS: dict[str, Callable[[Evidence], Map]] = {}
TITLES: dict[str, str] = {}
PAPERS: dict[str, str] = {}
TINY = 1e-12


def cam(name: str, title: str, paper: str) -> Callable[[Callable[[Evidence], Map]], Callable[[Evidence], Map]]:
    """Registers a variant under `name`, with the `title` that pages show and the `paper` it is from."""

    def register(function: Callable[[Evidence], Map]) -> Callable[[Evidence], Map]:
        CAMS[name], TITLES[name], PAPERS[name] = function, title, paper
        return function

    return register


@cam("activation", title="Activation", paper="doi:10.48550/arXiv.1612.03928")
def activation(evidence: Evidence) -> Map:
    """sum_k A_k: how strongly the layer responds, whatever the class. Zagoruyko & Komodakis 2017, F_sum without |.|."""
    return evidence.activation.sum(1)


@cam("gradcam", title="Grad-CAM", paper="arXiv:1610.02391")
def gradcam(evidence: Evidence) -> Map:
    """sum_k mean_ij(g_k) A_k. Selvaraju et al. 2017, equations 1 and 2 before the ReLU."""
    return (evidence.gradient.mean((2, 3), keepdim=True) * evidence.activation).sum(1)


@cam("gradcam_pp", title="Grad-CAM++", paper="arXiv:1710.11063")
def gradcam_pp(evidence: Evidence) -> Map:
    """sum_k w_k A_k, w_k = sum_ij a relu(g), a = g^2 / (2 g^2 + sum_ij(A) g^3). Chattopadhay et al. 2018, eq. 19.

    The equation takes the score through an exponential, whose positive factor cancels but for the scale of the map.
    Cells without gradient weigh nothing.
    """
    g, a = evidence.gradient, evidence.activation
    below = 2 * g**2 + a.sum((2, 3), keepdim=True) * g**3
    alpha = torch.where(g == 0, 0.0, g**2 / torch.where(below == 0, 1.0, below))
    return ((alpha * g.relu()).sum((2, 3), keepdim=True) * a).sum(1)


@cam("hirescam", title="HiResCAM", paper="arXiv:2011.08891")
def hirescam(evidence: Evidence) -> Map:
    """sum_k g_k A_k: exact where one linear layer follows. Draelos & Carin 2020."""
    return (evidence.gradient * evidence.activation).sum(1)


@cam("xgradcam", title="XGrad-CAM", paper="arXiv:2008.02312")
def xgradcam(evidence: Evidence) -> Map:
    """sum_k w_k A_k, w_k = sum_ij(g_k A_k) / sum_ij(A_k). Fu et al. 2020, eq. 8; 0 where a channel sums to 0."""
    g, a = evidence.gradient, evidence.activation
    total = a.sum((2, 3), keepdim=True)
    weight = torch.where(
        total.abs() < TINY, 0.0, (g * a).sum((2, 3), keepdim=True) / torch.where(total == 0, 1.0, total)
    )
    return (weight * a).sum(1)


@cam("layercam", title="LayerCAM", paper="doi:10.1109/TIP.2021.3089943")
def layercam(evidence: Evidence) -> Map:
    """sum_k relu(g_k) A_k. Jiang et al. 2021, equations 5 to 7 before the ReLU."""
    return (evidence.gradient.relu() * evidence.activation).sum(1)


@cam("eigencam", title="Eigen-CAM", paper="arXiv:2008.00299")
def eigencam(evidence: Evidence) -> Map:
    """The cells of A on A's first right singular vector; needs no class. Muhammad & Yeasin 2020, section II.

    A singular vector has no sign of its own: it is turned so that the map agrees with the summed activation.
    """
    n, _, h, w = evidence.activation.shape
    cells = evidence.activation.flatten(2).transpose(1, 2)  # (n, cells, channels)
    left, values, _ = torch.linalg.svd(cells, full_matrices=False)
    first = left[..., 0] * values[:, :1]
    turn = (first * cells.sum(2)).sum(1, keepdim=True).sign()
    return (torch.where(turn == 0, 1.0, turn) * first).reshape(n, h, w)
