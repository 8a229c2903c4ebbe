"""A study under audit: samples that a budget allows, and for each question a table with one value an image and map.

Every table has a column for each method and each control, NaN where a map says nothing; `measured` and `versus` turn
them into estimates. What the figures mean is in `seewhy.audit`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from seewhy.attributions import attribute
from seewhy.audit import faithfulness, localisation, statistics
from seewhy.audit.altered import REMOVED
from seewhy.audit.controls import NAMES, controls
from seewhy.audit.statistics import Estimate
from seewhy.inputs.images import tensor
from seewhy.methods.modules import untouched
from seewhy.methods.reading import relu, upsample
from seewhy.methods.targets import output_of
from seewhy.methods.tuned import runner
from seewhy.samples import one_each, stratified, with_objects
from seewhy.study import Study

Tables = dict[str, pd.DataFrame]
BETTER = {  # of each figure: whether more is better (1) or less (-1)
    "localisation_lift": 1,
    "pointing": 1,
    "deletion_auc": -1,
    "insertion_auc": 1,
    "road": 1,
    "average_drop": -1,
    "average_increase": 1,
}


@dataclass(frozen=True)
class Budget:
    """How many images each part may take: a pass of the network costs so many operations, and `work` is what a part may
    spend, in units of 10^9. A count, not a clock: equal on every machine, busy or idle."""

    study: Study
    work: float

    @cached_property
    def cost(self) -> float:
        """10^9 operations that one image takes."""
        one = self.study.inputs(self.study.dataset.frame.head(1))
        with untouched(self.study.model), torch.no_grad(), FlopCounterMode(display=False) as counter:
            self.study.model(one)
        return max(counter.get_total_flops(), 1) / 1e9

    def rows(self, passes: int) -> pd.DataFrame:
        """A sample of the study's rows, one an image, balanced over predictions, that `passes` passes each can be spent
        on; at least `statistics.FEWEST`."""
        every, seed = one_each(self.study.predictions, self.study.base.seed), self.study.base.seed
        most = max(statistics.FEWEST, int(self.work / (self.cost * passes)))
        return stratified(every, most, seed)


def located(study: Study, methods: Sequence[str]) -> Tables:
    """Lift and pointing game of the maps of what truly is there, for every image whose object is known."""
    rows = one_each(with_objects(study.predictions), study.base.seed)
    if rows.empty:
        return {"localisation_lift": pd.DataFrame(), "pointing": pd.DataFrame()}
    held, masks, photos = attribute(study, rows, methods, rows["label"]), study.objects(rows), study.photos(rows)
    shape = next(iter(held.maps.values())).shape[1:]
    known = controls(photos, shape, study.base.seed)
    maps = {**{name: held.upsampled(name) for name in methods}, **{name: _large(known[name], study) for name in NAMES}}
    return {
        "localisation_lift": pd.DataFrame({name: localisation.lift(some, masks) for name, some in maps.items()}),
        "pointing": pd.DataFrame({name: localisation.pointing(some, masks) for name, some in maps.items()}),
    }


def _large(maps: Float[np.ndarray, "n h w"], study: Study) -> Float[np.ndarray, "n H W"]:
    return upsample(relu(torch.from_numpy(np.array(maps, np.float32))), study.size).numpy()


def passes(methods: Sequence[str], steps: int) -> int:
    """The most passes an image can take in `swept`: two curves, ROAD and the drop for each map."""
    return (len(methods) + len(NAMES)) * (2 * steps + 2 * len(REMOVED) + 1)


def swept(study: Study, rows: pd.DataFrame, methods: Sequence[str], steps: int) -> faithfulness.Sweep:
    """The perturbation sweep of all methods and controls, of each row's own target."""
    found = attribute(study, rows, methods)
    shape = next(iter(found.maps.values())).shape[1:]
    maps = {**found.maps, **controls(study.photos(rows), shape, study.base.seed)}
    parts, begin, sure = [], 0, study.task.certainty(rows, study)
    with asked(study, rows) as model, torch.no_grad():
        for part, batch in study.batches(rows, "faithfulness"):
            numbers = range(begin, begin + len(part))
            own = {name: some[begin : begin + len(part)] for name, some in maps.items()}
            parts.append(faithfulness.sweep(model, batch, sure, numbers, own, steps, study.base.seed))
            begin += len(part)
    return faithfulness.joined(parts)


def faithful(found: faithfulness.Sweep) -> Tables:
    """The figures of a sweep."""
    names = list(found.deletion)
    return {
        "deletion_auc": pd.DataFrame({name: found.area(found.deletion[name]) for name in names}),
        "insertion_auc": pd.DataFrame({name: found.area(found.insertion[name]) for name in names}),
        "road": pd.DataFrame(found.road),
        "average_drop": pd.DataFrame({name: found.drop(name) for name in names}),
        "average_increase": pd.DataFrame({name: found.increase(name) for name in names}),
    }


@contextmanager
def asked(study: Study, rows: pd.DataFrame) -> Iterator[nn.Module]:
    """What to ask for many forward passes: a tuned copy of the study's model."""
    with untouched(study.model), runner(study.model, study.inputs(rows.head(1)), fast=True) as model:
        yield model


def outputs(study: Study, model: nn.Module, photos: UInt8[np.ndarray, "n h w 3"]) -> Float[Tensor, "n ..."]:
    """What the model says of photos, before scale, mean and std; on the CPU."""
    inputs = tensor(photos, study.preprocessing)
    with torch.no_grad():
        parts = [output_of(model(part.to(study.device))).float().cpu() for part in inputs.split(study.base.batch_size)]
    return torch.cat(parts)


@dataclass(frozen=True)
class Versus:
    """A method beside the best of the controls: `difference` image by image, above 0 where the method is better, and p
    by flipping signs. `control` is empty where nothing was measured."""

    control: str
    difference: Estimate
    p: float


def versus(table: pd.DataFrame, method: str, better: int, seed: int) -> Versus:
    """`method` against the control with the best mean in the same images; `better` is 1 where more is, else -1."""
    if method not in table or not np.isfinite(table[method]).any():
        return Versus("", statistics.NOTHING, float("nan"))
    there = table[np.isfinite(table[method])]
    best = str((better * there[list(NAMES)].mean()).idxmax())
    difference = (better * (there[method] - there[best])).to_numpy()
    return Versus(best, statistics.mean(difference, seed), statistics.signs(difference, seed))


def measured(tables: Mapping[str, pd.DataFrame], seed: int) -> dict[str, Estimate]:
    """Mean of every column of every table, as `column.table`."""
    return {
        f"{name}.{what}": statistics.mean(table[name].to_numpy(), seed)
        for what, table in tables.items()
        for name in table
    }


def compared(tables: Mapping[str, pd.DataFrame], methods: Sequence[str], seed: int) -> dict[str, Versus]:
    """Each method against the best control in each table of `BETTER`, as `method.table`."""
    return {
        f"{method}.{what}": versus(tables[what], method, sign, seed)
        for what, sign in BETTER.items()
        if what in tables
        for method in methods
    }


def over(against: Mapping[str, Versus]) -> dict[str, Estimate]:
    """What each method has over the best control, as `method.table_over_control`: above 0 where it is better."""
    return {f"{name}_over_control": one.difference for name, one in against.items()}
