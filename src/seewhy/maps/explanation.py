"""`study.explain("layercam")`: the maps of a study's images by one method, to read and to look at."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float

from seewhy.engine.evidence import find_layer
from seewhy.errors import unknown_name
from seewhy.maps.attributions import Attributions, attribute_rows
from seewhy.maps.explaining import check_methods
from seewhy.methods.cam import TITLES

if TYPE_CHECKING:
    from seewhy.study import Study


@dataclass(frozen=True)
class Explanation:
    """Maps of one method. `target` is the class that they are for; None: each image's own prediction."""

    study: "Study"
    method: str
    target: str | None
    layer: str
    attributions: Attributions

    @property
    def rows(self) -> pd.DataFrame:
        """The images: file, label, prediction, confidence."""
        return self.attributions.rows

    @property
    def maps(self) -> Float[np.ndarray, "n h w"]:
        """Raw, signed maps, one an image, at the layer's resolution (pixel methods: the input's)."""
        return self.attributions.maps[self.method]

    @property
    def shares(self) -> Float[np.ndarray, "n h w"]:
        """Positive attribution, each map as a share of its own maximum, 0 to 1; NaN where a map has none."""
        return self.attributions.shares(self.method)

    @property
    def upsampled(self) -> Float[np.ndarray, "n H W"]:
        """Positive attribution at the input's resolution, raw."""
        return self.attributions.upsampled(self.method)

    @property
    def title(self) -> str:
        """What pages call the method."""
        return TITLES[self.method]

    def show(self, n: int = 12) -> None:
        """Shows the first n images with their maps, in JupyterLab or on a page: file, classes, method, object."""
        from seewhy.report.pages.study_views import show_explanation  # drawing stands above this room

        show_explanation(self, n)


def explain_study(study: "Study", method: str, layer: str | None = None, target: str | None = None) -> Explanation:
    """Maps of a study's images; see `Study.explain`."""
    check_methods([method], "Study.explain")
    if layer is not None:
        find_layer(study.model, layer, f"study '{study.name}'")
    if target is not None and target not in study.dataset.classes:
        raise unknown_name("class", target, study.dataset.classes, f"dataset '{study.dataset.name}'")
    rows = study.predictions
    names = None if target is None else [target] * len(rows)
    return Explanation(study, method, target, layer or study.layer, attribute_rows(study, rows, [method], names, layer))
