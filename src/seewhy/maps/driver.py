"""A whole dataset through `explain`: batch after batch into the store, decoding ahead, resumable, with a forecast."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pandas as pd
from torch import Tensor, nn

from seewhy.config import artifacts
from seewhy.inputs.images import input_tensor, is_plain
from seewhy.maps.explaining import Job, check_methods, explain_batch, group_jobs, made_of
from seewhy.maps.store import Pair, Store
from seewhy.progress import print_above_bars, show_progress
from seewhy.study import Study

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
SLOW = 60.0  # seconds: a run that is forecast to take longer is announced


def attribute_all(study: Study, workers: int) -> list[Path]:
    """Writes data/attributions/<study>/<method>.parquet for the methods that params.yaml names; the tables' paths.

    Every row of the predictions gets a map for its target, and one that was named wrong another for its true class: one
    forward pass an image. Images are decoded by `workers` threads ahead of the model (0: by none). The tables are equal
    to the byte for any number of workers and however often the run was stopped; for another batch size the maps differ
    in the last bits. Maps of an earlier run are used again (`Store`).
    """
    methods = study.project.params.attributions.methods
    check_methods(methods, "attributions.methods of params.yaml")
    size, files = study.base.batch_size, study.dataset.frame.set_index("image")["sha256"].to_dict()
    folder = artifacts.attributions_folder(study.root, study.name)
    store = Store(folder, methods, made_of(study), group_jobs(_image_targets(study)), size, files)
    left = [number for number in range(len(store.missing_batches)) if not store.has_batch(number)]
    read = study.photos if is_plain(study.preprocessing) else study.inputs
    photos = load_ahead(left, lambda number: read(_image_rows(store.missing_batches[number][0])), workers)
    begun = time.monotonic()
    with count_images(study.model) as passes:
        for number, seen in show_progress(photos, len(left), f"{study.name}: maps"):
            some, names = store.missing_batches[number]
            batch = (seen if isinstance(seen, Tensor) else input_tensor(seen, study.preprocessing)).to(study.device)
            found, maps = explain_batch(study, some, batch, names, study.layer)
            pairs = [(job.image, target) for job in some for target in job.targets]
            store.write_batch(number, pd.DataFrame(pairs, columns=["image", "target"]), found, maps)
            if number == left[0]:
                seconds = (time.monotonic() - begun) * len(left)
                _tell_forecast(study.name, len(left) * size, sum(passes) / len(batch), seconds)
    return store.write_tables()


@contextmanager
def count_images(model: nn.Module) -> Iterator[list[int]]:
    """A list that grows by the number of images of each forward pass inside."""
    seen: list[int] = []
    handle = model.register_forward_pre_hook(lambda _module, args: seen.append(len(args[0])))
    try:
        yield seen
    finally:
        handle.remove()


def _tell_forecast(name: str, images: int, passes: float, seconds: float) -> None:
    if seconds > SLOW:
        print_above_bars(
            f"{name}: about {images:,} maps x {passes:,.0f} passes, {seconds / 60:.0f} min; Ctrl-C loses nothing"
        )


def _image_targets(study: Study) -> list[Pair]:
    """Image and target of every row, then image and true class of the mistakes whose true class is known."""
    rows = study.predictions
    wrong = rows[rows["label"].notna() & (rows["label"] != rows["predicted"])]
    own = zip(rows["image"], rows["target"], strict=True)
    return [*own, *zip(wrong["image"], study.row_targets(wrong, wrong["label"]), strict=True)]


def _image_rows(some: Sequence[Job]) -> pd.DataFrame:
    return pd.DataFrame({"image": [job.image for job in some]})


def load_ahead(items: Iterable[Item], load: Callable[[Item], Loaded], workers: int) -> Iterator[tuple[Item, Loaded]]:
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
