"""What the perturbation curves of the audit are timed against: torchcam, quantus, and the passes that they take."""

import warnings
from unittest.mock import patch

import numpy as np
import torch
from peers import Extractor
from sides import Sides, network
from torch import Tensor, nn
from torchvision.models import resnet18

from seewhy import explain
from seewhy.engine.targets import of_class
from seewhy.engine.tuned import kept_memory, tuned_copy
from seewhy.methods.pixels import index_chunks
from seewhy.metrics import perturbed_images
from seewhy.metrics.faithfulness import Sweep, sweep_maps
from seewhy.metrics.perturbed_images import blur_image

METHODS = ["gradcam", "gradcam_pp", "hirescam", "layercam", "eigencam", "activation"]  # as the demo studies' audit
IMAGES, CELLS, TARGET = 1, 7, 3
Maps = dict[str, np.ndarray]


class Case:
    """An image and its maps by six methods, 7 x 7 cells. Every channel of the image has mean 0, the peers' filling."""

    def __init__(self, size: int):
        self.model, images = network(resnet18, IMAGES, size)
        self.images = images - images.mean((2, 3), keepdim=True)
        found = explain(self.model, self.images, methods=METHODS, targets=TARGET, layer="layer4")
        self.maps: Maps = {name: found[name][:, 0].numpy() for name in METHODS}
        self.fast = tuned_copy(self.model, self.images[:1]).model

    def ours(self, model: nn.Module | None = None) -> Sweep:
        """Insertion, deletion and average drop of all maps, a step a cell; of ROAD, which no peer makes, one share."""
        with torch.inference_mode(), patch.object(perturbed_images, "REMOVED", (0.5,)):
            return sweep_maps(model or self.fast, self.images, _softmax, [TARGET] * IMAGES, self.maps, CELLS**2, 0)

    def areas(self) -> Tensor:
        """Mean area under the deletion and the insertion curve of each map."""
        found = self.ours()
        kinds = (found.deletion, found.insertion)
        return torch.tensor([[found.curve_area(kind[name]).mean() for name in self.maps] for kind in kinds])

    def enlarged(self, name: str) -> np.ndarray:
        """The map's ranks from 0 to 1, since a peer refuses negative maps; as many equal pixels as a cell covers."""
        factor, flat = self.images.shape[-1] // CELLS, self.maps[name].reshape(IMAGES, -1)
        ranked = flat.argsort(1).argsort(1).reshape(IMAGES, CELLS, CELLS) / (CELLS**2 - 1)
        return ranked.repeat(factor, 1).repeat(factor, 2).astype(np.float32)


def _softmax(output: Tensor, targets: Tensor) -> Tensor:
    return of_class(output.softmax(-1), targets)


def curves_vs_torchcam(size: int) -> Sides:
    """Insertion and deletion; compared are the areas, each with the filling that ours has for it."""
    from torchcam.metrics import DeletionInsertionMetric

    case = Case(size)

    def area(name: str, baseline: object) -> dict[str, float]:
        extractor = Extractor(case.model, case.enlarged(name))
        metric = DeletionInsertionMetric(extractor, lambda x: x.softmax(-1), steps=CELLS**2, baseline=baseline)
        metric.update(case.images, TARGET)
        return metric.summary()

    def theirs() -> Tensor:
        found = [area(name, None) for name in case.maps]
        return torch.tensor([[one[f"{kind}_auc"] for one in found] for kind in ("deletion", "insertion")])

    def difference() -> float:
        theirs = [[area(name, None)["deletion_auc"] for name in case.maps]]
        theirs += [[area(name, blur_image)["insertion_auc"] for name in case.maps]]
        return float((case.areas() - torch.tensor(theirs)).abs().max())

    return Sides(case.areas, theirs, difference, kept_memory)


def curves_vs_quantus(size: int) -> Sides:
    """Pixel flipping, the strongest first and the weakest first, against insertion and deletion; compared are the
    areas of deletion.

    It counts the values of a pixel singly and takes only step sizes that divide the number of pixels: 48 steps for our
    49, and three times as many where the areas are compared. Its own mean drifts with what it flips: given is 0.
    """
    import quantus

    case = Case(size)
    share = np.linspace(0, 1, CELLS**2 + 1)

    def flipped(maps: np.ndarray, values: int = size**2 // 16) -> np.ndarray:
        metric = quantus.PixelFlipping(
            features_in_step=values, normalise=False, perturb_baseline=0.0, disable_warnings=True
        )
        given = {"x_batch": case.images.numpy(), "y_batch": np.full(IMAGES, TARGET), "a_batch": maps[:, None]}
        with warnings.catch_warnings(action="ignore"):
            return np.array(metric(model=case.model, **given, channel_first=True, softmax=True, device="cpu"))

    def theirs() -> Tensor:
        maps = [case.enlarged(name) for name in case.maps]
        both = [[flipped(one) for one in order] for order in (maps, [1 - one for one in maps])]
        return torch.tensor(np.array(both).mean((2, 3)))

    def difference() -> float:
        found = case.ours(case.model)
        far = []
        for name in case.maps:
            begin = found.deletion[name][:, :1]
            curve = np.concatenate([begin, flipped(case.enlarged(name), (size // CELLS) ** 2)[:, 2::3]], axis=1)
            far.append(np.abs(np.trapezoid(curve, share) - found.curve_area(found.deletion[name])).max())
        return float(max(far))

    return Sides(case.areas, theirs, difference, kept_memory)


def curves_over_passes(size: int) -> Sides:
    """The whole sweep against bare forward passes of as many images, in the same batches."""
    case = Case(size)
    sizes = [len(part) for _ in range(IMAGES) for part in index_chunks(case.ours().passes // IMAGES)]
    batch = case.images[:1].expand(max(sizes), -1, -1, -1).contiguous()

    def plain() -> Tensor:
        with torch.inference_mode(), kept_memory():
            return torch.cat([case.fast(batch[:count]) for count in sizes])

    return Sides(case.areas, plain, lambda: 0.0, kept_memory)
