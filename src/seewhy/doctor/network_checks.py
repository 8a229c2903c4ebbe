"""What the doctor says of a network: what was taken of its file, and predictions that look like a mix-up."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from seewhy.config.preprocessing import Preprocessing
from seewhy.errors import list_names
from seewhy.inputs.picture_files import read_picture
from seewhy.inputs.preprocessing_source import ONE_CHANNEL
from seewhy.stats import proportion

if TYPE_CHECKING:
    from seewhy.study import Study

Finding = tuple[Literal["ok", "warning"], str]
SEEN = 8  # images in which colours are looked for
FEWEST = 8  # labelled images below which nothing is said of all predictions
BETTER = 0.2  # gain in accuracy from which another order of the classes is worth a line
QUIET = (
    *("half precision", "taken out of", "read from the weights", "the head", "the first layer", "published weights"),
    *("boxes are read", "made as the whole model", "the weights are those of the network's part"),
)


def choices_made(study: "Study") -> Iterator[Finding]:
    """One line for each choice made between file and network: EMA weights, half precision, one of several outputs."""
    for note in (*study.checkpoint.notes, *study.built_network.notes):
        yield ("ok" if note.startswith(QUIET) else "warning"), note
    others = study.built_network.choice.others
    if study.built_network.choice.key is not None and not others and study.built_network.choice.fits:
        yield "ok", f"of several outputs '{study.built_network.choice.key}' is the one with a value for each class"


def class_order(study: "Study", in_dataset: Sequence[str]) -> Iterator[Finding]:
    """Whether the checkpoint names other classes than the dataset; the same in another order are refused before."""
    theirs = study.checkpoint.classes
    if theirs is None or list(theirs) == list(in_dataset):
        return
    yield (
        "warning",
        f"the checkpoint names other classes: {list_names(theirs)}; the dataset's are {list_names(in_dataset)}",
    )


def one_channel(study: "Study") -> Iterator[Finding]:
    """Whether images have colours, where grey was taken for a network of one channel and nothing else said it."""
    if study.resolved_preprocessing.sources.get("channels") != ONE_CHANNEL:
        return
    plain = Preprocessing(bands=study.preprocessing.bands, exif=study.preprocessing.exif)
    pictures = [read_picture(study.root / name, plain) for name in study.dataset.frame["image"].head(SEEN)]
    if any((picture != picture[..., :1]).any() for picture in pictures):
        told = "the network takes one channel, and nothing says how colours become one: the luminance is taken, as by "
        yield "warning", f"{told}PIL's convert('L'); a line with Grayscale, or `channels: grey`, says it"


def odd_predictions(rows: pd.DataFrame, classes: Sequence[str]) -> Iterator[Finding]:
    """Of a classification: whether all images are predicted as one class, and whether the accuracy is at or under
    chance where another order of the classes would do better."""
    labelled = rows[rows["label"].notna()]
    if len(rows) >= FEWEST and rows["predicted"].nunique() == 1 and len(classes) > 1:
        others = labelled["label"].nunique() > 1
        name = rows["predicted"].iloc[0]
        mark: Literal["ok", "warning"] = "warning" if others or labelled.empty else "ok"
        yield mark, f"all {len(rows)} images are predicted as '{name}': are size, mean, std and channel order right?"
    if len(labelled) < FEWEST or labelled["label"].nunique() < 2:
        return
    accuracy = proportion(labelled["correct"].to_numpy(bool))
    names, best = better_order(labelled, classes)
    if accuracy.low <= 1 / len(classes) and best - accuracy.value >= BETTER:
        swapped = [f"'{old}' is called '{new}'" for old, new in zip(classes, names, strict=True) if old != new]
        told = f"accuracy {accuracy.text('%')} is no better than chance ({1 / len(classes):.0%})"
        told += (
            f"; were {list_names(swapped)}, it would be {best:.0%}: is the order of the classes that of the training?"
        )
        yield "warning", told


def better_order(labelled: pd.DataFrame, classes: Sequence[str]) -> tuple[list[str], float]:
    """The names for the outputs with which most images would be right, and the accuracy then.

    Kuhn 1955 (doi:10.1002/nav.3800020109) on the counts of predicted and true classes; classes that are never predicted
    keep their names where they can.
    """
    counts = pd.crosstab(labelled["predicted"], labelled["label"]).reindex(index=classes, columns=classes, fill_value=0)
    table = counts.to_numpy(float) + np.eye(len(classes)) * 1e-3
    rows, columns = linear_sum_assignment(-table)
    names = [classes[column] for _, column in sorted(zip(rows, columns, strict=True))]
    return names, float(counts.to_numpy()[rows, columns].sum() / len(labelled))
