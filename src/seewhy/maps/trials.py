"""What pages ask of a study beside its stored maps: a background for SHAP, and methods that only try the model out."""

import pandas as pd
from jaxtyping import Float
from torch import Tensor

from seewhy import samples
from seewhy.maps.explaining import Maps
from seewhy.methods.cam import TITLES
from seewhy.methods.explain import explain
from seewhy.methods.shapley import pool_squares
from seewhy.study import Study
from seewhy.tasks import task_scores


def shap_background(study: Study, shown: pd.DataFrame, n: int) -> Float[Tensor, "b c h w"]:
    """What SHAP compares with: at most `n` random images that are not shown, as the network's input.

    Where the dataset has no others: the shown ones, blurred until only their colours are left.
    """
    rest = samples.other_rows(study.predictions, shown, n, study.base.seed)
    if len(rest):
        return study.inputs(rest)
    from torchvision.transforms.functional import gaussian_blur  # only here: importing it takes a second

    height, width = study.size
    return gaussian_blur(study.inputs(shown), [height // 2 * 2 - 1, width // 2 * 2 - 1], [height / 6, width / 6])


def by_trial(study: Study, rows: pd.DataFrame, evaluations: int, cells: int) -> Maps:
    """What two methods that only try the model out say of the predicted class, by title: signed, summed over squares.

    Each shows the model `evaluations` versions of an image with parts hidden, on the tuned copy.
    """
    settings = {
        "shap_partition": {"evaluations": evaluations, "fast": True},
        "lime": {"samples": evaluations, "fast": True, "seed": study.base.seed},
    }
    targets = task_scores(study.task.target_score, [[target] for target in rows["target"]])
    found = explain(study.model, study.inputs(rows), methods=[*settings], targets=targets, options=settings)
    return {TITLES[method]: pool_squares(found[method].sum(2).cpu(), cells)[:, 0] for method in settings}
