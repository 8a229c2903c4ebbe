"""A study's mistakes together: evidence on their objects, and the right images nearest to them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from seewhy import samples, stats
from seewhy.maps.attributions import attribute
from seewhy.metrics import neighbours
from seewhy.report import figures
from seewhy.report.pages import diagnoses, features, views
from seewhy.report.plots.sheet import shown
from seewhy.stats import Estimate
from seewhy.study import Study

KNOWN = dict(zip(neighbours.KINDS, ("nearest_answer", "nearest_true", "nearest_other"), strict=True))


def on_object(study: Study) -> dict[str, Estimate]:
    """Mean share of the Grad-CAM evidence on the object: of right images, of wrong ones for their answer, and of these
    for their true class."""
    boxed = samples.with_objects(study.predictions)
    right = boxed["correct"].to_numpy(bool)
    maps = [attribute(study, boxed, ["gradcam"], boxed[of]) for of in ("predicted", "label")]
    answer, truth = (diagnoses.on_objects(study, some, "gradcam")[0] for some in maps)
    parts = {"when right": answer[right], "when wrong, for its answer": answer[~right]}
    parts["when wrong, for the true class"] = truth[~right]
    return {name: stats.mean(some, study.base.seed) for name, some in parts.items()}


def same_answer(study: Study) -> Estimate:
    """Share of the evidence on the object for the answer, of wrong images less right ones, over the answers that are
    given both rightly and wrongly: evidence for one class cannot be held against evidence for another."""
    boxed = samples.with_objects(study.predictions)
    right = boxed["correct"].to_numpy(bool)
    inside = diagnoses.on_objects(study, attribute(study, boxed, ["gradcam"], boxed["predicted"]), "gradcam")[0]
    answers = boxed["predicted"][np.isfinite(inside)]
    both = set(answers[right[answers.index]]) & set(answers[~right[answers.index]])
    fair = boxed["predicted"].isin(both).to_numpy()
    return stats.difference(inside[fair & ~right], inside[fair & right])


@dataclass(frozen=True)
class Nearest:
    """The m mistakes, the surest first, each with its k nearest right images; `refused` says why there are none."""

    wrong: pd.DataFrame
    right: pd.DataFrame
    index: Int[np.ndarray, "m k"]
    alike: Float[np.ndarray, "m k"]
    refused: str = ""

    @property
    def sides(self) -> neighbours.Sides:
        """Of which class the nearest of each mistake is."""
        found = self.right["label"].to_numpy()[self.index[:, 0]]
        return neighbours.sides(found, self.wrong["predicted"], self.wrong["label"], self.right["label"])

    def metrics(self) -> dict[str, float]:
        """Shares and what chance would give, as flat keys; none where nothing can be told."""
        if self.refused or not (found := self.sides).open:
            return {}
        return views.flat({key: found.shares[kind] for kind, key in KNOWN.items()}) | {
            f"{key}_chance": found.chance[kind] for kind, key in KNOWN.items()
        }


def nearest(study: Study, count: int) -> Nearest:
    """The `count` right images nearest to each mistake by the pooled features of the study's layer."""
    labelled = study.predictions[study.predictions["label"].notna()]
    wrong, right = samples.mistakes(labelled), labelled[labelled["correct"].fillna(False).astype(bool)]
    none = np.empty((len(wrong), 0))
    least = 3 * count  # to choose from: beside fewer most mistakes would have the same neighbours
    if wrong.empty or len(right) < least:
        few = f"Not run: it takes {least} images that are named right to find the {count} nearest (n = {len(right)})."
        refused = few if len(wrong) else "Not run: no labelled image is named wrong."
        return Nearest(wrong, right, none.astype(int), none, refused)
    found = features.pooled(study, pd.concat([wrong, right], ignore_index=True))
    return Nearest(wrong, right, *neighbours.nearest(found[: len(wrong)], found[len(wrong) :], count))


def beside(study: Study, found: Nearest, most: int) -> tuple[Figure, str]:
    """The `most` surest mistakes, each beside its nearest right images; and the figure's alt text."""
    head, index = found.wrong.head(most), found.index[:most]
    near = found.right.iloc[index.ravel()]
    classes = near["label"].to_numpy().reshape(index.shape)
    kinds = neighbours.kinds(classes, head["predicted"], head["label"])
    names = [
        [f"{shown(name)}\n{kind}\n{alike:.3f}" for name, kind, alike in zip(*some, strict=True)]
        for some in zip(classes, kinds, found.alike, strict=False)
    ]
    photos = study.photos(near)
    rows = [list(photos[start : start + index.shape[1]]) for start in range(0, len(photos), index.shape[1])]
    titles = views.titles(head)
    told = "; ".join(
        f"{title} beside {', '.join(some)}".replace("\n", ", ") for title, some in zip(titles, names, strict=True)
    )
    return figures.neighbours(list(study.photos(head)), titles, rows, names), f"Nearest right images: {told}"
