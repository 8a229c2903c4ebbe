"""`explain` for a study: images with all their targets in one pass, its seed, and what its maps are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from inspect import signature

import numpy as np
from jaxtyping import Float
from torch import Tensor, nn

from seewhy.config import artifacts
from seewhy.engine.targets import Rule
from seewhy.errors import unknown_name
from seewhy.maps.store import Pair
from seewhy.methods.cam import CAMS
from seewhy.methods.explain import explain
from seewhy.methods.pixels import PIXELS
from seewhy.study import Study
from seewhy.tasks import task_scores

Maps = dict[str, Float[np.ndarray, "n h w"]]


@dataclass(frozen=True)
class Job:
    """An image, and every target that gets a map of it: they share one forward pass."""

    image: str
    targets: tuple[int, ...]


def group_jobs(pairs: Iterable[Pair]) -> list[Job]:
    """Each image once; those with equally many targets stand together, so that a batch asks for nothing in vain."""
    targets: dict[str, dict[int, None]] = {}
    for image, target in pairs:
        targets.setdefault(image, {})[target] = None
    return sorted((Job(image, tuple(own)) for image, own in targets.items()), key=lambda job: len(job.targets))


def explain_batch(
    study: Study,
    some: Sequence[Job],
    batch: Float[Tensor, "n c h w"],
    methods: Sequence[str],
    layer: str,
    model: nn.Module | None = None,
    rule: Rule | None = None,
) -> tuple[Float[np.ndarray, " p"], Maps]:
    """Scores and maps of all p targets of a batch, image after image; of another `model` than the study's, and by
    another `rule` than its task's, if given."""
    wanted = task_scores(rule or study.task.target_score, [job.targets for job in some])
    options = seed_options(study, methods)
    asked = study.model if model is None else model
    result = explain(asked, batch, methods=methods, targets=wanted, layer=layer, options=options)
    rows, numbers = zip(*((row, k) for row, job in enumerate(some) for k in range(len(job.targets))), strict=True)
    maps = {method: per_place(result[method][list(rows), list(numbers)]) for method in methods}
    return result.scores[list(rows), list(numbers)].cpu().numpy(), maps


def check_methods(methods: Sequence[str], where: str) -> None:
    """Raises SeewhyError for a name that `explain` does not know; `where` says who gave it."""
    for method in methods:
        if method not in CAMS and method not in PIXELS:
            raise unknown_name("method", method, [*CAMS, *PIXELS], where)


def seed_options(study: Study, methods: Sequence[str]) -> dict[str, dict[str, int]]:
    """The study's seed as an option of those methods that draw."""
    drawing = [name for name in methods if name in PIXELS and "seed" in signature(PIXELS[name]).parameters]
    return {name: {"seed": study.base.seed} for name in drawing}


def made_of(study: Study) -> dict[str, str | int]:
    """What stored maps are made of: whatever differs here makes other maps."""
    seen = study.preprocessing.model_dump_json()
    images = artifacts.file_sha256(artifacts.dataset_path(study.root, study.settings.dataset))
    note = {"checkpoint": study.checkpoint.sha256, "dataset": images, "layer": study.layer, "preprocessing": seen}
    return {**note, "output": study.settings.output, "seed": study.base.seed, "batch_size": study.base.batch_size}


def per_place(maps: Float[Tensor, "p ..."]) -> Float[np.ndarray, "p h w"]:
    """Maps on the CPU; those of pixel methods, (p, c, h, w), summed over the channels."""
    return (maps.sum(1) if maps.ndim == 4 else maps).cpu().numpy()
