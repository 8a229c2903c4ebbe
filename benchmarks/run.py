"""Ours and the peers side by side: `python benchmarks/run.py [row ...]` writes results.json and results.md beside it.

Each row runs in one process on the same images, model and threads: one warm-up each, then in turns, medians. Memory is
what a contender adds to the process's peak, each in a process of its own. Nothing here is asserted but equality.
"""

import argparse
import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torchvision.models import resnet18, resnet50

import seewhy
from seewhy.methods.ablation import closed_form
from seewhy.methods.rerun import Heads
from seewhy.methods.targets import class_score
from seewhy.methods.tuned import kept_memory, tuned

HERE = Path(__file__).parent
FAMILY = ["gradcam", "gradcam_pp", "hirescam", "xgradcam", "layercam"]
THREADS, CLASSES = 2, 18
Contender = Callable[[], Tensor]


@dataclass(frozen=True)
class Sides:
    """What is timed, the context that ours is timed in, and how far apart the two are (by default, their maps)."""

    ours: Contender
    peer: Contender
    difference: Callable[[], float] | None = None
    within: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass(frozen=True)
class Row:
    """`ratio` is the peer's time over ours; in rows against the plain forward pass, ours over the pass."""

    name: str
    what: str
    peer: str
    make: Callable[[int], Sides]  # image side in pixels -> what is timed
    goal: float
    repeats: int = 5
    size: int = 224
    over_peer: bool = True
    memory_goal: float | None = None  # our extra peak memory as a share of the peer's
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Result:
    """One line of results.json; `max_abs_diff` is a share of the map's largest value, for Ablation-CAM of the score."""

    name: str
    ours_s: float
    peer: str
    peer_s: float
    ratio: float
    peak_mb: float
    peer_peak_mb: float
    max_abs_diff: float


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

    runner = tuned(model, images[:2], "layer4").model if fast else model

    def difference() -> float:
        """Between the tuned copy's maps and those of the user's model."""
        return _share(_ours(runner, images, FAMILY, "all"), _ours(model, images, FAMILY, "all"))

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


ROWS = {
    row.name: row
    for row in (
        Row("family", "5 variants x 18 classes", "plain forward pass", family, 1.10, over_peer=False),
        Row(
            "family_tuned",
            "5 variants x 18 classes, tuned copy",
            "plain forward pass",
            lambda size: family(size, fast=True),
            0.75,
            over_peer=False,
        ),
        Row("family_vs_grad_cam", "5 variants x 1 class", "grad-cam", family_vs_grad_cam, 10, repeats=3),
        Row("classes_vs_captum", "Grad-CAM, 7 classes", "captum", classes_vs_captum, 6, repeats=3, memory_goal=1 / 4),
        Row("classes_vs_torchcam", "Grad-CAM, 7 classes", "torchcam", classes_vs_torchcam, 1, memory_goal=1 / 3),
        Row(
            "ablation_vs_grad_cam",
            "Ablation-CAM, resnet18, 1 image",
            "grad-cam",
            ablation_vs_grad_cam,
            100,
            repeats=3,
            tolerance=1e-5,
        ),
        Row("scorecam_vs_torchcam", "Score-CAM, resnet18, 1 image", "torchcam", scorecam_vs_torchcam, 1.5, repeats=3),
    )
}


def run(row: Row, size: int | None = None, repeats: int | None = None, memory: bool = True) -> Result:
    """Times both sides in turns, compares what they give, and measures the memory of each in a process of its own."""
    sides = row.make(size or row.size)
    sides.ours(), sides.peer()
    difference = sides.difference() if sides.difference else _share(sides.ours(), sides.peer())
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats or row.repeats):
        times[1].append(_seconds(sides.peer))
        with sides.within():
            if sides.within is not nullcontext:
                sides.ours()  # the memory that is kept has to be there first
            times[0].append(_seconds(sides.ours))
    ours, peer = median(times[0]), median(times[1])
    measured = memory and Path("/proc/self/clear_refs").exists()
    peaks = [_peak(row.name, side) for side in ("ours", "peer")] if measured else [0.0, 0.0]
    ratio = peer / ours if row.over_peer else ours / peer
    return Result(row.name, round(ours, 4), row.peer, round(peer, 4), round(ratio, 3), *peaks, difference)


def _seconds(call: Contender) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _share(ours: Tensor, peer: Tensor) -> float:
    return float((ours - peer).abs().max() / peer.abs().max())


def _peak(name: str, side: str) -> float:
    """Megabytes that one call adds to the peak of a process that holds model and images and has run a small pass."""
    command = [sys.executable, str(Path(__file__)), "--peak", name, side]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "TQDM_DISABLE": "1"})
    return round(float(done.stdout.split()[-1]), 1)


def measure_peak(name: str, side: str) -> float:
    """In the child: peak resident memory during one call minus resident memory before it."""
    torch.set_num_threads(THREADS)
    row = ROWS[name]
    sides = row.make(row.size)
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten; a child inherits its parent's
    before = _memory("VmRSS")
    with sides.within() if side == "ours" else nullcontext():
        getattr(sides, side)()
    return (_memory("VmHWM") - before) / 1e3


def _memory(key: str) -> float:
    """Kilobytes, from Linux's own account; `ru_maxrss` counts the parent before the child began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(key)).split()[1])


def table(results: list[Result]) -> str:
    """The results for the README, in Markdown, with what each row should reach."""
    lines = [
        "| row | what | ours | peer | ratio | to reach | extra memory, ours / peer | largest difference |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        row = ROWS[result.name]
        goal = f"{'>=' if row.over_peer else '<='} {row.goal:g} x"
        share = f", memory <= {row.memory_goal:.2f}" if row.memory_goal else ""
        met = "" if _met(row, result) else " **missed**"
        lines.append(
            f"| `{row.name}` | {row.what} | {result.ours_s:.2f} s | {row.peer}: {result.peer_s:.2f} s | "
            f"{result.ratio:.2f} x | {goal}{share}{met} | {result.peak_mb:.0f} / {result.peer_peak_mb:.0f} MB | "
            f"{result.max_abs_diff:.0e} |"
        )
    return "\n".join(lines) + "\n"


def _met(row: Row, result: Result) -> bool:
    fast = result.ratio >= row.goal if row.over_peer else result.ratio <= row.goal
    small = row.memory_goal is None or result.peak_mb <= row.memory_goal * result.peer_peak_mb
    return fast and small and result.max_abs_diff <= row.tolerance


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], help="all if none is given")
    parser.add_argument("--peak", nargs=2, metavar=("ROW", "SIDE"), help=argparse.SUPPRESS)
    parser.add_argument("--repeats", type=int, help="timings of each side (as the row has it)")
    parser.add_argument("--no-memory", action="store_true", help="times only")
    given = parser.parse_args()
    if given.peak:
        sys.stdout.write(f"{measure_peak(*given.peak)}\n")
        return
    os.environ["TQDM_DISABLE"] = "1"
    torch.set_num_threads(THREADS)
    stored = HERE / "results.json"
    known = {entry["name"]: entry for entry in json.loads(stored.read_text())} if stored.exists() else {}
    for name in given.rows or ROWS:
        known[name] = asdict(run(ROWS[name], repeats=given.repeats, memory=not given.no_memory))
        sys.stdout.write(json.dumps(known[name]) + "\n")
        sys.stdout.flush()
        stored.write_text(json.dumps([known[row] for row in ROWS if row in known], indent=1) + "\n")
    results = [Result(**known[row]) for row in ROWS if row in known]
    (HERE / "results.md").write_text(table(results))
    sys.stdout.write(table(results))


if __name__ == "__main__":
    main()
