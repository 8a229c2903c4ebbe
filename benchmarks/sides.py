"""What is timed: for each row of the benchmark ours and a peer's, on the same model and images."""

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.models import resnet18, resnet50

import seewhy
from seewhy.engine.rerun import Heads
from seewhy.engine.targets import class_score
from seewhy.engine.tuned import kept_memory, tuned_copy
from seewhy.methods.ablation import closed_form

FAMILY = ["gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam"]
CLASSES = 18
Contender = Callable[[], Tensor]


@dataclass(frozen=True)
class Sides:
    """What is timed, the context that ours is timed in, and how far apart the two are (by default, their maps)."""

    ours: Contender
    peer: Contender
    difference: Callable[[], float] | None = None
    within: Callable[[], AbstractContextManager[object]] = nullcontext


def share(ours: Tensor, peer: Tensor) -> float:
    """The largest difference as a share of the peer's largest value."""
    return float((ours - peer).abs().max() / peer.abs().max())


def network(build: Callable[..., nn.Module], batch: int, size: int) -> tuple[nn.Module, Tensor]:
    """A seeded network whose batch norms have seen something, and images."""
    torch.manual_seed(0)
    model = build(num_classes=CLASSES)
    images = torch.rand(batch, 3, size, size)
    with torch.no_grad():
        model(images[:2])
    return model.eval(), images


def family(size: int, fast: bool = False) -> Sides:
    """Five variants for every class, against a plain forward pass."""
    model, images = network(resnet50, 16, size)

    def plain() -> Tensor:
        with torch.no_grad():
            return model(images)

    runner = tuned_copy(model, images[:2], "layer4").model if fast else model

    def difference() -> float:
        """Between the tuned copy's maps and those of the user's model."""
        return share(_ours(runner, images, FAMILY, "all"), _ours(model, images, FAMILY, "all"))

    within = kept_memory if fast else nullcontext
    return Sides(lambda: _ours(runner, images, FAMILY, "all"), plain, difference, within)


def family_vs_grad_cam(size: int) -> Sides:
    """Five variants for one class; compared are the maps of Grad-CAM, clipped and enlarged as the peer does."""
    import pytorch_grad_cam as peers
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    model, images = network(resnet50, 16, size)
    classes = [peers.GradCAM, peers.GradCAMPlusPlus, peers.HiResCAM, peers.XGradCAM, peers.LayerCAM]

    def theirs() -> Tensor:
        maps = []
        for method in classes:
            with method(model, [model.layer4]) as cam:
                maps.append(torch.from_numpy(cam(images, [ClassifierOutputTarget(3)] * len(images))))
        return maps[0]

    def ours() -> Tensor:
        found = seewhy.explain(model, images, methods=FAMILY, targets=3, layer="layer4")
        return _as_grad_cam(found["gradcam"][:, 0], images)

    return Sides(ours, theirs)


def classes_vs_captum(size: int) -> Sides:
    """Grad-CAM of seven classes."""
    from captum.attr import LayerGradCam

    model, images = network(resnet50, 16, size)
    cam = LayerGradCam(model, model.layer4)

    def theirs() -> Tensor:
        return torch.cat([cam.attribute(images, target=index).detach() for index in range(7)], 1)

    return Sides(lambda: _ours(model, images, ["gradcam"], _first(7)), theirs)


def classes_vs_torchcam(size: int) -> Sides:
    """Grad-CAM of seven classes; the peer clips at zero."""
    from torchcam.methods import GradCAM

    model, images = network(resnet50, 16, size)

    def theirs() -> Tensor:
        with GradCAM(model, "layer4") as cam:
            output = model(images)
            maps = [
                cam(class_idx=index, scores=output, normalized=False, retain_graph=index < 6)[0] for index in range(7)
            ]
        return torch.stack(maps, 1).detach()

    return Sides(lambda: seewhy.relu(_ours(model, images, ["gradcam"], _first(7))), theirs)


def ablation_vs_grad_cam(size: int) -> Sides:
    """Ablation-CAM of one image. Compared are the raw weights, shares of the score: the peer's are float32 differences
    of almost equal scores, so that its map has five digits."""
    from pytorch_grad_cam import AblationCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    model, images = network(resnet18, 1, size)
    with torch.no_grad():
        output = model(images)
    index, score = int(output.argmax()), output.max()

    def theirs() -> Tensor:
        kept: list[Tensor] = []
        with torch.no_grad(), model.layer4.register_forward_hook(lambda _m, _a, output: kept.append(output.clone())):
            model(images)
        cam = AblationCAM(copy.deepcopy(model), [])
        return torch.from_numpy(
            cam.get_cam_weights(images, cam.model.layer4, [ClassifierOutputTarget(index)], kept[0], None)
        )

    def difference() -> float:
        with torch.no_grad():
            weights = closed_form(next(iter(Heads(model, images, "layer4"))), [class_score([index])])
        return float((weights / score - theirs()).abs().max())

    return Sides(lambda: _ours(model, images, ["ablationcam"], index), theirs, difference)


def scorecam_vs_torchcam(size: int) -> Sides:
    """Score-CAM of one image; the peer clips at zero."""
    from torchcam.methods import ScoreCAM

    model, images = network(resnet18, 1, size)

    def theirs() -> Tensor:
        with ScoreCAM(model, "layer4") as cam, torch.inference_mode():
            model(images)
            return cam(class_idx=3, normalized=False)[0][:, None].clone()

    def ours() -> Tensor:
        options = {"scorecam": {"fast": True}}
        found = seewhy.explain(model, images, methods=["scorecam"], targets=3, layer="layer4", options=options)
        return seewhy.relu(found["scorecam"])

    return Sides(ours, theirs)


def _ours(model: nn.Module, images: Tensor, methods: list[str], targets: object) -> Tensor:
    found = seewhy.explain(model, images, methods=methods, targets=targets, layer="layer4")  # type: ignore[arg-type]
    return torch.cat([found[method] for method in methods], 1)


def _first(count: int) -> list[Callable[[Tensor], Tensor]]:
    return [lambda output, index=index: output[:, index] for index in range(count)]


def _as_grad_cam(maps: Tensor, images: Tensor) -> Tensor:
    """Clipped, scaled, enlarged, clipped and scaled again."""
    maps = maps.clamp(min=0)
    maps = maps - maps.amin((1, 2), keepdim=True)
    maps = maps / (maps.amax((1, 2), keepdim=True) + 1e-7)
    large = seewhy.upsample(maps, tuple(images.shape[-2:]))  # type: ignore[arg-type]
    large = large - large.amin((1, 2), keepdim=True)
    return large / (large.amax((1, 2), keepdim=True) + 1e-7)
