"""What a study's model answers to photos that are not the dataset's."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from seewhy.engine.modules import eval_mode
from seewhy.engine.targets import output_of
from seewhy.engine.tuned import fast_model
from seewhy.inputs.images import input_tensor
from seewhy.study import Study


@contextmanager
def fast_study_model(study: Study, rows: pd.DataFrame) -> Iterator[nn.Module]:
    """What to ask for many forward passes: a tuned copy of the study's model."""
    with eval_mode(study.model), fast_model(study.model, study.inputs(rows.head(1)), fast=True) as model:
        yield model


def photo_outputs(study: Study, model: nn.Module, photos: UInt8[np.ndarray, "n h w 3"]) -> Float[Tensor, "n ..."]:
    """What the model says of photos, before scale, mean and std; on the CPU."""
    inputs = input_tensor(photos, study.preprocessing)
    with torch.no_grad():
        parts = [output_of(model(part.to(study.device))).float().cpu() for part in inputs.split(study.base.batch_size)]
    return torch.cat(parts)
