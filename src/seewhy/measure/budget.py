"""How many images each part of the audit may take."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from seewhy.engine.modules import eval_mode
from seewhy.samples import large_regions, one_each, stratified_sample
from seewhy.stats import FEWEST
from seewhy.study import Study


@dataclass(frozen=True)
class Budget:
    """How many images each part may take: a pass of the network costs so many operations, and `work` is what a part may
    spend, in units of 10^9. A count, not a clock: equal on every machine, busy or idle."""

    study: Study
    work: float

    @cached_property
    def image_cost(self) -> float:
        """10^9 operations that one image takes."""
        one = self.study.inputs(self.study.dataset.frame.head(1))
        with eval_mode(self.study.model), torch.no_grad(), FlopCounterMode(display=False) as counter:
            self.study.model(one)
        return max(counter.get_total_flops(), 1) / 1e9

    @property
    def row_pool(self) -> pd.DataFrame:
        """The rows that are drawn from."""
        return large_regions(self.study.predictions)

    def sample_rows(self, passes: int) -> pd.DataFrame:
        """A sample of the study's rows, one an image, balanced over predictions, that `passes` passes each can be spent
        on; at least `FEWEST`."""
        seed = self.study.base.seed
        return stratified_sample(one_each(self.row_pool, seed), self.affordable_times(passes, FEWEST), seed)

    def affordable_times(self, passes: int, least: int) -> int:
        """How often `passes` passes can be spent; at least `least`."""
        return max(least, int(self.work / (self.image_cost * passes)))
