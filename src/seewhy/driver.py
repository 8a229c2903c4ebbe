"""A whole dataset through `explain`: batch after batch into the store, decoding ahead, resumable, with a forecast."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pandas as pd
from torch import nn

from seewhy import artifacts
from seewhy.attributions import made_of, per_place, seeded
from seewhy.errors import unknown
from seewhy.inputs.images import tensor
from seewhy.methods.cam import CAMS
from seewhy.methods.explain import explain
from seewhy.methods.pixels import PIXELS
from seewhy.progress import progress, tell
from seewhy.store import Store
from seewhy.study import Study

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
SLOW = 60.0  # seconds: a run that is forecast to take longer is announced


def attribute_all(study: Study, workers: int) -> list[Path]:
    """Writes data/attributions/<study>/<method>.parquet for the methods that params.yaml names; the tables' paths.

    Every image gets a map for its predicted class, and one that was named wrong another for its true class. Images are
    decoded by `workers` threads ahead of the model (0: by none). The tables are equal to the byte for any number of
    workers and however often the run was stopped; for another batch size the maps differ in the last bits.
    """
    methods = study.project.params.attributions.methods
    for method in methods:
        if method not in CAMS and method not in PIXELS:
            raise unknown("method", method, [*CAMS, *PIXELS], "attributions.methods of params.yaml")
    jobs, size = _jobs(study), study.base.batch_size
    store = Store(artifacts.attributions(study.root, study.name), methods, made_of(study))
    parts = {number: jobs.iloc[start : start + size] for number, start in enumerate(range(0, len(jobs), size))}
    left = [number for number in parts if not store.has(number)]
    photos = ahead(left, lambda number: study.photos(parts[number]), workers)
    options, begun = seeded(study, methods), time.monotonic()
    with counted(study.model) as passes:
        for number, seen in progress(photos, len(left), f"{study.name}: maps"):
            batch, targets = tensor(seen, study.preprocessing).to(study.device), parts[number]["target"].tolist()
            found = explain(study.model, batch, methods=methods, targets=targets, layer=study.layer, options=options)
            maps = {method: per_place(found[method]) for method in methods}
            store.add(number, parts[number], found.scores[:, 0].cpu().numpy(), maps)
            if number == left[0]:
                _forecast(
                    study.name, len(left) * size, sum(passes) / len(batch), (time.monotonic() - begun) * len(left)
                )
    return store.finish(len(parts))


@contextmanager
def counted(model: nn.Module) -> Iterator[list[int]]:
    """A list that grows by the number of images of each forward pass inside."""
    seen: list[int] = []
    handle = model.register_forward_pre_hook(lambda _module, args: seen.append(len(args[0])))
    try:
        yield seen
    finally:
        handle.remove()


def _forecast(name: str, images: int, passes: float, seconds: float) -> None:
    if seconds > SLOW:
        tell(f"{name}: about {images:,} maps x {passes:,.0f} passes, {seconds / 60:.0f} min; Ctrl-C loses nothing")


def _jobs(study: Study) -> pd.DataFrame:
    """`image` and `target` (index of a class): all predicted classes first, then the true classes of the mistakes."""
    rows = study.predictions
    wrong = rows[rows["label"].notna() & (rows["label"] != rows["predicted"])]
    pairs = [(rows, "predicted"), (wrong, "label")]
    return pd.concat(
        [pd.DataFrame({"image": part["image"], "target": study.classes_of(part[name])}) for part, name in pairs]
    ).reset_index(drop=True)


def ahead(items: Iterable[Item], load: Callable[[Item], Loaded], workers: int) -> Iterator[tuple[Item, Loaded]]:
    """Each item with what `load` makes of it, in order; with workers, a few are loaded while the caller works."""
    if not workers:
        yield from ((item, load(item)) for item in items)
        return
    waiting: deque[tuple[Item, Future[Loaded]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(load, item)))
                if len(waiting) > workers + 1:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
