"""Which images a page shows: random with a seed and balanced, or chosen by a rule that the page states."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seewhy.errors import SeewhyError, unknown_name

if TYPE_CHECKING:
    from seewhy.study import Study

GROUPED_BY = ("image_group", "sha256")  # columns of a dataset: equal values are images that belong together
MOST_VALUES = 20  # of a column that makes slices: with more each has few images, and more of them differ by chance
FACTS = ("image", "label", "boxes", "caption", "width", "height", "sha256", "uncertain")  # columns that make no slices
LEAST = 0.02  # share of the picture below which a region is too small to be looked at


def stratified_sample(frame: pd.DataFrame, n: int, seed: int, by: str = "predicted") -> pd.DataFrame:
    """At most `n` rows in random order, taken in turn from each value of `by` so that rare ones are there too."""
    order = np.random.default_rng(seed).permutation(len(frame))
    shuffled = frame.iloc[order]
    turn = shuffled.groupby(by, dropna=False).cumcount()
    return shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")[:n]].reset_index(drop=True)


def select_rows(
    frame: pd.DataFrame,
    label: str | None = None,
    predicted: str | None = None,
    correct: bool | None = None,
    images: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Rows of a label, of a prediction, right or wrong ones, of some images in their order; None: all.

    Raises SeewhyError, which names the closest, for a class or an image that no row has.

    >>> frame = pd.DataFrame({"image": ["a/1.png", "a/2.png"], "label": ["cat", "cup"], "predicted": ["cat", "cat"],
    ...                       "correct": [True, False]})
    >>> select_rows(frame, predicted="cat", correct=False)["image"].tolist()
    ['a/2.png']
    >>> select_rows(frame, images=["2.png", "1.png"])["image"].tolist()
    ['a/2.png', 'a/1.png']
    """
    for column, value in (("label", label), ("predicted", predicted)):
        if value is not None:
            known = frame[column].dropna().unique()
            if value not in known:
                raise unknown_name(f"{column} class", value, sorted(map(str, known)), "the study's predictions")
            frame = frame[frame[column] == value]
    if correct is not None:
        frame = frame[frame["correct"].fillna(not correct).astype(bool) == correct]
    if images is not None:
        order = {find_image(name, frame["image"]): number for number, name in enumerate(images)}
        own = frame[frame["image"].isin(order)]
        frame = own.iloc[own["image"].map(order).argsort(kind="stable")]
    return frame.reset_index(drop=True)


def find_image(name: str, images: "pd.Series[str]") -> str:
    """The image of that name, or the one whose file is called so."""
    known = images.drop_duplicates().tolist()
    if name in known:
        return name
    own = [image for image in known if PurePosixPath(image).name == name]
    if len(own) != 1:
        raise unknown_name("image", name, known, "the study's predictions")
    return own[0]


def one_each(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row an image, in the order of the images: a random one where a task has several, so that n counts images."""
    shuffled = frame.sample(frac=1, random_state=seed)
    return frame.loc[shuffled.drop_duplicates("image").index.sort_values()].reset_index(drop=True)


def large_regions(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows whose class takes at least `LEAST` of the picture, truly or by prediction, where regions have a size; all
    rows where none does."""
    if "predicted_share" not in frame:
        return frame
    some = frame[frame[["predicted_share", "true_share"]].max(axis=1) >= LEAST]
    return (some if len(some) else frame).reset_index(drop=True)


def one_correct_each(frame: pd.DataFrame, classes: list[str], seed: int, most: int) -> pd.DataFrame:
    """One random correct image of each class that has one, in class order, at most `most`."""
    right = frame[frame["correct"].fillna(False).astype(bool)]
    picked = stratified_sample(right, len(right), seed, by="label").drop_duplicates("label")
    order = {name: position for position, name in enumerate(classes)}
    return picked.sort_values("label", key=lambda names: names.map(order)).head(most).reset_index(drop=True)


def mistaken_rows(frame: pd.DataFrame, most: int | None = None) -> pd.DataFrame:
    """Labelled images that were named wrong, the most confident first."""
    wrong = frame[~frame["correct"].fillna(True).astype(bool)]
    return wrong.sort_values(["confidence", "image"], ascending=[False, True]).head(most).reset_index(drop=True)


def confused_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """Confused pairs, the most frequent first: label, predicted, count, and n, the label's images."""
    wrong = mistaken_rows(frame)
    counts = wrong.groupby(["label", "predicted"], as_index=False).size().rename(columns={"size": "count"})
    counts["n"] = counts["label"].map(frame["label"].value_counts()).astype(int)
    return counts.sort_values(["count", "label", "predicted"], ascending=[False, True, True]).reset_index(drop=True)


def expected_share(frame: pd.DataFrame, label: str, predicted: str) -> float:
    """Which share of the mistakes one confusion would be if all classes were mistaken equally often, and for others as
    often as these are predicted at all: what frequent classes alone come to.

    >>> frame = pd.DataFrame({"label": ["a"] * 9 + ["b"], "predicted": ["a"] * 9 + ["b"]})
    >>> round(expected_share(frame, "a", "b"), 3)
    0.9
    """
    of_label, said = (frame[name].value_counts(normalize=True) for name in ("label", "predicted"))
    rest = 1 - float(said.get(label, 0.0))
    return float(of_label.get(label, 0.0) * said.get(predicted, 0.0) / rest) if rest > 0 else 0.0


def with_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Labelled rows whose object's place is known, from boxes or a mask: a map can be held against it."""
    known = frame["boxes"] != "[]"
    if "mask" in frame:
        known |= frame["mask"].notna()
    return frame[frame["label"].notna() & known].reset_index(drop=True)


def of_objects(study: "Study") -> pd.DataFrame:
    """One labelled row of each image whose object's place is known, with an answer that is about the object."""
    rows = with_objects(large_regions(study.predictions))
    return one_each(rows[study.task.is_about_object(rows, study)].reset_index(drop=True), study.base.seed)


def other_rows(frame: pd.DataFrame, shown: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """At most `n` random images that are not among those shown: a background to compare with."""
    rest = frame[~frame["image"].isin(shown["image"])]
    return stratified_sample(rest, n, seed)


def slice_values(frame: pd.DataFrame, column: str, where: str) -> list[str]:
    """The values of a column as texts, in order: each is a slice of the images. Blanks are none.

    Raises SeewhyError for a column that is not there, and for one with more than `MOST_VALUES` values. where: the key
    of params.yaml that names it.

    >>> slice_values(pd.DataFrame({"site": ["north", "south", "north", None]}), "site", "studies.a.slices")
    ['north', 'south']
    """
    allowed = [name for name in frame if name not in FACTS and not str(name).endswith("mask")]
    if column not in allowed:
        told = unknown_name("column", column, allowed, where)
        raise SeewhyError(f"{told}; `keep: [{column}]` of the dataset reads a column of the manifest")
    texts = frame[column].dropna().astype(str)
    values = sorted(set(texts[texts != ""]))
    if len(values) > MOST_VALUES:
        raise SeewhyError(
            f"{where}: found '{column}' with {len(values)} values; allowed: at most {MOST_VALUES}; make a column of "
            f"ranges or kinds in the manifest, as {column}_range"
        )
    return values


def image_groups(frame: pd.DataFrame) -> "pd.Series[int] | None":
    """The number of each image's group, by its name: images with the same `group:` of the dataset, and equal files.

    frame: `image` and, where they are known, `image_group` and `sha256`. None where every image stands for itself.

    >>> frame = pd.DataFrame({"image": ["a", "b", "c", "d"], "image_group": ["p", "p", "q", None],
    ...                       "sha256": ["1", "2", "3", "2"]})
    >>> image_groups(frame).tolist()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_array  # only here: importing these takes a second
    from scipy.sparse.csgraph import connected_components

    rows = frame.drop_duplicates("image")
    names = [rows[column].where(rows[column].notna(), rows["image"]) for column in GROUPED_BY if column in rows]
    if not any(some.duplicated().any() for some in names):
        return None
    n, edges, total = len(rows), [], len(rows)
    for some in names:
        codes = pd.factorize(some)[0]
        edges.append(codes + total)
        total += int(codes.max()) + 1
    ends = np.concatenate(edges)
    graph = coo_array((np.ones(len(ends)), (np.tile(np.arange(n), len(edges)), ends)), (total, total))
    return pd.Series(pd.factorize(connected_components(graph, directed=False)[1][:n])[0], rows["image"].to_numpy())
