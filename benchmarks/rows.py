"""The rows of the benchmark: what each times, and what it should reach. A new row is an entry here."""

from collections.abc import Callable
from dataclasses import dataclass

import curves
import pages
import sides
import whole


@dataclass(frozen=True)
class Row:
    """`ratio` is the peer's time over ours; in rows against the plain forward pass, ours over the pass."""

    name: str
    what: str
    peer: str
    make: Callable[[int], sides.Sides]  # image side in pixels -> what is timed
    goal: float
    repeats: int = 5
    size: int = 224
    over_peer: bool = True
    memory_goal: float | None = None  # our extra peak memory as a share of the peer's
    tolerance: float = 1e-4
    of_memory: bool = False  # `ratio` is that of the peaks, not of the times


ROWS = {
    row.name: row
    for row in (
        Row("family", "5 variants x 18 classes", "plain forward pass", sides.family, 1.10, over_peer=False),
        Row(
            "family_tuned",
            "5 variants x 18 classes, tuned copy",
            "plain forward pass",
            lambda size: sides.family(size, fast=True),
            0.75,
            over_peer=False,
        ),
        Row("family_vs_grad_cam", "5 variants x 1 class", "grad-cam", sides.family_vs_grad_cam, 10, repeats=3),
        Row("classes_vs_captum", "Grad-CAM, 7 classes", "captum", sides.classes_vs_captum, 6, 3, memory_goal=1 / 4),
        Row("classes_vs_torchcam", "Grad-CAM, 7 classes", "torchcam", sides.classes_vs_torchcam, 1, memory_goal=1 / 3),
        Row(
            "ablation_vs_grad_cam",
            "Ablation-CAM, resnet18, 1 image",
            "grad-cam",
            sides.ablation_vs_grad_cam,
            100,
            repeats=3,
            tolerance=1e-5,
        ),
        Row("scorecam_vs_torchcam", "Score-CAM, resnet18, 1 image", "torchcam", sides.scorecam_vs_torchcam, 1.5, 3),
        Row(
            "curves_vs_torchcam",
            "insertion, deletion and drop of 6 methods, resnet18",
            "torchcam, the first two",
            curves.curves_vs_torchcam,
            1.5,
            repeats=3,
            tolerance=1e-3,
        ),
        Row(
            "curves_vs_quantus",
            "the same",
            "quantus, pixel flipping both ways",
            curves.curves_vs_quantus,
            3,
            repeats=3,
            tolerance=1e-3,
        ),
        Row(
            "curves_over_passes",
            "the same",
            "its bare forward passes",
            curves.curves_over_passes,
            1.15,
            repeats=3,
            over_peer=False,
        ),
        Row("driver", "192 images from disk to store, 5 variants", "DataLoader and pass", whole.driver, 0.85, 3),
        Row(
            "driver_memory",
            "peak at 4,000 images / at 1,000, 5 variants",
            "1,000 images",
            whole.driver_memory,
            1.05,
            repeats=1,
            size=64,
            over_peer=False,
            of_memory=True,
        ),
        Row("pages", "all pages of a study (3 s asked)", "nbconvert, lab template", pages.pages, 0.5, 3),
    )
}
