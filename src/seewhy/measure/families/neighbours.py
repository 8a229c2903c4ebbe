"""Which right images does the model take for like a mistake? Classification. Page 06."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from seewhy import samples
from seewhy.engine.evidence import collect_evidence
from seewhy.measure.families.channels import own_scores
from seewhy.measure.families.tables import refusal_reason, select_rows, unmeasured_row
from seewhy.measure.family import Result, tidy_rows, tidy_table, whole_family
from seewhy.measure.summary import share_of_images
from seewhy.metrics import neighbours
from seewhy.metrics.registry import declare_metric
from seewhy.stats import Estimate
from seewhy.study import Study

declare_metric(
    "neighbour_similarity",
    family="neighbours",
    title="Cosine similarity of features",
    question="Which right images are nearest to a mistake?",
)
declare_metric(
    "nearest_side",
    family="neighbours",
    title="Mistakes whose nearest right image is of this class",
    unit="%",
    question="Is a mistake nearer to its predicted or to its true class?",
    is_share=True,
)


@whole_family("neighbours", section="misclassification", tasks=("classification",), defaults={"neighbours": 3})
def measure_neighbours(study: Study, settings: Mapping[str, Any]) -> Result:
    """The right images nearest to each mistake, by the pooled features of the study's layer.

    Settings: how many `neighbours` of each.

    Table, mistakes the most confident first: `neighbour_similarity` with facets `rank` ("1" is the nearest),
    `neighbour`, the image, and `side`, one of `neighbours.KINDS`; `nearest_side`, 1 for the side that the nearest image
    is on, else 0, for each `side`. One row that says why where none could be found.

    Arrays: `sides`, and for each the `chance` that a right image at random is on it; `right`, how many images there are
    to be found of the predicted classes, or of the true ones, the fewer of the two.
    """
    return Result(*neighbour_rows(find_neighbours(study, settings["neighbours"])))


def neighbour_rows(near: "Neighbours") -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Table and arrays of the family."""
    if near.reason:
        return unmeasured_row("neighbour_similarity", near.reason), {}
    classes = near.right["label"].to_numpy()[near.index]
    sides = neighbours.neighbour_kinds(classes, near.wrong["predicted"], near.wrong["label"])
    images, found = near.right["image"].to_numpy()[near.index], near.nearest_sides
    alike = [
        tidy_rows(
            near.wrong,
            "",
            "neighbour_similarity",
            near.alike[:, k],
            rank=str(k + 1),
            neighbour=images[:, k],
            side=sides[:, k],
        )
        for k in range(near.index.shape[1])
    ]
    hits = [
        tidy_rows(near.wrong, "", "nearest_side", (sides[:, 0] == side).astype(float), side=side)
        for side in neighbours.KINDS
    ]
    chance = np.array([found.chance[side] for side in neighbours.KINDS])
    arrays = {"sides": np.array(neighbours.KINDS, str), "chance": chance, "right": np.array(found.right)}
    return tidy_table([*alike, *hits]), arrays


@dataclass(frozen=True)
class Neighbours:
    """The m mistakes, the most confident first, each with its k nearest right images; `reason` says why there are
    none."""

    wrong: pd.DataFrame
    right: pd.DataFrame
    index: Int[np.ndarray, "m k"]
    alike: Float[np.ndarray, "m k"]
    reason: str = ""

    @property
    def nearest_sides(self) -> neighbours.Sides:
        """Of which class the nearest of each mistake is."""
        found = self.right["label"].to_numpy()[self.index[:, 0]]
        return neighbours.count_sides(found, self.wrong["predicted"], self.wrong["label"], self.right["label"])


def find_neighbours(study: Study, count: int) -> Neighbours:
    """The `count` right images nearest to each mistake by the pooled features of the study's layer."""
    labelled = study.predictions[study.predictions["label"].notna()]
    wrong, right = samples.mistaken_rows(labelled), labelled[labelled["correct"].fillna(False).astype(bool)]
    none = np.empty((len(wrong), 0))
    least = 3 * count  # to choose from: beside fewer most mistakes would have the same neighbours
    if wrong.empty or len(right) < least:
        few = (
            f"it takes {least} images that are classified correctly to find the {count} nearest (n = {len(right)})"
            if len(wrong)
            else "no labelled image is classified wrongly"
        )
        return Neighbours(wrong, right, none.astype(int), none, few)
    features = pooled_features(study, pd.concat([wrong, right], ignore_index=True))
    return Neighbours(wrong, right, *neighbours.find_nearest(features[: len(wrong)], features[len(wrong) :], count))


def pooled_features(study: Study, rows: pd.DataFrame) -> Float[np.ndarray, "n c"]:
    """What the study's layer finds in each row, wherever it lies: the mean of each channel over its cells."""
    parts = [
        collect_evidence(study.model, batch, [study.layer], own_scores(study, part)).evidence[study.layer][0].activation
        for part, batch in study.input_batches(rows, "features")
    ]
    return np.concatenate([activation.mean((2, 3)).cpu().numpy() for activation in parts])


def neighbour_figures(result: Result, _seed: int) -> dict[str, Estimate | float]:
    """Figures of page 06 that rest on this family; none where no right image is of a class that a mistake has."""
    keys = dict(zip(neighbours.KINDS, ("nearest_answer", "nearest_true", "nearest_other"), strict=True))
    if refusal_reason(result.table, "neighbour_similarity") or not any(result.arrays["chance"][:2]):
        return {}
    hits = {side: select_rows(result.table, "nearest_side", side=side) for side in keys}
    chance = dict(zip(result.arrays["sides"], result.arrays["chance"], strict=True))
    shares: dict[str, Estimate | float] = {key: share_of_images(hits[side]) for side, key in keys.items()}
    return shares | {f"{key}_chance": float(chance[side]) for side, key in keys.items()}
